//! What the door says to whom, or what, it does not let in.

use crate::cx::Cx;
use crate::service::Service;
use model::{Error, ErrorShape, Protocol, Result, Violations};
use policy::{Decision, Request};

/// A refusal, for a service that words it in its own way.
pub struct Refusal<'r> {
    /// AWS's sentence: who is not authorized to do what, and why.
    pub sentence: String,
    pub action: &'r str,
    cx: &'r Cx<'r>,
    decision: &'r Decision,
    request: &'r Request<'r>,
}

/// The longest that DecodeAuthorizationMessage takes (STS API reference).
const LONGEST_MESSAGE: usize = 10_240;

impl<'r> Refusal<'r> {
    pub(crate) fn new(cx: &'r Cx<'r>, decision: &'r Decision, request: &'r Request<'r>) -> Self {
        Self { sentence: decision.sentence(request), action: request.action, cx, decision, request }
    }

    /// The decision in detail, which only those of the caller's account may read who are allowed to decode it.
    pub fn encoded(&self) -> String {
        let purpose = message_of(self.cx.caller().account());
        let encoded = self.cx.seal(&purpose, &self.decision.message(self.request));
        if encoded.len() <= LONGEST_MESSAGE {
            return encoded;
        }
        // Only statements can be so long.
        let bare = Decision { matched: Vec::new(), ..self.decision.clone() };
        self.cx.seal(&purpose, &bare.message(self.request))
    }
}

impl Cx<'_> {
    /// What [`Refusal::encoded`] gave a caller of the account where this runs.
    pub fn decode_refusal(&self, message: &str) -> Option<String> {
        self.unseal(&message_of(self.account()), message)
    }
}

/// As most services say it; the protocols spell it differently.
pub(crate) fn access_denied(service: &Service, refusal: &Refusal) -> Error {
    let shape = match service.model().metadata.protocol {
        Protocol::AwsQuery | Protocol::Ec2Query | Protocol::RestXml => ErrorShape::sender("AccessDenied").status(403),
        Protocol::RestJson1 => ErrorShape::sender("AccessDeniedException").status(403),
        _ => ErrorShape::sender("AccessDeniedException").query("AccessDenied"),
    };
    shape.with(refusal.sentence.clone())
}

fn message_of(account: &str) -> String {
    format!("authorization message of {account}")
}

/// As most services say it; the older protocols spell the code differently.
pub(crate) fn validation_error(service: &'static model::Service, violations: &Violations) -> Result<()> {
    let code = match service.metadata.protocol {
        Protocol::AwsQuery | Protocol::Ec2Query => "ValidationError",
        _ => "ValidationException",
    };
    Err(ErrorShape::sender(code).with(violations.to_string()))
}
