//! What users say of an object: headers of HTTP, and pairs of their own.

use crate::fault;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website_redirect: Option<String>,
    /// `x-amz-meta-…`, the names in small letters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
}

/// Names and values together, in bytes ("Working with object metadata" in the user guide).
const MOST_USER_BYTES: usize = 2 * 1024;
/// What S3 calls bytes that nobody named.
const UNNAMED: &str = "binary/octet-stream";

impl Metadata {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn check(&self) -> Result<()> {
        let bytes: usize = self.user.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MOST_USER_BYTES {
            return Err(fault::METADATA_TOO_LARGE
                .with("Your metadata headers exceed the maximum allowed metadata size")
                .field("Size", bytes.to_string())
                .field("MaxSizeAllowed", MOST_USER_BYTES.to_string()));
        }
        let leads = |it: &String| it.starts_with('/') || it.starts_with("http://") || it.starts_with("https://");
        if !self.website_redirect.as_ref().is_none_or(leads) {
            return Err(fault::INVALID_REDIRECT_LOCATION
                .with("The website redirect location must have a prefix of 'http://' or 'https://' or '/'."));
        }
        Ok(())
    }

    pub fn content_type(&self) -> String {
        self.content_type.clone().unwrap_or_else(|| UNNAMED.to_owned())
    }

    pub fn expires(&self) -> Option<Timestamp> {
        self.expires.map(Timestamp)
    }

    pub fn user(&self) -> Option<BTreeMap<String, String>> {
        (!self.user.is_empty()).then(|| self.user.clone())
    }
}

/// The metadata of an input that makes an object.
macro_rules! stated {
    ($input:expr) => {
        $crate::metadata::Metadata {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_language: $input.content_language.clone(),
            expires: $input.expires.map(|it| it.0),
            website_redirect: $input.website_redirect_location.clone(),
            user: $crate::metadata::user($input.metadata.clone()),
        }
    };
}

pub(crate) use stated;

pub fn user(given: Option<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let pairs = given.unwrap_or_default().into_iter();
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}
