//! The shapes of the operations that Niebla implements, generated from AWS's models: one module per service.

mod prelude {
    pub use bytes::Bytes;
    #[allow(unused_imports, reason = "not every service has documents")]
    pub use model::{ErrorShape, Timestamp, Value, structure};
    pub type Map<T> = std::collections::BTreeMap<String, T>;
}
pub mod bedrock_runtime;
pub mod cloudformation;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod sqs;
pub mod sts;

