//! What the policy language is told about a call: who, when, from where; and policies, parsed once.

use crate::caller::{Caller, Principal};
use crate::cx::Cx;
use model::Timestamp;
use policy::{Context, Kind, Policy};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Parsed policies by their text. May be emptied at any time.
#[derive(Default)]
pub(crate) struct PolicyCache(Mutex<BTreeMap<(u8, String), Parsed>>);

/// None for a text that is no policy.
type Parsed = Option<Arc<Policy>>;

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

/// The global condition keys that do not follow from the principal (AWS global condition context keys in the IAM user guide).
pub(crate) fn context(cx: &Cx, caller: &Caller) -> Context {
    let mut context = Context::at(cx.now().0 / 1000);
    context.insert("aws:RequestedRegion", caller.region.clone());
    context.insert("aws:SecureTransport", caller.secure);
    context.insert("aws:SourceIp", caller.source_ip.clone());
    context.insert("aws:UserAgent", caller.user_agent.clone());
    context.insert("aws:ViaAWSService", caller.via.is_some());
    if let Principal::Service { account, .. } = &caller.principal {
        context.insert("aws:SourceAccount", account.clone());
    }
    if let Some(via) = &caller.via {
        context.insert("aws:CalledVia", vec![via.clone()]);
        context.insert("aws:CalledViaFirst", via.clone());
        context.insert("aws:CalledViaLast", via.clone());
    }
    if let Some(issued) = caller.token_issued_at {
        context.insert("aws:TokenIssueTime", Timestamp(issued).iso_8601());
    }
    context
}

/// The caller as the policy language sees it.
pub(crate) fn principal(caller: &Principal) -> policy::Principal {
    match caller {
        Principal::Root { account } => policy::Principal::root(account),
        Principal::User { account, path, name, id } => {
            policy::Principal::user(account, &format!("{}{name}", path.trim_start_matches('/')), id)
        }
        Principal::Session { role_id, session, .. } => {
            let role = caller.role_arn().expect("a session has a role");
            policy::Principal::assumed_role(&role, role_id, session)
        }
        Principal::Service { name, .. } => policy::Principal::service(name),
        Principal::Anonymous => policy::Principal::anonymous(),
    }
}
