//! How DynamoDB says no.

use model::{Error, ErrorShape};

/// Of no operation's model, and of all of them.
pub const VALIDATION: ErrorShape = ErrorShape::sender("ValidationException");

/// A sentence of a `ValidationException`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

pub fn invalid(sentence: impl Into<String>) -> Invalid {
    Invalid(sentence.into())
}

/// The sentences that begin alike.
pub fn invalid_value(what: impl std::fmt::Display) -> Invalid {
    Invalid(format!("One or more parameter values were invalid: {what}"))
}

/// A parameter that Niebla does not honour.
pub fn unsupported(parameter: &str) -> Error {
    VALIDATION.with(format!("Niebla does not support {parameter} yet."))
}

impl From<Invalid> for Error {
    fn from(it: Invalid) -> Error {
        VALIDATION.with(it.0)
    }
}

impl From<String> for Invalid {
    fn from(sentence: String) -> Invalid {
        Invalid(sentence)
    }
}
