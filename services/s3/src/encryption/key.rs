//! The keys that wrap the keys of bodies: Niebla's own, made when they are first needed, those of KMS, and
//! those that customers bring.

use super::customer::Customer;
use super::kms;
use crate::fault;
use kernel::{Cx, INTERNAL_FAILURE};
use model::{Error, Result};
use seal::{KEY_BYTES, Key, NONCE_BYTES};
use serde::{Deserialize, Serialize};
use store::Table;

/// Keys that wrap others. Key: a name, `AES256` or the ARN of a key of KMS.
static WRAPPING: Table<[u8; KEY_BYTES]> = Table::partition("s3.wrapping-key");

/// What a body's key is wrapped by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lock {
    /// One of Niebla's keys, by its name.
    Niebla(String),
    /// A key that every request brings (SSE-C); nobody keeps it.
    Customer,
    /// A key of KMS, by its ARN, bound to a context.
    Kms { key: String, context: String },
}

impl Lock {
    /// What S3 encrypts with unless it is told otherwise (SSE-S3).
    pub fn of_s3() -> Self {
        Lock::Niebla("AES256".to_owned())
    }

    fn context(&self) -> &[u8] {
        match self {
            Lock::Niebla(_) | Lock::Customer => b"",
            Lock::Kms { context, .. } => context.as_bytes(),
        }
    }
}

/// Wraps the keys of a body.
pub fn wrap(cx: &mut Cx, lock: &Lock, customer: Option<&Customer>, keys: &[u8]) -> Result<Vec<u8>> {
    let wrapping = match lock {
        Lock::Niebla(name) => of_niebla(cx, name),
        Lock::Kms { key, .. } => {
            kms::check_use(cx, key)?;
            of_niebla(cx, key)
        }
        Lock::Customer => customer.ok_or_else(missing)?.key,
    };
    let nonce: [u8; NONCE_BYTES] = cx.random_bytes();
    Ok(Key::new(&wrapping).seal(nonce, keys, lock.context()))
}

pub fn unwrap(cx: &Cx, lock: &Lock, customer: Option<&Customer>, wrapped: &[u8]) -> Result<Vec<u8>> {
    let wrapping = match lock {
        Lock::Niebla(name) => *cx.shared(&WRAPPING, name.as_str()).ok_or_else(lost)?,
        Lock::Kms { key, .. } => {
            kms::check_use(cx, key)?;
            *cx.shared(&WRAPPING, key.as_str()).ok_or_else(lost)?
        }
        Lock::Customer => customer.ok_or_else(missing)?.key,
    };
    let opened = Key::new(&wrapping).open(wrapped, lock.context());
    opened.ok_or_else(|| match lock {
        Lock::Niebla(_) | Lock::Kms { .. } => lost(),
        Lock::Customer => fault::ACCESS_DENIED.with(
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
        ),
    })
}

fn of_niebla(cx: &mut Cx, name: &str) -> [u8; KEY_BYTES] {
    if let Some(wrapping) = cx.shared(&WRAPPING, name) {
        return *wrapping;
    }
    let made: [u8; KEY_BYTES] = cx.random_bytes();
    cx.put(&WRAPPING, name, &made);
    made
}

pub fn missing() -> Error {
    fault::INVALID_REQUEST.with("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
}

fn lost() -> Error {
    INTERNAL_FAILURE.with("The key of this object is not the one that it was stored with.")
}
