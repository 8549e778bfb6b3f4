//! Change sets: what a definition would change, computed when it is created and carried out when it is executed.

mod detail;
pub mod diff;
mod show;

pub use show::{describe, hooks, list};

use crate::engine::{self, Kept, Order, Phase};
use crate::event;
use crate::stack::create::{check_quota, on_failure};
use crate::stack::request::{self, Expansion, Wanted};
use crate::stack::update::updatable;
use crate::stack::{self, Definition, OnFailure, Stack, find, found, role, uuid_of};
use crate::status::StackStatus;
use crate::template::{Template, invalid, unsupported};
use api::cloudformation::{
    CreateChangeSet, CreateChangeSetOutput, DeleteChangeSet, DeleteChangeSetOutput, ExecuteChangeSet,
    ExecuteChangeSetOutput, error,
};
use diff::Change;
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every change set. Key: (its stack's uuid, name).
static CHANGE_SETS: Table<ChangeSet> = Table::regional("cloudformation.change-set");
/// Where a change set is kept. Key: its ARN.
static BY_ID: Table<(String, String)> = Table::regional("cloudformation.change-set-id");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeSet {
    /// `arn:aws:cloudformation:us-east-1:000000000000:changeSet/name/uuid`.
    pub id: String,
    pub name: String,
    pub stack_id: String,
    pub stack_name: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub description: Option<String>,
    pub state: State,
    pub reason: Option<String>,
    pub on_failure: Option<String>,
    pub definition: Definition,
    pub changes: Vec<Change>,
    #[serde(default)]
    role_arn: Option<String>,
    /// The client's token of its creation.
    token: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Available,
    /// There is nothing to change.
    Failed,
    Executed,
}

/// More than AWS keeps of one stack.
const MOST_LISTED: usize = 1_000;

const NOTHING_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

pub fn create(cx: &mut Cx, input: CreateChangeSet) -> Result<CreateChangeSetOutput> {
    refuse(&input)?;
    if let Some(existing) = lookup(cx, &input.change_set_name, Some(&input.stack_name)) {
        if input.client_token.is_some() && existing.token == input.client_token {
            return Ok(CreateChangeSetOutput { id: Some(existing.id), stack_id: Some(existing.stack_id) });
        }
        return Err(error::ALREADY_EXISTS.with(format!("ChangeSet {} already exists", existing.id)));
    }
    let stack = match input.change_set_type.as_deref().unwrap_or("UPDATE") {
        "UPDATE" => Some(updatable(cx, &input.stack_name, None)?),
        "CREATE" => reviewed(cx, &input)?,
        other => return Err(unsupported(format!("the ChangeSetType {other}"))),
    };
    let wanted = Wanted {
        template_body: input.template_body,
        template_url: input.template_url,
        use_previous_template: input.use_previous_template == Some(true),
        parameters: input.parameters.unwrap_or_default(),
        capabilities: input.capabilities.unwrap_or_default(),
        tags: input.tags,
        resource_types: input.resource_types.unwrap_or_default(),
        expansion: Expansion::Shown,
    };
    if let Some(arn) = &input.role_arn {
        role::check(cx, arn)?;
    }
    let previous = stack.as_ref().filter(|it| it.status != StackStatus::ReviewInProgress).map(|it| &it.definition);
    let (definition, template) = request::define(cx, wanted, previous)?;
    let stack = match stack {
        Some(stack) => stack,
        None => {
            check_quota(cx)?;
            review(cx, &input.stack_name)
        }
    };
    on_failure(None, input.on_stack_failure.as_deref())?;
    let mut it = ChangeSet {
        id: cx.arn("cloudformation", &format!("changeSet/{}/{}", input.change_set_name, cx.id())),
        name: input.change_set_name,
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
        created_at: cx.now().0,
        description: input.description,
        state: State::Available,
        reason: None,
        on_failure: input.on_stack_failure,
        changes: Vec::new(),
        definition,
        role_arn: input.role_arn,
        token: input.client_token,
    };
    compare(cx, &stack, &mut it, &template)?;
    put(cx, &it);
    Ok(CreateChangeSetOutput { id: Some(it.id), stack_id: Some(it.stack_id) })
}

pub fn execute(cx: &mut Cx, input: ExecuteChangeSet) -> Result<ExecuteChangeSetOutput> {
    let mut it = named(cx, &input.change_set_name, input.stack_name.as_deref())?;
    let missing = || invalid(format!("Stack [{}] does not exist", it.stack_name));
    let mut stack = find(cx, &it.stack_id).ok_or_else(missing)?;
    if request::is_retry(&stack, input.client_request_token.as_deref(), "ExecuteChangeSet")? {
        return Ok(ExecuteChangeSetOutput {});
    }
    if it.state != State::Available {
        return Err(error::INVALID_CHANGE_SET_STATUS.with(format!(
            "ChangeSet [{}] cannot be executed in its current status of [{}]",
            it.id,
            it.status()
        )));
    }
    let is_new = stack.status == StackStatus::ReviewInProgress;
    if !is_new {
        updatable(cx, &stack.id, None)?;
    }
    stack.on_failure = match (input.disable_rollback, it.on_failure.as_deref()) {
        (Some(true), _) => OnFailure::DoNothing,
        (_, named) => on_failure(None, named)?,
    };
    it.state = State::Executed;
    put(cx, &it);
    forget_all(cx, &stack, Some(&it.name));
    stack.change_set_id = Some(it.id);
    stack.role_arn = it.role_arn.or(stack.role_arn);
    stack.kept = Kept::of(input.retain_except_on_create);
    stack.last_verb = "ExecuteChangeSet".to_owned();
    let (kept, token) = (stack.kept, input.client_request_token);
    if is_new {
        stack.definition = it.definition;
        engine::begin(cx, stack, Order { kept, ..Order::new(Phase::Create, token) });
    } else {
        let becomes = Some(it.definition);
        engine::begin(cx, stack, Order { becomes, kept, ..Order::new(Phase::Update, token) });
    }
    Ok(ExecuteChangeSetOutput {})
}

/// One that does not exist is deleted already.
pub fn delete(cx: &mut Cx, input: DeleteChangeSet) -> Result<DeleteChangeSetOutput> {
    let Some(it) = lookup(cx, &input.change_set_name, input.stack_name.as_deref()) else {
        return Ok(DeleteChangeSetOutput {});
    };
    if it.state == State::Executed {
        return Err(error::INVALID_CHANGE_SET_STATUS.with(format!(
            "ChangeSet [{}] cannot be deleted in its current status of [{}]",
            it.id,
            it.status()
        )));
    }
    remove(cx, &it);
    Ok(DeleteChangeSetOutput {})
}

/// By name and stack, or by ARN.
pub fn named(cx: &Cx, name: &str, stack: Option<&str>) -> Result<ChangeSet> {
    if !name.starts_with("arn:") && stack.is_none() {
        return Err(invalid("StackName must be specified if ChangeSetName is not specified as an ARN."));
    }
    lookup(cx, name, stack)
        .ok_or_else(|| error::CHANGE_SET_NOT_FOUND.with(format!("ChangeSet [{name}] does not exist")))
}

/// All of a stack's but one.
pub fn forget_all(cx: &mut Cx, stack: &Stack, but: Option<&str>) {
    for it in cx.range(&CHANGE_SETS, Span::prefix(&stack.uuid()), MOST_LISTED) {
        if but != Some(it.name.as_str()) {
            remove(cx, &it);
        }
    }
}

/// What IAM is asked about: the stack.
pub fn stack_arn(cx: &Cx, change_set: &str, stack: Option<&String>) -> String {
    let found = lookup(cx, change_set, stack.map(String::as_str)).map(|it| it.stack_id);
    found.unwrap_or_else(|| stack::any_arn(cx, stack))
}

impl ChangeSet {
    pub fn status(&self) -> &'static str {
        match self.state {
            State::Available | State::Executed => "CREATE_COMPLETE",
            State::Failed => "FAILED",
        }
    }

    pub fn execution_status(&self) -> &'static str {
        match self.state {
            State::Available => "AVAILABLE",
            State::Failed => "UNAVAILABLE",
            State::Executed => "EXECUTE_COMPLETE",
        }
    }
}

fn lookup(cx: &Cx, name: &str, stack: Option<&str>) -> Option<ChangeSet> {
    if name.starts_with("arn:") {
        let (uuid, name) = cx.get(&BY_ID, &name)?;
        return cx.get(&CHANGE_SETS, &(uuid.as_str(), name.as_str()));
    }
    let stack = find(cx, stack?)?;
    cx.get(&CHANGE_SETS, &(stack.uuid(), name))
}

fn put(cx: &mut Cx, it: &ChangeSet) {
    let uuid = uuid_of(&it.stack_id).to_owned();
    cx.put(&CHANGE_SETS, &(uuid.as_str(), it.name.as_str()), it);
    cx.put(&BY_ID, &it.id.as_str(), &(uuid, it.name.clone()));
}

fn remove(cx: &mut Cx, it: &ChangeSet) {
    cx.delete(&CHANGE_SETS, &(uuid_of(&it.stack_id), it.name.as_str()));
    cx.delete(&BY_ID, &it.id.as_str());
}

fn compare(cx: &Cx, stack: &Stack, it: &mut ChangeSet, template: &Template) -> Result<()> {
    let diff = diff::of(cx, stack, &it.definition, template)?;
    if !diff.is_update() {
        (it.state, it.reason) = (State::Failed, Some(NOTHING_CHANGES.to_owned()));
    }
    it.changes = diff.changes;
    Ok(())
}

/// The stack that a change set of type CREATE was made for before, if there was one.
fn reviewed(cx: &Cx, input: &CreateChangeSet) -> Result<Option<Stack>> {
    request::check_name(&input.stack_name)?;
    match find(cx, &input.stack_name) {
        Some(stack) if stack.status != StackStatus::ReviewInProgress => Err(invalid(format!(
            "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
            stack.name, input.change_set_name
        ))),
        found => Ok(found),
    }
}

/// A stack that is nothing yet but a name.
fn review(cx: &mut Cx, name: &str) -> Stack {
    let mut stack = found(cx, name, StackStatus::ReviewInProgress, Definition::default());
    event::of_stack(cx, &mut stack, Some("User Initiated"), None);
    stack::put(cx, &stack);
    stack
}

fn refuse(input: &CreateChangeSet) -> Result<()> {
    request::refuse_triggers("CreateChangeSet", input.rollback_configuration.as_ref())?;
    request::refuse(
        "CreateChangeSet",
        &[
            ("NotificationARNs", input.notification_arns.as_ref().is_some_and(|it| !it.is_empty())),
            ("ResourcesToImport", input.resources_to_import.as_ref().is_some_and(|it| !it.is_empty())),
            ("IncludeNestedStacks", input.include_nested_stacks == Some(true)),
            ("ImportExistingResources", input.import_existing_resources == Some(true)),
            ("DeploymentMode", input.deployment_mode.is_some()),
            ("DeploymentConfig", input.deployment_config.is_some()),
            ("DisableValidation", input.disable_validation == Some(true)),
        ],
    )
}
