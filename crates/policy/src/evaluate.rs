//! May this principal do this? The order of the decision is AWS's.
//! Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Troubleshoot access
//! denied error messages".

use crate::context::Request;
use crate::document::{Kind, Policy};
use crate::position::Span;
use crate::principal::{Grant, PrincipalKind};
use crate::statement::{Effect, Statement};
use std::fmt;
use std::sync::Arc;

/// A policy with the ARN or name that explanations show.
#[derive(Debug, Clone)]
pub struct Attached {
    pub name: Arc<str>,
    pub policy: Arc<Policy>,
}

/// Everything that applies to a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Of the user and its groups, or of the role.
    pub identity: &'a [Attached],
    /// Of the resource; for `sts:AssumeRole`, the role's trust policy.
    pub resource: Option<&'a Policy>,
    pub boundary: Option<&'a Attached>,
    /// `None` when none was passed as the session was made.
    pub session: Option<&'a [Attached]>,
    /// One list for each level (root, each organizational unit, account): every level must allow. Empty for an account
    /// that is in no organization, or manages one.
    pub service_control: &'a [Vec<Attached>],
    /// Identity-based policies count only where the resource-based policy names the account, as with KMS keys.
    /// Trust policies always govern.
    pub resource_policy_governs: bool,
}

/// A sort of policy, in the order in which AWS looks at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    ServiceControl,
    Resource,
    Trust,
    Identity,
    Boundary,
    Session,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Allowed,
    /// The account's root needs no policy.
    Root,
    ExplicitDeny(Source),
    /// No policy of this sort allows it.
    ImplicitDeny(Source),
}

/// A statement that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    pub source: Source,
    /// Empty for the resource's policy.
    pub policy: Option<Arc<str>>,
    /// From 0.
    pub statement: usize,
    pub sid: Option<Arc<str>>,
    pub(crate) found: Arc<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: Reason,
    /// The `Deny` that decided, or the `Allow` of each sort of policy that had to give one.
    pub matched: Vec<Matched>,
}

pub fn evaluate(request: &Request, policies: &Policies) -> Decision {
    let verdicts = Verdicts::gather(request, policies);
    if let Some((source, hit)) = verdicts.explicit_deny() {
        return Decision::new(Reason::ExplicitDeny(source), vec![hit.matched(source)]);
    }
    let mut needed = Vec::new();
    match verdicts.decide(request, policies, &mut needed) {
        Ok(reason) => Decision::new(reason, needed),
        Err(source) => Decision::new(Reason::ImplicitDeny(source), Vec::new()),
    }
}

impl Matched {
    /// Where it stands in its policy.
    pub fn span(&self) -> Option<Span> {
        self.found.span
    }
}

impl Decision {
    fn new(reason: Reason, matched: Vec<Matched>) -> Decision {
        Decision { allowed: matches!(reason, Reason::Allowed | Reason::Root), reason, matched }
    }

    /// AWS's sentence for a refusal. An empty resource is not named.
    pub fn sentence(&self, request: &Request) -> String {
        let (user, action) = (&request.principal.arn, request.action);
        let resource = match request.resource {
            "" => String::new(),
            resource => format!(" on resource: {resource}"),
        };
        match self.reason {
            Reason::Allowed | Reason::Root => format!("User: {user} is authorized to perform: {action}{resource}"),
            Reason::ExplicitDeny(source) => {
                let article = source.article();
                format!(
                    "User: {user} is not authorized to perform: {action}{resource} with an explicit deny in {article} {source}"
                )
            }
            Reason::ImplicitDeny(source) => {
                format!(
                    "User: {user} is not authorized to perform: {action}{resource} because no {source} allows the {action} action"
                )
            }
        }
    }
}

impl Source {
    fn article(self) -> &'static str {
        match self {
            Source::Identity => "an",
            Source::Trust => "the",
            Source::ServiceControl | Source::Resource | Source::Boundary | Source::Session => "a",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Source::ServiceControl => "service control policy",
            Source::Resource => "resource-based policy",
            Source::Trust => "role trust policy",
            Source::Identity => "identity-based policy",
            Source::Boundary => "permissions boundary",
            Source::Session => "session policy",
        })
    }
}

/// Whether the resource's own policy is asked first and identity-based policies only where it delegates.
pub(crate) fn resource_governs(policies: &Policies) -> bool {
    policies.resource_policy_governs || policies.resource.is_some_and(|policy| policy.kind == Kind::Trust)
}

pub(crate) fn is_same_account(request: &Request) -> bool {
    request.resource_account.is_empty() || request.resource_account == request.principal.account
}

/// A matching statement.
#[derive(Clone, Copy)]
struct Hit<'a> {
    name: Option<&'a Arc<str>>,
    policy: &'a Policy,
    index: usize,
    grant: Grant,
}

/// What the policies of one sort say together.
#[derive(Clone, Copy, Default)]
struct Verdict<'a> {
    deny: Option<Hit<'a>>,
    /// The most direct one.
    allow: Option<Hit<'a>>,
}

struct Verdicts<'a> {
    service_control: Verdict<'a>,
    /// Whether each level of the organization allows.
    organization_allows: bool,
    resource: Verdict<'a>,
    resource_source: Source,
    identity: Verdict<'a>,
    boundary: Verdict<'a>,
    session: Verdict<'a>,
}

impl<'a> Hit<'a> {
    fn matched(&self, source: Source) -> Matched {
        let found = self.policy.statements[self.index].clone();
        Matched { source, policy: self.name.cloned(), statement: self.index, sid: found.sid.clone(), found }
    }
}

impl<'a> Verdict<'a> {
    fn of(attached: &'a [Attached], request: &Request) -> Verdict<'a> {
        let mut verdict = Verdict::default();
        for Attached { name, policy } in attached {
            verdict.add(Some(name), policy, request);
        }
        verdict
    }

    fn add(&mut self, name: Option<&'a Arc<str>>, policy: &'a Policy, request: &Request) {
        for (index, statement) in policy.statements.iter().enumerate() {
            let settled = self.allow.is_some_and(|hit| hit.grant == Grant::Direct);
            if settled && !policy.has_deny {
                return;
            }
            if settled && statement.effect == Effect::Allow {
                continue;
            }
            let Some(grant) = statement.matches(request) else { continue };
            let hit = Hit { name, policy, index, grant };
            match statement.effect {
                Effect::Deny => self.deny = self.deny.or(Some(hit)),
                Effect::Allow if self.allow.is_none_or(|best| best.grant < grant) => self.allow = Some(hit),
                Effect::Allow => {}
            }
        }
    }
}

impl<'a> Verdicts<'a> {
    fn gather(request: &Request, policies: &Policies<'a>) -> Verdicts<'a> {
        let (service_control, organization_allows) = organization(request, policies);
        let mut resource = Verdict::default();
        if let Some(policy) = policies.resource {
            resource.add(None, policy, request);
        }
        let is_trust = policies.resource.is_some_and(|policy| policy.kind == Kind::Trust);
        Verdicts {
            service_control,
            organization_allows,
            resource,
            resource_source: if is_trust { Source::Trust } else { Source::Resource },
            identity: Verdict::of(policies.identity, request),
            boundary: Verdict::of(policies.boundary.map_or(&[], std::slice::from_ref), request),
            session: Verdict::of(policies.session.unwrap_or_default(), request),
        }
    }

    /// Whatever allows, one matching `Deny` anywhere ends it.
    fn explicit_deny(&self) -> Option<(Source, Hit<'a>)> {
        let in_order = [
            (Source::ServiceControl, self.service_control.deny),
            (self.resource_source, self.resource.deny),
            (Source::Identity, self.identity.deny),
            (Source::Boundary, self.boundary.deny),
            (Source::Session, self.session.deny),
        ];
        in_order.into_iter().find_map(|(source, deny)| deny.map(|hit| (source, hit)))
    }

    /// The sort of policy whose `Allow` is missing is the error.
    fn decide(&self, request: &Request, policies: &Policies, needed: &mut Vec<Matched>) -> Result<Reason, Source> {
        if !self.organization_allows {
            return Err(Source::ServiceControl);
        }
        match request.principal.kind {
            PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated => self.by_resource(needed),
            _ if is_same_account(request) => self.within_account(request, policies, needed),
            _ => {
                self.by_caller(request, policies, None, needed)?;
                self.by_resource(needed)
            }
        }
    }

    /// Only the resource-based policy counts: for callers without policies, and for the far side across accounts.
    fn by_resource(&self, needed: &mut Vec<Matched>) -> Result<Reason, Source> {
        let hit = self.resource.allow.ok_or(self.resource_source)?;
        needed.push(hit.matched(self.resource_source));
        Ok(Reason::Allowed)
    }

    /// A policy that names the caller itself allows alone. One that names its account only leaves the choice to the
    /// account's policies; most services do not even need that.
    fn within_account(
        &self,
        request: &Request,
        policies: &Policies,
        needed: &mut Vec<Matched>,
    ) -> Result<Reason, Source> {
        let allow = self.resource.allow;
        if let Some(hit) = allow.filter(|hit| hit.grant == Grant::Direct) {
            needed.push(hit.matched(self.resource_source));
            return Ok(Reason::Allowed);
        }
        if allow.is_none() && resource_governs(policies) {
            return Err(self.resource_source);
        }
        self.by_caller(request, policies, allow.filter(|hit| hit.grant == Grant::Entity), needed)
    }

    /// The caller's side. `by_entity`: the resource-based policy names the role behind the session, which stands for
    /// an identity-based policy, but is limited like one.
    fn by_caller(
        &self,
        request: &Request,
        policies: &Policies,
        by_entity: Option<Hit>,
        needed: &mut Vec<Matched>,
    ) -> Result<Reason, Source> {
        if request.principal.kind == PrincipalKind::Root {
            return Ok(Reason::Root);
        }
        match (self.identity.allow, by_entity) {
            (Some(hit), _) => needed.push(hit.matched(Source::Identity)),
            (None, Some(hit)) => needed.push(hit.matched(self.resource_source)),
            (None, None) => return Err(Source::Identity),
        }
        if policies.boundary.is_some() {
            needed.push(self.boundary.allow.ok_or(Source::Boundary)?.matched(Source::Boundary));
        }
        // A federation token without a session policy can do only what resources grant to it.
        if policies.session.is_some() || request.principal.kind == PrincipalKind::FederatedUser {
            needed.push(self.session.allow.ok_or(Source::Session)?.matched(Source::Session));
        }
        Ok(Reason::Allowed)
    }
}

fn organization<'a>(request: &Request, policies: &Policies<'a>) -> (Verdict<'a>, bool) {
    let (mut all, mut allows) = (Verdict::default(), true);
    if !request.principal.is_limited_by_organization() {
        return (all, allows);
    }
    for level in policies.service_control {
        let verdict = Verdict::of(level, request);
        all.deny = all.deny.or(verdict.deny);
        allows &= verdict.allow.is_some();
    }
    (all, allows)
}
