//! `AWS::S3::Bucket`.

use super::setting;
use crate::fault;
use crate::tag::Tags;
use api::s3::{
    CreateBucket, CreateBucketConfiguration, DeleteBucket, DeleteBucketTagging, GetBucketTagging, GetBucketVersioning,
    HeadBucket, PutBucketAcl, PutBucketTagging, PutBucketVersioning, Tag, Tagging, VersioningConfiguration,
};
use kernel::Cx;
use kernel::resource::{self, Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub static BUCKET: ResourceType = ResourceType {
    name: "AWS::S3::Bucket",
    properties: &[
        "AccelerateConfiguration",
        "AccessControl",
        "BucketEncryption",
        "BucketName",
        "CorsConfiguration",
        "LifecycleConfiguration",
        "NotificationConfiguration",
        "ObjectLockConfiguration",
        "ObjectLockEnabled",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "ReplicationConfiguration",
        "Tags",
        "VersioningConfiguration",
        "WebsiteConfiguration",
    ],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

const LONGEST_NAME: usize = 63;
const PRIVATE: &str = "private";
/// CreateBucket names every region but this one.
const HOME_REGION: &str = "us-east-1";

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let generated = || new.name_of_at_most(LONGEST_NAME).to_lowercase();
    let bucket = text(&new.properties, "BucketName").unwrap_or_else(generated);
    // In North Virginia CreateBucket takes a bucket that the caller has for a new one; a stack does not.
    if cx.call(HeadBucket { bucket: bucket.clone(), ..HeadBucket::default() }).is_ok() {
        return Err(fault::BUCKET_ALREADY_EXISTS.with(format!("{bucket} already exists")));
    }
    let tags: Vec<Tag> = tags_of(&new.properties, &new.tags);
    let region = cx.region().to_owned();
    let configuration = CreateBucketConfiguration {
        location_constraint: Some(region).filter(|it| it != HOME_REGION),
        ..CreateBucketConfiguration::default()
    };
    cx.call(CreateBucket {
        bucket: bucket.clone(),
        create_bucket_configuration: Some(configuration),
        object_lock_enabled_for_bucket: new.properties.get("ObjectLockEnabled").map(|it| *it == json!(true)),
        ..CreateBucket::default()
    })?;
    put_tags(cx, &bucket, tags)?;
    if let Some(status) = versioning(&new.properties) {
        put_versioning(cx, &bucket, status)?;
    }
    setting::create(cx, &bucket, &new.properties)?;
    match access_control(&new.properties) {
        acl if acl == PRIVATE => {}
        acl => put_acl(cx, &bucket, acl)?,
    }
    Ok(Progress::Done { physical_id: bucket })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    let bucket = &change.physical_id;
    match (versioning(&change.before), versioning(&change.after)) {
        (before, after) if before == after => {}
        (_, Some(after)) => put_versioning(cx, bucket, after)?,
        // Versioning that was on once is suspended and not undone.
        (_, None) => put_versioning(cx, bucket, "Suspended".to_owned())?,
    }
    let tags = tags_of(&change.after, &change.tags);
    if tags != tags_of(&change.before, &change.tags_before) {
        put_tags(cx, bucket, tags)?;
    }
    // A list that lets others in goes before the ownership that forbids it, and comes after the one that allows it.
    let (before, after) = (access_control(&change.before), access_control(&change.after));
    if before != after && after == PRIVATE {
        put_acl(cx, bucket, after.clone())?;
    }
    setting::update(cx, bucket, &change.before, &change.after)?;
    if before != after && after != PRIVATE {
        put_acl(cx, bucket, after)?;
    }
    Ok(Progress::Done { physical_id: bucket.clone() })
}

/// What holds objects stays: S3 says so.
fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteBucket { bucket: physical_id.clone(), ..DeleteBucket::default() })?;
    Ok(Progress::Done { physical_id })
}

fn attributes(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let name = &existing.physical_id;
    let head = cx.call(HeadBucket { bucket: name.clone(), ..HeadBucket::default() })?;
    let region = head.bucket_region.unwrap_or_default();
    // Regions of before 2015 have a dash there ("Amazon S3 website endpoints" in the user guide).
    let separator = if DASHED_WEBSITES.contains(&region.as_str()) { '-' } else { '.' };
    Ok(Properties::from_iter([
        ("Arn".to_owned(), json!(format!("arn:{}:s3:::{name}", cx.partition()))),
        ("BucketName".to_owned(), json!(name)),
        ("DomainName".to_owned(), json!(format!("{name}.s3.amazonaws.com"))),
        ("DualStackDomainName".to_owned(), json!(format!("{name}.s3.dualstack.{region}.amazonaws.com"))),
        ("RegionalDomainName".to_owned(), json!(format!("{name}.s3.{region}.amazonaws.com"))),
        ("WebsiteURL".to_owned(), json!(format!("http://{name}.s3-website{separator}{region}.amazonaws.com"))),
    ]))
}

const DASHED_WEBSITES: [&str; 9] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-west-1",
    "sa-east-1",
    "us-gov-west-1",
];

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let bucket = existing.physical_id.clone();
    let found = cx.call(GetBucketVersioning { bucket: bucket.clone(), ..GetBucketVersioning::default() })?;
    let tags = match cx.call(GetBucketTagging { bucket: bucket.clone(), ..GetBucketTagging::default() }) {
        Ok(output) => output.tag_set,
        Err(error) if error.is(&fault::NO_SUCH_TAG_SET) => Vec::new(),
        Err(error) => return Err(error),
    };
    let tags: Tags = tags.into_iter().map(|it| (it.key, it.value)).collect();
    let mut properties =
        Properties::from_iter([("BucketName".to_owned(), json!(bucket)), ("Tags".to_owned(), resource::tags_of(tags))]);
    properties.extend(found.status.map(|it| ("VersioningConfiguration".to_owned(), json!({ "Status": it }))));
    properties.extend(setting::read(cx, &existing.physical_id)?);
    let is_locked = properties.contains_key("ObjectLockConfiguration");
    properties.insert("ObjectLockEnabled".to_owned(), json!(is_locked));
    Ok(properties)
}

fn put_versioning(cx: &mut Cx, bucket: &str, status: String) -> Result<()> {
    let versioning_configuration = VersioningConfiguration { status: Some(status), mfa_delete: None };
    let input =
        PutBucketVersioning { bucket: bucket.to_owned(), versioning_configuration, ..PutBucketVersioning::default() };
    cx.call(input).map(drop)
}

fn put_tags(cx: &mut Cx, bucket: &str, tag_set: Vec<Tag>) -> Result<()> {
    let bucket = bucket.to_owned();
    if tag_set.is_empty() {
        return cx.call(DeleteBucketTagging { bucket, ..DeleteBucketTagging::default() }).map(drop);
    }
    let tagging = Tagging { tag_set };
    cx.call(PutBucketTagging { bucket, tagging, ..PutBucketTagging::default() }).map(drop)
}

fn put_acl(cx: &mut Cx, bucket: &str, acl: String) -> Result<()> {
    cx.call(PutBucketAcl { bucket: bucket.to_owned(), acl: Some(acl), ..PutBucketAcl::default() }).map(drop)
}

/// `public-read` for `PublicRead`.
fn access_control(properties: &Properties) -> String {
    let given = text(properties, "AccessControl").unwrap_or_default();
    let mut canned = String::new();
    for letter in given.chars() {
        if letter.is_ascii_uppercase() && !canned.is_empty() {
            canned.push('-');
        }
        canned.push(letter.to_ascii_lowercase());
    }
    if canned.is_empty() { PRIVATE.to_owned() } else { canned }
}

/// The template's, and the stack's where the template has none of that name.
fn tags_of(properties: &Properties, of_stack: &[(String, String)]) -> Vec<Tag> {
    let given = properties.get("Tags").and_then(Json::as_array).into_iter().flatten();
    let given = given.filter_map(|it| Some((it["Key"].as_str()?.to_owned(), it["Value"].as_str()?.to_owned())));
    let all: BTreeMap<String, String> = of_stack.iter().cloned().chain(given).collect();
    all.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn versioning(properties: &Properties) -> Option<String> {
    text(properties.get("VersioningConfiguration")?.as_object()?, "Status")
}

fn text(properties: &Properties, name: &str) -> Option<String> {
    properties.get(name).and_then(Json::as_str).map(str::to_owned)
}
