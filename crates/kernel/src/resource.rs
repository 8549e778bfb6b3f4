//! Resource types of CloudFormation: each beside its service, made of its public operations.
//!
//! The engine names no type. What a property means, what forces replacement and what `Ref` and `GetAtt` give come from
//! the published schema; a type says only how to create, read, update and delete.

use crate::cx::Cx;
use model::Result;
use model::typed::Typed;
use serde_json::{Map, Value as Json, json};

pub type Properties = Map<String, Json>;

/// One type. `Ref` gives the physical id, so a type makes the one that AWS's documentation of `Ref` names.
pub struct ResourceType {
    /// `AWS::SQS::Queue`.
    pub name: &'static str,
    /// The properties that are honoured. Any other one of the schema is refused by name before anything is created.
    pub properties: &'static [&'static str],
    pub create: fn(&mut Cx, &New) -> Result<Progress>,
    /// From the old properties to the new ones, in place; never called for what forces replacement.
    pub update: fn(&mut Cx, &Change) -> Result<Progress>,
    pub delete: fn(&mut Cx, &Existing) -> Result<Progress>,
    /// Every `GetAtt` attribute, as the schema names them. Read after each change, and kept with the stack.
    pub attributes: fn(&mut Cx, &Existing) -> Result<Properties>,
    /// The honoured properties as they are now, defaults included, by the service's public operations; tags with all that
    /// the resource has. What cannot be told, as a secret or the text of code, is left out. An error of the kind
    /// `NotFound` where it is gone. Nothing where AWS detects no drift of the type.
    pub read: Option<Read>,
}

pub type Read = fn(&mut Cx, &Existing) -> Result<Properties>;

/// What to create.
pub struct New {
    pub properties: Properties,
    /// Unique and readable, made as AWS makes it (`stack-logical-1A2B3C4D5E6F`) for types whose name was not given.
    pub generated_name: String,
    pub logical_id: String,
    pub stack_name: String,
    pub stack_id: String,
    /// The stack's tags, with `aws:cloudformation:…` where the type's schema takes them.
    pub tags: Vec<(String, String)>,
}

pub struct Existing {
    pub physical_id: String,
    pub properties: Properties,
}

pub struct Change {
    pub physical_id: String,
    pub before: Properties,
    pub after: Properties,
    pub logical_id: String,
    pub stack_name: String,
    pub stack_id: String,
    /// The stack's tags as they were, and as they are.
    pub tags_before: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

impl New {
    /// The generated name for types whose names are shorter: the stack's and the resource's parts are cut, the random
    /// part stays.
    pub fn name_of_at_most(&self, limit: usize) -> String {
        let name = &self.generated_name;
        if name.len() <= limit {
            return name.clone();
        }
        let suffix = name.rsplit('-').next().unwrap_or_default();
        let room = limit.saturating_sub(suffix.len() + 2);
        let logical: String =
            self.logical_id.chars().take((room / 2).max(room.saturating_sub(self.stack_name.len()))).collect();
        let stack: String = self.stack_name.chars().take(room - logical.len()).collect();
        format!("{stack}-{logical}-{suffix}")
    }
}

/// The members of an answer that are properties of the same name, and present.
pub fn properties_of(output: impl Typed, names: &[&str]) -> Properties {
    let Json::Object(mut members) = model::wire::document_to_json(&output.into_value()) else {
        return Properties::new();
    };
    members.retain(|name, it| names.contains(&name.as_str()) && !it.is_null());
    members
}

/// `[{Key, Value}]`, as most types write their tags.
pub fn tags_of(tags: impl IntoIterator<Item = (String, String)>) -> Json {
    tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// How far a step got. Every step is a transaction; what takes longer is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Done {
        physical_id: String,
    },
    /// Ask again: `create`, `update` and `delete` see the same input and have to find their own trace.
    Waiting {
        physical_id: String,
        until: model::Timestamp,
    },
}
