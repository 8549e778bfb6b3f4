//! IAM's actions, resource types and condition keys, as AWS publishes them in the service authorization reference.

use super::embedded;

/// The service prefixes of IAM actions, in alphabetical order: `s3`, `sqs`.
pub fn iam_prefixes() -> impl Iterator<Item = &'static str> {
    embedded::IAM.iter().map(|(prefix, _)| *prefix)
}

/// What IAM knows of one service prefix, read anew at every call:
/// `{"actions": {NAME: {"access", "resources": [{"name", "required", "conditionKeys", "dependentActions"}],
/// "conditionKeys", "dependentActions", "isPermissionOnly"}}, "resources": {NAME: {"arn", "conditionKeys"}},
/// "conditions": {KEY: TYPE}}`. Empty members are left out.
pub fn iam_service(prefix: &str) -> Option<serde_json::Value> {
    let content = super::file(embedded::IAM, prefix)?;
    Some(serde_json::from_slice(&super::unpack(content)).expect("checked by a test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_can_be_read() {
        for prefix in iam_prefixes() {
            assert!(iam_service(prefix).expect("listed")["actions"].is_object(), "{prefix}");
        }
        let sqs = iam_service("sqs").expect("listed");
        assert_eq!(sqs["resources"]["queue"]["arn"], "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}");
        assert_eq!(sqs["actions"]["SendMessage"]["resources"][0]["name"], "queue");
        assert!(iam_service("nothing").is_none());
    }
}
