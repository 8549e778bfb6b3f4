//! Tokens of pages: where the next one begins, unreadable to the caller.

use crate::template::invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub fn token<T: Serialize>(at: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(at).expect("keys are plain data"))
}

pub fn read<T: DeserializeOwned>(token: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|it| serde_json::from_slice(&it).ok()).ok_or_else(|| invalid("The specified token is invalid."))
}
