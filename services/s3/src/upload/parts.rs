//! Parts of an upload under way: UploadPart, ListParts.

use super::{Upload, find, initiator};
use crate::body::{self, Received, Wanted};
use crate::bucket::{self, Bucket};
use crate::checksum::{self, Algorithm, given, tell};
use crate::encryption;
use crate::encryption::customer::{Customer, given as given_key};
use crate::fault;
use crate::lifecycle;
use crate::list;
use crate::list::objects::some;
use crate::lock;
use crate::owner;
use crate::part::{self, Part};
use crate::payer;
use crate::put::{MOST_BYTES, whole_second};
use api::s3::{ListParts, ListPartsOutput, Part as Entry, UploadPart, UploadPartOutput};
use kernel::{Body, Cloud, Cx};
use model::{Error, Result, Timestamp};

pub async fn upload(cloud: Cloud, input: UploadPart, body: Body) -> Result<UploadPartOutput> {
    let number = number(input.part_number)?;
    let announced = checksum::announced(&body);
    let given = checksum::only(given!(input), announced)?;
    let owner = input.expected_bucket_owner.as_deref();
    // Nothing is taken for an upload that there is not.
    let (upload, customer) = cloud.read(|cx| {
        let bucket = bucket::of(cx, &input.bucket, owner)?;
        let upload = find(cx, &bucket, &input.key, &input.upload_id)?;
        let customer = upload.unlock(cx, &given_key!(input))?;
        let has_digest = input.content_md5.is_some() || given.is_some() || announced.is_some();
        lock::check_digest(&bucket, &upload.locks, has_digest)?;
        Ok::<_, Error>((upload, customer))
    })?;
    let algorithm = algorithm_of(&upload, given.as_ref().map(|it| it.0).or(announced))?;
    let md5 = input.content_md5.as_deref().map(checksum::read_md5).transpose()?;
    let wanted = Wanted { most: MOST_BYTES, md5, given, announced, algorithm, layers: upload.encryption.layers() };
    let received = body::receive(&cloud, body, &wanted).await?;
    cloud
        .write(move |cx| {
            let bucket = bucket::named(cx, &input.bucket)?;
            let upload = find(cx, &bucket, &input.key, &input.upload_id)?;
            let part = keep(cx, (&bucket, &input.key), &upload, number, &received, customer.as_ref())?;
            let mut output = UploadPartOutput {
                e_tag: Some(part.etag()),
                request_charged: payer::charged(cx, &bucket),
                ..UploadPartOutput::default()
            };
            encryption::tell!(output, upload.encryption, customer);
            tell!(output, part.checksum.algorithm, part.checksum.value);
            Ok(output)
        })
        .await
}

pub fn keep(
    cx: &mut Cx,
    (bucket, key): (&Bucket, &str),
    upload: &Upload,
    number: u32,
    received: &Received,
    customer: Option<&Customer>,
) -> Result<Part> {
    let part = Part {
        number,
        body: body::keep(cx, received, upload.encryption.lock(bucket, key), customer)?,
        size: received.length,
        md5: u128::from_be_bytes(upload.encryption.md5(cx, received.md5)),
        checksum: received.checksum.clone(),
        modified_at: whole_second(cx.now()),
    };
    part::put(cx, upload.number, &part);
    Ok(part)
}

pub fn list(cx: &Cx, input: ListParts) -> Result<ListPartsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let upload = find(cx, &bucket, &input.key, &input.upload_id)?;
    upload.unlock_if_given(cx, &given_key!(input))?;
    let limit = list::limit(input.max_parts, "max-parts")?;
    let marker = input.part_number_marker.unwrap_or(0);
    let after = u32::try_from(marker).map_err(|_| {
        let sentence = "Argument part-number-marker must be an integer between 0 and 2147483647";
        fault::invalid_argument(sentence, "part-number-marker", marker.to_string())
    })?;
    let mut parts = part::after(cx, upload.number, after, limit + 1);
    let more = parts.len() > limit;
    parts.truncate(limit);
    let (abort_date, abort_rule_id) = lifecycle::abortion(cx, &bucket, &input.key, upload.initiated_at).unzip();
    Ok(ListPartsOutput {
        abort_date,
        request_charged: payer::charged(cx, &bucket),
        abort_rule_id,
        bucket: Some(bucket.name.clone()),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(parts.last().map_or(0, |it| i64::from(it.number))),
        max_parts: Some(limit as i64),
        is_truncated: Some(more && limit > 0),
        parts: some(parts.into_iter().map(entry).collect()),
        initiator: Some(initiator(&upload)),
        owner: Some(owner::of(&bucket.account)),
        storage_class: Some(upload.storage_class.name().to_owned()),
        checksum_algorithm: upload.checksum.map(|it| it.0.name().to_owned()),
        checksum_type: upload.checksum.map(|it| it.1.name().to_owned()),
        ..ListPartsOutput::default()
    })
}

pub fn number(given: i64) -> Result<u32> {
    match given {
        1..=10_000 => Ok(given as u32),
        _ => Err(fault::invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive",
            "partNumber",
            given.to_string(),
        )),
    }
}

/// The checksum that a part gets. One that was begun with a checksum takes no other.
pub fn algorithm_of(upload: &Upload, given: Option<Algorithm>) -> Result<Algorithm> {
    let Some((algorithm, _)) = upload.checksum else { return Ok(checksum::DEFAULT) };
    if let Some(other) = given.filter(|it| *it != algorithm) {
        return Err(fault::INVALID_REQUEST.with(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            algorithm.name().to_ascii_lowercase(),
            other.name().to_ascii_lowercase()
        )));
    }
    Ok(algorithm)
}

fn entry(part: Part) -> Entry {
    let mut output = Entry {
        part_number: Some(i64::from(part.number)),
        last_modified: Some(Timestamp(part.modified_at)),
        e_tag: Some(part.etag()),
        size: Some(part.size as i64),
        ..Entry::default()
    };
    tell!(output, part.checksum.algorithm, part.checksum.value);
    output
}
