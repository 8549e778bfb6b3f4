//! Whose an access key is.

use crate::session::VALIDATION_ERROR;
use api::sts::{GetAccessKeyInfo, GetAccessKeyInfoOutput};
use kernel::{Cx, account_of_key};
use model::Result;

/// The id itself tells, so that the key need not exist any more.
pub fn info(_: &Cx, input: GetAccessKeyInfo) -> Result<GetAccessKeyInfoOutput> {
    let account = account_of_key(&input.access_key_id);
    let account = account
        .ok_or_else(|| VALIDATION_ERROR.with(format!("Access key {} is of no known form.", input.access_key_id)))?;
    Ok(GetAccessKeyInfoOutput { account: Some(account) })
}
