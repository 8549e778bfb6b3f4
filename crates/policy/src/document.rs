//! Policy documents: read, checked as IAM checks them, compiled.
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM and AWS STS quotas".

mod read;
mod resource;

use crate::statement::{Effect, Statement};
use std::fmt;
use std::sync::Arc;

/// A managed policy, in characters without white space; a permissions boundary is one.
pub const IDENTITY_LIMIT: usize = 6144;
/// The default for a role's trust policy; it can be raised to 4096.
pub const TRUST_LIMIT: usize = 2048;
/// The inline policy of a session, white space included.
pub const SESSION_LIMIT: usize = 2048;
/// A service control policy, white space included unless the console saved it.
pub const SERVICE_CONTROL_LIMIT: usize = 5120;
/// The largest that common services take (S3: 20 KB); KMS takes 32 KB and checks for itself.
pub const RESOURCE_LIMIT: usize = 20_480;
/// Nothing larger is parsed: the bound that IAM's API sets on every `PolicyDocument`.
pub const MAX_DOCUMENT_BYTES: usize = 131_072;

/// What a document is for. It decides which elements it must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Attached to a user, a group or a role.
    Identity,
    /// Attached to a resource.
    Resource,
    /// The resource-based policy of a role: who may assume it.
    Trust,
    Boundary,
    Session,
    ServiceControl,
}

/// A compiled policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) kind: Kind,
    version: String,
    id: Option<String>,
    pub(crate) statements: Vec<Arc<Statement>>,
    pub(crate) has_deny: bool,
}

/// `MalformedPolicyDocument`, with AWS's sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub message: String,
}

impl Kind {
    /// The default quota of such a document, in characters; see [`size`].
    pub fn size_limit(self) -> usize {
        match self {
            Kind::Identity | Kind::Boundary => IDENTITY_LIMIT,
            Kind::Resource => RESOURCE_LIMIT,
            Kind::Trust => TRUST_LIMIT,
            Kind::Session => SESSION_LIMIT,
            Kind::ServiceControl => SERVICE_CONTROL_LIMIT,
        }
    }

    /// Whether its statements name principals; the others are attached to one.
    pub(crate) fn names_principals(self) -> bool {
        match self {
            Kind::Resource | Kind::Trust => true,
            Kind::Identity | Kind::Boundary | Kind::Session | Kind::ServiceControl => false,
        }
    }
}

/// The characters that IAM counts against a quota: white space is free.
pub fn size(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}

impl Policy {
    /// Does not look at [`Kind::size_limit`]: services answer that with errors of their own.
    pub fn parse(json: &str, kind: Kind) -> Result<Policy, Malformed> {
        read::policy(json, kind)
    }

    /// The condition keys that its conditions and variables name, in the order of the text, each once.
    pub fn context_keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for statement in &self.statements {
            let resources = statement.resources.iter().flat_map(|it| &it.list).flat_map(|it| it.variables());
            let conditions = statement.conditions.iter().flat_map(|it| it.keys());
            for key in resources.chain(conditions) {
                if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    pub fn effects(&self) -> impl Iterator<Item = Effect> {
        self.statements.iter().map(|it| it.effect)
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// `2012-10-17` or `2008-10-17`; the latter also when the document says none.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Malformed {
    fn new(message: impl Into<String>) -> Malformed {
        Malformed { message: message.into() }
    }

    fn syntax() -> Malformed {
        Malformed::new("Syntax errors in policy.")
    }

    fn legacy() -> Malformed {
        Malformed::new("The policy failed legacy parsing")
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}
