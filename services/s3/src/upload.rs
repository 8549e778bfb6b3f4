//! Multipart uploads: begin, list, abort.

pub mod complete;
pub mod parts;

use crate::acl::Acl;
use crate::bucket::{self, Bucket};
use crate::checksum::{Algorithm, Kind};
use crate::encryption::customer::{Customer, Given};
use crate::encryption::key::{self, Lock};
use crate::encryption::{self, Encryption};
use crate::fault;
use crate::lifecycle;
use crate::list::cursor::{Cursor, From, Row, three_parts};
use crate::list::objects::{prefixes, some};
use crate::list::{self, Asked, Spelling, begin};
use crate::lock::Locks;
use crate::metadata::{Metadata, stated};
use crate::object::{self, StorageClass};
use crate::opaque::{self, Opened};
use crate::owner;
use crate::part;
use crate::payer;
use crate::put::whole_second;
use crate::tag::{self, Tags};
use crate::terms::{Settled, terms};
use api::s3::{
    AbortMultipartUpload, AbortMultipartUploadOutput, CreateMultipartUpload, CreateMultipartUploadOutput, Initiator,
    ListMultipartUploads, ListMultipartUploadsOutput, MultipartUpload,
};
use kernel::{Cx, Job};
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Uploads under way. Key: (bucket, key, upload number).
static UPLOADS: Table<Upload> = Table::partition("s3.upload");
/// Sweeps up what a deleted bucket had under way, by the bucket's number.
pub static SWEEP: Job<u64> = Job::new("s3.sweep-uploads");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    pub number: u64,
    /// Milliseconds since 1970.
    pub initiated_at: i64,
    /// The ARN of who began it.
    pub initiator: String,
    /// Without it, each part has the usual checksum.
    #[serde(default)]
    pub checksum: Option<(Algorithm, Kind)>,
    #[serde(default)]
    pub storage_class: StorageClass,
    #[serde(default, skip_serializing_if = "Encryption::is_s3")]
    pub encryption: Encryption,
    /// Something that the customer's key opens, where each part has to bring it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Locks::is_none")]
    pub locks: Locks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Box<Acl>>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    #[serde(default)]
    pub tags: Tags,
}

/// Swept in one transaction.
const SWEPT_AT_ONCE: usize = 10;

pub fn create(cx: &mut Cx, input: CreateMultipartUpload) -> Result<CreateMultipartUploadOutput> {
    object::check_key(&input.key)?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let Settled { storage_class, encryption, customer, locks, acl } =
        terms!(input, "s3:PutObject").settle(cx, &bucket, &input.key)?;
    let proof = match &customer {
        Some(customer) => Some(key::wrap(cx, &Lock::Customer, Some(customer), b"")?),
        None => None,
    };
    let upload = Upload {
        number: bucket::take_number(cx),
        initiated_at: whole_second(cx.now()),
        initiator: cx.caller().principal.arn(),
        checksum: checksum_of(input.checksum_algorithm.as_deref(), input.checksum_type.as_deref())?,
        storage_class,
        encryption,
        proof,
        locks,
        acl,
        metadata: stated!(input),
        tags: tag::of_header(input.tagging.as_deref())?,
    };
    upload.metadata.check()?;
    cx.put(&UPLOADS, &(bucket.number, input.key.as_str(), upload.number), &upload);
    let (abort_date, abort_rule_id) = lifecycle::abortion(cx, &bucket, &input.key, upload.initiated_at).unzip();
    let mut output = CreateMultipartUploadOutput {
        abort_date,
        request_charged: payer::charged(cx, &bucket),
        abort_rule_id,
        upload_id: Some(id(&bucket, &input.key, upload.number)),
        bucket: Some(bucket.name.clone()),
        key: Some(input.key),
        checksum_algorithm: upload.checksum.map(|it| it.0.name().to_owned()),
        checksum_type: upload.checksum.map(|it| it.1.name().to_owned()),
        ssekms_encryption_context: upload.encryption.context(),
        ..CreateMultipartUploadOutput::default()
    };
    encryption::tell!(output, upload.encryption, customer);
    Ok(output)
}

impl Upload {
    /// A list of parts and the end of the upload need the key only where the upload was begun with a checksum
    /// (CompleteMultipartUpload in the API Reference), which is not sealed here. If it is given, it must be right.
    pub fn unlock_if_given(&self, cx: &Cx, given: &Given) -> Result<()> {
        if given.algorithm.is_none() && given.key.is_none() { Ok(()) } else { self.unlock(cx, given).map(drop) }
    }

    /// The customer's key, where the upload was begun with one: the same one.
    pub fn unlock(&self, cx: &Cx, given: &Given) -> Result<Option<Customer>> {
        let customer = given.read()?;
        if customer.is_some() != self.proof.is_some() {
            return Err(fault::INVALID_REQUEST.with("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters."));
        }
        let Some(proof) = &self.proof else { return Ok(None) };
        match key::unwrap(cx, &Lock::Customer, customer.as_ref(), proof) {
            Ok(_) => Ok(customer),
            Err(_) => Err(fault::INVALID_REQUEST
                .with("The provided encryption parameters did not match the ones used originally.")),
        }
    }
}

pub fn abort(cx: &mut Cx, input: AbortMultipartUpload) -> Result<AbortMultipartUploadOutput> {
    fault::refuse("x-amz-if-match-initiated-time", input.if_match_initiated_time.as_ref())?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = find(cx, &bucket, &input.key, &input.upload_id)?;
    give_up(cx, &bucket, &input.key, upload.number);
    Ok(AbortMultipartUploadOutput {
        request_charged: payer::charged(cx, &bucket),
        ..AbortMultipartUploadOutput::default()
    })
}

/// One that is gone already is no matter.
pub fn give_up(cx: &mut Cx, bucket: &Bucket, key: &str, number: u64) {
    if cx.has(&UPLOADS, &(bucket.number, key, number)) {
        part::release_all(cx, number);
        forget(cx, bucket, key, number);
    }
}

pub fn list(cx: &Cx, input: ListMultipartUploads) -> Result<ListMultipartUploadsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|it| !it.is_empty());
    let limit = list::limit(input.max_uploads, "max-uploads")?;
    let asked = Asked { prefix: &prefix, delimiter: delimiter.as_deref(), limit };
    let key_marker = input.key_marker.filter(|it| !it.is_empty());
    let id_marker = input.upload_id_marker.filter(|it| !it.is_empty() && key_marker.is_some());
    let mut from = begin(&asked, key_marker.as_deref());
    if let (Some(key), Some(text)) = (&key_marker, &id_marker) {
        match opaque::open(opaque::Kind::Upload, bucket.number, key, text) {
            Opened::Number(number) if *key >= prefix => {
                from = From::AfterRow(key.as_bytes().to_vec(), number);
            }
            Opened::Number(_) => {}
            Opened::Foreign | Opened::Malformed => {
                return Err(fault::invalid_argument("Invalid uploadId marker", "upload-id-marker", text.as_str()));
            }
        }
    }
    let page = list::page(&mut Cursor::new(cx, bucket.number, read, from), &asked);
    let spelling = Spelling::of(input.encoding_type.as_deref());
    let (next_key, next_id) = match (page.is_truncated, page.ends_with_prefix) {
        (false, _) => (None, None),
        (true, true) => (page.prefixes.last().cloned(), None),
        (true, false) => {
            let last = page.items.last().expect("a page that ends with an upload has one");
            (Some(last.key.clone()), Some(id(&bucket, &last.key, last.value.number)))
        }
    };
    Ok(ListMultipartUploadsOutput {
        key_marker: Some(spelling.spell(&key_marker.unwrap_or_default())),
        upload_id_marker: Some(id_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|it| spelling.spell(&it)),
        next_upload_id_marker: next_id,
        prefix: Some(spelling.spell(&prefix)),
        delimiter: delimiter.map(|it| spelling.spell(&it)),
        max_uploads: Some(limit as i64),
        request_charged: payer::charged(cx, &bucket),
        is_truncated: Some(page.is_truncated),
        uploads: some(page.items.into_iter().map(|it| entry(&bucket, it, spelling)).collect()),
        common_prefixes: prefixes(page.prefixes, spelling),
        encoding_type: input.encoding_type,
        bucket: Some(bucket.name.clone()),
        ..ListMultipartUploadsOutput::default()
    })
}

/// A bucket goes with what was under way in it.
pub fn abandon_all(cx: &mut Cx, bucket: &Bucket) {
    if !cx.keys::<(u64, String, u64), _>(&UPLOADS, Span::prefix(&bucket.number), 1).is_empty() {
        cx.at(cx.now(), &SWEEP, &bucket.number);
    }
}

pub fn sweep(cx: &mut Cx, bucket: u64) -> Result<()> {
    let keys = cx.keys::<(u64, String, u64), _>(&UPLOADS, Span::prefix(&bucket), SWEPT_AT_ONCE);
    for (_, key, number) in &keys {
        part::release_all(cx, *number);
        cx.delete(&UPLOADS, &(bucket, key.as_str(), *number));
    }
    if keys.len() == SWEPT_AT_ONCE {
        cx.at(cx.now(), &SWEEP, &bucket);
    }
    Ok(())
}

pub fn find(cx: &Cx, bucket: &Bucket, key: &str, id: &str) -> Result<Upload> {
    let found = match opaque::open(opaque::Kind::Upload, bucket.number, key, id) {
        Opened::Number(number) => cx.get(&UPLOADS, &(bucket.number, key, number)),
        Opened::Foreign | Opened::Malformed => None,
    };
    found.ok_or_else(|| missing(id))
}

pub fn forget(cx: &mut Cx, bucket: &Bucket, key: &str, number: u64) {
    cx.delete(&UPLOADS, &(bucket.number, key, number));
}

pub fn missing(id: &str) -> Error {
    fault::NO_SUCH_UPLOAD
        .with("The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
        .field("UploadId", id)
}

fn id(bucket: &Bucket, key: &str, number: u64) -> String {
    opaque::seal(opaque::Kind::Upload, bucket.number, key, number)
}

fn checksum_of(algorithm: Option<&str>, kind: Option<&str>) -> Result<Option<(Algorithm, Kind)>> {
    let Some(algorithm) = algorithm.and_then(Algorithm::named) else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(fault::INVALID_REQUEST
                .with("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")),
        };
    };
    let kind = kind.and_then(Kind::named).unwrap_or(algorithm.usual_kind());
    if algorithm.takes(kind) {
        return Ok(Some((algorithm, kind)));
    }
    Err(fault::INVALID_REQUEST.with(format!(
        "The {} checksum type cannot be used with the {} checksum algorithm.",
        kind.name(),
        algorithm.name().to_ascii_lowercase()
    )))
}

pub fn read(cx: &Cx, bucket: u64, from: &From, limit: usize) -> Vec<Row<Upload>> {
    let rows = cx.rows::<(u64, String, u64), Upload>(&UPLOADS, three_parts(bucket, from), limit).into_iter();
    rows.map(|((_, key, rest), value)| Row { key, rest, value }).collect()
}

fn entry(bucket: &Bucket, row: Row<Upload>, spelling: Spelling) -> MultipartUpload {
    let upload = row.value;
    MultipartUpload {
        upload_id: Some(id(bucket, &row.key, upload.number)),
        key: Some(spelling.spell(&row.key)),
        initiated: Some(Timestamp(upload.initiated_at)),
        storage_class: Some(upload.storage_class.name().to_owned()),
        owner: Some(owner::of(&bucket.account)),
        initiator: Some(initiator(&upload)),
        checksum_algorithm: upload.checksum.map(|it| it.0.name().to_owned()),
        checksum_type: upload.checksum.map(|it| it.1.name().to_owned()),
        version_id: None,
    }
}

/// Roots are named as owners are, users by their ARN.
pub fn initiator(upload: &Upload) -> Initiator {
    let account = upload.initiator.strip_suffix(":root").and_then(|it| it.rsplit(':').next());
    let id = account.map_or_else(|| upload.initiator.clone(), owner::canonical_id);
    Initiator { id: Some(id), display_name: None }
}
