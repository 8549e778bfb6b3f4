//! What policies would say: simulations, and the condition keys that policies ask for.

use crate::entity::Entity;
use crate::managed::POLICIES;
use crate::page::Page;
use crate::{identity, managed, membership};
use api::iam::{
    ContextEntry, EvaluationResult, GetContextKeysForCustomPolicy, GetContextKeysForCustomPolicyOutput,
    GetContextKeysForPrincipalPolicy, GetContextKeysForPrincipalPolicyOutput, OrderedOrganizationPolicyType,
    OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail, PolicyIdentifier, Position, SimulateCustomPolicy,
    SimulateCustomPolicyOutput, SimulatePrincipalPolicy, SimulatePrincipalPolicyOutput, Statement, error,
};
use kernel::{Cx, IdentityPolicy, PolicyText};
use model::{Error, Result};
use policy::{Attached, Context, Decision, Kind, Matched, Policies, Policy, Principal, Reason, Request, Source};
use std::sync::Arc;

/// The questions, and what does not depend on whose policies they are.
struct Question {
    actions: Vec<String>,
    resources: Vec<String>,
    resource_owner: Option<String>,
    caller: Principal,
    context: Context,
}

/// The policies that answer.
struct Answering {
    identity: Vec<Attached>,
    boundary: Option<Attached>,
    resource: Option<Policy>,
    organization: Vec<Vec<Attached>>,
}

pub fn custom(cx: &Cx, input: SimulateCustomPolicy) -> Result<SimulateCustomPolicyOutput> {
    refuse_scenarios(input.resource_handling_option.as_ref())?;
    let answering = Answering {
        identity: given(&input.policy_input_list, "PolicyInputList", Kind::Identity)?,
        boundary: boundary(input.permissions_boundary_policy_input_list)?,
        resource: resource_policy(input.resource_policy, input.caller_arn.as_ref())?,
        organization: organization(input.ordered_organization_policy_input_list)?,
    };
    let question = Question {
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_else(everything),
        resource_owner: input.resource_owner,
        caller: match input.caller_arn {
            Some(arn) => caller(cx, &arn)?,
            None => Principal::user(cx.account(), "simulated", ""),
        },
        context: context(input.context_entries),
    };
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(answers(&question, &answering).into_iter().enumerate(), number);
    let results = cut.items.into_iter().map(|it| it.1).collect();
    let (is_truncated, marker) = (cut.is_truncated, cut.marker);
    Ok(SimulateCustomPolicyOutput { evaluation_results: Some(results), is_truncated, marker })
}

/// With all that a user (and its groups), a group or a role has.
pub fn principal(cx: &Cx, input: SimulatePrincipalPolicy) -> Result<SimulatePrincipalPolicyOutput> {
    refuse_scenarios(input.resource_handling_option.as_ref())?;
    let entity = source(cx, &input.policy_source_arn)?;
    let excluded = input.policy_exclusion_list.unwrap_or_default();
    let own = all_policies(cx, &entity).into_iter().filter(|it| !excluded.iter().any(|by| excludes(by, it)));
    let mut identity = own.map(|it| attached(cx, it)).collect::<Result<Vec<_>>>()?;
    identity.extend(given(&input.policy_input_list.unwrap_or_default(), "PolicyInputList", Kind::Identity)?);
    let boundary = match boundary(input.permissions_boundary_policy_input_list)? {
        Some(given) => Some(given),
        None => entity.boundary.clone().map(|arn| attached(cx, managed::of_identity(cx, arn))).transpose()?,
    };
    let resource = resource_policy(input.resource_policy, Some(&input.policy_source_arn))?;
    let answering = Answering { identity, boundary, resource, organization: Vec::new() };
    let question = Question {
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_else(everything),
        resource_owner: input.resource_owner,
        caller: caller(cx, input.caller_arn.as_ref().unwrap_or(&input.policy_source_arn))?,
        context: context(input.context_entries),
    };
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(answers(&question, &answering).into_iter().enumerate(), number);
    let results = cut.items.into_iter().map(|it| it.1).collect();
    let (is_truncated, marker) = (cut.is_truncated, cut.marker);
    Ok(SimulatePrincipalPolicyOutput { evaluation_results: Some(results), is_truncated, marker })
}

pub fn keys_of_custom(_: &Cx, input: GetContextKeysForCustomPolicy) -> Result<GetContextKeysForCustomPolicyOutput> {
    let policies = given(&input.policy_input_list, "PolicyInputList", Kind::Identity)?;
    Ok(GetContextKeysForCustomPolicyOutput { context_key_names: Some(keys_of(&policies)) })
}

pub fn keys_of_principal(
    cx: &Cx,
    input: GetContextKeysForPrincipalPolicy,
) -> Result<GetContextKeysForPrincipalPolicyOutput> {
    let entity = source(cx, &input.policy_source_arn)?;
    let own = all_policies(cx, &entity).into_iter();
    let mut policies = own.map(|it| attached(cx, it)).collect::<Result<Vec<_>>>()?;
    policies.extend(given(&input.policy_input_list.unwrap_or_default(), "PolicyInputList", Kind::Identity)?);
    Ok(GetContextKeysForPrincipalPolicyOutput { context_key_names: Some(keys_of(&policies)) })
}

fn answers(question: &Question, answering: &Answering) -> Vec<EvaluationResult> {
    let pairs = question.actions.iter().flat_map(|action| question.resources.iter().map(move |it| (action, it)));
    pairs.map(|(action, resource)| answer(question, answering, action, resource)).collect()
}

fn answer(question: &Question, answering: &Answering, action: &str, resource: &str) -> EvaluationResult {
    let owner = question.resource_owner.as_deref().and_then(account_of).or_else(|| account_of(resource));
    let request = Request {
        principal: &question.caller,
        action,
        resource,
        resource_account: owner.unwrap_or_default(),
        context: &question.context,
    };
    let policies = Policies {
        identity: &answering.identity,
        resource: answering.resource.as_ref(),
        boundary: answering.boundary.as_ref(),
        service_control: &answering.organization,
        ..Policies::default()
    };
    let decision = policy::evaluate(&request, &policies);
    let refused_by = |source| match decision.reason {
        Reason::ExplicitDeny(by) | Reason::ImplicitDeny(by) => by == source,
        Reason::Allowed | Reason::Root => false,
    };
    EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: Some(resource.to_owned()),
        eval_decision: word(&decision).to_owned(),
        matched_statements: Some(decision.matched.iter().map(shown).collect()),
        missing_context_values: Some(missing(question, answering)),
        organizations_decision_detail: (!answering.organization.is_empty()).then(|| OrganizationsDecisionDetail {
            allowed_by_organizations: Some(!refused_by(Source::ServiceControl)),
        }),
        permissions_boundary_decision_detail: answering.boundary.as_ref().map(|_| PermissionsBoundaryDecisionDetail {
            allowed_by_permissions_boundary: Some(!refused_by(Source::Boundary)),
        }),
        eval_decision_details: None,
        resource_specific_results: None,
    }
}

fn word(decision: &Decision) -> &'static str {
    match decision.reason {
        Reason::Allowed | Reason::Root => "allowed",
        Reason::ExplicitDeny(_) => "explicitDeny",
        Reason::ImplicitDeny(_) => "implicitDeny",
    }
}

fn shown(matched: &Matched) -> Statement {
    let kind = match matched.source {
        Source::Resource | Source::Trust => "Resource Policy",
        Source::ServiceControl => "Organizations Policy",
        Source::Boundary => "Permissions Boundary Policy",
        Source::Identity | Source::Session => "IAM Policy",
    };
    Statement {
        source_policy_id: matched.policy.as_deref().map(str::to_owned),
        source_policy_type: Some(kind.to_owned()),
        start_position: matched.span().map(|it| position(it.start)),
        end_position: matched.span().map(|it| position(it.end)),
    }
}

fn position(it: policy::Position) -> Position {
    Position { line: Some(i64::from(it.line)), column: Some(i64::from(it.column)) }
}

/// The keys that the policies ask for and nobody gave. What follows from the caller is known.
fn missing(question: &Question, answering: &Answering) -> Vec<String> {
    let known =
        |key: &String| question.context.get(key).is_some() || key.to_ascii_lowercase().starts_with("aws:principal");
    keys_of(&answering.identity).into_iter().filter(|it| !known(it)).collect()
}

fn keys_of(policies: &[Attached]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in policies.iter().flat_map(|it| it.policy.context_keys()) {
        if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            keys.push(key.to_owned());
        }
    }
    keys
}

/// Named as the simulator names them: `PolicyInputList.1`.
fn given(texts: &[String], list: &str, kind: Kind) -> Result<Vec<Attached>> {
    let named = texts.iter().enumerate().map(|(at, text)| (format!("{list}.{}", at + 1), text));
    named
        .map(|(name, text)| Ok(Attached { name: name.as_str().into(), policy: Arc::new(parse(text, kind)?) }))
        .collect()
}

fn parse(text: &str, kind: Kind) -> Result<Policy> {
    Policy::parse(text, kind).map_err(|it| error::INVALID_INPUT.with(it.message))
}

/// A principal has one boundary, though the parameter is a list.
fn boundary(texts: Option<Vec<String>>) -> Result<Option<Attached>> {
    Ok(given(&texts.unwrap_or_default(), "PermissionsBoundaryPolicyInputList", Kind::Boundary)?.pop())
}

fn organization(levels: Option<Vec<OrderedOrganizationPolicyType>>) -> Result<Vec<Vec<Attached>>> {
    let levels = levels.unwrap_or_default().into_iter().map(|it| it.service_control_policy_input_list);
    levels.map(|it| given(&it.unwrap_or_default(), "ServiceControlPolicyInputList", Kind::ServiceControl)).collect()
}

fn resource_policy(text: Option<String>, caller: Option<&String>) -> Result<Option<Policy>> {
    let Some(text) = text else { return Ok(None) };
    if caller.is_none() {
        return Err(error::INVALID_INPUT.with("CallerArn is required when ResourcePolicy is specified."));
    }
    parse(&text, Kind::Resource).map(Some)
}

/// A user of some account; the simulator takes no other caller (SimulateCustomPolicy in the IAM API reference).
fn caller(cx: &Cx, arn: &str) -> Result<Principal> {
    let (account, resource) = (account_of(arn).unwrap_or(cx.account()), arn.rsplit(':').next().unwrap_or_default());
    let entity = cx.look_in_place_of(arn, |cx| Entity::by_arn(cx, arn));
    let id = entity.as_ref().map_or_else(String::new, |it| it.id.clone());
    let mut principal = match resource.split_once('/') {
        Some(("user", name)) => Principal::user(account, name, &id),
        Some(("role", _)) => Principal::assumed_role(arn, &id, "simulated"),
        Some(("group", name)) => Principal::user(account, name, ""),
        _ => return Err(error::INVALID_INPUT.with(format!("Invalid Entity Arn: {arn}"))),
    };
    principal.tags = entity.map_or_else(Vec::new, |it| it.tags.into_iter().collect());
    Ok(principal)
}

fn context(entries: Option<Vec<ContextEntry>>) -> Context {
    let mut context = Context::new();
    for entry in entries.unwrap_or_default() {
        let (Some(name), values) = (entry.context_key_name, entry.context_key_values.unwrap_or_default()) else {
            continue;
        };
        context.insert(name, values);
    }
    context
}

fn source(cx: &Cx, arn: &str) -> Result<Entity> {
    Entity::by_arn(cx, arn).ok_or_else(|| missing_entity(arn))
}

fn missing_entity(arn: &str) -> Error {
    let (kind, name) = (
        if arn.contains(":role/") {
            "role"
        } else if arn.contains(":group/") {
            "group"
        } else {
            "user"
        },
        arn.rsplit('/').next(),
    );
    error::NO_SUCH_ENTITY.with(format!("The {kind} with name {} cannot be found.", name.unwrap_or(arn)))
}

fn all_policies(cx: &Cx, entity: &Entity) -> Vec<IdentityPolicy> {
    let groups = membership::group_ids(cx, &entity.id);
    let of_groups = groups.iter().flat_map(|it| identity::policies_of(cx, it));
    identity::policies_of(cx, &entity.id).into_iter().chain(of_groups).collect()
}

fn attached(cx: &Cx, it: IdentityPolicy) -> Result<Attached> {
    let text = match it.text {
        PolicyText::Inline(text) => text,
        PolicyText::Version(_) => managed::document(cx, &it.name).ok_or_else(|| POLICIES.missing(&it.name))?,
    };
    let name = it.name.rsplit('/').next().unwrap_or_default();
    Ok(Attached { name: name.into(), policy: Arc::new(parse(&text, Kind::Identity)?) })
}

fn excludes(by: &PolicyIdentifier, it: &IdentityPolicy) -> bool {
    let by_arn = by.policy_arn.as_ref() == Some(&it.name);
    by_arn || by.inline_policy_identifier.as_ref().is_some_and(|inline| inline.policy_name == it.name)
}

/// EC2's scenarios decide which resources a launch takes; they come with EC2.
fn refuse_scenarios(option: Option<&String>) -> Result<()> {
    match option {
        None => Ok(()),
        Some(_) => Err(error::INVALID_INPUT.with("Niebla does not support ResourceHandlingOption yet.")),
    }
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

fn number(it: &(usize, EvaluationResult)) -> String {
    format!("{:06}", it.0)
}

/// Of an ARN; of a bare number itself.
fn account_of(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4).unwrap_or(arn);
    kernel::is_account(account).then_some(account)
}
