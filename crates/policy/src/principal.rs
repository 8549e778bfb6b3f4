//! Who asks, and whom a `Principal` element names.
//! Source: IAM User Guide, "AWS JSON policy elements: Principal", "Principal key values".

/// Who makes a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// As error messages name it: `arn:aws:iam::123456789012:user/ana`, `arn:aws:sts::…:assumed-role/R/session`,
    /// `lambda.amazonaws.com` for a service, the provider for a federated identity, `anonymous`.
    pub arn: String,
    /// Twelve digits; empty for services, federated identities and anonymous callers.
    pub account: String,
    /// What stands behind a session: the role's ARN (with its path), or the user's who asked for a federation token.
    pub entity_arn: Option<String>,
    /// `aws:userid`: `AIDA…`, `AROA…:session`, the account id for its root.
    pub user_id: String,
    /// The account's canonical user id, as S3 knows it.
    pub canonical_id: Option<String>,
    pub organization: Option<String>,
    /// `aws:PrincipalOrgPaths`, for example `o-a1/r-ab/ou-ab-1/`.
    pub organization_path: Option<String>,
    /// Tags of the user or role and of the session, the session's first.
    pub tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    Root,
    User,
    /// A session of a role.
    AssumedRole,
    /// A session from `GetFederationToken`.
    FederatedUser,
    /// An identity of an OIDC or SAML provider, before it has assumed a role.
    Federated,
    Service,
    Anonymous,
}

impl Principal {
    pub fn root(account: &str) -> Principal {
        Principal::new(PrincipalKind::Root, format!("arn:aws:iam::{account}:root"), account, account)
    }

    /// `name` may begin with a path: `division/ana`.
    pub fn user(account: &str, name: &str, id: &str) -> Principal {
        Principal::new(PrincipalKind::User, format!("arn:aws:iam::{account}:user/{name}"), account, id)
    }

    /// A session of the role `role_arn` (with its path), whose unique id is `role_id`.
    pub fn assumed_role(role_arn: &str, role_id: &str, session: &str) -> Principal {
        let account = role_arn.split(':').nth(4).unwrap_or_default();
        let role = role_arn.rsplit('/').next().unwrap_or_default();
        let (arn, id) =
            (format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"), format!("{role_id}:{session}"));
        let entity_arn = Some(role_arn.to_owned());
        Principal { entity_arn, ..Principal::new(PrincipalKind::AssumedRole, arn, account, &id) }
    }

    /// A session that the user `user_arn` asked for with `GetFederationToken`.
    pub fn federated_user(user_arn: &str, name: &str) -> Principal {
        let account = user_arn.split(':').nth(4).unwrap_or_default();
        let (arn, id) = (format!("arn:aws:sts::{account}:federated-user/{name}"), format!("{account}:{name}"));
        let entity_arn = Some(user_arn.to_owned());
        Principal { entity_arn, ..Principal::new(PrincipalKind::FederatedUser, arn, account, &id) }
    }

    /// `provider`: the ARN of an OIDC or SAML provider, or a name such as `cognito-identity.amazonaws.com`.
    pub fn federated(provider: &str) -> Principal {
        Principal::new(PrincipalKind::Federated, provider.to_owned(), "", "")
    }

    /// `name`: for example `lambda.amazonaws.com`.
    pub fn service(name: &str) -> Principal {
        Principal::new(PrincipalKind::Service, name.to_owned(), "", "")
    }

    pub fn anonymous() -> Principal {
        Principal::new(PrincipalKind::Anonymous, "anonymous".to_owned(), "", "anonymous")
    }

    fn new(kind: PrincipalKind, arn: String, account: &str, user_id: &str) -> Principal {
        Principal {
            kind,
            arn,
            account: account.to_owned(),
            entity_arn: None,
            user_id: user_id.to_owned(),
            canonical_id: None,
            organization: None,
            organization_path: None,
            tags: Vec::new(),
        }
    }

    /// `aws:username`: users alone have one, without its path.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::User => self.arn.rsplit('/').next(),
            PrincipalKind::Root
            | PrincipalKind::AssumedRole
            | PrincipalKind::FederatedUser
            | PrincipalKind::Federated
            | PrincipalKind::Service
            | PrincipalKind::Anonymous => None,
        }
    }

    /// `aws:PrincipalArn`: for a session of a role, the role's.
    pub(crate) fn principal_arn(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::AssumedRole => self.entity_arn.as_deref(),
            PrincipalKind::Root | PrincipalKind::User | PrincipalKind::FederatedUser => Some(&self.arn),
            PrincipalKind::Federated | PrincipalKind::Service | PrincipalKind::Anonymous => None,
        }
    }

    /// `aws:PrincipalType`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            PrincipalKind::Root => "Account",
            PrincipalKind::User => "User",
            PrincipalKind::AssumedRole => "AssumedRole",
            PrincipalKind::FederatedUser => "FederatedUser",
            PrincipalKind::Federated => "Federated",
            PrincipalKind::Service => "Service",
            PrincipalKind::Anonymous => "Anonymous",
        }
    }

    /// Service control policies do not affect service-linked roles, services and callers without an account.
    pub(crate) fn is_limited_by_organization(&self) -> bool {
        let service_linked = self.entity_arn.as_deref().is_some_and(|arn| arn.contains(":role/aws-service-role/"));
        !self.account.is_empty() && !service_linked
    }
}

/// One principal that a policy names.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    Everyone,
    /// `"AWS": "123456789012"` or the ARN of its root.
    Account(String),
    Arn(String),
    /// `AIDA…` or `AROA…`: what AWS stores instead of an ARN whose user or role was deleted.
    UniqueId(String),
    Service(String),
    Federated(String),
    Canonical(String),
}

/// How directly a resource-based policy names the caller; the more directly, the less other policies can limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Its account: the account's own policies decide further.
    Account,
    /// The role or user behind a session: boundaries and session policies still limit.
    Entity,
    /// The caller itself, or everyone.
    Direct,
}

impl Named {
    /// Under the key `AWS`. `None` when the text cannot be a principal.
    pub fn aws(text: &str) -> Option<Named> {
        if text == "*" {
            return Some(Named::Everyone);
        }
        if is_account(text) {
            return Some(Named::Account(text.to_owned()));
        }
        if let Some([prefix, _, service, region, account, resource]) = crate::arn::split(text) {
            let known = prefix == "arn" && matches!(service, "iam" | "sts") && region.is_empty() && is_account(account);
            let plain = !text.contains(['*', '?']);
            return (known && plain).then(|| match (service, resource) {
                ("iam", "root") => Named::Account(account.to_owned()),
                _ => Named::Arn(text.to_owned()),
            });
        }
        let is_id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_id {
            return Some(Named::UniqueId(text.to_owned()));
        }
        let is_canonical = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_canonical.then(|| Named::Canonical(text.to_owned()))
    }

    /// Under any of the keys of a `Principal` element.
    pub fn new(key: &str, text: &str) -> Option<Named> {
        match key {
            "AWS" => Named::aws(text),
            "Service" if text == "*" || text.contains('.') => Some(Named::Service(text.to_owned())),
            "Federated" if !text.is_empty() => Some(Named::Federated(text.to_owned())),
            "CanonicalUser" if !text.is_empty() => Some(Named::Canonical(text.to_owned())),
            _ => None,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Named::Everyone => "*",
            Named::Account(text)
            | Named::Arn(text)
            | Named::UniqueId(text)
            | Named::Service(text)
            | Named::Federated(text)
            | Named::Canonical(text) => text,
        }
    }

    pub fn grant(&self, caller: &Principal) -> Option<Grant> {
        let direct = |is: bool| is.then_some(Grant::Direct);
        match self {
            Named::Everyone => Some(Grant::Direct),
            Named::Account(account) if *account == caller.account => match caller.kind {
                PrincipalKind::Root => Some(Grant::Direct),
                _ => Some(Grant::Account),
            },
            Named::Account(_) => None,
            Named::Arn(arn) if *arn == caller.arn => Some(Grant::Direct),
            Named::Arn(arn) => (caller.entity_arn.as_ref() == Some(arn)).then_some(Grant::Entity),
            Named::UniqueId(id) => by_id(id, &caller.user_id),
            Named::Service(name) => {
                direct(caller.kind == PrincipalKind::Service && (name == "*" || *name == caller.arn))
            }
            Named::Federated(name) => direct(caller.kind == PrincipalKind::Federated && *name == caller.arn),
            Named::Canonical(id) if caller.canonical_id.as_ref() != Some(id) => None,
            Named::Canonical(_) => {
                Some(if caller.kind == PrincipalKind::Root { Grant::Direct } else { Grant::Account })
            }
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn by_id(id: &str, user_id: &str) -> Option<Grant> {
    match user_id.strip_prefix(id)? {
        "" => Some(Grant::Direct),
        session => session.starts_with(':').then_some(Grant::Entity),
    }
}
