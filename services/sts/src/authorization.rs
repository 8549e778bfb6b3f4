//! Why somebody was refused.

use api::sts::{DecodeAuthorizationMessage, DecodeAuthorizationMessageOutput, error};
use kernel::Cx;
use model::Result;

/// Of a message that a caller of the same account was given.
pub fn decode(cx: &Cx, input: DecodeAuthorizationMessage) -> Result<DecodeAuthorizationMessageOutput> {
    let decoded = cx.decode_refusal(&input.encoded_message);
    let message = decoded.ok_or_else(|| error::INVALID_AUTHORIZATION_MESSAGE.with("Message is not valid"))?;
    Ok(DecodeAuthorizationMessageOutput { decoded_message: Some(message) })
}
