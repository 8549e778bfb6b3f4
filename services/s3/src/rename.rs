//! RenameObject: directory buckets alone have it, and there are none here.

use crate::bucket;
use crate::fault;
use api::s3::{RenameObject, RenameObjectOutput};
use kernel::Cx;
use model::Result;

pub fn rename(cx: &Cx, input: RenameObject) -> Result<RenameObjectOutput> {
    bucket::named(cx, &input.bucket)?;
    Err(fault::METHOD_NOT_ALLOWED
        .with("The specified method is not allowed against this resource.")
        .field("Method", "RenameObject")
        .field("ResourceType", "OBJECT"))
}
