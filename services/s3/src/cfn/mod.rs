//! S3's resource types.

mod bucket;

pub use bucket::BUCKET;
