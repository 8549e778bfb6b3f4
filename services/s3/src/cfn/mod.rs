//! S3's resource types.

mod bucket;
mod bucket_policy;
mod lifecycle;
mod setting;

pub use bucket::BUCKET;
pub use bucket_policy::BUCKET_POLICY;
