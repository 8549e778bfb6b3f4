//! GetObject, HeadObject, GetObjectAttributes.

use crate::body::{self, Located};
use crate::bucket;
use crate::checksum::tell;
use crate::condition::Reading;
use crate::encryption::customer::{Customer, given};
use crate::encryption::{self, unlock};
use crate::fault;
use crate::lifecycle;
use crate::lock;
use crate::object::{Content, Object};
use crate::part;
use crate::payer;
use crate::range;
use crate::replication::Replication;
use crate::version;
use api::s3::{
    Checksum, GetObject, GetObjectAttributes, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectOutput,
    HeadObject, HeadObjectOutput, ObjectPart,
};
use kernel::caller::Principal;
use kernel::{Cloud, Cx, Download};
use model::typed::Typed;
use model::{Result, Timestamp};
use std::ops::Range;

/// What a read asks for.
struct Selected {
    output: GetObjectOutput,
    object: Object,
    customer: Option<Customer>,
    range: Range<u64>,
}

/// A page of GetObjectAttributes' parts.
const MOST_PARTS: i64 = 1000;

pub async fn get(cloud: Cloud, input: GetObject) -> Result<Download<GetObjectOutput>> {
    loop {
        let (output, located) = cloud.read(|cx| -> Result<(GetObjectOutput, Located)> {
            let selected = select(cx, &input)?;
            selected.object.readable(cx.now())?;
            let located = selected.locate(cx)?;
            Ok((selected.output, located))
        })?;
        // Whoever was overtaken by a change looks again.
        if let Some(body) = located.stream(&cloud) {
            return Ok(Download { output, body });
        }
    }
}

/// The same where nobody can wait for the bytes: they are read at once.
pub fn within(cx: &mut Cx, input: GetObject) -> Result<GetObjectOutput> {
    let selected = select(cx, &input)?;
    selected.object.readable(cx.now())?;
    let located = selected.locate(cx)?;
    Ok(GetObjectOutput { body: Some(located.whole(cx)?), ..selected.output })
}

/// The same as [`get`] without the bytes.
pub fn head(cx: &Cx, input: HeadObject) -> Result<HeadObjectOutput> {
    let input = GetObject::from_value(input.into_value());
    Ok(HeadObjectOutput::from_value(select(cx, &input)?.output.into_value()))
}

impl Selected {
    fn locate(&self, cx: &Cx) -> Result<Located> {
        body::locate(cx, &self.object.pieces(cx), self.range.clone(), self.customer.as_ref())
    }
}

fn select(cx: &Cx, input: &GetObject) -> Result<Selected> {
    check_overrides(cx, input)?;
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, is_current) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    let customer = unlock(cx, &object, &given!(input))?;
    let condition = Reading {
        if_match: input.if_match.clone(),
        if_none_match: input.if_none_match.clone(),
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    condition.check(&object).map_err(|failed| failed.of_read(&object))?;
    let part = match input.part_number {
        Some(number) => Some(range::of_part(number, &object.part_sizes(cx))?),
        None => None,
    };
    let partial = match (&input.range, part) {
        (Some(_), Some(_)) => {
            return Err(fault::INVALID_REQUEST.with("Cannot specify both Range header and partNumber query parameter"));
        }
        (Some(text), None) => range::read(text, object.size)?,
        (None, part) => part,
    };
    let mut output = describe(&object, input);
    output.version_id = bucket.told(&object, &input.key);
    encryption::tell!(output, object.encryption, customer);
    let locks = lock::version::told(cx, &bucket, &input.key, &object);
    output.object_lock_mode = locks.retention.map(|it| it.mode.name().to_owned());
    output.object_lock_retain_until_date = locks.retention.map(|it| Timestamp(it.until));
    output.object_lock_legal_hold_status = locks.legal_hold.map(|it| it.name().to_owned());
    output.request_charged = payer::charged(cx, &bucket);
    output.replication_status = object.replication.as_ref().map(Replication::header);
    output.restore = object.restore.and_then(|it| it.header(cx.now()));
    if is_current {
        output.expiration = lifecycle::expiration(cx, &bucket, &input.key, &object);
    }
    // A part of nothing is nothing, which no range can say.
    output.content_range = partial.as_ref().filter(|it| !it.is_empty()).map(|range| range::header(range, object.size));
    let range = partial.unwrap_or(0..object.size);
    output.content_length = Some((range.end - range.start) as i64);
    if input.checksum_mode.as_deref() == Some("ENABLED") && range == (0..object.size) {
        output.checksum_type = Some(object.checksum.kind.name().to_owned());
        tell!(output, object.checksum.algorithm, object.checksum.value.clone());
    }
    Ok(Selected { output, object, customer, range })
}

/// The headers of an object, with those that the request overrides.
fn describe(object: &Object, input: &GetObject) -> GetObjectOutput {
    let it = &object.metadata;
    let or = |given: &Option<String>, own: &Option<String>| given.clone().or_else(|| own.clone());
    GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        last_modified: Some(object.modified()),
        e_tag: Some(object.etag()),
        content_type: Some(input.response_content_type.clone().unwrap_or_else(|| it.content_type())),
        cache_control: or(&input.response_cache_control, &it.cache_control),
        content_disposition: or(&input.response_content_disposition, &it.content_disposition),
        content_encoding: or(&input.response_content_encoding, &it.content_encoding),
        content_language: or(&input.response_content_language, &it.content_language),
        expires: input.response_expires.or(it.expires()),
        website_redirect_location: it.website_redirect.clone(),
        metadata: it.user(),
        storage_class: object.storage_class.header(),
        tag_count: Some(object.tags.len() as i64).filter(|it| *it > 0),
        parts_count: object.etag.parts.filter(|_| input.part_number.is_some()).map(i64::from),
        ..GetObjectOutput::default()
    }
}

fn check_overrides(cx: &Cx, input: &GetObject) -> Result<()> {
    let overrides = input.response_cache_control.is_some()
        || input.response_content_disposition.is_some()
        || input.response_content_encoding.is_some()
        || input.response_content_language.is_some()
        || input.response_content_type.is_some()
        || input.response_expires.is_some();
    if overrides && cx.caller().principal == Principal::Anonymous {
        return Err(
            fault::INVALID_REQUEST.with("Request specific response headers cannot be used for anonymous GET requests.")
        );
    }
    Ok(())
}

pub fn attributes(cx: &Cx, input: GetObjectAttributes) -> Result<GetObjectAttributesOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (object, _) = version::object(cx, &bucket, &input.key, input.version_id.as_deref())?;
    unlock(cx, &object, &given!(input))?;
    let wants = |name: &str| input.object_attributes.iter().any(|it| it == name);
    let mut checksum = Checksum { checksum_type: Some(object.checksum.kind.name().to_owned()), ..Checksum::default() };
    tell!(checksum, object.checksum.algorithm, object.checksum.value.clone());
    Ok(GetObjectAttributesOutput {
        last_modified: Some(object.modified()),
        version_id: bucket.told(&object, &input.key),
        // Without quotes, unlike everywhere else.
        e_tag: wants("ETag").then(|| object.etag().trim_matches('"').to_owned()),
        checksum: wants("Checksum").then_some(checksum),
        object_parts: if wants("ObjectParts") { parts(cx, &object, &input) } else { None },
        storage_class: wants("StorageClass").then(|| object.storage_class.name().to_owned()),
        request_charged: payer::charged(cx, &bucket),
        object_size: wants("ObjectSize").then_some(object.size as i64),
        ..GetObjectAttributesOutput::default()
    })
}

fn parts(cx: &Cx, object: &Object, input: &GetObjectAttributes) -> Option<GetObjectAttributesParts> {
    let Content::Parts(upload) = object.content else { return None };
    let limit = input.max_parts.unwrap_or(MOST_PARTS).clamp(0, MOST_PARTS) as usize;
    let marker = input.part_number_marker.unwrap_or(0);
    let mut numbered = part::all(cx, upload).into_iter().zip(1i64..).filter(|(_, number)| *number > marker);
    let parts: Vec<ObjectPart> = numbered.by_ref().take(limit).map(|(it, number)| told(&it, number)).collect();
    let more = numbered.next().is_some();
    Some(GetObjectAttributesParts {
        total_parts_count: object.etag.parts.map(i64::from),
        part_number_marker: Some(marker),
        next_part_number_marker: parts.last().and_then(|it| it.part_number).or(Some(0)),
        max_parts: Some(limit as i64),
        is_truncated: Some(more),
        parts: Some(parts),
    })
}

fn told(part: &part::Part, number: i64) -> ObjectPart {
    let mut output = ObjectPart { part_number: Some(number), size: Some(part.size as i64), ..ObjectPart::default() };
    tell!(output, part.checksum.algorithm, part.checksum.value.clone());
    output
}
