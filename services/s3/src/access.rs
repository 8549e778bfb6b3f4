//! What IAM is asked: which actions on which ARNs, and with which condition keys.
//!
//! Sources: "Required permissions for Amazon S3 API operations" in the S3 User Guide, "Actions, resources, and condition
//! keys for Amazon S3" in the Service Authorization Reference.

use crate::acl;
use crate::bucket;
use crate::copy::Source;
use crate::payer;
use crate::tag;
use crate::version;
use api::s3::{
    CompleteMultipartUpload, CopyObject, CreateBucket, CreateMultipartUpload, DeleteObject, GetObjectAttributes,
    ListObjectVersions, ListObjects, ListObjectsV2, PutBucketAcl, PutObject, PutObjectAcl, PutObjectLegalHold,
    PutObjectRetention, PutObjectTagging, UploadPartCopy,
};
use kernel::{Cx, Question, Standing};
use model::{Result, Timestamp};
use policy::Context;

/// An action, and what it is called where a version id is given.
pub type Actions = (&'static str, &'static str);

pub const GET: Actions = ("s3:GetObject", "s3:GetObjectVersion");
pub const GET_TAGS: Actions = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging");
pub const GET_ACL: Actions = ("s3:GetObjectAcl", "s3:GetObjectVersionAcl");
pub const PUT_ACL: Actions = ("s3:PutObjectAcl", "s3:PutObjectVersionAcl");
pub const PUT_TAGS: Actions = ("s3:PutObjectTagging", "s3:PutObjectVersionTagging");
pub const DELETE_TAGS: Actions = ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging");

type Questions = Result<Vec<Question>>;

/// The actions that a request needs for what it gives an object beside tags.
type Parts = [Option<&'static str>; 3];

macro_rules! parts {
    ($input:expr) => {{
        let grants = [&$input.grant_full_control, &$input.grant_read, &$input.grant_read_acp, &$input.grant_write_acp];
        let has_acl = $input.acl.is_some() || grants.iter().any(|it| it.is_some());
        let is_retained = $input.object_lock_mode.is_some() || $input.object_lock_retain_until_date.is_some();
        [
            has_acl.then_some("s3:PutObjectAcl"),
            is_retained.then_some("s3:PutObjectRetention"),
            $input.object_lock_legal_hold_status.as_ref().map(|_| "s3:PutObjectLegalHold"),
        ]
    }};
}

/// A bucket as a request names it: its name, and whether the sender says that they pay.
#[derive(Clone, Copy)]
pub struct At<'r> {
    name: &'r str,
    payer: Option<&'r str>,
}

pub fn at<'r>(name: &'r str, payer: &'r Option<String>) -> At<'r> {
    At { name, payer: payer.as_deref() }
}

/// What a listing is asked about.
pub fn on_bucket(cx: &Cx, bucket: At) -> Result<String> {
    bucket::arn_paid(cx, bucket.name, bucket.payer)
}

/// An action on an object.
pub fn on_object(cx: &Cx, bucket: At, key: &str, action: &'static str) -> Questions {
    Ok(vec![about(cx, bucket, key, action)?])
}

/// Where a version id is given, the second action is asked about.
pub fn on_version(
    cx: &Cx,
    (bucket, key): (At, &str),
    version_id: Option<&str>,
    (plain, of_version): Actions,
) -> Questions {
    let mut question = about(cx, bucket, key, if version_id.is_some() { of_version } else { plain })?;
    question.standing = standing(cx, (bucket.name, key), version_id);
    Ok(vec![question])
}

/// How a version with a list of its own stands to who calls. Most buckets have no lists, and nothing is read for them.
fn standing(cx: &Cx, (bucket, key): (&str, &str), version_id: Option<&str>) -> Option<Standing> {
    let bucket = bucket::named(cx, bucket).ok().filter(|it| !it.ownership.is_enforced())?;
    let (object, _) = version::object(cx, &bucket, key, version_id).ok()?;
    acl::standing_of_object(cx, &bucket, key, &object)
}

/// Reading the object, and its attributes.
pub fn describing(cx: &Cx, input: &GetObjectAttributes) -> Questions {
    let bucket = at(&input.bucket, &input.request_payer);
    let (object, version_id) = ((bucket, input.key.as_str()), input.version_id.as_deref());
    let mut questions = on_version(cx, object, version_id, GET)?;
    let attributes = ("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes");
    questions.extend(on_version(cx, object, version_id, attributes)?);
    Ok(questions)
}

pub fn putting(cx: &Cx, input: &PutObject) -> Questions {
    making(cx, (at(&input.bucket, &input.request_payer), &input.key), &parts!(input), input.tagging.as_deref())
}

pub fn beginning(cx: &Cx, input: &CreateMultipartUpload) -> Questions {
    making(cx, (at(&input.bucket, &input.request_payer), &input.key), &parts!(input), input.tagging.as_deref())
}

/// What is given to a new object beside its bytes needs an action of its own.
fn making(cx: &Cx, (bucket, key): (At, &str), parts: &Parts, tagging: Option<&str>) -> Questions {
    let mut questions = on_object(cx, bucket, key, "s3:PutObject")?;
    if tagging.is_some_and(|it| !it.is_empty()) {
        questions.push(about(cx, bucket, key, "s3:PutObjectTagging")?);
    }
    for action in parts.iter().copied().flatten() {
        questions.push(about(cx, bucket, key, action)?);
    }
    Ok(questions)
}

/// The source is read, the target written.
pub fn copying(cx: &Cx, input: &CopyObject) -> Questions {
    let source = Source::read(&input.copy_source)?;
    let bucket = at(&input.bucket, &input.request_payer);
    let mut questions = vec![reading(cx, &source, bucket.payer)?, about(cx, bucket, &input.key, "s3:PutObject")?];
    let tagged = match input.tagging_directive.as_deref() {
        Some("REPLACE") => input.tagging.as_ref().is_some_and(|it| !it.is_empty()),
        _ => !questions[0].keys.is_empty(),
    };
    if tagged && input.tagging_directive.as_deref() != Some("REPLACE") {
        let (plain, of_version) = GET_TAGS;
        let action = if source.version_id.is_some() { of_version } else { plain };
        questions.push(Question { action: Some(action), ..questions[0].clone() });
    }
    if tagged {
        questions.push(about(cx, bucket, &input.key, "s3:PutObjectTagging")?);
    }
    for action in parts!(input).into_iter().flatten() {
        questions.push(about(cx, bucket, &input.key, action)?);
    }
    Ok(questions)
}

pub fn copying_part(cx: &Cx, input: &UploadPartCopy) -> Questions {
    let source = Source::read(&input.copy_source)?;
    let bucket = at(&input.bucket, &input.request_payer);
    Ok(vec![reading(cx, &source, bucket.payer)?, about(cx, bucket, &input.key, "s3:PutObject")?])
}

/// A bucket with Object Lock, or with an ACL or an ownership setting, needs leave to set them.
pub fn creating(cx: &Cx, input: &CreateBucket) -> Questions {
    let arn = bucket::new_arn(cx, &input.bucket)?;
    let mut questions = vec![Question::from(arn.clone())];
    let mut also = |action: &'static str| questions.push(Question::new(arn.clone(), action));
    if input.object_lock_enabled_for_bucket == Some(true) {
        also("s3:PutBucketObjectLockConfiguration");
        also("s3:PutBucketVersioning");
    }
    let grants = [&input.grant_full_control, &input.grant_read, &input.grant_read_acp, &input.grant_write_acp];
    if input.acl.is_some() || input.grant_write.is_some() || grants.iter().any(|it| it.is_some()) {
        also("s3:PutBucketAcl");
    }
    if input.object_ownership.is_some() {
        also("s3:PutBucketOwnershipControls");
    }
    Ok(questions)
}

pub fn deleting(version_id: Option<&str>) -> &'static str {
    if version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" }
}

/// Comparing an ETag is reading (DeleteObject, "How to perform conditional deletes" in the user guide).
pub fn deleting_if(cx: &Cx, input: &DeleteObject) -> Questions {
    let bucket = at(&input.bucket, &input.request_payer);
    let mut questions = on_object(cx, bucket, &input.key, deleting(input.version_id.as_deref()))?;
    if input.if_match.as_deref().is_some_and(|it| it != "*") {
        questions.push(about(cx, bucket, &input.key, "s3:GetObject")?);
    }
    Ok(questions)
}

/// Reading the source, which may be in any region, and has tags that a policy may ask for.
fn reading(cx: &Cx, source: &Source, payer: Option<&str>) -> Result<Question> {
    let bucket = bucket::named(cx, &source.bucket)?;
    payer::check(cx, &bucket, payer)?;
    let arn = format!("{}/{}", bucket.arn(), source.key);
    let action = if source.version_id.is_some() { GET.1 } else { GET.0 };
    let tags = tags_of(cx, (&source.bucket, &source.key), source.version_id.as_deref());
    let keys = tags.into_iter().map(|(name, value)| (format!("s3:ExistingObjectTag/{name}"), value)).collect();
    let standing = standing(cx, (&source.bucket, &source.key), source.version_id.as_deref());
    Ok(Question { arn, action: Some(action), keys, standing })
}

fn tags_of(cx: &Cx, (bucket, key): (&str, &str), version_id: Option<&str>) -> tag::Tags {
    let Ok(bucket) = bucket::named(cx, bucket) else { return Vec::new() };
    version::object(cx, &bucket, key, version_id).map_or_else(|_| Vec::new(), |(object, _)| object.tags)
}

fn about(cx: &Cx, bucket: At, key: &str, action: &'static str) -> Result<Question> {
    Ok(Question::new(format!("{}/{key}", on_bucket(cx, bucket)?), action))
}

// Condition keys.

/// What a request says of a list.
macro_rules! acl_keys {
    ($input:expr, $context:expr) => {
        insert($context, "s3:x-amz-acl", $input.acl.as_deref());
        insert($context, "s3:x-amz-grant-full-control", $input.grant_full_control.as_deref());
        insert($context, "s3:x-amz-grant-read", $input.grant_read.as_deref());
        insert($context, "s3:x-amz-grant-read-acp", $input.grant_read_acp.as_deref());
        insert($context, "s3:x-amz-grant-write-acp", $input.grant_write_acp.as_deref());
    };
}

/// What a request says of the object that it makes.
macro_rules! making {
    ($cx:expr, $input:expr, $context:expr) => {
        acl_keys!($input, $context);
        insert($context, "s3:x-amz-storage-class", $input.storage_class.as_deref());
        insert($context, "s3:x-amz-server-side-encryption", $input.server_side_encryption.as_deref());
        insert($context, "s3:x-amz-server-side-encryption-aws-kms-key-id", $input.ssekms_key_id.as_deref());
        insert($context, CUSTOMER_ALGORITHM, $input.sse_customer_algorithm.as_deref());
        lock_keys($cx, $input.object_lock_mode.as_deref(), $input.object_lock_retain_until_date, $context);
        insert($context, "s3:object-lock-legal-hold", $input.object_lock_legal_hold_status.as_deref());
        insert($context, "s3:x-amz-website-redirect-location", $input.website_redirect_location.as_deref());
        requested_tags(tag::of_header($input.tagging.as_deref()).unwrap_or_default(), $context);
    };
}

pub fn version_key(version_id: Option<&str>, context: &mut Context) {
    insert(context, "s3:versionid", version_id);
}

/// The tags that the object has.
pub fn existing_tags(cx: &Cx, object: (&str, &str), version_id: Option<&str>, context: &mut Context) {
    version_key(version_id, context);
    for (name, value) in tags_of(cx, object, version_id) {
        context.insert(format!("s3:ExistingObjectTag/{name}"), value);
    }
}

const MILLISECONDS_OF_DAY: i64 = 24 * 60 * 60 * 1000;
/// Whether the call makes an object, or only prepares one ("Enforce conditional writes" in the user guide).
pub const CREATES: &str = "s3:ObjectCreationOperation";
const CUSTOMER_ALGORITHM: &str = "s3:x-amz-server-side-encryption-customer-algorithm";

pub fn put_keys(cx: &Cx, input: &PutObject, context: &mut Context) {
    making!(cx, input, context);
    condition_keys(input.if_match.as_deref(), input.if_none_match.as_deref(), context);
}

pub fn copy_keys(cx: &Cx, input: &CopyObject, context: &mut Context) {
    making!(cx, input, context);
    insert(context, "s3:x-amz-copy-source", Some(&input.copy_source));
    insert(context, "s3:x-amz-metadata-directive", input.metadata_directive.as_deref());
    condition_keys(input.if_match.as_deref(), input.if_none_match.as_deref(), context);
}

pub fn begin_keys(cx: &Cx, input: &CreateMultipartUpload, context: &mut Context) {
    making!(cx, input, context);
    context.insert(CREATES, false);
}

/// `algorithm` of the customer's key.
pub fn bucket_acl_keys(input: &PutBucketAcl, context: &mut Context) {
    acl_keys!(input, context);
    insert(context, "s3:x-amz-grant-write", input.grant_write.as_deref());
}

pub fn object_acl_keys(input: &PutObjectAcl, context: &mut Context) {
    acl_keys!(input, context);
    version_key(input.version_id.as_deref(), context);
}

pub fn retention_keys(cx: &Cx, input: &PutObjectRetention, context: &mut Context) {
    let retention = input.retention.as_ref();
    let until = retention.and_then(|it| it.retain_until_date);
    version_key(input.version_id.as_deref(), context);
    lock_keys(cx, retention.and_then(|it| it.mode.as_deref()), until, context);
}

pub fn legal_hold_keys(input: &PutObjectLegalHold, context: &mut Context) {
    version_key(input.version_id.as_deref(), context);
    let status = input.legal_hold.as_ref().and_then(|it| it.status.as_deref());
    insert(context, "s3:object-lock-legal-hold", status);
}

fn lock_keys(cx: &Cx, mode: Option<&str>, until: Option<Timestamp>, context: &mut Context) {
    insert(context, "s3:object-lock-mode", mode);
    if let Some(until) = until {
        context.insert("s3:object-lock-retain-until-date", until.iso_8601());
        let remaining = (until.0 - cx.now().0).div_euclid(MILLISECONDS_OF_DAY);
        context.insert("s3:object-lock-remaining-retention-days", remaining);
    }
}

pub fn part_keys(algorithm: Option<&str>, context: &mut Context) {
    context.insert(CREATES, false);
    insert(context, CUSTOMER_ALGORITHM, algorithm);
}

pub fn complete_keys(input: &CompleteMultipartUpload, context: &mut Context) {
    insert(context, CUSTOMER_ALGORITHM, input.sse_customer_algorithm.as_deref());
    condition_keys(input.if_match.as_deref(), input.if_none_match.as_deref(), context);
}

pub fn bucket_keys(input: &CreateBucket, context: &mut Context) {
    let configuration = input.create_bucket_configuration.as_ref();
    insert(context, "s3:locationconstraint", configuration.and_then(|it| it.location_constraint.as_deref()));
    acl_keys!(input, context);
    insert(context, "s3:x-amz-grant-write", input.grant_write.as_deref());
    insert(context, "s3:x-amz-object-ownership", input.object_ownership.as_deref());
}

fn condition_keys(if_match: Option<&str>, if_none_match: Option<&str>, context: &mut Context) {
    context.insert(CREATES, true);
    insert(context, "s3:if-match", if_match);
    insert(context, "s3:if-none-match", if_none_match);
}

pub fn tag_keys(cx: &Cx, input: &PutObjectTagging, context: &mut Context) {
    existing_tags(cx, (&input.bucket, &input.key), input.version_id.as_deref(), context);
    requested_tags(input.tagging.tag_set.iter().map(|it| (it.key.clone(), it.value.clone())).collect(), context);
}

fn requested_tags(tags: tag::Tags, context: &mut Context) {
    if tags.is_empty() {
        return;
    }
    context.insert("s3:RequestObjectTagKeys", tags.iter().map(|it| it.0.clone()).collect::<Vec<_>>());
    for (name, value) in tags {
        context.insert(format!("s3:RequestObjectTag/{name}"), value);
    }
}

pub fn list_keys(input: &ListObjects, context: &mut Context) {
    listing(input.prefix.as_deref(), input.delimiter.as_deref(), input.max_keys, context);
}

pub fn list_v2_keys(input: &ListObjectsV2, context: &mut Context) {
    listing(input.prefix.as_deref(), input.delimiter.as_deref(), input.max_keys, context);
}

pub fn list_version_keys(input: &ListObjectVersions, context: &mut Context) {
    listing(input.prefix.as_deref(), input.delimiter.as_deref(), input.max_keys, context);
}

fn listing(prefix: Option<&str>, delimiter: Option<&str>, max_keys: Option<i64>, context: &mut Context) {
    insert(context, "s3:prefix", prefix);
    insert(context, "s3:delimiter", delimiter);
    if let Some(limit) = max_keys {
        context.insert("s3:max-keys", limit);
    }
}

fn insert(context: &mut Context, key: &'static str, value: Option<&str>) {
    if let Some(value) = value {
        context.insert(key, value.to_owned());
    }
}
