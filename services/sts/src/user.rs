//! GetSessionToken: temporary credentials of a user.

use crate::session::{ACCESS_DENIED, issue, refuse};
use api::sts::{GetSessionToken, GetSessionTokenOutput};
use kernel::{Cx, Principal, Session};
use model::Result;

/// Seconds.
const DEFAULT_DURATION: i64 = 43_200;
/// "The session for AWS account owners defaults to one hour", however long they ask for (GetSessionToken in the STS API
/// reference).
const LONGEST_OF_ROOT: i64 = 3_600;

pub fn session_token(cx: &mut Cx, input: GetSessionToken) -> Result<GetSessionTokenOutput> {
    refuse(
        "GetSessionToken",
        &[
            ("SerialNumber", input.serial_number.is_some()),
            ("TokenCode", input.token_code.is_some()),
            ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
        ],
    )?;
    let principal = with_own_key(cx, "GetSessionToken")?;
    let duration = duration(&principal, input.duration_seconds);
    let credentials = Some(issue(cx, principal, Session::default(), duration));
    Ok(GetSessionTokenOutput { credentials, ..GetSessionTokenOutput::default() })
}

/// A user or the root, with a key that is not temporary.
pub fn with_own_key(cx: &Cx, operation: &str) -> Result<Principal> {
    let caller = cx.caller();
    match &caller.principal {
        Principal::Root { .. } | Principal::User { .. } if caller.session.is_none() => Ok(caller.principal.clone()),
        _ => Err(ACCESS_DENIED.with(format!("Cannot call {operation} with session credentials"))),
    }
}

pub fn duration(principal: &Principal, asked: Option<i64>) -> i64 {
    let duration = asked.unwrap_or(DEFAULT_DURATION);
    if matches!(principal, Principal::Root { .. }) { duration.min(LONGEST_OF_ROOT) } else { duration }
}
