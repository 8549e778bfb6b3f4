//! One statement of a policy, compiled, and whether its elements match a request.

use crate::condition::Condition;
use crate::context::Request;
use crate::matcher::Matcher;
use crate::position::Span;
use crate::principal::{Grant, Named};
use crate::wildcard::Pattern;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sid: Option<Arc<str>>,
    pub effect: Effect,
    pub actions: Element<Action>,
    /// Absent where the policy's kind has none: a trust policy is about its role.
    pub resources: Option<Element<Matcher>>,
    /// Absent where the policy is attached to the principal.
    pub principals: Option<Element<Named>>,
    pub conditions: Vec<Condition>,
    pub span: Option<Span>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq)]
pub struct Element<T> {
    pub negated: bool,
    pub list: Vec<T>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// As the policy has it, for explanations.
    pub text: String,
    pattern: Pattern,
}

impl Action {
    pub fn new(text: &str) -> Action {
        Action { text: text.to_owned(), pattern: Pattern::new(text) }
    }
}

impl Statement {
    /// How the statement's principal stands to the caller, when every element matches. The cheapest test comes first.
    pub fn matches(&self, request: &Request) -> Option<Grant> {
        if !self.matches_action(request) || !self.matches_resource(request) {
            return None;
        }
        let grant = self.grant(request)?;
        self.conditions.iter().all(|condition| condition.holds(request)).then_some(grant)
    }

    pub fn matches_action(&self, request: &Request) -> bool {
        self.actions.matches(|action| action.pattern.matches_ignoring_case(request.action))
    }

    pub fn matches_resource(&self, request: &Request) -> bool {
        let Some(resources) = &self.resources else { return true };
        resources.matches(|resource| resource.matches(request.resource, request))
    }

    /// `Direct` for a policy that names no principal: it is attached to the caller.
    pub fn grant(&self, request: &Request) -> Option<Grant> {
        let Some(principals) = &self.principals else { return Some(Grant::Direct) };
        let best = principals.list.iter().filter_map(|named| named.grant(request.principal)).max();
        if principals.negated { best.is_none().then_some(Grant::Direct) } else { best }
    }
}

impl<T> Element<T> {
    fn matches(&self, test: impl FnMut(&T) -> bool) -> bool {
        self.list.iter().any(test) != self.negated
    }
}

impl<T> Element<T> {
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Element<U> {
        Element { negated: self.negated, list: self.list.into_iter().map(change).collect() }
    }
}
