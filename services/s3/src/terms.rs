//! What a request says of the object that it makes, beside its bytes and its metadata. PutObject, CopyObject and
//! CreateMultipartUpload say it alike.

use crate::acl::{self, Acl};
use crate::bucket::Bucket;
use crate::encryption::customer::Customer;
use crate::encryption::{self, Encryption};
use crate::lock::{self, Locks};
use crate::object::StorageClass;
use kernel::Cx;
use model::Result;

/// As the headers have it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What IAM calls the operation, for sentences that refuse it.
    pub action: &'static str,
    pub storage_class: Option<String>,
    pub encryption: encryption::Asked,
    pub lock: lock::Asked,
    pub acl: acl::asked::Asked,
}

/// What comes of it in a bucket.
pub struct Settled {
    pub storage_class: StorageClass,
    pub encryption: Encryption,
    pub customer: Option<Customer>,
    pub locks: Locks,
    pub acl: Option<Box<Acl>>,
}

impl Terms {
    /// # Errors
    /// The bucket does not take it.
    pub fn settle(&self, cx: &Cx, bucket: &Bucket, key: &str) -> Result<Settled> {
        let acl = self.acl.settle(cx, bucket)?;
        let (encryption, customer) = self.encryption.settle(cx, (bucket, key), self.action)?;
        let locks = self.lock.settle(cx, bucket)?;
        let storage_class = StorageClass::of(self.storage_class.as_deref())?;
        Ok(Settled { storage_class, encryption, customer, locks, acl })
    }
}

macro_rules! terms {
    ($input:expr, $action:literal) => {
        $crate::terms::Terms {
            action: $action,
            storage_class: $input.storage_class.clone(),
            encryption: $crate::encryption::asked!($input),
            lock: $crate::lock::asked!($input),
            acl: $crate::acl::asked::asked!($input),
        }
    };
}

pub(crate) use terms;
