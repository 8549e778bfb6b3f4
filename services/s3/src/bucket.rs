//! Buckets: create, find, list, delete.
//!
//! Everything that a bucket holds is kept under its number, which no other bucket ever had.

use crate::accelerate;
use crate::acl::{self, Acl, ownership::Ownership};
use crate::config;
use crate::current;
use crate::encryption::bucket::Rule;
use crate::fault;
use crate::lifecycle;
use crate::lock;
use crate::name;
use crate::object::Object;
use crate::owner;
use crate::payer;
use crate::policy;
use crate::tag;
use crate::upload;
use api::s3::{
    Bucket as BucketEntry, CreateBucket, CreateBucketOutput, DeleteBucket, DeleteBucketOutput, GetBucketLocation,
    GetBucketLocationOutput, HeadBucket, HeadBucketOutput, ListBuckets, ListBucketsOutput,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Span, Table};

/// Every bucket. Key: name.
pub static BUCKETS: Table<Bucket> = Table::partition("s3.bucket");
/// The names of an account's buckets. Key: name.
static OWNED: Table<()> = Table::account("s3.owned-bucket");
/// The next number of a bucket or an upload. Key: ().
static NEXT_NUMBER: Table<u64> = Table::partition("s3.next-number");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bucket {
    pub name: String,
    /// What the keys of all that it holds begin with.
    pub number: u64,
    pub account: String,
    pub region: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    #[serde(default)]
    pub versioning: Versioning,
    /// Made with the location constraint `EU`, which is told as it was given.
    #[serde(default)]
    pub in_eu: bool,
    #[serde(default, skip_serializing_if = "Rule::is_usual")]
    pub encryption: Rule,
    /// Of Object Lock, which no bucket loses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<lock::configuration::Rule>,
    #[serde(default, skip_serializing_if = "Ownership::is_enforced")]
    pub ownership: Ownership,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Box<Acl>>,
    /// Has rules for the life of its objects.
    #[serde(default)]
    pub has_lifecycle: bool,
    /// Has a replication configuration.
    #[serde(default)]
    pub replicates: bool,
    /// Whoever asks for something pays for it.
    #[serde(default)]
    pub requester_pays: bool,
    /// Transfer acceleration is on or suspended.
    #[serde(default)]
    pub accelerates: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Never enabled so far.
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// Where buckets are that were made without a location constraint.
const HOME_REGION: &str = "us-east-1";
const LEGACY_EU: &str = "EU";
const LEGACY_EU_REGION: &str = "eu-west-1";
/// Service quotas of S3, for accounts that asked for no more.
const MOST_BUCKETS: usize = 10_000;

impl Bucket {
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.name)
    }

    /// An object's version id, as answers of a bucket that keeps versions tell it.
    pub fn told(&self, object: &Object, key: &str) -> Option<String> {
        (self.versioning != Versioning::Never).then(|| object.version_id(key))
    }
}

pub fn create(cx: &mut Cx, input: CreateBucket) -> Result<CreateBucketOutput> {
    name::check(&input.bucket)?;
    let (ownership, acl) = acl::bucket::of_new(&input, cx.account())?;
    if input.bucket_namespace.as_deref() == Some("account-regional") {
        return Err(fault::not_implemented("x-amz-bucket-namespace: account-regional"));
    }
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    fault::refuse("Location", configuration.location.as_ref())?;
    fault::refuse("Bucket", configuration.bucket.as_ref())?;
    let tags = tag::of_bucket(cx, configuration.tags.unwrap_or_default())?;
    let constraint = configuration.location_constraint.as_deref();
    let region = region_of(&cx.caller().region, constraint)?;
    if let Some(existing) = cx.get(&BUCKETS, &input.bucket.as_str()) {
        return again(cx, &existing, &region);
    }
    if cx.keys::<String, ()>(&OWNED, .., MOST_BUCKETS).len() == MOST_BUCKETS {
        return Err(fault::TOO_MANY_BUCKETS.with("You have attempted to create more buckets than allowed"));
    }
    let is_locked = input.object_lock_enabled_for_bucket == Some(true);
    let bucket = Bucket {
        name: input.bucket,
        number: take_number(cx),
        account: cx.account().to_owned(),
        region,
        created_at: cx.now().0,
        versioning: if is_locked { Versioning::Enabled } else { Versioning::Never },
        in_eu: constraint == Some(LEGACY_EU),
        encryption: Rule::default(),
        lock: is_locked.then(lock::configuration::Rule::default),
        ownership,
        acl,
        has_lifecycle: false,
        replicates: false,
        requester_pays: false,
        accelerates: None,
    };
    put(cx, &bucket);
    cx.put(&OWNED, &bucket.name.as_str(), &());
    tag::put_bucket(cx, &bucket, &tags);
    policy::begin(cx, &bucket);
    Ok(created(&bucket))
}

pub fn delete(cx: &mut Cx, input: DeleteBucket) -> Result<DeleteBucketOutput> {
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    if current::holds_any(cx, &bucket) {
        let sentence = match bucket.versioning {
            Versioning::Never => "The bucket you tried to delete is not empty",
            Versioning::Enabled | Versioning::Suspended => {
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            }
        };
        return Err(fault::BUCKET_NOT_EMPTY.with(sentence).field("BucketName", bucket.name.as_str()));
    }
    upload::abandon_all(cx, &bucket);
    tag::put_bucket(cx, &bucket, &Vec::new());
    policy::forget(cx, &bucket);
    lifecycle::forget(cx, &bucket);
    config::delete_all(cx, &bucket);
    cx.delete(&BUCKETS, &bucket.name.as_str());
    let home = format!("arn:aws:s3::{}:", bucket.account);
    cx.in_place_of(&home, |cx| cx.delete(&OWNED, &bucket.name.as_str()));
    Ok(DeleteBucketOutput {})
}

pub fn head(cx: &Cx, input: HeadBucket) -> Result<HeadBucketOutput> {
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(HeadBucketOutput {
        bucket_arn: Some(bucket.arn()),
        bucket_region: Some(bucket.region.clone()),
        access_point_alias: Some(false),
        ..HeadBucketOutput::default()
    })
}

pub fn location(cx: &Cx, input: GetBucketLocation) -> Result<GetBucketLocationOutput> {
    let bucket = of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let constraint = if bucket.in_eu { LEGACY_EU.to_owned() } else { bucket.region.clone() };
    Ok(GetBucketLocationOutput { location_constraint: Some(constraint).filter(|it| it != HOME_REGION) })
}

pub fn list(cx: &Cx, input: ListBuckets) -> Result<ListBucketsOutput> {
    let limit = input.max_buckets.map_or(MOST_BUCKETS, |it| it as usize);
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut span = Span::beginning(&(), prefix.as_bytes());
    if let Some(token) = input.continuation_token.as_deref().filter(|it| !it.is_empty()) {
        span = span.after(&read_token(token)?.as_str());
    }
    let names: Vec<String> = cx.keys(&OWNED, span, MOST_BUCKETS);
    let named = names.iter().filter_map(|it| cx.get(&BUCKETS, &it.as_str()));
    let wanted = |it: &Bucket| input.bucket_region.as_ref().is_none_or(|region| *region == it.region);
    let mut buckets: Vec<Bucket> = named.filter(wanted).take(limit + 1).collect();
    let more = buckets.len() > limit;
    buckets.truncate(limit);
    let paged = input.max_buckets.is_some() || input.prefix.is_some() || input.bucket_region.is_some();
    Ok(ListBucketsOutput {
        continuation_token: buckets.last().filter(|_| more).map(|it| BASE64.encode(&it.name)),
        buckets: Some(buckets.into_iter().map(|it| entry(it, paged)).collect()),
        owner: Some(owner::of(cx.account())),
        prefix: input.prefix,
    })
}

pub fn put(cx: &mut Cx, bucket: &Bucket) {
    cx.put(&BUCKETS, &bucket.name.as_str(), bucket);
}

/// A number that no bucket and no upload ever had.
pub fn take_number(cx: &mut Cx) -> u64 {
    let number = cx.get(&NEXT_NUMBER, &()).unwrap_or(1);
    cx.put(&NEXT_NUMBER, &(), &(number + 1));
    number
}

pub fn named(cx: &Cx, name: &str) -> Result<Arc<Bucket>> {
    cx.shared(&BUCKETS, &name).ok_or_else(|| missing(name))
}

/// `/photos/key`, where there is a bucket `photos`.
pub fn of_path(cx: &Cx, path: &str) -> Option<Arc<Bucket>> {
    named(cx, path.trim_start_matches('/').split('/').next().unwrap_or_default()).ok()
}

/// The bucket that a request names, if it has the owner that the request expects.
pub fn of(cx: &Cx, name: &str, expected_owner: Option<&str>) -> Result<Arc<Bucket>> {
    let bucket = named(cx, name)?;
    if expected_owner.is_some_and(|it| it != bucket.account) {
        return Err(fault::access_denied());
    }
    Ok(bucket)
}

/// The account of a bucket by its ARN or that of something in it.
pub fn owner_of(cx: &Cx, arn: &str) -> Option<String> {
    let resource = arn.strip_prefix("arn:aws:s3:::")?;
    let name = resource.split('/').next().unwrap_or_default();
    cx.shared(&BUCKETS, &name).map(|it| it.account.clone())
}

/// The same, to be changed.
pub fn changing(cx: &Cx, name: &str, expected_owner: Option<&str>) -> Result<Bucket> {
    of(cx, name, expected_owner).map(Arc::unwrap_or_clone)
}

/// What IAM is asked about, for a bucket that there is and that a signature of this region may reach.
pub fn arn(cx: &Cx, name: &str) -> Result<String> {
    reached(cx, name).map(|it| it.arn())
}

/// The same for what other accounts may have to pay for.
pub fn arn_paid(cx: &Cx, name: &str, payer: Option<&str>) -> Result<String> {
    let bucket = reached(cx, name)?;
    payer::check(cx, &bucket, payer)?;
    Ok(bucket.arn())
}

fn reached(cx: &Cx, name: &str) -> Result<Arc<Bucket>> {
    let bucket = named(cx, name)?;
    let caller = cx.caller();
    // Who calls from inside has no signature; a region is part of one alone.
    if caller.access_key.is_some() && caller.via.is_none() && caller.region != bucket.region {
        return Err(elsewhere(&bucket, &caller.region));
    }
    accelerate::check(cx, &bucket)?;
    Ok(bucket)
}

/// The same, from wherever the caller signed: GetBucketLocation tells where a bucket is.
pub fn arn_anywhere(cx: &Cx, name: &str) -> Result<String> {
    named(cx, name).map(|it| it.arn())
}

/// The same for a bucket that is to be made. Whose name it is is told before who may take it.
pub fn new_arn(cx: &Cx, name: &str) -> Result<String> {
    name::check(name)?;
    match cx.get(&BUCKETS, &name) {
        Some(bucket) if bucket.account != cx.caller().account() => Err(taken(name)),
        _ => Ok(format!("arn:aws:s3:::{name}")),
    }
}

pub fn missing(bucket: &str) -> Error {
    if !name::is_name(bucket) {
        return name::invalid(bucket);
    }
    fault::NO_SUCH_BUCKET.with("The specified bucket does not exist").field("BucketName", bucket)
}

fn taken(name: &str) -> Error {
    fault::BUCKET_ALREADY_EXISTS
        .with("The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
        .field("BucketName", name)
}

/// As AWS tells who signed for another region. boto3 and the AWS CLI sign again for the one that they are told.
fn elsewhere(bucket: &Bucket, signed: &str) -> Error {
    let region = bucket.region.as_str();
    fault::AUTHORIZATION_HEADER_MALFORMED
        .with(format!("The authorization header is malformed; the region '{signed}' is wrong; expecting '{region}'"))
        .field("Region", region)
        .header("x-amz-bucket-region", region)
}

/// North Virginia takes a bucket that is there for a new one, for the sake of old programs.
fn again(cx: &Cx, existing: &Bucket, region: &str) -> Result<CreateBucketOutput> {
    if existing.account != cx.account() {
        return Err(taken(&existing.name));
    }
    if region == HOME_REGION && existing.region == HOME_REGION {
        return Ok(created(existing));
    }
    Err(fault::BUCKET_ALREADY_OWNED_BY_YOU
        .with("Your previous request to create the named bucket succeeded and you already own it.")
        .field("BucketName", existing.name.as_str()))
}

fn created(bucket: &Bucket) -> CreateBucketOutput {
    CreateBucketOutput { location: Some(format!("/{}", bucket.name)), bucket_arn: Some(bucket.arn()) }
}

/// Where a bucket comes to be: us-east-1 makes buckets anywhere, every other region its own alone.
fn region_of(signed: &str, constraint: Option<&str>) -> Result<String> {
    let illegal = |what: &str| {
        fault::ILLEGAL_LOCATION_CONSTRAINT.with(format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        ))
    };
    let wanted = match constraint.filter(|it| !it.is_empty()) {
        None if signed == HOME_REGION => return Ok(HOME_REGION.to_owned()),
        None => return Err(illegal("unspecified")),
        Some(LEGACY_EU) => LEGACY_EU_REGION,
        Some(region) => region,
    };
    if signed != HOME_REGION && signed != wanted { Err(illegal(wanted)) } else { Ok(wanted.to_owned()) }
}

fn entry(bucket: Bucket, paged: bool) -> BucketEntry {
    BucketEntry {
        bucket_arn: Some(bucket.arn()),
        name: Some(bucket.name),
        creation_date: Some(Timestamp(bucket.created_at / 1000 * 1000)),
        // Only who asks for pages is told the region (ListBuckets in the API Reference).
        bucket_region: paged.then_some(bucket.region),
    }
}

fn read_token(token: &str) -> Result<String> {
    let name = BASE64.decode(token).ok().and_then(|it| String::from_utf8(it).ok());
    name.ok_or_else(|| {
        fault::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    })
}
