//! PutObject.

use crate::body::{self, Received, Wanted};
use crate::bucket;
use crate::checksum::{self, Algorithm, Kind, given, tell};
use crate::condition::Writing;
use crate::current;
use crate::encryption;
use crate::fault;
use crate::key::Lock;
use crate::lock;
use crate::metadata::stated;
use crate::notification::Happened;
use crate::object::{self, Content, Etag, Object, StorageClass};
use crate::owner;
use crate::tag;
use api::s3::{PutObject, PutObjectOutput};
use kernel::{Body, Cloud, Cx};
use model::{Result, Timestamp};

/// "Amazon S3 objects overview": one PUT.
pub const MOST_BYTES: u64 = 5 * 1024 * 1024 * 1024;

pub async fn put(cloud: Cloud, input: PutObject, body: Body) -> Result<PutObjectOutput> {
    let (made, wanted) = prepare(&input)?;
    let received = body::receive(&cloud, body, &wanted).await?;
    cloud.write(move |cx| store(cx, &input, made, &received)).await
}

/// Within a transaction, which brings the bytes along.
pub fn within(cx: &mut Cx, mut input: PutObject) -> Result<PutObjectOutput> {
    let (made, wanted) = prepare(&input)?;
    let received = body::receive_within(cx, &input.body.take().unwrap_or_default(), &wanted)?;
    store(cx, &input, made, &received)
}

fn prepare(input: &PutObject) -> Result<(Made, Wanted)> {
    object::check_key(&input.key)?;
    refuse(input)?;
    let given = checksum::only(given!(input))?;
    let named = input.checksum_algorithm.as_deref().and_then(Algorithm::named);
    let wanted = Wanted {
        most: MOST_BYTES,
        md5: input.content_md5.as_deref().map(checksum::read_md5).transpose()?,
        algorithm: given.as_ref().map(|it| it.0).or(named).unwrap_or(checksum::DEFAULT),
        given,
    };
    Ok((describe(input)?, wanted))
}

/// An object without its bytes.
struct Made {
    object: Object,
    condition: Writing,
}

fn refuse(input: &PutObject) -> Result<()> {
    let grants = [&input.grant_full_control, &input.grant_read, &input.grant_read_acp, &input.grant_write_acp];
    owner::check_new_object(input.acl.as_deref(), &grants.map(Option::as_ref))?;
    encryption::check(
        input.server_side_encryption.as_deref(),
        &[&input.ssekms_key_id, &input.ssekms_encryption_context],
        input.bucket_key_enabled,
    )?;
    encryption::refuse_customer_key(&input.sse_customer_algorithm, &input.sse_customer_key)?;
    // Appending is for directory buckets.
    fault::refuse("x-amz-write-offset-bytes", input.write_offset_bytes.as_ref())?;
    lock::refuse(
        &[&input.object_lock_mode, &input.object_lock_legal_hold_status, &input.object_lock_event_hold],
        input.object_lock_retain_until_date,
        &[input.object_lock_event_hold_duration_days, input.object_lock_event_hold_duration_years],
    )
}

fn describe(input: &PutObject) -> Result<Made> {
    let condition = Writing { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
    condition.check_form()?;
    let object = Object {
        storage_class: StorageClass::of(input.storage_class.as_deref())?,
        metadata: stated!(input),
        tags: tag::of_header(input.tagging.as_deref())?,
        ..Object::without_bytes()
    };
    object.metadata.check()?;
    Ok(Made { object, condition })
}

fn store(cx: &mut Cx, input: &PutObject, made: Made, received: &Received) -> Result<PutObjectOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let before = current::get(cx, &bucket, &input.key);
    made.condition.check(&input.key, before.as_ref())?;
    let mut object = Object {
        modified_at: whole_second(cx.now()),
        size: received.length,
        etag: Etag::plain(received.md5),
        content: Content::Body(body::keep(cx, received, Lock::of_s3(), None)?),
        checksum: received.checksum.clone(),
        ..made.object
    };
    current::put(cx, &bucket, &input.key, before, &mut object, Happened::Put);
    let mut output = PutObjectOutput {
        e_tag: Some(object.etag()),
        version_id: bucket.told(&object, &input.key),
        checksum_type: Some(Kind::FullObject.name().to_owned()),
        ..PutObjectOutput::default()
    };
    tell!(output, object.checksum.algorithm, object.checksum.value);
    Ok(output)
}

/// S3 tells times in seconds.
pub fn whole_second(time: Timestamp) -> i64 {
    time.0.div_euclid(1000) * 1000
}
