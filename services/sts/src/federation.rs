//! GetFederationToken: temporary credentials for somebody whom the caller knows.

use crate::scope;
use crate::session::{issue, refuse};
use crate::user::{duration, with_own_key};
use api::sts::{FederatedUser, GetFederationToken, GetFederationTokenOutput};
use kernel::{Cx, Principal, Session};
use model::Result;
use policy::Context;

pub fn token(cx: &mut Cx, input: GetFederationToken) -> Result<GetFederationTokenOutput> {
    refuse("GetFederationToken", &[("MinimumSessionTokenSize", input.minimum_session_token_size.is_some())])?;
    let by = with_own_key(cx, "GetFederationToken")?;
    if input.tags.as_ref().is_some_and(|it| !it.is_empty()) {
        cx.require_of("sts", "sts:TagSession", &arn(cx, &input), |context| conditions(&input, context))?;
    }
    let policies = scope::policies(cx, input.policy, input.policy_arns)?;
    let tags = scope::tags(input.tags)?;
    let packed_policy_size = scope::packed_size(&policies, &tags)?;
    let duration = duration(&by, input.duration_seconds);
    let principal = Principal::FederatedUser { account: by.account().to_owned(), name: input.name, by: Box::new(by) };
    let federated_user = FederatedUser { federated_user_id: principal.user_id(), arn: principal.arn() };
    let session = Session { policies, tags, ..Session::default() };
    Ok(GetFederationTokenOutput {
        credentials: Some(issue(cx, principal, session, duration)),
        federated_user: Some(federated_user),
        packed_policy_size,
        ..GetFederationTokenOutput::default()
    })
}

/// What IAM is asked about.
pub fn arn(cx: &Cx, input: &GetFederationToken) -> String {
    cx.global_arn("sts", &format!("federated-user/{}", input.name))
}

pub fn conditions(input: &GetFederationToken, context: &mut Context) {
    scope::requested(input.tags.as_ref(), context);
}
