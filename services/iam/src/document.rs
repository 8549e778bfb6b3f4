//! Policy documents: refused here when they are malformed, so that whatever is stored can be evaluated.

use api::iam::error;
use model::Result;
use policy::{Kind, Policy};

/// As CreatePolicy, PutRolePolicy and UpdateAssumeRolePolicy check it.
pub fn check(text: &str, kind: Kind) -> Result<()> {
    Policy::parse(text, kind).map_err(|it| error::MALFORMED_POLICY_DOCUMENT.with(it.message))?;
    Ok(())
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
