//! The shapes of the operations that Niebla implements, generated from AWS's models: one module per service.

mod prelude {
    pub use bytes::Bytes;
    pub use model::{ErrorShape, Timestamp, Value, structure};
    pub type Map<T> = std::collections::BTreeMap<String, T>;
}
