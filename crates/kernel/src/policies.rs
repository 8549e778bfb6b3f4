//! What the policy language is told about a call: who, when, from where; and policies, parsed once.

use crate::caller::{Caller, Principal};
use crate::cx::Cx;
use policy::{Context, Kind, Policy};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Parsed policies by their text. May be emptied at any time.
#[derive(Default)]
pub(crate) struct PolicyCache(Mutex<BTreeMap<(u8, String), Option<Arc<Policy>>>>);

/// Some thousand roles' worth; then it starts anew.
const MOST_CACHED: usize = 8_192;

impl PolicyCache {
    /// None for a text that is no policy: it was refused when it was stored, so this is a damaged row and allows nothing.
    pub(crate) fn parsed(&self, document: &str, kind: Kind) -> Option<Arc<Policy>> {
        let mut cache = self.0.lock().expect("no panic while a policy is looked up");
        let key = (kind as u8, document.to_owned());
        if let Some(known) = cache.get(&key) {
            return known.clone();
        }
        if cache.len() >= MOST_CACHED {
            cache.clear();
        }
        let parsed = Policy::parse(document, kind).ok().map(Arc::new);
        cache.insert(key, parsed.clone());
        parsed
    }
}

/// The global condition keys (AWS global condition context keys in the IAM user guide).
pub(crate) fn context(cx: &Cx, caller: &Caller) -> Context {
    let mut context = Context::default();
    let principal = &caller.principal;
    context.insert("aws:CurrentTime", iso_8601(cx.now().0));
    context.insert("aws:EpochTime", (cx.now().0 / 1000).to_string());
    context.insert("aws:RequestedRegion", caller.region.as_str());
    context.insert("aws:SecureTransport", if caller.secure { "true" } else { "false" });
    context.insert("aws:SourceIp", caller.source_ip.as_str());
    context.insert("aws:UserAgent", caller.user_agent.as_str());
    context.insert("aws:userid", principal.user_id());
    context.insert("aws:ViaAWSService", if caller.via.is_some() { "true" } else { "false" });
    if let Some(via) = &caller.via {
        context.insert("aws:CalledVia", via.as_str());
        context.insert("aws:CalledViaFirst", via.as_str());
        context.insert("aws:CalledViaLast", via.as_str());
    }
    if let Some(issued) = caller.token_issued_at {
        context.insert("aws:TokenIssueTime", iso_8601(issued));
    }
    match principal {
        Principal::Service { name, .. } => {
            context.insert("aws:PrincipalIsAWSService", "true");
            context.insert("aws:PrincipalServiceName", name.as_str());
        }
        Principal::Anonymous => {
            context.insert("aws:PrincipalType", "Anonymous");
        }
        Principal::Root { .. } | Principal::User { .. } | Principal::Session { .. } => {
            context.insert("aws:PrincipalIsAWSService", "false");
            context.insert("aws:PrincipalAccount", principal.account());
            context.insert("aws:PrincipalArn", principal.role_arn().unwrap_or_else(|| principal.arn()));
            context.insert("aws:PrincipalType", principal_type(principal));
        }
    }
    if let Principal::User { name, .. } = principal {
        context.insert("aws:username", name.as_str());
    }
    context
}

fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root { .. } => "Account",
        Principal::User { .. } => "User",
        Principal::Session { .. } => "AssumedRole",
        Principal::Service { .. } => "Service",
        Principal::Anonymous => "Anonymous",
    }
}

fn iso_8601(milliseconds: i64) -> String {
    model::Timestamp(milliseconds).iso_8601()
}
