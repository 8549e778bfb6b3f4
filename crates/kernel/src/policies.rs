//! What the policy language is told about a call: who, when, from where; and policies, parsed once.

use crate::caller::{Caller, Principal};
use crate::cx::Cx;
use crate::identity::{IdentityPolicy, PolicyText};
use crate::service::Service;
use model::Timestamp;
use policy::{Attached, Context, Kind, Policy};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Parsed policies, by their text or by what stands for it. May be emptied at any time.
#[derive(Default)]
pub(crate) struct PolicyCache(Mutex<BTreeMap<u8, BTreeMap<String, Arc<Policy>>>>);

/// Some thousand roles' worth of one kind; then it starts anew.
const MOST_CACHED: usize = 8_192;

impl PolicyCache {
    /// A policy whose text is at hand.
    pub(crate) fn parsed(&self, document: &str, kind: Kind) -> Arc<Policy> {
        self.known(document, kind, || Some(document.to_owned()))
    }

    /// By a key that changes whenever the text does.
    fn known(&self, key: &str, kind: Kind, text: impl FnOnce() -> Option<String>) -> Arc<Policy> {
        if let Some(known) = self.of_kind(kind, |it| it.get(key).cloned()) {
            return known;
        }
        let policy = Arc::new(read(key, kind, text()));
        self.of_kind(kind, |it| {
            if it.len() >= MOST_CACHED {
                it.clear();
            }
            it.insert(key.to_owned(), policy.clone());
        });
        policy
    }

    fn of_kind<T>(&self, kind: Kind, with: impl FnOnce(&mut BTreeMap<String, Arc<Policy>>) -> T) -> T {
        with(self.0.lock().expect("no panic while a policy is looked up").entry(kind as u8).or_default())
    }
}

/// A text was checked when it was stored, so one that is no policy is a damaged row. What it denied is not known, so it
/// denies everything.
fn read(key: &str, kind: Kind, text: Option<String>) -> Policy {
    let parsed = text.as_deref().map(|it| Policy::parse(it, kind));
    match parsed {
        Some(Ok(policy)) => return policy,
        Some(Err(malformed)) => tracing::error!("a stored policy cannot be read and denies everything: {malformed}"),
        None => tracing::error!("the policy {key} is gone and denies everything"),
    }
    let closed = match kind {
        Kind::Trust => r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"sts:*"}}"#,
        Kind::Resource => r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}"#,
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::ServiceControl => {
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#
        }
    };
    Policy::parse(closed, kind).expect("it is written here")
}

pub(crate) fn attached(cx: &Cx, it: &IdentityPolicy, kind: Kind) -> Attached {
    let cache = &cx.kernel().policies;
    let policy = match &it.text {
        PolicyText::Inline(text) => cache.parsed(text, kind),
        PolicyText::Version(version) => cache.known(version, kind, || cx.managed_policy(&it.name)),
    };
    Attached { name: it.name.as_str().into(), policy }
}

pub(crate) fn of_session(cx: &Cx, (name, document): &(String, String)) -> Attached {
    Attached { name: name.as_str().into(), policy: cx.kernel().policies.parsed(document, Kind::Session) }
}

/// The global condition keys that do not follow from the principal (AWS global condition context keys in the IAM user guide).
pub(crate) fn context(cx: &Cx, caller: &Caller) -> Context {
    let mut context = Context::at(cx.now().0 / 1000);
    context.insert("aws:RequestedRegion", caller.region.clone());
    context.insert("aws:SecureTransport", caller.secure);
    context.insert("aws:SourceIp", caller.source_ip.clone());
    context.insert("aws:UserAgent", caller.user_agent.clone());
    context.insert("aws:ViaAWSService", caller.via.is_some());
    if let Principal::Service { account, resource, .. } = &caller.principal {
        context.insert("aws:SourceAccount", account.clone());
        if let Some(arn) = resource {
            context.insert("aws:SourceArn", arn.clone());
        }
    }
    if let Some(via) = &caller.via {
        context.insert("aws:CalledVia", vec![via.clone()]);
        context.insert("aws:CalledViaFirst", via.clone());
        context.insert("aws:CalledViaLast", via.clone());
    }
    if let Some(session) = &caller.session {
        context.insert("aws:TokenIssueTime", Timestamp(session.issued_at).iso_8601());
        // Present for temporary credentials alone. Niebla knows no devices yet, so none was used.
        context.insert("aws:MultiFactorAuthPresent", false);
        if let Some(identity) = &session.source_identity {
            context.insert("aws:SourceIdentity", identity.clone());
        }
    }
    context
}

/// `aws:ResourceTag/…`, and the same under the service's own prefix.
pub(crate) fn add_resource_tags(cx: &Cx, service: &Service, arn: &str, context: &mut Context) {
    let Some(find) = service.resource_tags else { return };
    for (key, value) in cx.look_in_place_of(arn, |cx| find(cx, arn)) {
        context.insert(format!("{}:ResourceTag/{key}", service.prefix), value.clone());
        context.insert(format!("aws:ResourceTag/{key}"), value);
    }
}

/// The caller as the policy language sees it. The tags of a session come before those of its role.
pub(crate) fn principal(caller: &Caller, tags: Vec<(String, String)>) -> policy::Principal {
    let of_session = caller.session.iter().flat_map(|it| it.tags.clone());
    policy::Principal { tags: of_session.chain(tags).collect(), ..without_tags(&caller.principal) }
}

fn without_tags(principal: &Principal) -> policy::Principal {
    match principal {
        Principal::Root { account } => policy::Principal::root(account),
        Principal::User { account, path, name, id } => {
            policy::Principal::user(account, &format!("{}{name}", path.trim_start_matches('/')), id)
        }
        Principal::Session { role_id, session, .. } => {
            let role = principal.role_arn().expect("a session has a role");
            policy::Principal::assumed_role(&role, role_id, session)
        }
        Principal::FederatedUser { name, by, .. } => policy::Principal::federated_user(&by.arn(), name),
        Principal::Service { name, .. } => policy::Principal::service(name),
        Principal::Anonymous => policy::Principal::anonymous(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Effect, Policies, Request};

    /// It may have denied anything, so it denies everything.
    #[test]
    fn a_policy_that_cannot_be_read_denies() {
        let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let cache = PolicyCache::default();
        let attached = |text| Attached { name: "p".into(), policy: cache.parsed(text, Kind::Identity) };
        let (caller, context) = (policy::Principal::user("000000000000", "ana", "AIDA"), Context::new());
        let request = Request {
            principal: &caller,
            action: "sqs:SendMessage",
            resource: "arn:aws:sqs:us-east-1:000000000000:jobs",
            resource_account: "",
            context: &context,
        };
        let allowed = |identity: &[Attached]| policy::evaluate(&request, &Policies { identity, ..Policies::default() });
        assert!(allowed(&[attached(all)]).allowed);
        assert!(!allowed(&[attached(all), attached("damaged")]).allowed);
    }

    #[test]
    fn every_kind_can_be_closed() {
        let cache = PolicyCache::default();
        let kinds = [Kind::Identity, Kind::Resource, Kind::Trust, Kind::Boundary, Kind::Session, Kind::ServiceControl];
        for kind in kinds {
            let closed = cache.parsed("damaged", kind);
            assert!(closed.effects().all(|it| it == Effect::Deny), "{kind:?}");
        }
    }

    #[test]
    fn a_managed_policy_is_read_once_for_each_version() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let cache = PolicyCache::default();
        let first = cache.known("ANPA v1", Kind::Identity, || Some(text.to_owned()));
        let again = cache.known("ANPA v1", Kind::Identity, || unreachable!("it is known"));
        assert!(Arc::ptr_eq(&first, &again));
        let gone = cache.known("ANPA v2", Kind::Identity, || None);
        assert!(gone.effects().all(|it| it == Effect::Deny));
    }
}
