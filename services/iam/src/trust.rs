//! Trust policies: who may assume a role.

use crate::document::{check, check_size};
use api::iam::error;
use kernel::{BoundPolicy, Cx};
use model::Result;
use policy::Kind;

/// Refused when it is malformed, too long or names nobody.
pub fn bound(cx: &Cx, document: String) -> Result<BoundPolicy> {
    check(&document, Kind::Trust)?;
    check_size(&document, "ACLSizePerRole", policy::TRUST_LIMIT)?;
    BoundPolicy::new(cx, document).map_err(|unknown| {
        error::MALFORMED_POLICY_DOCUMENT.with(format!("Invalid principal in policy: \"AWS\":\"{}\"", unknown.arn))
    })
}
