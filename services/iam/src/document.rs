//! Policy documents: refused here when they are malformed, so that whatever is stored can be evaluated.

use api::iam::error;
use model::Result;
use policy::{Kind, Policy};

/// As CreatePolicy, PutRolePolicy and UpdateAssumeRolePolicy check it.
pub fn check(text: &str, kind: Kind) -> Result<()> {
    Policy::parse(text, kind).map_err(|it| error::MALFORMED_POLICY_DOCUMENT.with(it.message))?;
    Ok(())
}

/// A managed policy's text: well formed, and not too long.
pub fn check_managed(text: &str) -> Result<()> {
    check(text, Kind::Identity)?;
    check_size(text, "PolicySize", policy::IDENTITY_LIMIT)
}

/// White space is not counted (IAM and AWS STS quotas).
pub fn check_size(text: &str, quota: &str, most: usize) -> Result<()> {
    if policy::size(text) <= most {
        return Ok(());
    }
    Err(error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for {quota}: {most}")))
}

/// Answers carry documents percent-encoded (RFC 3986), as GetRolePolicy in the IAM API reference says.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
