//! What the door is told by IAM and by services: identities, roles, policies.

use policy::Kind;

/// What a principal may do by its own policies.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub policies: Vec<IdentityPolicy>,
    pub boundary: Option<IdentityPolicy>,
    /// For `aws:PrincipalTag/…`.
    pub tags: Vec<(String, String)>,
}

/// A policy that belongs to a principal.
#[derive(Clone, Debug)]
pub struct IdentityPolicy {
    /// Its name, or its ARN.
    pub name: String,
    pub text: PolicyText,
}

#[derive(Clone, Debug)]
pub enum PolicyText {
    /// Of an inline policy.
    Inline(String),
    /// Of a managed policy: something that is another one whenever its text is. The text is asked for by the policy's
    /// ARN when it is not known yet.
    Version(String),
}

/// A role, as far as those who assume it have to know it.
#[derive(Clone, Debug)]
pub struct Role {
    pub account: String,
    pub path: String,
    pub name: String,
    pub id: String,
    pub trust_policy: String,
    pub max_session_seconds: i64,
    pub tags: Vec<(String, String)>,
}

/// A policy that is attached to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePolicy {
    pub kind: Kind,
    pub document: String,
}

impl ResourcePolicy {
    pub fn new(document: String) -> Self {
        Self { kind: Kind::Resource, document }
    }
}
