//! The role that CloudFormation assumes to work on a stack, where the stack has one.

use crate::template::invalid;
use kernel::{Cx, Principal};
use model::Result;

/// Who CloudFormation is when it assumes roles, and on whose behalf it calls.
pub const SERVICE: &str = "cloudformation.amazonaws.com";

/// Refuses a role that the caller may not pass on, that does not exist, or that does not trust CloudFormation.
pub fn check(cx: &mut Cx, arn: &str) -> Result<()> {
    cx.require("cloudformation", "iam:PassRole", arn, |context| {
        context.insert("iam:PassedToService", SERVICE);
    })?;
    if cx.role(arn).is_some_and(|it| it.account != cx.account()) {
        return Err(invalid("Cross-account pass role is not allowed."));
    }
    session(cx, arn).map(drop)
}

/// Who works on the stack then. Trust is looked at anew each time: it may have been withdrawn.
pub fn session(cx: &mut Cx, arn: &str) -> Result<Principal> {
    let service = Principal::service(cx.account(), SERVICE);
    let trusted = cx.acting_as(service, |cx| Ok(cx.may("sts", "AssumeRole", arn)))?;
    let role = cx.role(arn).filter(|_| trusted);
    let role = role.ok_or_else(|| invalid(format!("Role {arn} is invalid or cannot be assumed")))?;
    Ok(Principal::Session {
        account: role.account,
        path: role.path,
        role: role.name,
        role_id: role.id,
        session: "AWSCloudFormation".to_owned(),
    })
}
