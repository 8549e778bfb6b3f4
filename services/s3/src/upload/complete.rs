//! CompleteMultipartUpload: no byte is moved, the object names the parts.

use super::{Upload, find, forget};
use crate::bucket::{self, Bucket};
use crate::checksum::{self, Checksum, Kind, given, tell};
use crate::condition::Writing;
use crate::current;
use crate::encryption;
use crate::encryption::customer::given as given_key;
use crate::fault;
use crate::lifecycle;
use crate::list::Spelling;
use crate::notification::Happened;
use crate::object::{Content, Etag, Object};
use crate::opaque::{self, Opened};
use crate::part::{self, Part};
use crate::payer;
use crate::put::whole_second;
use api::s3::{CompleteMultipartUpload, CompleteMultipartUploadOutput, CompletedPart};
use kernel::Cx;
use md5::{Digest, Md5};
use model::{Error, Result};
use std::collections::BTreeMap;

/// Of all parts but the last ("Amazon S3 multipart upload limits").
const LEAST_PART: u64 = 5 * 1024 * 1024;

pub fn complete(cx: &mut Cx, input: CompleteMultipartUpload) -> Result<CompleteMultipartUploadOutput> {
    let condition = Writing { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
    condition.check_form()?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let before = current::get(cx, &bucket, &input.key);
    let upload = match find(cx, &bucket, &input.key, &input.upload_id) {
        Ok(upload) => upload,
        Err(missing) => return again(cx, &bucket, &input, before).ok_or(missing),
    };
    upload.unlock_if_given(cx, &given_key!(input))?;
    let named = input.multipart_upload.as_ref().and_then(|it| it.parts.clone()).unwrap_or_default();
    let parts = chosen(cx, &upload, &input.upload_id, &named)?;
    condition.check(&input.key, before.as_ref())?;
    let size = parts.iter().map(|it| it.size).sum();
    if let Some(wrong) = input.mpu_object_size.filter(|it| *it as u64 != size) {
        return Err(fault::INVALID_REQUEST.with(format!(
            "The provided 'x-amz-mp-object-size' header value {wrong} does not match what was computed: {size}"
        )));
    }
    let checksum = checksum_of(&upload, &parts);
    verify(&input, &checksum)?;
    let mut object = Object {
        modified_at: whole_second(cx.now()),
        size,
        etag: etag_of(&parts),
        content: Content::Parts(upload.number),
        checksum,
        storage_class: upload.storage_class,
        encryption: upload.encryption.clone(),
        locks: upload.locks.or_default(&bucket, cx.now()),
        acl: upload.acl.clone(),
        metadata: upload.metadata.clone(),
        tags: upload.tags.clone(),
        ..Object::without_bytes()
    };
    drop_others(cx, &upload, &parts);
    forget(cx, &bucket, &input.key, upload.number);
    current::put(cx, &bucket, &input.key, before, &mut object, Happened::CompleteMultipartUpload);
    Ok(told(cx, &bucket, input.key, &object))
}

/// Who did not hear the answer asks again.
fn again(
    cx: &Cx,
    bucket: &Bucket,
    input: &CompleteMultipartUpload,
    now: Option<Object>,
) -> Option<CompleteMultipartUploadOutput> {
    let number = match opaque::open(opaque::Kind::Upload, bucket.number, &input.key, &input.upload_id) {
        Opened::Number(number) => number,
        Opened::Foreign | Opened::Malformed => return None,
    };
    let object = now.filter(|it| it.content == Content::Parts(number))?;
    Some(told(cx, bucket, input.key.clone(), &object))
}

/// The parts that the request names, in its order.
fn chosen(cx: &Cx, upload: &Upload, id: &str, named: &[CompletedPart]) -> Result<Vec<Part>> {
    if named.is_empty() || named.len() > part::MOST {
        return Err(fault::malformed_xml());
    }
    if named.windows(2).any(|pair| pair[0].part_number >= pair[1].part_number) {
        return Err(fault::INVALID_PART_ORDER
            .with("The list of parts was not in ascending order. The parts list must be specified in order by part number.")
            .field("UploadId", id));
    }
    let mut uploaded: BTreeMap<i64, Part> =
        part::all(cx, upload.number).into_iter().map(|it| (i64::from(it.number), it)).collect();
    let mut parts = Vec::with_capacity(named.len());
    for (index, it) in named.iter().enumerate() {
        let number = it.part_number.ok_or_else(fault::malformed_xml)?;
        let etag = it.e_tag.as_deref().ok_or_else(fault::malformed_xml)?;
        let found = uploaded.remove(&number).filter(|found| found.etag().trim_matches('"') == etag.trim_matches('"'));
        let found = found.ok_or_else(|| invalid_part(id, number, etag))?;
        check_checksum(upload, it, &found, id)?;
        if index + 1 < named.len() && found.size < LEAST_PART {
            return Err(too_small(&found, number));
        }
        parts.push(found);
    }
    Ok(parts)
}

/// A composite checksum is made of what the uploader says, so the uploader has to say it.
fn check_checksum(upload: &Upload, named: &CompletedPart, found: &Part, id: &str) -> Result<()> {
    let given = checksum::only(given!(named), None)?;
    match (upload.checksum, given) {
        (Some((algorithm, Kind::Composite)), None) => Err(fault::INVALID_REQUEST.with(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {} in the request.",
            algorithm.name().to_ascii_lowercase(),
            found.number
        ))),
        (_, Some((algorithm, value))) if algorithm == found.checksum.algorithm && value != found.checksum.value => {
            Err(invalid_part(id, i64::from(found.number), &found.etag()))
        }
        _ => Ok(()),
    }
}

fn checksum_of(upload: &Upload, parts: &[Part]) -> Checksum {
    let (algorithm, kind) = upload.checksum.unwrap_or((checksum::DEFAULT, Kind::FullObject));
    match kind {
        Kind::Composite => checksum::composite(algorithm, parts.iter().map(|it| it.checksum.value.as_str())),
        Kind::FullObject => checksum::full(algorithm, parts.iter().map(|it| (it.checksum.value.as_str(), it.size))),
    }
}

/// Against what the request says of the whole.
fn verify(input: &CompleteMultipartUpload, checksum: &Checksum) -> Result<()> {
    if let Some(kind) = input.checksum_type.as_deref().filter(|it| *it != checksum.kind.name()) {
        return Err(fault::INVALID_REQUEST.with(format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode, not {kind}.",
            checksum.kind.name()
        )));
    }
    let given = given!(input);
    match given.iter().find(|it| it.0 == checksum.algorithm) {
        Some((algorithm, value)) if *value != checksum.value => Err(checksum::wrong(*algorithm)),
        _ => Ok(()),
    }
}

/// The MD5 of the parts' MD5s.
fn etag_of(parts: &[Part]) -> Etag {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part.md5.to_be_bytes());
    }
    Etag { md5: u128::from_be_bytes(hash.finalize().into()), parts: Some(parts.len() as u32) }
}

fn drop_others(cx: &mut Cx, upload: &Upload, kept: &[Part]) {
    let others = part::all(cx, upload.number).into_iter().map(|it| it.number);
    // Both are in order.
    let is_kept = |number: &u32| kept.binary_search_by_key(number, |it| it.number).is_ok();
    for number in others.filter(|it| !is_kept(it)).collect::<Vec<_>>() {
        part::release(cx, upload.number, number);
    }
}

fn told(cx: &Cx, bucket: &Bucket, key: String, object: &Object) -> CompleteMultipartUploadOutput {
    let endpoint = &cx.caller().endpoint;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("{endpoint}/{}/{}", bucket.name, Spelling::Url.spell(&key))),
        bucket: Some(bucket.name.clone()),
        version_id: bucket.told(object, &key),
        request_charged: payer::charged(cx, bucket),
        expiration: lifecycle::expiration(cx, bucket, &key, object),
        key: Some(key),
        e_tag: Some(object.etag()),
        checksum_type: Some(object.checksum.kind.name().to_owned()),
        ..CompleteMultipartUploadOutput::default()
    };
    encryption::tell!(output, object.encryption);
    tell!(output, object.checksum.algorithm, object.checksum.value.clone());
    output
}

fn invalid_part(id: &str, number: i64, etag: &str) -> Error {
    fault::INVALID_PART
        .with("One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
        .field("UploadId", id)
        .field("PartNumber", number.to_string())
        .field("ETag", etag)
}

fn too_small(part: &Part, number: i64) -> Error {
    fault::ENTITY_TOO_SMALL
        .with("Your proposed upload is smaller than the minimum allowed size")
        .field("ProposedSize", part.size.to_string())
        .field("MinSizeAllowed", LEAST_PART.to_string())
        .field("PartNumber", number.to_string())
        .field("ETag", part.etag().trim_matches('"'))
}
