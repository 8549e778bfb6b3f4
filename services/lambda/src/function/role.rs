//! The role that a function runs as.

use crate::function::Function;
use api::lambda::error;
use kernel::{Cx, Principal};
use model::Result;

/// Who Lambda is when it assumes roles.
pub const LAMBDA: &str = "lambda.amazonaws.com";

/// Refuses a role that the caller may not hand to Lambda, that does not exist, or that does not trust Lambda.
pub fn check(cx: &mut Cx, arn: &str) -> Result<()> {
    cx.require("lambda", "iam:PassRole", arn, |context| {
        context.insert("iam:PassedToService", LAMBDA);
    })?;
    let lambda = Principal::service(cx.account(), LAMBDA);
    let trusted = cx.acting_as(lambda, |cx| Ok(cx.may("sts", "AssumeRole", arn)))?;
    let role = cx.role(arn);
    if role.as_ref().is_some_and(|it| it.account != cx.account()) {
        return Err(error::INVALID_PARAMETER_VALUE.with("Cross-account pass role is not allowed."));
    }
    if !trusted || role.is_none() {
        return Err(
            error::INVALID_PARAMETER_VALUE.with("The role defined for the function cannot be assumed by Lambda.")
        );
    }
    Ok(())
}

/// Who the function is while it runs: a session of its role, named after the function. None if the role is gone or
/// trusts Lambda no longer. Asked by Lambda, as which the caller acts.
pub fn session_of(cx: &Cx, function: &Function) -> Option<Principal> {
    if !cx.may("sts", "AssumeRole", &function.role) {
        return None;
    }
    let role = cx.role(&function.role)?;
    Some(Principal::Session {
        account: role.account,
        path: role.path,
        role: role.name,
        role_id: role.id,
        session: session_name(function),
    })
}

/// The same, asked by somebody who configures the function.
pub fn session_for(cx: &mut Cx, function: &Function) -> Result<Option<Principal>> {
    let lambda = Principal::service(cx.account(), LAMBDA);
    cx.acting_as(lambda, |cx| Ok(session_of(cx, function)))
}

/// The function's name. STS knows no names of one character, so these get a second one.
pub fn session_name(function: &Function) -> String {
    if function.name.len() == 1 { format!("{}_", function.name) } else { function.name.clone() }
}
