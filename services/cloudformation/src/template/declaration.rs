//! What a template declares: resources with their attributes, and outputs.

use super::{invalid, null, unsupported};
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

#[derive(Clone, Debug, Default)]
pub struct Declared {
    pub type_name: String,
    /// Not evaluated.
    pub properties: Map<String, Json>,
    pub depends_on: Vec<String>,
    pub condition: Option<String>,
    pub deletion_policy: Policy,
    pub update_replace_policy: Policy,
    pub metadata: Option<Json>,
    pub description: Option<String>,
}

/// What becomes of a resource that the stack gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    #[default]
    Delete,
    Retain,
    /// Kept, unless the creation of the stack is undone.
    RetainExceptOnCreate,
}

#[derive(Clone, Debug)]
pub struct OutputDeclared {
    pub name: String,
    pub value: Json,
    pub description: Option<String>,
    /// Not evaluated.
    pub export: Option<Json>,
    pub condition: Option<String>,
}

pub fn resource(name: &str, tree: Json) -> Result<Declared> {
    let Json::Object(members) = tree else {
        return Err(invalid(format!("Template format error: [/Resources/{name}] resource definition is malformed")));
    };
    if !members.contains_key("Type") {
        return Err(invalid(format!(
            "Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )));
    }
    let mut it = Declared::default();
    for (key, value) in members {
        match key.as_str() {
            "Type" => it.type_name = string(name, &key, value)?,
            "Properties" => it.properties = properties(name, value)?,
            "DependsOn" => it.depends_on = depends_on(value)?,
            "Condition" => it.condition = Some(condition(value)?),
            "DeletionPolicy" => it.deletion_policy = policy(name, &key, &value)?,
            "UpdateReplacePolicy" => it.update_replace_policy = policy(name, &key, &value)?,
            "Metadata" => it.metadata = Some(value),
            "Description" => it.description = Some(string(name, &key, value)?),
            "CreationPolicy" | "UpdatePolicy" => {
                return Err(unsupported(format!("the attribute {key} of a resource ({name})")));
            }
            _ => return Err(invalid(format!("Invalid template resource property '{key}'"))),
        }
    }
    Ok(it)
}

pub fn output(name: String, tree: Json) -> Result<OutputDeclared> {
    let Json::Object(mut members) = tree else {
        return Err(invalid("Template format error: Every Outputs member must be an object."));
    };
    let Some(value) = members.shift_remove("Value") else {
        return Err(invalid("Template format error: Every Outputs member must contain a Value object"));
    };
    let description = match members.shift_remove("Description") {
        None => None,
        Some(Json::String(text)) => Some(text),
        Some(_) => return Err(invalid("Template format error: Every Description member must be a string.")),
    };
    let condition = members.shift_remove("Condition").map(condition).transpose()?;
    let export = match members.shift_remove("Export") {
        None => None,
        Some(Json::Object(mut export)) if export.len() == 1 && export.contains_key("Name") => {
            export.shift_remove("Name")
        }
        Some(_) => {
            return Err(invalid(format!(
                "Template format error: Output {name} is malformed. The Export object must contain a Name member"
            )));
        }
    };
    match members.keys().next() {
        Some(other) => Err(invalid(format!("Invalid template output property '{other}'"))),
        None => Ok(OutputDeclared { name, value, description, export, condition }),
    }
}

fn string(name: &str, key: &str, value: Json) -> Result<String> {
    match value {
        Json::String(text) => Ok(text),
        _ => Err(invalid(format!(
            "Template format error: [/Resources/{name}/{key}] Every {key} member must be a string."
        ))),
    }
}

fn condition(value: Json) -> Result<String> {
    match value {
        Json::String(text) => Ok(text),
        _ => Err(invalid("Template format error: Every Condition member must be a string.")),
    }
}

fn properties(name: &str, value: Json) -> Result<Map<String, Json>> {
    match value {
        Json::Object(members) => Ok(members),
        Json::Null => Err(null(&format!("/Resources/{name}/Properties"))),
        _ => Err(invalid(format!(
            "Template format error: [/Resources/{name}] Any Properties member must be a JSON object."
        ))),
    }
}

fn depends_on(value: Json) -> Result<Vec<String>> {
    let malformed = || invalid("Template format error: DependsOn must be a string or list of strings.");
    match value {
        Json::String(one) => Ok(vec![one]),
        Json::Array(items) => {
            items.into_iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(malformed)).collect()
        }
        _ => Err(malformed()),
    }
}

fn policy(name: &str, key: &str, value: &Json) -> Result<Policy> {
    match value.as_str() {
        Some("Delete") => Ok(Policy::Delete),
        Some("Retain") => Ok(Policy::Retain),
        Some("RetainExceptOnCreate") if key == "DeletionPolicy" => Ok(Policy::RetainExceptOnCreate),
        Some("Snapshot") => Err(unsupported(format!("{key} Snapshot of a resource ({name})"))),
        Some(other) => Err(invalid(format!("Template error: Unrecognized {key} {other} for resource {name}"))),
        None => Err(invalid(format!("Template format error: Every {key} member must be a string."))),
    }
}
