//! How a bucket encrypts what comes without instructions: PutBucketEncryption and its kin.

use super::{AES256, Encryption, Layers, UnderKms, kms};
use crate::bucket::{self, Bucket};
use crate::fault;
use api::s3::{
    BlockedEncryptionTypes, DeleteBucketEncryption, DeleteBucketEncryptionOutput, GetBucketEncryption,
    GetBucketEncryptionOutput, PutBucketEncryption, PutBucketEncryptionOutput, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};

/// It stands in the bucket's row, for every object that comes asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Without it, S3's own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kms: Option<ByKms>,
    #[serde(default)]
    pub bucket_key: bool,
    #[serde(default)]
    pub takes_customer_keys: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ByKms {
    layers: Layers,
    /// As it was given: an id, an ARN or an alias. Without it, AWS's own key.
    key: Option<String>,
}

/// Keys of customers, among what a bucket may block.
const CUSTOMER_KEYS: &str = "SSE-C";
const NONE: &str = "NONE";

impl Rule {
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What it makes of a new object.
    pub fn settle(&self, cx: &Cx, bucket: &Bucket) -> Result<Encryption> {
        let Some(ByKms { layers, key }) = &self.kms else { return Ok(Encryption::S3) };
        let bucket_key = self.bucket_key && *layers == Layers::One;
        let key = kms::key(cx, key.as_deref(), bucket)?;
        Ok(Encryption::Kms(Box::new(UnderKms { key, layers: *layers, bucket_key, context: None })))
    }

    fn told(&self) -> ServerSideEncryptionRule {
        let blocked = if self.takes_customer_keys { NONE } else { CUSTOMER_KEYS };
        let by_default = ServerSideEncryptionByDefault {
            sse_algorithm: self.kms.as_ref().map_or(AES256, |it| it.layers.method()).to_owned(),
            kms_master_key_id: self.kms.as_ref().and_then(|it| it.key.clone()),
        };
        ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(by_default),
            bucket_key_enabled: Some(self.bucket_key),
            blocked_encryption_types: Some(BlockedEncryptionTypes { encryption_type: Some(vec![blocked.to_owned()]) }),
        }
    }
}

pub fn put(cx: &mut Cx, input: PutBucketEncryption) -> Result<PutBucketEncryptionOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let [rule] = <[ServerSideEncryptionRule; 1]>::try_from(input.server_side_encryption_configuration.rules)
        .map_err(|_| fault::malformed_xml())?;
    if rule.apply_server_side_encryption_by_default.is_none() && rule.blocked_encryption_types.is_none() {
        return Err(fault::malformed_xml());
    }
    let blocked = rule.blocked_encryption_types.and_then(|it| it.encryption_type);
    bucket.encryption = Rule {
        kms: by_kms(rule.apply_server_side_encryption_by_default)?,
        bucket_key: rule.bucket_key_enabled == Some(true),
        // Who says nothing of it leaves it as it is.
        takes_customer_keys: match blocked {
            None => bucket.encryption.takes_customer_keys,
            Some(blocked) => !blocked.iter().any(|it| it == CUSTOMER_KEYS),
        },
    };
    bucket::put(cx, &bucket);
    Ok(PutBucketEncryptionOutput {})
}

pub fn get(cx: &Cx, input: GetBucketEncryption) -> Result<GetBucketEncryptionOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let rules = vec![bucket.encryption.told()];
    Ok(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration { rules }),
    })
}

/// What encrypts by default is S3's own keys again; what is blocked stays so.
pub fn delete(cx: &mut Cx, input: DeleteBucketEncryption) -> Result<DeleteBucketEncryptionOutput> {
    let mut bucket = bucket::changing(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    bucket.encryption = Rule { kms: None, bucket_key: false, ..bucket.encryption };
    bucket::put(cx, &bucket);
    Ok(DeleteBucketEncryptionOutput {})
}

/// S3 does not look whether there is such a key (PutBucketEncryption in the API Reference).
fn by_kms(given: Option<ServerSideEncryptionByDefault>) -> Result<Option<ByKms>> {
    let Some(ServerSideEncryptionByDefault { sse_algorithm, kms_master_key_id: key }) = given else { return Ok(None) };
    if let Some(layers) = Layers::of(&sse_algorithm) {
        return Ok(Some(ByKms { layers, key }));
    }
    if sse_algorithm != AES256 {
        return Err(fault::malformed_xml());
    }
    if key.is_some() {
        return Err(fault::INVALID_ARGUMENT
            .with("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
            .field("ArgumentName", "ApplyServerSideEncryptionByDefault"));
    }
    Ok(None)
}
