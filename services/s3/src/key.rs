//! The keys that wrap the keys of bodies: Niebla's own, made when they are first needed, and those that customers bring.

use crate::fault;
use kernel::{Cx, INTERNAL_FAILURE};
use model::Result;
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
}

/// A key that a request brings.
pub struct Customer(pub [u8; KEY_BYTES]);

impl Lock {
    /// What S3 encrypts with unless it is told otherwise (SSE-S3).
    pub fn of_s3() -> Self {
        Lock::Niebla("AES256".to_owned())
    }
}

pub fn wrap(cx: &mut Cx, lock: &Lock, customer: Option<&Customer>, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>> {
    let wrapping = match lock {
        Lock::Niebla(name) => match cx.shared(&WRAPPING, name.as_str()) {
            Some(wrapping) => *wrapping,
            None => {
                let made: [u8; KEY_BYTES] = cx.random_bytes();
                cx.put(&WRAPPING, name.as_str(), &made);
                made
            }
        },
        Lock::Customer => customer.ok_or_else(missing)?.0,
    };
    let nonce: [u8; NONCE_BYTES] = cx.random_bytes();
    Ok(Key::new(&wrapping).seal(nonce, key, b""))
}

pub fn unwrap(cx: &Cx, lock: &Lock, customer: Option<&Customer>, wrapped: &[u8]) -> Result<[u8; KEY_BYTES]> {
    let wrapping = match lock {
        Lock::Niebla(name) => *cx.shared(&WRAPPING, name.as_str()).ok_or_else(lost)?,
        Lock::Customer => customer.ok_or_else(missing)?.0,
    };
    let opened = Key::new(&wrapping).open(wrapped, b"").and_then(|it| it.try_into().ok());
    opened.ok_or_else(|| match lock {
        Lock::Niebla(_) => lost(),
        Lock::Customer => fault::ACCESS_DENIED.with("Access Denied"),
    })
}

fn missing() -> model::Error {
    fault::INVALID_REQUEST.with("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
}

fn lost() -> model::Error {
    INTERNAL_FAILURE.with("The key of this object is not the one that it was stored with.")
}
