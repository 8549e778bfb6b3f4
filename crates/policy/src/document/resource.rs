//! Which texts IAM takes in the `Resource` element of a policy that is attached to a principal.

use super::Malformed;
use crate::arn::PARTS;

const PARTITIONS: [&str; 9] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"];

const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

pub fn check(text: &str) -> Result<(), Malformed> {
    if text == "*" {
        return Ok(());
    }
    if !text.contains(':') {
        return Err(Malformed::new(format!("Resource {text} must be in ARN format or \"*\".")));
    }
    let parts = parts(text);
    let partition = parts[1];
    if !PARTITIONS.contains(&partition) && !partition.contains("${") {
        let shown = format!("arn:{}", padded(&parts)[1..].join(":"));
        return Err(Malformed::new(format!("Partition \"{partition}\" is not valid for resource \"{shown}\".")));
    }
    let service = parts.get(2).copied().unwrap_or("*");
    if service.contains(['*', '?']) {
        return Err(Malformed::new("Resource vendor must be fully qualified and cannot contain regexes."));
    }
    check_region(text, service, &padded(&parts))?;
    check_iam_path(service, &padded(&parts))
}

/// A resource of a known partition without a service, or a bucket whose ARN lacks a colon.
pub fn fails_legacy_parsing(text: &str) -> bool {
    let parts = parts(text);
    let known = parts.len() > 2 && PARTITIONS.contains(&parts[1]);
    known && (parts[2].is_empty() || parts[2] == "s3" && (4..PARTS).contains(&parts.len()))
}

/// IAM's resources and S3's buckets have no region; S3's access points and jobs have one, and an account.
fn check_region(text: &str, service: &str, parts: &[&str; PARTS]) -> Result<(), Malformed> {
    let (region, account) = (parts[3], parts[4]);
    if region.is_empty() || region == "*" {
        return Ok(());
    }
    match service {
        "iam" => Err(Malformed::new(format!("IAM resource {text} cannot contain region information."))),
        "s3" if account.is_empty() => {
            Err(Malformed::new(format!("Resource {text} can not contain region information.")))
        }
        _ => Ok(()),
    }
}

fn check_iam_path(service: &str, parts: &[&str; PARTS]) -> Result<(), Malformed> {
    let fixed = parts[5].split(['*', '?', '$']).next().unwrap_or_default();
    let is_known = |path: &str| fixed.starts_with(path) || fixed.len() < parts[5].len() && path.starts_with(fixed);
    if service != "iam" || IAM_PATHS.iter().any(|path| is_known(path)) {
        return Ok(());
    }
    Err(Malformed::new(format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", "))))
}

fn parts(text: &str) -> Vec<&str> {
    text.splitn(PARTS, ':').collect()
}

/// Parts that a resource leaves out at its end are any.
fn padded<'a>(parts: &[&'a str]) -> [&'a str; PARTS] {
    std::array::from_fn(|at| parts.get(at).copied().unwrap_or("*"))
}
