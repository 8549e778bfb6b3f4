//! The policies that AWS manages, which every account sees.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded;

#[derive(Debug, Deserialize)]
pub struct ManagedPolicy {
    pub name: String,
    /// `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole`
    pub arn: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// The default version: `v3`.
    pub version: String,
    /// ISO 8601.
    pub created: String,
    /// ISO 8601; when the default version was made.
    pub updated: String,
    shard: usize,
}

/// All of them, in the order of their names.
pub fn managed_policies() -> &'static [ManagedPolicy] {
    static POLICIES: LazyLock<Vec<ManagedPolicy>> = LazyLock::new(|| {
        let content = super::file(embedded::MANAGED_POLICIES, "index").expect("embedded");
        serde_json::from_slice(&super::unpack(content)).expect("checked by a test")
    });
    &POLICIES
}

pub fn managed_policy(arn: &str) -> Option<&'static ManagedPolicy> {
    let (_, name) = arn.rsplit_once('/')?;
    let policies = managed_policies();
    let index = policies.binary_search_by(|policy| policy.name.as_str().cmp(name)).ok()?;
    Some(&policies[index]).filter(|policy| policy.arn == arn)
}

impl ManagedPolicy {
    /// The default version's document, unpacked anew at every call.
    pub fn document(&self) -> serde_json::Value {
        let content = super::file(embedded::MANAGED_POLICIES, &format!("{:02}", self.shard)).expect("embedded");
        let mut documents: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&super::unpack(content)).expect("checked by a test");
        documents.remove(&self.name).expect("the index names its shard")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_found_by_its_arn() {
        assert!(managed_policies().len() > 1000);
        for policy in managed_policies() {
            assert_eq!(managed_policy(&policy.arn).expect("listed").name, policy.name);
        }
        assert!(managed_policy("arn:aws:iam::aws:policy/Nothing").is_none());
    }

    #[test]
    fn documents_are_the_policies() {
        let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let document = managed_policy(arn).expect("listed").document();
        assert_eq!(document["Statement"][0]["Effect"], "Allow");
        for policy in managed_policies().iter().step_by(100) {
            assert!(policy.document()["Statement"].is_array() || policy.document()["Statement"].is_object());
        }
    }
}
