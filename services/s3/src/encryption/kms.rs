//! What S3 asks of KMS: which key is meant, and whether the caller may use it.
//!
//! There is no KMS here yet, so the keys that AWS manages for S3 are all that there are: one for each account and region,
//! under the alias `aws/s3`. Whoever may use S3 in that account may use it there, and nobody else (its key policy in
//! "AWS managed keys" of the KMS developer guide).

use crate::bucket::Bucket;
use crate::fault;
use kernel::Cx;
use kernel::caller::Principal;
use md5::{Digest, Md5};
use model::{Error, ErrorShape, Result};

const NOT_FOUND: ErrorShape = ErrorShape::sender("KMS.NotFoundException");
const ALIAS: &str = "alias/aws/s3";

/// The ARN of the key that a request means by an id, an ARN or an alias; without one, of AWS's for S3.
pub fn key(cx: &Cx, given: Option<&str>, bucket: &Bucket) -> Result<String> {
    check_signed(cx)?;
    let account = account_of(cx, bucket);
    let place = format!("arn:aws:kms:{}:{account}:", bucket.region);
    let managed = managed(account, &bucket.region);
    let Some(given) = given else { return Ok(managed) };
    let resource = match given.strip_prefix("arn:") {
        None if is_id(given) => format!("key/{given}"),
        None => given.to_owned(),
        Some(_) => of_arn(given, &bucket.region)?,
    };
    let arn = if given.starts_with("arn:") { given.to_owned() } else { format!("{place}{resource}") };
    match arn == managed || arn == format!("{place}{ALIAS}") {
        true => Ok(managed),
        false => Err(unknown(given, &arn, &resource)),
    }
}

/// Whether the caller may encrypt and decrypt with a key.
pub fn check_use(cx: &Cx, arn: &str) -> Result<()> {
    check_signed(cx)?;
    match arn.split(':').nth(4) == Some(cx.caller().account()) {
        true => Ok(()),
        false => Err(fault::access_denied()),
    }
}

/// AWS's key for S3. Its id says nothing, and is the same whenever it is asked for.
fn managed(account: &str, region: &str) -> String {
    let id = u128::from_be_bytes(Md5::digest(format!("aws/s3 of {account} in {region}")).into());
    let part = |from: u32, digits: u32| (id >> (from * 4)) & ((1 << (digits * 4)) - 1);
    let (a, b, c, d, e) = (part(24, 8), part(20, 4), part(16, 4), part(12, 4), part(0, 12));
    format!("arn:aws:kms:{region}:{account}:key/{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}

/// KMS looks where the caller is at home. A service has no keys of its own.
fn account_of<'a>(cx: &'a Cx, bucket: &'a Bucket) -> &'a str {
    match &cx.caller().principal {
        Principal::Service { .. } => &bucket.account,
        other => other.account(),
    }
}

fn check_signed(cx: &Cx) -> Result<()> {
    if cx.caller().principal != Principal::Anonymous {
        return Ok(());
    }
    let sentence =
        "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
    Err(fault::invalid_argument(sentence, "Authorization", "null"))
}

/// `key/…` or `alias/…` of an ARN.
fn of_arn(arn: &str, region: &str) -> Result<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "kms", of_key, _, resource] if of_key == region => Ok(resource.to_owned()),
        ["arn", _, "kms", elsewhere, _, _] => Err(NOT_FOUND.with(format!("Invalid arn {elsewhere}"))),
        _ => Err(NOT_FOUND.with(format!("Invalid arn {arn}"))),
    }
}

fn unknown(given: &str, arn: &str, resource: &str) -> Error {
    NOT_FOUND.with(match resource.split_once('/') {
        Some(("key", id)) if is_id(id) => format!("Key '{arn}' does not exist"),
        Some(("alias", _)) => format!("Alias {arn} is not found."),
        _ => format!("Invalid keyId '{given}'"),
    })
}

fn is_id(text: &str) -> bool {
    let text = text.strip_prefix("mrk-").unwrap_or(text);
    matches!(text.len(), 32 | 36) && text.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-')
}
