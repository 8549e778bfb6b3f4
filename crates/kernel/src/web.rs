//! Requests that are no call of an operation: pages of a website, forms that browsers send. A service says which ones it
//! takes, and answers them by calling operations in the name of whoever asks.

use crate::body::Body;
use crate::caller::Caller;
use crate::cloud::Cloud;
use crate::cx::Cx;
use crate::service::BoxFuture;
use http::HeaderMap;
use model::wire::HttpRequest;
use model::{Result, Timestamp};
use std::sync::Arc;

/// A service's part of the web.
pub struct Web {
    /// Whether a request is for this part, by its head and the host that it came to. Asked of every request, so quick.
    pub takes: fn(&HttpRequest, &str) -> bool,
    /// `cloud` is the anonymous caller's. An error is answered as the service words its errors.
    pub answer: fn(Cloud, WebRequest) -> BoxFuture<Result<WebAnswer>>,
}

pub struct WebRequest {
    /// Without its body. The path is the one that was sent.
    pub head: HttpRequest,
    /// With the port.
    pub host: String,
    pub body: Body,
    pub signatures: Arc<dyn Signatures>,
}

pub struct WebAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Body,
}

/// Who signed something that is no request.
pub trait Signatures: Send + Sync {
    /// # Errors
    /// The refusal, as the service words it.
    fn caller(&self, signed: &SignedText) -> Result<Arc<Caller>>;

    /// The machine's time, by which whoever signs says until when that is good.
    fn time(&self) -> Timestamp;
}

/// A text with a signature of version 4, or of S3's version 2.
#[derive(Clone, Debug, Default)]
pub struct SignedText {
    pub text: String,
    /// `AKIA…/20151229/us-east-1/s3/aws4_request`; the access key alone in version 2, whose callers have no region.
    pub credential: String,
    /// In hexadecimal digits; in base64 in version 2.
    pub signature: String,
    /// Of temporary credentials.
    pub token: Option<String>,
}

/// What a service says to pages of other origins about something of its own.
///
/// None: the request is about nothing of this service's. An error answers the question that a browser asks before a
/// request; on the answer itself, it means that nothing is allowed.
pub type CrossOrigin = fn(&Cx, &HttpRequest) -> Option<Result<Vec<(&'static str, String)>>>;
