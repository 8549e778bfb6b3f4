//! DynamoDB's items, and the records of their changes: what DynamoDB writes and DynamoDB Streams reads.

pub mod attribute;
mod json;
pub mod number;
pub mod packed;
pub mod stream;
pub mod wire;
