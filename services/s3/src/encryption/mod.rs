//! Server-side encryption: what a request asks for, what an object has, and what answers tell of it.
//!
//! Sources: "Protecting data with server-side encryption" and its pages in the S3 User Guide, PutObject and GetObject in
//! the API Reference.

pub mod bucket;
pub mod customer;
pub mod key;
pub mod kms;

use crate::body;
use crate::bucket::Bucket;
use crate::fault;
use crate::object::Object;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use customer::{Customer, Given};
use kernel::Cx;
use key::Lock;
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an object is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// With keys of S3's own (SSE-S3).
    #[default]
    S3,
    /// Under a key of KMS.
    Kms(Box<UnderKms>),
    /// With a key that each request brings (SSE-C); nothing is kept of it.
    Customer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderKms {
    /// Its ARN.
    pub key: String,
    pub layers: Layers,
    /// The bucket has a key of its own, for which KMS is asked less often.
    #[serde(default)]
    pub bucket_key: bool,
    /// What is bound to the key beside the object's ARN, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// How often the bytes are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layers {
    #[default]
    One,
    /// DSSE-KMS
    Two,
}

/// What the headers of a request that makes an object say.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: Option<String>,
    pub key: Option<String>,
    pub context: Option<String>,
    pub bucket_key: Option<bool>,
    pub customer: Given,
}

const METHOD: &str = "x-amz-server-side-encryption";
const AES256: &str = "AES256";
const KMS: &str = "aws:kms";
const DSSE: &str = "aws:kms:dsse";

impl Layers {
    fn method(self) -> &'static str {
        match self {
            Layers::One => KMS,
            Layers::Two => DSSE,
        }
    }

    fn of(method: &str) -> Option<Self> {
        [Layers::One, Layers::Two].into_iter().find(|it| it.method() == method)
    }
}

impl Encryption {
    pub fn is_s3(&self) -> bool {
        *self == Self::S3
    }

    pub fn layers(&self) -> Layers {
        match self {
            Encryption::S3 | Encryption::Customer => Layers::One,
            Encryption::Kms(it) => it.layers,
        }
    }

    /// What wraps the keys of an object's bodies.
    pub fn lock(&self, bucket: &Bucket, key: &str) -> Lock {
        match self {
            Encryption::S3 => Lock::of_s3(),
            Encryption::Customer => Lock::Customer,
            Encryption::Kms(it) => Lock::Kms { key: it.key.clone(), context: it.whole_context(bucket, key) },
        }
    }

    /// The MD5 of the bytes is the ETag of what S3's own keys encrypt, and of nothing else (Object in the API Reference).
    pub fn md5(&self, cx: &Cx, of_bytes: [u8; 16]) -> [u8; 16] {
        if self.is_s3() { of_bytes } else { cx.random_bytes() }
    }

    // As answers tell it.

    pub fn method(&self) -> Option<String> {
        let name = match self {
            Encryption::S3 => AES256,
            Encryption::Kms(it) => it.layers.method(),
            Encryption::Customer => return None,
        };
        Some(name.to_owned())
    }

    pub fn key(&self) -> Option<String> {
        self.under_kms().map(|it| it.key.clone())
    }

    pub fn bucket_key(&self) -> Option<bool> {
        self.under_kms().map(|it| it.bucket_key).filter(|it| *it)
    }

    pub fn context(&self) -> Option<String> {
        self.under_kms().and_then(|it| it.context.clone())
    }

    fn under_kms(&self) -> Option<&UnderKms> {
        match self {
            Encryption::Kms(it) => Some(it),
            Encryption::S3 | Encryption::Customer => None,
        }
    }
}

impl UnderKms {
    /// What KMS binds a key to: the pairs that were given, and the ARN of the object, or of the bucket with its own key.
    fn whole_context(&self, bucket: &Bucket, key: &str) -> String {
        let mut pairs = self.context.as_deref().and_then(read_context).unwrap_or_default();
        let arn = if self.bucket_key { bucket.arn() } else { format!("{}/{key}", bucket.arn()) };
        pairs.insert("aws:s3:arn".to_owned(), arn);
        serde_json::to_string(&pairs).expect("texts are JSON")
    }
}

impl Asked {
    /// How a new object of a bucket is encrypted: as the request says, else as the bucket does. `action` is for the
    /// sentence that refuses keys of customers.
    pub fn settle(
        &self,
        cx: &Cx,
        (bucket, object_key): (&Bucket, &str),
        action: &str,
    ) -> Result<(Encryption, Option<Customer>)> {
        let customer = self.customer.beside(self.method.as_deref())?;
        if customer.is_some() {
            self.refuse_kms(None)?;
            customer::check_allowed(cx, bucket, object_key, action)?;
            return Ok((Encryption::Customer, customer));
        }
        let rule = &bucket.encryption;
        let Some(method) = &self.method else {
            self.refuse_kms(None)?;
            return Ok((rule.settle(cx, bucket)?, None));
        };
        if method == AES256 {
            self.refuse_kms(Some(method))?;
            return Ok((Encryption::S3, None));
        }
        let layers = Layers::of(method).ok_or_else(|| {
            fault::invalid_argument("The encryption method specified is not supported", METHOD, method)
        })?;
        if self.context.as_deref().is_some_and(|it| read_context(it).is_none()) {
            return Err(fault::invalid_argument(
                "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
                "x-amz-server-side-encryption-context",
                self.context.as_deref().unwrap_or_default(),
            ));
        }
        let bucket_key = match layers {
            // Two layers are never under a bucket's key (UsingDSSEncryption in the user guide).
            Layers::Two if self.bucket_key == Some(true) => {
                let header = "x-amz-server-side-encryption-bucket-key-enabled";
                return Err(fault::invalid_argument("S3 Bucket Keys are not supported for DSSE-KMS.", header, "true"));
            }
            Layers::Two => false,
            Layers::One => self.bucket_key.unwrap_or(rule.bucket_key),
        };
        let key = kms::key(cx, self.key.as_deref(), bucket)?;
        let context = self.context.clone();
        Ok((Encryption::Kms(Box::new(UnderKms { key, layers, bucket_key, context })), None))
    }

    /// What belongs to KMS alone.
    fn refuse_kms(&self, method: Option<&str>) -> Result<()> {
        if self.key.is_none() && self.context.is_none() {
            return Ok(());
        }
        Err(fault::invalid_argument(
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
            METHOD,
            method.unwrap_or("null"),
        ))
    }
}

/// The customer's key, where an object has one: the right one.
pub fn unlock(cx: &Cx, object: &Object, given: &Given) -> Result<Option<Customer>> {
    match (&object.encryption, given.read()?) {
        (Encryption::S3 | Encryption::Kms(_), None) => Ok(None),
        (Encryption::S3 | Encryption::Kms(_), Some(_)) => Err(not_applicable()),
        (Encryption::Customer, None) => Err(key::missing()),
        (Encryption::Customer, Some(customer)) => {
            let piece = object.pieces(cx).into_iter().next().expect("every object has a body");
            body::check_key(cx, piece.id, &customer)?;
            Ok(Some(customer))
        }
    }
}

fn not_applicable() -> Error {
    fault::INVALID_REQUEST.with("The encryption parameters are not applicable to this object.")
}

/// Base64 of JSON, texts by texts.
fn read_context(given: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(&BASE64.decode(given).ok()?).ok()
}

/// What an input that makes an object says of its encryption.
macro_rules! asked {
    ($input:expr) => {
        $crate::encryption::Asked {
            method: $input.server_side_encryption.clone(),
            key: $input.ssekms_key_id.clone(),
            context: $input.ssekms_encryption_context.clone(),
            bucket_key: $input.bucket_key_enabled,
            customer: $crate::encryption::customer::given!($input),
        }
    };
}

/// Tells an object's encryption in the members of an output.
macro_rules! tell {
    ($output:expr, $encryption:expr) => {
        $output.server_side_encryption = $encryption.method();
        $output.ssekms_key_id = $encryption.key();
        $output.bucket_key_enabled = $encryption.bucket_key();
    };
    ($output:expr, $encryption:expr, $customer:expr) => {
        $crate::encryption::tell!($output, $encryption);
        $output.sse_customer_algorithm = $customer.as_ref().map(|_| "AES256".to_owned());
        $output.sse_customer_key_md5 = $customer.as_ref().map(|it| it.md5.clone());
    };
}

pub(crate) use {asked, tell};
