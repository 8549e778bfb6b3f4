//! Lists as statements of policies, for whoever calls ("Mapping of ACL permissions and access policy permissions" in the
//! user guide).

use super::{Acl, Grantee, Permission};
use crate::access;
use crate::bucket::Bucket;
use crate::object::Object;
use crate::owner;
use crate::policy::{self, PUBLIC_ACCESS};
use kernel::caller::Principal;
use kernel::{Cx, ResourcePolicy, Standing};
use serde_json::{Value as Json, json};

/// The bucket's policy, with what its list lets the caller do.
pub fn policy_of_bucket(cx: &Cx, bucket: &Bucket, policy: Option<String>) -> Option<ResourcePolicy> {
    let of_acl = match &bucket.acl {
        Some(acl) if !bucket.ownership.is_enforced() => {
            let resources = json!([bucket.arn(), format!("{}/*", bucket.arn())]);
            let granted = statements(cx, bucket, acl, &resources, of_bucket);
            let of_writers: Vec<Json> = granted.iter().filter_map(with_list).collect();
            [granted, of_writers].concat()
        }
        _ => Vec::new(),
    };
    if of_acl.is_empty() {
        return policy.map(ResourcePolicy::new);
    }
    Some(together(parsed(policy.as_deref()), of_acl))
}

/// How a version of an object stands to who calls, where it has a list of its own. The bucket's policy lets nobody in to
/// what somebody else owns, but still keeps out.
pub fn standing_of_object(cx: &Cx, bucket: &Bucket, key: &str, object: &Object) -> Option<Standing> {
    let acl = object.acl.as_deref().filter(|_| !bucket.ownership.is_enforced())?;
    let arn = json!(format!("{}/{key}", bucket.arn()));
    let of_acl = statements(cx, bucket, acl, &arn, of_object);
    let mut of_policy = parsed(policy::evaluated(cx, bucket).as_deref());
    if acl.owner != bucket.account {
        of_policy.retain(|it| it["Effect"] == "Deny");
    }
    let policy = (!of_acl.is_empty() || !of_policy.is_empty()).then(|| together(of_policy, of_acl));
    Some(Standing { account: acl.owner.clone(), policy })
}

fn statements(
    cx: &Cx,
    bucket: &Bucket,
    acl: &Acl,
    resources: &Json,
    actions: fn(Permission) -> &'static [&'static str],
) -> Vec<Json> {
    let ignores = acl.is_public() && PUBLIC_ACCESS.of(cx, bucket).is_some_and(|it| it.ignore_public_acls == Some(true));
    let caller = cx.caller();
    let own = owner::canonical_id(&acl.owner);
    let root = json!({ "AWS": format!("arn:aws:iam::{}:root", caller.account()) });
    let principal = |grantee: &Grantee| match grantee {
        Grantee::Account(id) if *id != own && *id == owner::canonical_id(caller.account()) => Some(root.clone()),
        Grantee::AllUsers if !ignores => Some(json!("*")),
        Grantee::AuthenticatedUsers if !ignores && caller.principal != Principal::Anonymous => Some(root.clone()),
        Grantee::LogDelivery => Some(json!({ "Service": "logging.s3.amazonaws.com" })),
        Grantee::Account(_) | Grantee::AllUsers | Grantee::AuthenticatedUsers => None,
    };
    let granted = acl.grants.iter().filter_map(|it| Some((principal(&it.grantee)?, actions(it.permission))));
    granted
        .filter(|(_, actions)| !actions.is_empty())
        .map(|(principal, actions)| {
            json!({ "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resources })
        })
        .collect()
}

/// Whoever may write an object may give it a list along with its bytes.
fn with_list(statement: &Json) -> Option<Json> {
    let writes = statement["Action"].as_array()?.contains(&json!("s3:PutObject"));
    let mut more = statement.clone();
    more["Action"] = json!("s3:PutObjectAcl");
    more["Condition"] = json!({ "Null": { (access::CREATES): "false" } });
    writes.then_some(more)
}

fn of_bucket(permission: Permission) -> &'static [&'static str] {
    match permission {
        Permission::Read => &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
        Permission::Write => &["s3:PutObject"],
        Permission::ReadAcp => &["s3:GetBucketAcl"],
        Permission::WriteAcp => &["s3:PutBucketAcl"],
        Permission::FullControl => &[
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:ListBucketMultipartUploads",
            "s3:PutObject",
            "s3:GetBucketAcl",
            "s3:PutBucketAcl",
        ],
    }
}

fn of_object(permission: Permission) -> &'static [&'static str] {
    match permission {
        Permission::Read => &["s3:GetObject", "s3:GetObjectVersion"],
        Permission::Write => &[],
        Permission::ReadAcp => &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"],
        Permission::WriteAcp => &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
        Permission::FullControl => &[
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:GetObjectAcl",
            "s3:GetObjectVersionAcl",
            "s3:PutObjectAcl",
            "s3:PutObjectVersionAcl",
        ],
    }
}

fn parsed(policy: Option<&str>) -> Vec<Json> {
    let document: Json = policy.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    match &document["Statement"] {
        Json::Array(all) => all.clone(),
        Json::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn together(mut statements: Vec<Json>, more: Vec<Json>) -> ResourcePolicy {
    statements.extend(more);
    ResourcePolicy::new(json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
}
