//! JSON ↔ values, by the shape: shared by awsJson, restJson and the events of their streams.

mod read;
mod write;

pub(crate) use read::{BASE64, read_body};
pub use read::{document_from_json, read};
pub use write::{document_to_json, plain, write, write_blob, write_free, write_text};
pub(crate) use write::{float_name, write_body};
