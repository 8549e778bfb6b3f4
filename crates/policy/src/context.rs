//! What is known about a request: its principal, action and resource, and the values of condition keys.
//! Source: IAM User Guide, "AWS global condition context keys".

use crate::date;
use crate::principal::{Principal, PrincipalKind};
use std::borrow::Cow;

/// One question: may this principal do this to that?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub principal: &'a Principal,
    /// `sqs:SendMessage`
    pub action: &'a str,
    /// An ARN; `*` for an action that has no resource; empty for one whose error message does not name it.
    pub resource: &'a str,
    /// The account that owns the resource; empty is the caller's own.
    pub resource_account: &'a str,
    pub context: &'a Context,
}

/// The values of condition keys. Keys ignore case.
///
/// What follows from the principal, from the resource's account and from the time need not be inserted:
/// `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:PrincipalTag/…`, `aws:PrincipalOrgID`,
/// `aws:PrincipalOrgPaths`, `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName`, `aws:userid`, `aws:username`,
/// `aws:ResourceAccount`, `aws:CurrentTime`, `aws:EpochTime`. They are made only when a policy asks. An inserted value wins.
#[derive(Debug, Clone, Default)]
pub struct Context {
    entries: Vec<(Cow<'static, str>, Value)>,
    epoch_seconds: Option<i64>,
}

/// The value of a condition key. Conditions compare text; numbers and booleans are written out.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    One(Cow<'static, str>),
    Many(Vec<String>),
}

impl Context {
    pub fn new() -> Context {
        Context::default()
    }

    /// For `aws:CurrentTime` and `aws:EpochTime`: seconds since 1970.
    pub fn at(epoch_seconds: i64) -> Context {
        Context { entries: Vec::new(), epoch_seconds: Some(epoch_seconds) }
    }

    /// Sets a key, instead of what it had.
    pub fn insert(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.entries.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&key)) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// Those that were inserted.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Value {
        Value::One(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::One(Cow::Owned(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::from(if value { "true" } else { "false" })
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::from(value.to_string())
    }
}

impl From<Vec<String>> for Value {
    fn from(values: Vec<String>) -> Value {
        Value::Many(values)
    }
}

/// A condition key as a policy names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub name: String,
    derived: Option<Derived>,
}

/// Keys that follow from the request itself.
#[derive(Debug, Clone, PartialEq)]
enum Derived {
    CurrentTime,
    EpochTime,
    PrincipalAccount,
    PrincipalArn,
    PrincipalIsService,
    PrincipalOrganization,
    PrincipalOrganizationPaths,
    PrincipalService,
    PrincipalTag(String),
    PrincipalType,
    ResourceAccount,
    UserId,
    UserName,
}

/// What a key has in a request.
pub enum Values<'a> {
    One(Cow<'a, str>),
    Many(&'a [String]),
}

impl Key {
    pub fn new(name: &str) -> Key {
        Key { name: name.to_owned(), derived: derived(name) }
    }

    pub fn values<'a>(&self, request: &Request<'a>) -> Option<Values<'a>> {
        match request.context.get(&self.name) {
            Some(Value::One(value)) => Some(Values::One(Cow::Borrowed(value))),
            Some(Value::Many(values)) => Some(Values::Many(values)),
            None => self.derived.as_ref()?.value(request).map(Values::One),
        }
    }

    /// For a policy variable: only a key that has one value can stand in one.
    pub fn single<'a>(&self, request: &Request<'a>) -> Option<Cow<'a, str>> {
        match self.values(request)? {
            Values::One(value) => Some(value),
            Values::Many([value]) => Some(Cow::Borrowed(value)),
            Values::Many(_) => None,
        }
    }
}

impl Values<'_> {
    pub fn is_empty(&self) -> bool {
        matches!(self, Values::Many([]))
    }

    pub fn any(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            Values::One(value) => test(value),
            Values::Many(values) => values.iter().any(|value| test(value)),
        }
    }

    pub fn all(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        !self.any(|value| !test(value))
    }
}

impl Derived {
    fn value<'a>(&self, request: &Request<'a>) -> Option<Cow<'a, str>> {
        let (principal, context) = (request.principal, request.context);
        let text = match self {
            Derived::CurrentTime => return context.epoch_seconds.map(|seconds| date::format(seconds).into()),
            Derived::EpochTime => return context.epoch_seconds.map(|seconds| seconds.to_string().into()),
            Derived::PrincipalAccount => non_empty(&principal.account),
            Derived::PrincipalArn => principal.principal_arn(),
            Derived::PrincipalIsService => Some(if is_service(principal) { "true" } else { "false" }),
            Derived::PrincipalOrganization => principal.organization.as_deref(),
            Derived::PrincipalOrganizationPaths => principal.organization_path.as_deref(),
            Derived::PrincipalService => is_service(principal).then_some(principal.arn.as_str()),
            Derived::PrincipalTag(key) => tag(principal, key),
            Derived::PrincipalType => Some(principal.type_name()),
            Derived::ResourceAccount => non_empty(request.resource_account).or(non_empty(&principal.account)),
            Derived::UserId => non_empty(&principal.user_id),
            Derived::UserName => principal.user_name(),
        };
        text.map(Cow::Borrowed)
    }
}

fn derived(name: &str) -> Option<Derived> {
    let name = name.to_ascii_lowercase();
    if let Some(key) = name.strip_prefix("aws:principaltag/") {
        return Some(Derived::PrincipalTag(key.to_owned()));
    }
    Some(match name.as_str() {
        "aws:currenttime" => Derived::CurrentTime,
        "aws:epochtime" => Derived::EpochTime,
        "aws:principalaccount" => Derived::PrincipalAccount,
        "aws:principalarn" => Derived::PrincipalArn,
        "aws:principalisawsservice" => Derived::PrincipalIsService,
        "aws:principalorgid" => Derived::PrincipalOrganization,
        "aws:principalorgpaths" => Derived::PrincipalOrganizationPaths,
        "aws:principalservicename" => Derived::PrincipalService,
        "aws:principaltype" => Derived::PrincipalType,
        "aws:resourceaccount" => Derived::ResourceAccount,
        "aws:userid" => Derived::UserId,
        "aws:username" => Derived::UserName,
        _ => return None,
    })
}

fn tag<'a>(principal: &'a Principal, key: &str) -> Option<&'a str> {
    principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

fn is_service(principal: &Principal) -> bool {
    principal.kind == PrincipalKind::Service
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
