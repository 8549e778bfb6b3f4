//! Who calls, on whose behalf, from where.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Someone who may be allowed to do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The owner of an account.
    Root {
        account: String,
    },
    User {
        account: String,
        path: String,
        name: String,
        id: String,
    },
    /// A role's temporary credentials. `path` is the role's, `/` for most.
    Session {
        account: String,
        path: String,
        role: String,
        role_id: String,
        session: String,
    },
    /// Somebody for whom a user, or the root, asked for credentials with GetFederationToken.
    FederatedUser {
        account: String,
        name: String,
        by: Box<Principal>,
    },
    /// A service of AWS, acting for itself: `lambda.amazonaws.com`, in the account whose resource it serves.
    Service {
        account: String,
        name: String,
        /// The ARN of the resource that it acts for, where it is one: a bucket whose events it tells.
        #[serde(default)]
        resource: Option<String>,
    },
    Anonymous,
}

/// What every call carries, from the edge to the innermost operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub principal: Principal,
    pub region: String,
    /// The key that signed the request, for the trail.
    pub access_key: Option<String>,
    pub source_ip: String,
    pub user_agent: String,
    /// Came over TLS.
    pub secure: bool,
    /// Present for temporary credentials.
    pub session: Option<Box<Session>>,
    /// The request as its sender knows it.
    pub request_id: String,
    /// The host and scheme that the request came to, so that answers can name URLs that work for the caller.
    pub endpoint: String,
    /// Made by a service on the caller's behalf: the service's principal, `cloudformation.amazonaws.com`.
    pub via: Option<String>,
}

/// What temporary credentials carry beside their principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When they were issued, in milliseconds since 1970.
    pub issued_at: i64,
    /// Policies that narrow them: (name or ARN, document).
    pub policies: Vec<(String, String)>,
    /// Beside the tags of the role or user.
    pub tags: BTreeMap<String, String>,
    /// The keys of the tags that pass on to roles assumed from here.
    pub transitive: BTreeSet<String>,
    pub source_identity: Option<String>,
}

/// What a key opens: kept by IAM and STS, verified by the edge.
#[derive(Clone, Debug)]
pub struct Credential {
    pub secret: String,
    /// Present for temporary credentials; the request has to bring the same.
    pub token: Option<String>,
    /// Milliseconds since 1970.
    pub expires_at: Option<i64>,
    pub principal: Principal,
    pub session: Option<Session>,
    /// An inactive key is known and refused.
    pub active: bool,
}

impl Principal {
    pub fn root(account: impl Into<String>) -> Self {
        Principal::Root { account: account.into() }
    }

    pub fn service(account: impl Into<String>, name: impl Into<String>) -> Self {
        Principal::Service { account: account.into(), name: name.into(), resource: None }
    }

    /// The same, on behalf of one resource of the account: `aws:SourceArn`.
    pub fn service_for(account: impl Into<String>, name: impl Into<String>, arn: impl Into<String>) -> Self {
        Principal::Service { account: account.into(), name: name.into(), resource: Some(arn.into()) }
    }

    /// The account it belongs to; empty for the anonymous.
    pub fn account(&self) -> &str {
        match self {
            Principal::Root { account }
            | Principal::User { account, .. }
            | Principal::Session { account, .. }
            | Principal::FederatedUser { account, .. }
            | Principal::Service { account, .. } => account,
            Principal::Anonymous => "",
        }
    }

    /// As GetCallerIdentity and error messages name it.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root { account } => format!("arn:aws:iam::{account}:root"),
            Principal::User { account, path, name, .. } => format!("arn:aws:iam::{account}:user{path}{name}"),
            Principal::Session { account, role, session, .. } => {
                format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
            }
            Principal::FederatedUser { account, name, .. } => format!("arn:aws:sts::{account}:federated-user/{name}"),
            Principal::Service { name, .. } => name.clone(),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// `aws:userid`: the account for root, `AIDA…` for users, `AROA…:session` for sessions.
    pub fn user_id(&self) -> String {
        match self {
            Principal::Root { account } => account.clone(),
            Principal::User { id, .. } => id.clone(),
            Principal::Session { role_id, session, .. } => format!("{role_id}:{session}"),
            Principal::FederatedUser { account, name, .. } => format!("{account}:{name}"),
            Principal::Service { name, .. } => name.clone(),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// The ARN of the role behind a session.
    pub fn role_arn(&self) -> Option<String> {
        match self {
            Principal::Session { account, path, role, .. } => Some(format!("arn:aws:iam::{account}:role{path}{role}")),
            _ => None,
        }
    }
}

impl Caller {
    /// Niebla itself, for what no request asked for.
    pub fn internal(principal: Principal, region: &str, request_id: String) -> Self {
        Self {
            principal,
            region: region.to_owned(),
            access_key: None,
            source_ip: "127.0.0.1".to_owned(),
            user_agent: "niebla".to_owned(),
            secure: true,
            session: None,
            request_id,
            endpoint: String::new(),
            via: None,
        }
    }

    pub fn account(&self) -> &str {
        self.principal.account()
    }

    /// The same request, made by somebody else: nothing of the first one's credentials stays.
    pub(crate) fn acting_as(&self, principal: Principal, now: Timestamp) -> Self {
        let is_session = matches!(principal, Principal::Session { .. });
        let session = is_session.then(|| Box::new(Session { issued_at: now.0, ..Session::default() }));
        Self { principal, session, access_key: None, ..self.clone() }
    }
}
