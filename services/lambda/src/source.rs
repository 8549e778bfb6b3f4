//! Where a deployment package comes from: the request itself, or an object in S3 that the caller may read.

use crate::package::{self, Package};
use api::lambda::{FunctionCode, UpdateFunctionCode, error};
use api::s3::{GetObject, GetObjectOutput};
use bytes::Bytes;
use kernel::{Cloud, Cx};
use model::{Error, Result, Value};

/// What a request says of its code.
#[derive(Default)]
pub struct Source {
    zip: Option<Bytes>,
    bucket: Option<String>,
    key: Option<String>,
    version: Option<String>,
}

/// What a source leads to.
enum Place {
    Request(Bytes),
    S3(Box<GetObject>),
}

impl Source {
    pub fn of_creation(code: &mut FunctionCode) -> Self {
        Self {
            zip: code.zip_file.take(),
            bucket: code.s3_bucket.take(),
            key: code.s3_key.take(),
            version: code.s3_object_version.take(),
        }
    }

    pub fn of_update(input: &mut UpdateFunctionCode) -> Self {
        Self {
            zip: input.zip_file.take(),
            bucket: input.s3_bucket.take(),
            key: input.s3_key.take(),
            version: input.s3_object_version.take(),
        }
    }

    /// Checked, hashed and written where it keeps nobody waiting.
    pub async fn fetch(self, cloud: &Cloud) -> Result<Package> {
        match self.place()? {
            Place::Request(zip) => {
                package::check_upload(&zip)?;
                package::upload(cloud, zip).await
            }
            Place::S3(object) => package::upload(cloud, body(cloud.call(*object).await)?).await,
        }
    }

    /// The same within a transaction.
    pub fn fetch_within(self, cx: &mut Cx) -> Result<Package> {
        let zip = match self.place()? {
            Place::Request(zip) => {
                package::check_upload(&zip)?;
                zip
            }
            Place::S3(object) => body(cx.call(*object))?,
        };
        package::check(&zip)?;
        Ok(Package::Inline(zip))
    }

    fn place(self) -> Result<Place> {
        let in_s3 = self.bucket.is_some() || self.key.is_some() || self.version.is_some();
        match (self.zip, self.bucket, self.key) {
            (Some(_), _, _) if in_s3 => Err(error::INVALID_PARAMETER_VALUE
                .with("Please do not provide other FunctionCode parameters when providing a ZipFile.")),
            (Some(zip), _, _) => Ok(Place::Request(zip)),
            (None, Some(bucket), Some(key)) => {
                let object = GetObject { bucket, key, version_id: self.version, ..GetObject::default() };
                Ok(Place::S3(Box::new(object)))
            }
            (None, _, _) => Err(error::INVALID_PARAMETER_VALUE.with("Please provide a source for function code.")),
        }
    }
}

fn body(answer: Result<GetObjectOutput>) -> Result<Bytes> {
    Ok(answer.map_err(refused)?.body.unwrap_or_default())
}

/// As Lambda tells what S3 said.
fn refused(why: Error) -> Error {
    let region = why.fields().iter().find(|it| it.0 == "Region").map(|it| &it.1);
    let (code, message) = match (why.code(), region) {
        // What is larger than a call may hold is larger than a package may be.
        ("EntityTooLarge", _) => return package::too_large(),
        ("AuthorizationHeaderMalformed", Some(Value::String(region))) => (
            "PermanentRedirect",
            format!("The bucket is in this region: {region}. Please use this region to retry the request"),
        ),
        (code, _) => (code, why.message().to_owned()),
    };
    error::INVALID_PARAMETER_VALUE
        .with(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"))
}
