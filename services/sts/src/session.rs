//! Temporary credentials, kept until they expire.

use api::sts::Credentials;
use kernel::{Credential, Cx, Job, Principal, Session};
use model::{ErrorShape, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::Table;

/// Key: access key id.
static SESSIONS: Table<Stored> = Table::partition("sts.session");

/// Deletes a session that has expired.
pub static FORGET: Job<String> = Job::new("sts.forget");

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    token: String,
    /// Milliseconds since 1970.
    expires_at: i64,
    principal: Principal,
    session: Session,
}

pub const ACCESS_DENIED: ErrorShape = ErrorShape::sender("AccessDenied").status(403);
pub const VALIDATION_ERROR: ErrorShape = ErrorShape::sender("ValidationError");

/// Milliseconds. So long a key that is used too late is told that it has expired, then that it is not known.
const KNOWN_AS_EXPIRED: i64 = 86_400_000;

const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Credentials for so many seconds.
pub fn issue(cx: &mut Cx, principal: Principal, session: Session, duration: i64) -> Credentials {
    let now = cx.now().0;
    let stored = Stored {
        secret: cx.random_text(40, SECRET_LETTERS),
        token: format!("IQoJb3JpZ2lu{}", cx.random_text(340, SECRET_LETTERS)),
        expires_at: now + duration * 1000,
        principal,
        session: Session { issued_at: now, ..session },
    };
    let key = cx.access_key_id("ASIA");
    cx.put(&SESSIONS, key.as_str(), &stored);
    cx.at(Timestamp(stored.expires_at + KNOWN_AS_EXPIRED), &FORGET, &key);
    Credentials {
        access_key_id: key,
        secret_access_key: stored.secret,
        session_token: stored.token,
        expiration: Timestamp(stored.expires_at),
    }
}

pub fn forget(cx: &mut Cx, key: String) -> Result<()> {
    cx.delete(&SESSIONS, key.as_str());
    Ok(())
}

/// For the edge: the key that signed a request.
pub fn credential(cx: &Cx, key: &str) -> Option<Credential> {
    let stored = cx.get(&SESSIONS, key)?;
    Some(Credential {
        secret: stored.secret,
        token: Some(stored.token),
        expires_at: Some(stored.expires_at),
        principal: stored.principal,
        session: Some(stored.session),
        active: true,
    })
}

/// Refuses a parameter that is given and not honoured.
pub fn refuse(operation: &str, unsupported: &[(&str, bool)]) -> Result<()> {
    match unsupported.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(VALIDATION_ERROR.with(format!("Niebla does not support {name} of {operation} yet."))),
        None => Ok(()),
    }
}

/// As the door words a refusal that says no more.
pub fn denied(cx: &Cx, action: &str, arn: &str) -> model::Error {
    let user = cx.caller().principal.arn();
    ACCESS_DENIED.with(format!("User: {user} is not authorized to perform: {action} on resource: {arn}"))
}
