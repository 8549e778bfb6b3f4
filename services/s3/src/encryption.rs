//! Server-side encryption: what a request asks for.

use crate::fault;
use model::Result;

/// Every object is encrypted with keys of Niebla's own, as AWS does since 2023; other keys are refused by name.
pub fn check(kind: Option<&str>, keys: &[&Option<String>], bucket_key: Option<bool>) -> Result<()> {
    if let Some(other) = kind.filter(|it| *it != "AES256") {
        return Err(fault::not_implemented(&format!("x-amz-server-side-encryption: {other}")));
    }
    for key in keys {
        fault::refuse("x-amz-server-side-encryption-aws-kms-key-id", key.as_ref())?;
    }
    fault::refuse("x-amz-server-side-encryption-bucket-key-enabled", bucket_key.filter(|it| *it).as_ref())
}

pub fn refuse_customer_key(algorithm: &Option<String>, key: &Option<String>) -> Result<()> {
    fault::refuse("x-amz-server-side-encryption-customer-algorithm", algorithm.as_ref().or(key.as_ref()))
}
