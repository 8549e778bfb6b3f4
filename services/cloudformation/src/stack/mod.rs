//! Stacks: their records, and how they are found.
//!
//! A stack's name belongs to one stack at a time; a deleted one is found by its ARN alone.

pub mod create;
pub mod delete;
pub mod describe;
mod file;
pub mod protection;
pub mod request;
pub mod role;
pub mod rollback;
pub mod template;
pub mod update;

use crate::engine::{Kept, Operation};
use crate::policy::StackPolicy;
use crate::status::StackStatus;
use crate::template::invalid;
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::Table;

/// Every stack, deleted ones too. Key: its ARN.
pub static STACKS: Table<Stack> = Table::regional("cloudformation.stack");
/// The ARNs of the stacks that are not deleted. Key: name.
static NAMES: Table<String> = Table::regional("cloudformation.stack-name");
/// The ARNs of the stacks that are not deleted, in the order of creation. Key: (milliseconds since 1970, ARN).
pub static LIVE: Table<String> = Table::regional("cloudformation.stack-live");
/// The ARNs of all stacks. Key: (milliseconds since 1970, ARN).
pub static ALL: Table<String> = Table::regional("cloudformation.stack-all");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// `arn:aws:cloudformation:us-east-1:000000000000:stack/name/uuid`.
    pub id: String,
    pub name: String,
    /// Milliseconds since 1970, like all times here.
    pub created_at: i64,
    pub updated_at: Option<i64>,
    pub deleted_at: Option<i64>,
    pub status: StackStatus,
    pub reason: Option<String>,
    pub definition: Definition,
    pub outputs: Vec<Output>,
    pub on_failure: OnFailure,
    pub termination_protection: bool,
    /// The change set that made it what it is.
    pub change_set_id: Option<String>,
    /// What is being done to it.
    pub operation: Option<Operation>,
    /// The token of the last request that changed it, so that a retry is known as one.
    pub last_token: Option<String>,
    /// The operation which that request asked for.
    #[serde(default)]
    pub last_verb: String,
    /// Whom CloudFormation works on it as, if not as the caller.
    #[serde(default)]
    pub role_arn: Option<String>,
    #[serde(default)]
    pub policy: Option<StackPolicy>,
    #[serde(default)]
    pub timeout_minutes: Option<i64>,
    #[serde(default)]
    pub kept: Kept,
    /// What it was made of when it was stable last, where an update failed and was not undone.
    #[serde(default)]
    pub stable: Option<Definition>,
}

/// What a stack is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// As it was sent.
    pub template: String,
    /// With its transforms carried out, where it has any.
    #[serde(default)]
    pub processed: Option<String>,
    pub parameters: BTreeMap<String, String>,
    /// The parameters with `NoEcho`.
    pub hidden: Vec<String>,
    pub description: Option<String>,
    pub capabilities: Vec<String>,
    pub tags: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

/// What follows when the creation, or an update, fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFailure {
    #[default]
    Rollback,
    DoNothing,
    Delete,
}

impl Definition {
    /// The template that counts.
    pub fn text(&self) -> &str {
        self.processed.as_deref().unwrap_or(&self.template)
    }
}

impl Stack {
    /// The last part of its ARN: what the keys of its rows begin with.
    pub fn uuid(&self) -> &str {
        uuid_of(&self.id)
    }
}

pub fn uuid_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// A new stack, with its name taken.
pub fn found(cx: &mut Cx, name: &str, status: StackStatus, definition: Definition) -> Stack {
    let id = cx.arn("cloudformation", &format!("stack/{name}/{}", cx.id()));
    let stack = Stack {
        id,
        name: name.to_owned(),
        created_at: cx.now().0,
        updated_at: None,
        deleted_at: None,
        status,
        reason: None,
        definition,
        outputs: Vec::new(),
        on_failure: OnFailure::default(),
        termination_protection: false,
        change_set_id: None,
        operation: None,
        last_token: None,
        last_verb: String::new(),
        role_arn: None,
        policy: None,
        timeout_minutes: None,
        kept: Kept::default(),
        stable: None,
    };
    cx.put(&NAMES, &name, &stack.id);
    cx.put(&LIVE, &(stack.created_at, stack.id.as_str()), &stack.id);
    cx.put(&ALL, &(stack.created_at, stack.id.as_str()), &stack.id);
    stack
}

/// Gives up its name: from now on it is found by its ARN only.
pub fn bury(cx: &mut Cx, stack: &mut Stack) {
    stack.deleted_at = Some(cx.now().0);
    cx.delete(&NAMES, &stack.name.as_str());
    cx.delete(&LIVE, &(stack.created_at, stack.id.as_str()));
}

pub fn put(cx: &mut Cx, stack: &Stack) {
    cx.put(&STACKS, &stack.id.as_str(), stack);
}

/// By name, or by ARN where deleted ones count too.
pub fn find(cx: &Cx, name_or_id: &str) -> Option<Stack> {
    let id = match name_or_id.starts_with("arn:") {
        true => name_or_id.to_owned(),
        false => cx.get(&NAMES, &name_or_id)?,
    };
    cx.get(&STACKS, &id.as_str())
}

pub fn named(cx: &Cx, name_or_id: &str) -> Result<Stack> {
    find(cx, name_or_id).ok_or_else(|| invalid(format!("Stack with id {name_or_id} does not exist")))
}

/// One that is not deleted.
pub fn existing(cx: &Cx, name_or_id: &str) -> Result<Stack> {
    let found = find(cx, name_or_id).filter(|it| it.deleted_at.is_none());
    found.ok_or_else(|| invalid(format!("Stack [{name_or_id}] does not exist")))
}

/// What IAM is asked about.
pub fn arn(cx: &Cx, name_or_id: &str) -> String {
    if name_or_id.starts_with("arn:") {
        return name_or_id.to_owned();
    }
    cx.get(&NAMES, &name_or_id).unwrap_or_else(|| cx.arn("cloudformation", &format!("stack/{name_or_id}/*")))
}

/// The same where the request need not name one.
pub fn any_arn(cx: &Cx, name_or_id: Option<&String>) -> String {
    name_or_id.map_or_else(|| cx.arn("cloudformation", "stack/*/*"), |it| arn(cx, it))
}
