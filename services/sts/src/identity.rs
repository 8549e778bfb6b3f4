//! Who am I.

use api::sts::{GetCallerIdentity, GetCallerIdentityOutput};
use kernel::Cx;
use model::Result;

pub fn get(cx: &Cx, _: GetCallerIdentity) -> Result<GetCallerIdentityOutput> {
    let principal = &cx.caller().principal;
    Ok(GetCallerIdentityOutput {
        user_id: Some(principal.user_id()),
        account: Some(principal.account().to_owned()),
        arn: Some(principal.arn()),
    })
}
