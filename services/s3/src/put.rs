//! PutObject.

use crate::body::{self, Received, Wanted};
use crate::bucket;
use crate::checksum::{self, Algorithm, Kind, given, tell};
use crate::condition::Writing;
use crate::current;
use crate::encryption::{self, customer::Customer};
use crate::fault;
use crate::lifecycle;
use crate::lock;
use crate::metadata::stated;
use crate::notification::Happened;
use crate::object::{self, Content, Etag, Object};
use crate::payer;
use crate::tag;
use crate::terms::{Settled, terms};
use api::s3::{PutObject, PutObjectOutput};
use kernel::{Body, Cloud, Cx};
use model::{Result, Timestamp};

/// "Amazon S3 objects overview": one PUT.
pub const MOST_BYTES: u64 = 5 * 1024 * 1024 * 1024;

pub async fn put(cloud: Cloud, input: PutObject, body: Body) -> Result<PutObjectOutput> {
    let (made, wanted) = cloud.read(|cx| prepare(cx, &input, checksum::announced(&body)))?;
    let received = body::receive(&cloud, body, &wanted).await?;
    cloud.write(move |cx| store(cx, &input, made, &received, Happened::Put)).await
}

/// The same where a browser sends it with a form.
pub async fn post(cloud: Cloud, input: PutObject, body: Body) -> Result<PutObjectOutput> {
    let (made, wanted) = cloud.read(|cx| prepare(cx, &input, checksum::announced(&body)))?;
    let received = body::receive(&cloud, body, &wanted).await?;
    cloud.write(move |cx| store(cx, &input, made, &received, Happened::Post)).await
}

/// Within a transaction, which brings the bytes along.
pub fn within(cx: &mut Cx, mut input: PutObject) -> Result<PutObjectOutput> {
    let (made, wanted) = prepare(cx, &input, None)?;
    let received = body::receive_within(cx, &input.body.take().unwrap_or_default(), &wanted)?;
    store(cx, &input, made, &received, Happened::Put)
}

/// An object without its bytes.
struct Made {
    object: Object,
    customer: Option<Customer>,
    condition: Writing,
}

fn prepare(cx: &Cx, input: &PutObject, announced: Option<Algorithm>) -> Result<(Made, Wanted)> {
    object::check_key(&input.key)?;
    // Appending is for directory buckets.
    fault::refuse("x-amz-write-offset-bytes", input.write_offset_bytes.as_ref())?;
    let given = checksum::only(given!(input), announced)?;
    let named = input.checksum_algorithm.as_deref().and_then(Algorithm::named);
    let made = describe(cx, input, input.content_md5.is_some() || given.is_some() || announced.is_some())?;
    let wanted = Wanted {
        most: MOST_BYTES,
        md5: input.content_md5.as_deref().map(checksum::read_md5).transpose()?,
        algorithm: given.as_ref().map(|it| it.0).or(announced).or(named).unwrap_or(checksum::DEFAULT),
        given,
        announced,
        layers: made.object.encryption.layers(),
    };
    Ok((made, wanted))
}

fn describe(cx: &Cx, input: &PutObject, has_digest: bool) -> Result<Made> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let Settled { storage_class, encryption, customer, locks, acl } =
        terms!(input, "s3:PutObject").settle(cx, &bucket, &input.key)?;
    lock::check_digest(&bucket, &locks, has_digest)?;
    let condition = Writing { if_match: input.if_match.clone(), if_none_match: input.if_none_match.clone() };
    condition.check_form()?;
    let object = Object {
        storage_class,
        encryption,
        locks,
        acl,
        metadata: stated!(input),
        tags: tag::of_header(input.tagging.as_deref())?,
        ..Object::without_bytes()
    };
    object.metadata.check()?;
    Ok(Made { object, customer, condition })
}

fn store(
    cx: &mut Cx,
    input: &PutObject,
    made: Made,
    received: &Received,
    happened: Happened,
) -> Result<PutObjectOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let before = current::get(cx, &bucket, &input.key);
    made.condition.check(&input.key, before.as_ref())?;
    let lock = made.object.encryption.lock(&bucket, &input.key);
    let mut object = Object {
        modified_at: whole_second(cx.now()),
        size: received.length,
        etag: Etag::plain(made.object.encryption.md5(cx, received.md5)),
        content: Content::Body(body::keep(cx, received, lock, made.customer.as_ref())?),
        checksum: received.checksum.clone(),
        locks: made.object.locks.or_default(&bucket, cx.now()),
        ..made.object
    };
    current::put(cx, &bucket, &input.key, before, &mut object, happened);
    let mut output = PutObjectOutput {
        e_tag: Some(object.etag()),
        version_id: bucket.told(&object, &input.key),
        request_charged: payer::charged(cx, &bucket),
        expiration: lifecycle::expiration(cx, &bucket, &input.key, &object),
        checksum_type: Some(Kind::FullObject.name().to_owned()),
        ssekms_encryption_context: object.encryption.context(),
        ..PutObjectOutput::default()
    };
    encryption::tell!(output, object.encryption, made.customer);
    tell!(output, object.checksum.algorithm, object.checksum.value);
    Ok(output)
}

/// S3 tells times in seconds.
pub fn whole_second(time: Timestamp) -> i64 {
    time.0.div_euclid(1000) * 1000
}
