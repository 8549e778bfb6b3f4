//! Errors as AWS services spell them: a code, a status, a message, and which side is at fault.

use crate::value::Value;
use std::fmt;

/// An error that a service may answer. The generated modules of `api` hold those of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorShape {
    pub code: &'static str,
    /// The code of the older Query protocol, where it differs.
    pub query_code: Option<&'static str>,
    /// The HTTP status.
    pub status: u16,
    pub fault: Fault,
}

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Sender,
    Receiver,
}

impl ErrorShape {
    /// The caller's mistake, status 400.
    pub const fn sender(code: &'static str) -> Self {
        Self { code, query_code: None, status: 400, fault: Fault::Sender }
    }

    /// Our mistake, status 500.
    pub const fn receiver(code: &'static str) -> Self {
        Self { code, query_code: None, status: 500, fault: Fault::Receiver }
    }

    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub const fn query(mut self, code: &'static str) -> Self {
        self.query_code = Some(code);
        self
    }

    pub fn with(&self, message: impl Into<String>) -> Error {
        Error(Box::new(Details { shape: *self, message: message.into(), fields: Vec::new(), headers: Vec::new() }))
    }
}

/// An answer that is an error. Small, so that results are cheap to pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq)]
struct Details {
    shape: ErrorShape,
    message: String,
    fields: Vec<(&'static str, Value)>,
    headers: Vec<(&'static str, String)>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn shape(&self) -> &ErrorShape {
        &self.0.shape
    }

    pub fn code(&self) -> &'static str {
        self.0.shape.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Members of the error's shape beside the message.
    pub fn fields(&self) -> &[(&'static str, Value)] {
        &self.0.fields
    }

    pub fn field(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.fields.push((name, value.into()));
        self
    }

    /// Headers of the answer that the error's shape does not state.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    pub fn is(&self, shape: &ErrorShape) -> bool {
        self.0.shape.code == shape.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.0.shape.code, self.0.message)
    }
}

impl std::error::Error for Error {}
