//! AWS's own API models: shapes, values, validation and the wire codecs of every AWS protocol. No input or output.

pub mod catalog;
pub mod error;
pub mod parse;
pub mod shape;
pub mod typed;
pub mod validate;
pub mod value;
pub mod wire;

pub use catalog::service;
pub use error::{Error, ErrorShape, Result};
pub use shape::{Kind, Location, Member, Operation, Protocol, Service, Shape, ShapeId, Structure, TimestampFormat};
pub use validate::{Violation, Violations, validate};
pub use value::{Timestamp, Value};
