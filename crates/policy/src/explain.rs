//! Why a request is allowed or refused: every policy and every statement that was looked at, and what to change.

use crate::condition::Condition;
use crate::context::{Request, Value};
use crate::document::Policy;
use crate::evaluate::{Attached, Decision, Policies, Reason, Source, evaluate, is_same_account, resource_governs};
use crate::principal::Grant;
use crate::statement::{Effect, Element, Statement};
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub decision: Decision,
    /// `arn:… wants sqs:SendMessage on arn:…`
    pub question: String,
    pub policies: Vec<PolicyReport>,
    /// What would have to change for the request to be allowed; empty when it is.
    pub advice: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PolicyReport {
    pub source: Source,
    pub name: String,
    pub statements: Vec<StatementReport>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StatementReport {
    /// From 0.
    pub index: usize,
    pub sid: Option<String>,
    pub effect: Effect,
    /// Each element that does not match, in words; empty when the statement applies.
    pub misses: Vec<String>,
    /// What to know about a statement that applies, for example that it only names the caller's account.
    pub note: Option<&'static str>,
}

pub fn explain(request: &Request, policies: &Policies) -> Explanation {
    let decision = evaluate(request, policies);
    let question = format!("{} wants {} on {}", request.principal.arn, request.action, shown(request.resource));
    let advice = advice(&decision, request, policies);
    Explanation { decision, question, policies: reports(request, policies), advice }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let outcome = if self.decision.allowed { "ALLOWED" } else { "DENIED" };
        writeln!(out, "{outcome}: {}", self.question)?;
        writeln!(out, "  {}", reason(self.decision.reason))?;
        for policy in &self.policies {
            writeln!(out, "{policy}")?;
        }
        for line in &self.advice {
            writeln!(out, "to allow: {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PolicyReport {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}", self.source)?;
        if !self.name.is_empty() {
            write!(out, " {}", self.name)?;
        }
        for statement in &self.statements {
            write!(out, "\n{statement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for StatementReport {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let sid = self.sid.as_deref().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
        let applies = if self.misses.is_empty() { "applies" } else { "does not apply" };
        write!(out, "  statement {}{sid} {:?}: {applies}", self.index + 1, self.effect)?;
        if let Some(note) = self.note {
            write!(out, " ({note})")?;
        }
        for miss in &self.misses {
            write!(out, "\n    - {miss}")?;
        }
        Ok(())
    }
}

fn reason(reason: Reason) -> String {
    match reason {
        Reason::Allowed => "Every sort of policy that had to allow it does, and none denies it.".to_owned(),
        Reason::Root => "The account's root needs no policy, and none denies it.".to_owned(),
        Reason::ExplicitDeny(source) => format!("A Deny in a {source} applies; nothing overrides it."),
        Reason::ImplicitDeny(source) => format!("No {source} allows it."),
    }
}

fn reports(request: &Request, policies: &Policies) -> Vec<PolicyReport> {
    let mut reports = Vec::new();
    if request.principal.is_limited_by_organization() {
        let all = policies.service_control.iter().flatten();
        reports.extend(all.map(|attached| attached_report(Source::ServiceControl, attached, request)));
    }
    if let Some(policy) = policies.resource {
        reports.push(report(resource_source(policies), "", policy, request));
    }
    let sorts = [
        (Source::Identity, policies.identity),
        (Source::Boundary, policies.boundary.map_or(&[][..], std::slice::from_ref)),
        (Source::Session, policies.session.unwrap_or_default()),
    ];
    for (source, list) in sorts {
        reports.extend(list.iter().map(|attached| attached_report(source, attached, request)));
    }
    reports
}

fn attached_report(source: Source, attached: &Attached, request: &Request) -> PolicyReport {
    report(source, &attached.name, &attached.policy, request)
}

fn report(source: Source, name: &str, policy: &Policy, request: &Request) -> PolicyReport {
    let statements = policy.statements.iter().enumerate().map(|(index, it)| statement_report(index, it, request));
    PolicyReport { source, name: name.to_owned(), statements: statements.collect() }
}

fn statement_report(index: usize, statement: &Statement, request: &Request) -> StatementReport {
    let misses = misses(statement, request);
    let note = match statement.grant(request) {
        Some(Grant::Account) if misses.is_empty() && statement.effect == Effect::Allow => {
            Some("for the caller's account, whose own policies decide further")
        }
        Some(Grant::Entity) if misses.is_empty() && statement.effect == Effect::Allow => {
            Some("for what stands behind the session; boundaries and session policies still limit it")
        }
        _ => None,
    };
    let sid = statement.sid.as_deref().map(str::to_owned);
    StatementReport { index, sid, effect: statement.effect, misses, note }
}

fn misses(statement: &Statement, request: &Request) -> Vec<String> {
    let mut misses = Vec::new();
    if !statement.matches_action(request) {
        let texts = statement.actions.list.iter().map(|action| action.text.as_str());
        misses.push(miss("Action", &statement.actions, texts.collect(), request.action));
    }
    if let Some(resources) = statement.resources.as_ref().filter(|_| !statement.matches_resource(request)) {
        let texts = resources.list.iter().map(|resource| resource.text.as_str());
        misses.push(miss("Resource", resources, texts.collect(), shown(request.resource)));
    }
    if let Some(principals) = statement.principals.as_ref().filter(|_| statement.grant(request).is_none()) {
        let element = if principals.negated { "NotPrincipal names" } else { "Principal does not name" };
        misses.push(format!("{element} {}", request.principal.arn));
    }
    let failed = statement.conditions.iter().filter(|condition| !condition.holds(request));
    misses.extend(failed.map(|condition| condition_miss(condition, request)));
    misses
}

fn miss<T>(name: &str, element: &Element<T>, texts: Vec<&str>, asked: &str) -> String {
    let texts = texts.join(", ");
    if element.negated {
        format!("Not{name} [{texts}] covers {asked}")
    } else {
        format!("{name} [{texts}] does not cover {asked}")
    }
}

fn condition_miss(condition: &Condition, request: &Request) -> String {
    let wanted = format!("{} {} [{}]", condition.operator_name, condition.key.name, condition.texts.join(", "));
    match condition.key.single(request) {
        Some(value) => format!("Condition {wanted}: the request has {value}"),
        None => match request.context.get(&condition.key.name) {
            Some(Value::Many(values)) => format!("Condition {wanted}: the request has [{}]", values.join(", ")),
            Some(Value::One(_)) | None => format!("Condition {wanted}: the request has no such key"),
        },
    }
}

fn advice(decision: &Decision, request: &Request, policies: &Policies) -> Vec<String> {
    let (action, resource) = (request.action, shown(request.resource));
    match decision.reason {
        Reason::Allowed | Reason::Root => Vec::new(),
        Reason::ExplicitDeny(source) => {
            let sid = decision.matched.first().and_then(|it| it.sid.as_deref()).map(|sid| format!(" \"{sid}\""));
            let at = decision.matched.first().map_or(0, |it| it.statement + 1);
            vec![format!("narrow or remove statement {at}{} of the {source}", sid.unwrap_or_default())]
        }
        Reason::ImplicitDeny(Source::Identity) => identity_advice(request, policies),
        Reason::ImplicitDeny(Source::ServiceControl) => {
            vec![format!("allow {action} at every level of the organization")]
        }
        Reason::ImplicitDeny(source @ (Source::Resource | Source::Trust)) => {
            vec![format!("add to the {source} an Allow of {action} whose Principal names {}", request.principal.arn)]
        }
        Reason::ImplicitDeny(source @ (Source::Boundary | Source::Session)) => {
            vec![format!("let the {source} also allow {action} on {resource}")]
        }
    }
}

fn identity_advice(request: &Request, policies: &Policies) -> Vec<String> {
    let (action, resource, caller) = (request.action, shown(request.resource), &request.principal.arn);
    let mut advice = vec![format!("attach to {caller} a policy that allows {action} on {resource}")];
    if is_same_account(request) && !resource_governs(policies) {
        advice.push(format!("or add to the resource's policy, if its service has them, an Allow that names {caller}"));
    }
    advice
}

fn resource_source(policies: &Policies) -> Source {
    match policies.resource {
        Some(policy) if policy.kind() == crate::document::Kind::Trust => Source::Trust,
        _ => Source::Resource,
    }
}

fn shown(resource: &str) -> &str {
    if resource.is_empty() { "*" } else { resource }
}
