//! Sessions of roles: temporary credentials, kept until they expire.
//!
//! On AWS an account's root may not assume roles. Here it may where the role's trust policy names its account: the root
//! is what everybody begins with, and there is no console in which to make a first user.

use api::sts::{AssumeRole, AssumeRoleOutput, AssumedRoleUser, Credentials, error};
use kernel::{Credential, Cx, Job, Principal, ResourcePolicy, Role};
use model::{ErrorShape, Result, Timestamp};
use policy::{Context, Kind};
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
    issued_at: i64,
    expires_at: i64,
    principal: Principal,
    session_policies: Vec<String>,
}

const ACCESS_DENIED: ErrorShape = ErrorShape::sender("AccessDenied").status(403);
const VALIDATION_ERROR: ErrorShape = ErrorShape::sender("ValidationError");

/// Seconds. A role that assumes a role gets no more than an hour (AssumeRole in the STS API reference).
const DEFAULT_DURATION: i64 = 3_600;
const LONGEST_CHAINED: i64 = 3_600;

/// Milliseconds. So long a key that is used too late is told that it has expired, then that it is not known.
const KNOWN_AS_EXPIRED: i64 = 86_400_000;

const KEY_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn assume_role(cx: &mut Cx, input: AssumeRole) -> Result<AssumeRoleOutput> {
    refuse_unsupported(&input)?;
    let role = cx.role(&input.role_arn).ok_or_else(|| denied(cx, &input.role_arn))?;
    let duration = duration(cx, &role, input.duration_seconds)?;
    let session_policies = session_policies(input.policy)?;
    let now = cx.now().0;
    let stored = Stored {
        secret: cx.random_text(40, SECRET_LETTERS),
        token: format!("IQoJb3JpZ2lu{}", cx.random_text(340, SECRET_LETTERS)),
        issued_at: now,
        expires_at: now + duration * 1000,
        principal: Principal::Session {
            account: role.account.clone(),
            path: role.path,
            role: role.name,
            role_id: role.id,
            session: input.role_session_name.clone(),
        },
        session_policies,
    };
    let key = format!("ASIA{}", cx.random_text(16, KEY_LETTERS));
    cx.put(&SESSIONS, &key.as_str(), &stored);
    cx.at(Timestamp(stored.expires_at + KNOWN_AS_EXPIRED), &FORGET, &key);
    Ok(AssumeRoleOutput {
        assumed_role_user: Some(AssumedRoleUser {
            assumed_role_id: stored.principal.user_id(),
            arn: stored.principal.arn(),
        }),
        credentials: Some(Credentials {
            access_key_id: key,
            secret_access_key: stored.secret,
            session_token: stored.token,
            expiration: Timestamp(stored.expires_at),
        }),
        ..AssumeRoleOutput::default()
    })
}

pub fn forget(cx: &mut Cx, key: String) -> Result<()> {
    cx.delete(&SESSIONS, &key.as_str());
    Ok(())
}

/// For the edge: the key that signed a request.
pub fn credential(cx: &Cx, key: &str) -> Option<Credential> {
    let stored = cx.get(&SESSIONS, key)?;
    Some(Credential {
        secret: stored.secret,
        token: Some(stored.token),
        expires_at: Some(stored.expires_at),
        issued_at: Some(stored.issued_at),
        principal: stored.principal,
        session_policies: stored.session_policies,
        active: true,
    })
}

/// For the door: who may assume a role is what its trust policy says. A role that does not exist trusts nobody, and the
/// refusal does not tell that it does not exist.
pub fn trust_policy(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    let nobody = || r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned();
    let document = cx.role(arn).map_or_else(nobody, |it| it.trust_policy);
    Some(ResourcePolicy { kind: Kind::Trust, document })
}

pub fn conditions(_: &Cx, input: &AssumeRole, context: &mut Context) {
    context.insert("sts:RoleSessionName", input.role_session_name.clone());
    if let Some(id) = &input.external_id {
        context.insert("sts:ExternalId", id.clone());
    }
}

fn duration(cx: &Cx, role: &Role, asked: Option<i64>) -> Result<i64> {
    let chained = matches!(cx.caller().principal, Principal::Session { .. });
    let duration = asked.unwrap_or(DEFAULT_DURATION);
    if chained && duration > LONGEST_CHAINED {
        return Err(VALIDATION_ERROR.with(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if duration > role.max_session_seconds {
        return Err(
            VALIDATION_ERROR.with("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        );
    }
    Ok(duration)
}

fn session_policies(given: Option<String>) -> Result<Vec<String>> {
    let Some(text) = given else { return Ok(Vec::new()) };
    policy::Policy::parse(&text, Kind::Session).map_err(|it| error::MALFORMED_POLICY_DOCUMENT.with(it.message))?;
    Ok(vec![text])
}

fn refuse_unsupported(input: &AssumeRole) -> Result<()> {
    let unsupported = [
        ("PolicyArns", input.policy_arns.is_some()),
        ("Tags", input.tags.as_ref().is_some_and(|it| !it.is_empty())),
        ("TransitiveTagKeys", input.transitive_tag_keys.as_ref().is_some_and(|it| !it.is_empty())),
        ("SerialNumber", input.serial_number.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("SourceIdentity", input.source_identity.is_some()),
        ("ProvidedContexts", input.provided_contexts.as_ref().is_some_and(|it| !it.is_empty())),
        ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
    ];
    match unsupported.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(VALIDATION_ERROR.with(format!("Niebla does not support {name} of AssumeRole yet."))),
        None => Ok(()),
    }
}

fn denied(cx: &Cx, arn: &str) -> model::Error {
    let user = cx.caller().principal.arn();
    ACCESS_DENIED.with(format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}"))
}
