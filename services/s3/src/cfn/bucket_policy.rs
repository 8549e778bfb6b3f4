//! `AWS::S3::BucketPolicy`.

use api::s3::{DeleteBucketPolicy, GetBucketPolicy, PutBucketPolicy};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::{Value as Json, json};

pub static BUCKET_POLICY: ResourceType = ResourceType {
    name: "AWS::S3::BucketPolicy",
    properties: &["Bucket", "PolicyDocument"],
    create,
    update,
    delete,
    attributes,
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    put(cx, &new.properties)
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    put(cx, &change.after)
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let physical_id = existing.physical_id.clone();
    cx.call(DeleteBucketPolicy { bucket: physical_id.clone(), ..DeleteBucketPolicy::default() })?;
    Ok(Progress::Done { physical_id })
}

fn attributes(_: &mut Cx, _: &Existing) -> Result<Properties> {
    Ok(Properties::new())
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let bucket = existing.physical_id.clone();
    let found = cx.call(GetBucketPolicy { bucket: bucket.clone(), ..GetBucketPolicy::default() })?;
    let document: Json = serde_json::from_str(&found.policy.unwrap_or_default()).unwrap_or_default();
    Ok(Properties::from_iter([("Bucket".to_owned(), json!(bucket)), ("PolicyDocument".to_owned(), document)]))
}

/// A bucket has one policy, and the bucket's name is the resource's.
fn put(cx: &mut Cx, properties: &Properties) -> Result<Progress> {
    let bucket = properties.get("Bucket").and_then(Json::as_str).unwrap_or_default().to_owned();
    let policy = match properties.get("PolicyDocument") {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    cx.call(PutBucketPolicy { bucket: bucket.clone(), policy, ..PutBucketPolicy::default() })?;
    Ok(Progress::Done { physical_id: bucket })
}
