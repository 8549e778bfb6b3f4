//! The one door: everything that anybody asks of any service passes here, in this order.

use crate::caller::Principal;
use crate::cx::{Cx, internal, is_account, place_of};
use crate::entry::Run;
use crate::identity::{Identity, ResourcePolicy};
use crate::kernel::Named;
use crate::panic::{caught, caught_async};
use crate::policies;
use crate::refusal::Refusal;
use crate::resources::Question;
use crate::service::Service;
use model::{Result, Value};
use policy::{Context, Kind, Policies, Request};
use std::any::Any;
use std::future::Future;

/// A call from inside a transaction: checked and admitted like one from outside.
pub(crate) fn enter(cx: &mut Cx, service: &str, operation: &str, input: Value) -> Result<Value> {
    let named = cx.kernel().entry(service, operation)?;
    let outcome = check(&named.service, named.operation, &input).and_then(|()| pass(cx, &named, input));
    cx.kernel().trail.record(cx.caller(), &named, cx.now(), &outcome);
    outcome.map(|it| plain(&named, it))
}

/// An answer for callers inside, who look into it: without parts that are encoded already.
pub(crate) fn plain(named: &Named, output: Value) -> Value {
    match named.operation.output {
        Some(shape) => model::wire::plain(named.service.model(), shape, output),
        None => output,
    }
}

/// The input against its shape.
pub(crate) fn check(service: &Service, operation: &'static model::Operation, input: &Value) -> Result<()> {
    let Some(shape) = operation.input else { return Ok(()) };
    let model = service.model();
    model::validate(model, shape, input).or_else(|violations| (service.invalid)(model, &violations))
}

/// May they, then do it.
pub(crate) fn pass(cx: &mut Cx, named: &Named, input: Value) -> Result<Value> {
    let input = named.entry.convert(input);
    guarded(|| {
        let resources = admit(cx, named, &input)?;
        // The handler runs where its resource lives.
        if let Some(arn) = resources.first() {
            cx.move_to(arn);
        }
        if let Some(run) = &named.entry.inside {
            return run(cx, input);
        }
        match &named.entry.run {
            Run::Read(run) => run(cx, input),
            Run::Write(run) => run(cx, input),
            Run::Conversation(_) | Run::Stream(_) | Run::Upload(_) | Run::Download(_) => {
                Err(internal(format!("{} waits, so no transaction can call it", named.operation.name)))
            }
        }
    })
}

/// Refuses what the caller's policies, the resource's and the organization's do not allow.
pub(crate) fn admit(cx: &Cx, named: &Named, input: &Box<dyn Any + Send>) -> Result<Vec<String>> {
    let questions = named.entry.questions(cx, input)?;
    for Question { arn, action, keys, standing } in &questions {
        let action = action.unwrap_or(&named.entry.action);
        let standing = match standing {
            Some(it) => (Some(it.account.as_str()), it.policy.clone()),
            None => (None, policy_of(cx, &named.service, arn)),
        };
        authorize(cx, &named.service, action, arn, standing, |context| {
            named.entry.conditions(cx, input, context);
            keys.iter().for_each(|(name, value)| context.insert(name.clone(), value.clone()));
        })?;
    }
    Ok(questions.into_iter().map(|it| it.arn).collect())
}

/// Whether the caller would be admitted, as far as that does not depend on the input.
pub(crate) fn allows(cx: &Cx, named: &Named, arn: &str) -> bool {
    let policy = policy_of(cx, &named.service, arn);
    authorize(cx, &named.service, &named.entry.action, arn, (None, policy), |_| {}).is_ok()
}

/// The policy of the resource itself, read where the resource lives.
pub(crate) fn policy_of(cx: &Cx, service: &Service, arn: &str) -> Option<ResourcePolicy> {
    let find = service.resource_policy?;
    match cx.is_elsewhere(arn) {
        true => cx.look_in_place_of(arn, |cx| find(cx, arn)),
        false => find(cx, arn),
    }
}

/// Evaluates every policy that has a say, of a resource whose owner may be known already. A refusal is worded as `service` words it.
pub(crate) fn authorize(
    cx: &Cx,
    service: &Service,
    action: &str,
    arn: &str,
    (known, resource_policy): (Option<&str>, Option<ResourcePolicy>),
    conditions: impl FnOnce(&mut Context),
) -> Result<()> {
    let caller = cx.caller();
    let stated = known.or(Some(place_of(arn).1).filter(|it| is_account(it)));
    let owner = match (stated, service.owner) {
        (None, Some(find)) => find(cx, arn),
        _ => None,
    };
    let account = owner.as_deref().or(stated).unwrap_or_else(|| caller.account());
    let own_root = matches!(&caller.principal, Principal::Root { account: own } if own == account);
    if own_root && resource_policy.is_none() {
        return Ok(());
    }
    let identity = identity_of(cx, &caller.principal);
    let of_identity: Vec<_> = identity.policies.iter().map(|it| policies::attached(cx, it, Kind::Identity)).collect();
    let boundary = identity.boundary.as_ref().map(|it| policies::attached(cx, it, Kind::Boundary));
    let session = caller.session.as_deref();
    let of_session: Vec<_> =
        session.iter().flat_map(|it| &it.policies).map(|it| policies::of_session(cx, it)).collect();
    let resource = resource_policy.as_ref().map(|it| cx.kernel().policies.parsed(&it.document, it.kind));
    let mut context = policies::context(cx, caller);
    policies::add_resource_tags(cx, service, arn, &mut context);
    conditions(&mut context);
    let principal = policies::principal(caller, identity.tags);
    let request =
        Request { principal: &principal, action, resource: arn, resource_account: account, context: &context };
    let policies = Policies {
        identity: &of_identity,
        resource: resource.as_deref(),
        boundary: boundary.as_ref(),
        session: (!of_session.is_empty()).then_some(of_session.as_slice()),
        ..Policies::default()
    };
    let decision = policy::evaluate(&request, &policies);
    if decision.allowed {
        return Ok(());
    }
    Err((service.refused)(service, &Refusal::new(cx, &decision, &request)))
}

/// What a principal may do by its own policies, as IAM keeps them.
fn identity_of(cx: &Cx, principal: &Principal) -> Identity {
    let finders = cx.kernel().services.values().filter_map(|it| it.identity);
    finders.map(|find| find(cx, principal)).next().unwrap_or_default()
}

/// A panic ends this one call.
fn guarded<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    caught(run).unwrap_or_else(|panic| Err(internal(panic)))
}

/// The same for what waits. Whoever stops waiting for it ends it: a long poll must not take messages that nobody will get.
pub(crate) async fn guarded_async<T>(run: impl Future<Output = Result<T>>) -> Result<T> {
    caught_async(run).await.unwrap_or_else(|panic| Err(internal(panic)))
}
