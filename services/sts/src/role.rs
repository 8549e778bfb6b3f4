//! AssumeRole: sessions of roles.
//!
//! On AWS an account's root may not assume roles. Here it may where the role's trust policy names its account: the root
//! is what everybody begins with, and there is no console in which to make a first user.

use crate::scope;
use crate::session::{VALIDATION_ERROR, denied, issue, refuse};
use api::sts::{AssumeRole, AssumeRoleOutput, AssumedRoleUser};
use kernel::{Cx, Principal, ResourcePolicy, Role, Session};
use model::Result;
use policy::{Context, Kind};

/// Seconds. A role that assumes a role gets no more than an hour (AssumeRole in the STS API reference).
const DEFAULT_DURATION: i64 = 3_600;
const LONGEST_CHAINED: i64 = 3_600;

pub fn assume(cx: &mut Cx, mut input: AssumeRole) -> Result<AssumeRoleOutput> {
    refuse_unsupported(&input)?;
    let arn = input.role_arn.clone();
    let role = cx.role(&arn).ok_or_else(|| denied(cx, "sts:AssumeRole", &arn))?;
    // "You cannot call any STS operations except GetCallerIdentity" (GetFederationToken in the STS API reference).
    if matches!(cx.caller().principal, Principal::FederatedUser { .. }) {
        return Err(denied(cx, "sts:AssumeRole", &arn));
    }
    let duration = duration(cx, &role, input.duration_seconds)?;
    let source_identity = source_identity(cx, &input)?;
    if input.tags.as_ref().is_some_and(|it| !it.is_empty()) {
        cx.require_of("sts", "sts:TagSession", &arn, |context| conditions(&input, context))?;
    }
    let policies = scope::policies(cx, input.policy.take(), input.policy_arns.take())?;
    let given = scope::tags(input.tags.take())?;
    let packed_policy_size = scope::packed_size(&policies, &given)?;
    let before = cx.caller().session.clone();
    let transitive = input.transitive_tag_keys.take().unwrap_or_default();
    let (tags, transitive) = scope::inherit(given, transitive, before.as_deref())?;
    let principal = Principal::Session {
        account: role.account,
        path: role.path,
        role: role.name,
        role_id: role.id,
        session: input.role_session_name,
    };
    let assumed_role_user = AssumedRoleUser { assumed_role_id: principal.user_id(), arn: principal.arn() };
    let session = Session { issued_at: 0, policies, tags, transitive, source_identity: source_identity.clone() };
    Ok(AssumeRoleOutput {
        credentials: Some(issue(cx, principal, session, duration)),
        assumed_role_user: Some(assumed_role_user),
        packed_policy_size,
        source_identity,
        ..AssumeRoleOutput::default()
    })
}

/// For the door: who may assume a role is what its trust policy says. A role that does not exist trusts nobody, and the
/// refusal does not tell that it does not exist.
pub fn trust_policy(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    if !arn.contains(":role/") {
        return None;
    }
    let nobody = || {
        r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"nobody.invalid"},"Action":"sts:AssumeRole"}}"#
            .to_owned()
    };
    let document = cx.role(arn).map_or_else(nobody, |it| it.trust_policy);
    Some(ResourcePolicy { kind: Kind::Trust, document })
}

/// For the door: the role's tags.
pub fn tags(cx: &Cx, arn: &str) -> Vec<(String, String)> {
    cx.role(arn).map_or_else(Vec::new, |it| it.tags)
}

pub fn conditions(input: &AssumeRole, context: &mut Context) {
    context.insert("sts:RoleSessionName", input.role_session_name.clone());
    if let Some(id) = &input.external_id {
        context.insert("sts:ExternalId", id.clone());
    }
    if let Some(identity) = &input.source_identity {
        context.insert("sts:SourceIdentity", identity.clone());
    }
    if let Some(seconds) = input.duration_seconds {
        context.insert("sts:DurationSeconds", seconds);
    }
    scope::requested(input.tags.as_ref(), context);
    if let Some(keys) = input.transitive_tag_keys.as_ref().filter(|it| !it.is_empty()) {
        context.insert("sts:TransitiveTagKeys", keys.clone());
    }
}

/// Once set it stays for every role that is assumed from there, each of which has to allow it ("Monitor and control
/// actions taken with assumed roles" in the IAM user guide).
fn source_identity(cx: &Cx, input: &AssumeRole) -> Result<Option<String>> {
    let before = cx.caller().session.as_ref().and_then(|it| it.source_identity.clone());
    let identity = match (before, &input.source_identity) {
        (Some(before), Some(given)) if before != *given => {
            return Err(denied(cx, "sts:SetSourceIdentity", &input.role_arn));
        }
        (Some(before), _) => before,
        (None, Some(given)) => given.clone(),
        (None, None) => return Ok(None),
    };
    cx.require_of("sts", "sts:SetSourceIdentity", &input.role_arn, |context| {
        conditions(input, context);
        context.insert("sts:SourceIdentity", identity.clone());
    })?;
    Ok(Some(identity))
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

fn refuse_unsupported(input: &AssumeRole) -> Result<()> {
    refuse(
        "AssumeRole",
        &[
            ("SerialNumber", input.serial_number.is_some()),
            ("TokenCode", input.token_code.is_some()),
            ("ProvidedContexts", input.provided_contexts.as_ref().is_some_and(|it| !it.is_empty())),
            ("MinimumSessionTokenSize", input.minimum_session_token_size.is_some()),
        ],
    )
}
