//! Bucket policies, and the block on public access that stands over them.
//!
//! Sources: "Policies and permissions in Amazon S3" and "Blocking public access to your Amazon S3 storage" in the S3 User
//! Guide.

use crate::acl;
use crate::bucket::{self, Bucket};
use crate::config::Kind;
use crate::fault;
use api::s3::{
    DeleteBucketPolicy, DeleteBucketPolicyOutput, DeletePublicAccessBlock, DeletePublicAccessBlockOutput,
    GetBucketPolicy, GetBucketPolicyOutput, GetBucketPolicyStatus, GetBucketPolicyStatusOutput, GetPublicAccessBlock,
    GetPublicAccessBlockOutput, PolicyStatus, PublicAccessBlockConfiguration, PutBucketPolicy, PutBucketPolicyOutput,
    PutPublicAccessBlock, PutPublicAccessBlockOutput,
};
use kernel::caller::Principal;
use kernel::{BoundPolicy, Cx, ResourcePolicy};
use model::{ErrorShape, Result};
use serde_json::Value as Json;
use store::Table;

/// The policy of each bucket that has one. Key: bucket number.
static POLICIES: Table<BoundPolicy> = Table::partition("s3.policy");

pub static PUBLIC_ACCESS: Kind<PublicAccessBlockConfiguration> = Kind::new(
    "PublicAccessBlockConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "The public access block configuration was not found",
);

const MALFORMED_POLICY: ErrorShape = ErrorShape::sender("MalformedPolicy");
const NO_SUCH_POLICY: ErrorShape = ErrorShape::sender("NoSuchBucketPolicy").status(404);
const MOST_BYTES: usize = 20 * 1024;

pub fn put(cx: &mut Cx, input: PutBucketPolicy) -> Result<PutBucketPolicyOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    check(&bucket, &input.policy)?;
    let blocks = PUBLIC_ACCESS.of(cx, &bucket).unwrap_or_default();
    if blocks.block_public_policy == Some(true) && is_public(&input.policy) {
        return Err(fault::ACCESS_DENIED.with(format!(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies are blocked by the BlockPublicPolicy block public access setting.",
            cx.caller().principal.arn(),
            bucket.arn()
        )));
    }
    let bound = BoundPolicy::new(cx, input.policy)
        .map_err(|unknown| MALFORMED_POLICY.with("Invalid principal in policy").field("Detail", unknown.arn))?;
    cx.put(&POLICIES, &bucket.number, &bound);
    Ok(PutBucketPolicyOutput {})
}

pub fn get(cx: &Cx, input: GetBucketPolicy) -> Result<GetBucketPolicyOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(GetBucketPolicyOutput { policy: Some(of(cx, &bucket)?.shown(cx)) })
}

pub fn delete(cx: &mut Cx, input: DeleteBucketPolicy) -> Result<DeleteBucketPolicyOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    forget(cx, &bucket);
    Ok(DeleteBucketPolicyOutput {})
}

pub fn status(cx: &Cx, input: GetBucketPolicyStatus) -> Result<GetBucketPolicyStatusOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let is_public = is_public(of(cx, &bucket)?.given());
    Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(is_public) }) })
}

pub fn put_block(cx: &mut Cx, input: PutPublicAccessBlock) -> Result<PutPublicAccessBlockOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    PUBLIC_ACCESS.put(cx, &bucket, stated(&input.public_access_block_configuration));
    Ok(PutPublicAccessBlockOutput {})
}

pub fn get_block(cx: &Cx, input: GetPublicAccessBlock) -> Result<GetPublicAccessBlockOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(PUBLIC_ACCESS.get(cx, &bucket)?) })
}

pub fn delete_block(cx: &mut Cx, input: DeletePublicAccessBlock) -> Result<DeletePublicAccessBlockOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    PUBLIC_ACCESS.delete(cx, &bucket);
    Ok(DeletePublicAccessBlockOutput {})
}

/// Since April 2023 S3 blocks all public access to a new bucket.
pub fn begin(cx: &mut Cx, bucket: &Bucket) {
    let all = PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        ignore_public_acls: Some(true),
        block_public_policy: Some(true),
        restrict_public_buckets: Some(true),
    };
    PUBLIC_ACCESS.put(cx, bucket, all);
}

pub fn forget(cx: &mut Cx, bucket: &Bucket) {
    cx.delete(&POLICIES, &bucket.number);
}

/// What the door asks: the policy in force for a bucket or an object of it.
pub fn in_force(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    let name = arn.strip_prefix("arn:aws:s3:::")?.split('/').next()?;
    let bucket = bucket::named(cx, name).ok()?;
    acl::policy_of_bucket(cx, &bucket, evaluated(cx, &bucket))
}

/// The text of a bucket's policy, if it is good for who calls.
pub fn evaluated(cx: &Cx, bucket: &Bucket) -> Option<String> {
    let policy = cx.get(&POLICIES, &bucket.number)?;
    let restricted = PUBLIC_ACCESS.of(cx, bucket).is_some_and(|it| it.restrict_public_buckets == Some(true));
    // A public policy that is restricted is good for services and the owner's account alone.
    let is_stranger = match &cx.caller().principal {
        Principal::Service { .. } => false,
        other => other.account() != bucket.account,
    };
    if restricted && is_stranger && is_public(policy.given()) {
        return None;
    }
    Some(policy.evaluated().to_owned())
}

fn of(cx: &Cx, bucket: &Bucket) -> Result<BoundPolicy> {
    cx.get(&POLICIES, &bucket.number).ok_or_else(|| {
        NO_SUCH_POLICY.with("The bucket policy does not exist").field("BucketName", bucket.name.as_str())
    })
}

/// What is not given is off.
fn stated(given: &PublicAccessBlockConfiguration) -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: Some(given.block_public_acls == Some(true)),
        ignore_public_acls: Some(given.ignore_public_acls == Some(true)),
        block_public_policy: Some(given.block_public_policy == Some(true)),
        restrict_public_buckets: Some(given.restrict_public_buckets == Some(true)),
    }
}

fn check(bucket: &Bucket, document: &str) -> Result<()> {
    let malformed = |sentence: &str| Err(MALFORMED_POLICY.with(sentence));
    if document.len() > MOST_BYTES {
        return malformed("Normalized policy document exceeds the maximum allowed size of 20480 bytes.");
    }
    let Ok(parsed) = serde_json::from_str::<Json>(document) else {
        return malformed("This policy contains invalid Json");
    };
    if policy::Policy::parse(document, policy::Kind::Resource).is_err() {
        return malformed("Policies must be valid JSON and the first byte must be '{'");
    }
    for statement in statements(&parsed) {
        let actions = texts(statement.get("Action").or_else(|| statement.get("NotAction")));
        if actions.iter().any(|it| *it != "*" && !it.to_ascii_lowercase().starts_with("s3:")) {
            return malformed("Policy has invalid action");
        }
        let is_own = |it: &&str| {
            let rest = it.strip_prefix(&bucket.arn());
            *it == "*" || rest.is_some_and(|it| it.is_empty() || it.starts_with('/') || it.starts_with('*'))
        };
        if !texts(statement.get("Resource").or_else(|| statement.get("NotResource"))).iter().all(is_own) {
            return malformed("Policy has invalid resource");
        }
    }
    Ok(())
}

/// Keys that make a policy private if they are compared with fixed values.
const NARROWING: [&str; 15] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principaltag",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Whether somebody is let in whom the policy does not name: "The meaning of 'public'" in the user guide.
pub fn is_public(document: &str) -> bool {
    let Ok(parsed) = serde_json::from_str::<Json>(document) else { return false };
    statements(&parsed).iter().any(|statement| {
        let allows = statement.get("Effect").and_then(Json::as_str) == Some("Allow");
        allows
            && (statement.get("NotPrincipal").is_some() || names_everybody(statement.get("Principal")))
            && !statement.get("Condition").is_some_and(narrows)
    })
}

fn names_everybody(principal: Option<&Json>) -> bool {
    match principal {
        Some(Json::Object(kinds)) => kinds.values().any(|it| texts(Some(it)).contains(&"*")),
        other => texts(other).contains(&"*"),
    }
}

fn narrows(condition: &Json) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators.into_iter().any(|(operator, keys)| {
        let fits = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress"].iter().any(|it| operator == it);
        fits && keys.as_object().into_iter().flatten().any(|(key, values)| {
            let values = texts(Some(values));
            let is_fixed = |it: &&str| !it.contains("${") && !matches!(*it, "*" | "0.0.0.0/0" | "::/0");
            let key = key.to_ascii_lowercase();
            let key = key.split('/').next().unwrap_or_default();
            NARROWING.contains(&key) && !values.is_empty() && values.iter().all(is_fixed)
        })
    })
}

fn statements(document: &Json) -> Vec<&Json> {
    match document.get("Statement") {
        Some(Json::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// A text, or a list of them.
fn texts(value: Option<&Json>) -> Vec<&str> {
    match value {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_let_in_without_being_named_makes_a_policy_public() {
        let policy = |principal: &str, condition: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"s3:*","Resource":"*"{condition}}}}}"#
            )
        };
        let with =
            |operator: &str, key: &str, value: &str| format!(r#","Condition":{{"{operator}":{{"{key}":"{value}"}}}}"#);
        for (principal, condition, expected) in [
            (r#""*""#, String::new(), true),
            (r#"{"AWS":["*"]}"#, String::new(), true),
            (r#"{"AWS":"111122223333"}"#, String::new(), false),
            (r#""*""#, with("StringEquals", "aws:SourceVpc", "vpc-91237329"), false),
            (r#""*""#, with("StringLike", "aws:SourceVpc", "*"), true),
            (r#""*""#, with("IpAddress", "aws:SourceIp", "0.0.0.0/0"), true),
            (r#""*""#, with("IpAddress", "aws:SourceIp", "192.0.2.0/24"), false),
            (r#""*""#, with("StringEquals", "aws:UserAgent", "me"), true),
        ] {
            assert_eq!(is_public(&policy(principal, &condition)), expected, "{principal} {condition}");
        }
    }
}
