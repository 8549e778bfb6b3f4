//! Keys that customers bring (SSE-C): three headers of a request, and three more for the source of a copy.
//!
//! Source: "Using server-side encryption with customer-provided keys (SSE-C)" in the S3 User Guide.

use super::{AES256, METHOD};
use crate::bucket::Bucket;
use crate::fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use md5::{Digest, Md5};
use model::{Error, Result};
use seal::KEY_BYTES;

/// As the headers have it.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub algorithm: Option<String>,
    pub key: Option<String>,
    pub md5: Option<String>,
}

/// A key that a request brings.
#[derive(Clone)]
pub struct Customer {
    pub key: [u8; KEY_BYTES],
    /// Of the key, in Base64.
    pub md5: String,
}

impl Given {
    /// # Errors
    /// What is given is no key.
    pub fn read(&self) -> Result<Option<Customer>> {
        if self.algorithm.is_none() && self.key.is_none() && self.md5.is_none() {
            return Ok(None);
        }
        let Some(algorithm) = &self.algorithm else {
            return Err(invalid("must provide a valid encryption algorithm."));
        };
        if algorithm != AES256 {
            return Err(fault::INVALID_ENCRYPTION
                .with("The Encryption request you specified is not valid. Supported value: AES256.")
                .field("ArgumentName", METHOD)
                .field("ArgumentValue", algorithm.as_str()));
        }
        let key = self.key.as_ref().ok_or_else(|| invalid("must provide an appropriate secret key."))?;
        let md5 =
            self.md5.as_ref().ok_or_else(|| invalid("must provide the client calculated MD5 of the secret key."))?;
        let key = BASE64.decode(key).map_err(|_| wrong("The secret key was invalid for the specified algorithm."))?;
        if BASE64.encode(Md5::digest(&key)) != *md5 {
            return Err(wrong("The calculated MD5 hash of the key did not match the hash that was provided."));
        }
        let key = key.try_into().map_err(|_| wrong("The secret key was invalid for the specified algorithm."))?;
        Ok(Some(Customer { key, md5: md5.clone() }))
    }

    /// The same beside another method, with which it cannot be.
    pub fn beside(&self, method: Option<&str>) -> Result<Option<Customer>> {
        match method {
            Some(method) if self.algorithm.is_some() || self.key.is_some() => Err(fault::invalid_argument(
                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
                METHOD,
                method,
            )),
            _ => self.read(),
        }
    }
}

/// Since April 2026 buckets take no objects under keys of customers unless they are told to.
pub fn check_allowed(cx: &Cx, bucket: &Bucket, key: &str, action: &str) -> Result<()> {
    if bucket.encryption.takes_customer_keys {
        return Ok(());
    }
    Err(fault::ACCESS_DENIED.with(format!(
        "User: {} is not authorized to perform: {action} on resource: \"{}/{key}\" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type",
        cx.caller().principal.arn(),
        bucket.arn()
    )))
}

fn invalid(what: &str) -> Error {
    wrong(&format!("Requests specifying Server Side Encryption with Customer provided keys {what}"))
}

fn wrong(sentence: &str) -> Error {
    fault::invalid_argument(sentence, METHOD, "null")
}

/// The key of a request.
macro_rules! given {
    ($input:expr) => {
        $crate::encryption::customer::Given {
            algorithm: $input.sse_customer_algorithm.clone(),
            key: $input.sse_customer_key.clone(),
            md5: $input.sse_customer_key_md5.clone(),
        }
    };
}

/// The key of a copy's source.
macro_rules! given_of_source {
    ($input:expr) => {
        $crate::encryption::customer::Given {
            algorithm: $input.copy_source_sse_customer_algorithm.clone(),
            key: $input.copy_source_sse_customer_key.clone(),
            md5: $input.copy_source_sse_customer_key_md5.clone(),
        }
    };
}

pub(crate) use {given, given_of_source};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(algorithm: Option<&str>, key: Option<&[u8]>, md5: Option<&[u8]>) -> Result<Option<Customer>> {
        let md5 = md5.map(|it| BASE64.encode(Md5::digest(it)));
        Given { algorithm: algorithm.map(str::to_owned), key: key.map(|it| BASE64.encode(it)), md5 }.read()
    }

    #[test]
    fn a_key_is_read_with_its_algorithm_and_its_md5() {
        let (key, short) = ([7; 32], [7; 16]);
        assert!(read(None, None, None).is_ok_and(|it| it.is_none()));
        assert!(read(Some("AES256"), Some(&key), Some(&key)).is_ok_and(|it| it.is_some_and(|it| it.key == key)));
        for (algorithm, given, md5, expected) in [
            (None, Some(&key[..]), Some(&key[..]), "a valid encryption algorithm"),
            (Some("AES128"), Some(&key), Some(&key), "Supported value: AES256."),
            (Some("AES256"), None, Some(&key), "an appropriate secret key"),
            (Some("AES256"), Some(&key), None, "the client calculated MD5"),
            (Some("AES256"), Some(&key), Some(&short), "did not match the hash"),
            (Some("AES256"), Some(&short), Some(&short), "invalid for the specified algorithm"),
        ] {
            let error = read(algorithm, given, md5).err().expect("refused");
            assert!(error.message().contains(expected), "{}", error.message());
        }
    }
}
