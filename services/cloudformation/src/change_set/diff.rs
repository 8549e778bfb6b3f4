//! What a new definition would change in a stack, as a change set shows it.

use crate::engine::{self, made};
use crate::export;
use crate::resource::{self, Resource, Rows};
use crate::schema::{self, Replacement, Schema};
use crate::stack::{Definition, Output, Stack};
use crate::status::StackStatus;
use crate::template::evaluate::{Scope, mentions_unknown};
use crate::template::functions::text_of;
use crate::template::graph::{graph, walk};
use crate::template::reference::{Reference, references};
use crate::template::{Declared, Policy, Template, invalid, parse_processed};
use kernel::Cx;
use kernel::resource::Properties;
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

pub struct Diff {
    /// By logical id.
    pub changes: Vec<Change>,
    others: bool,
}

impl Diff {
    /// Resources, tags or outputs change.
    pub fn is_update(&self) -> bool {
        self.others || !self.changes.is_empty()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// `Add`, `Modify` or `Remove`.
    pub action: String,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub type_name: String,
    /// `True`, `False` or `Conditional`, of what is modified.
    pub replacement: Option<String>,
    /// `Delete`, `Retain`: what becomes of what is removed or replaced.
    pub policy: Option<String>,
    pub scope: Vec<String>,
    pub details: Vec<Detail>,
    /// JSON: the resource as it is and as it will be, for `IncludePropertyValues`.
    #[serde(default)]
    pub before: Option<String>,
    #[serde(default)]
    pub after: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Detail {
    /// `Properties`, `Metadata`, `DeletionPolicy`, `Tags`.
    pub attribute: String,
    /// Of a property.
    pub name: Option<String>,
    /// `Never`, `Conditionally` or `Always`.
    pub requires_recreation: String,
    /// `Static`, or `Dynamic` where the value is known only later.
    pub evaluation: String,
    pub source: String,
    pub causing_entity: Option<String>,
    /// As texts, for `IncludePropertyValues`.
    #[serde(default)]
    pub before: Option<String>,
    #[serde(default)]
    pub after: Option<String>,
}

/// Against the stack as it is; a stack that has no resources yet gains all of them.
pub fn of(cx: &Cx, stack: &Stack, after: &Definition, template: &Template) -> Result<Diff> {
    let rows = resource::load(cx, stack);
    check_types(&rows, template)?;
    let before = parse_processed(stack.definition.text()).ok();
    let imports = |name: &str| export::value(cx, name);
    let mut scope = engine::scope(template, stack, cx, &after.parameters, &imports)?;
    scope.forecast = true;
    scope.resources =
        rows.values().filter(|it| it.slot == 0).filter_map(|it| Some((it.logical_id.clone(), made(it)?))).collect();
    let changed: BTreeSet<&String> = after
        .parameters
        .iter()
        .filter(|(name, value)| stack.definition.parameters.get(*name) != Some(value))
        .map(|(name, _)| name)
        .collect();
    let (before, tags, hidden) = (before.as_ref(), after.tags.as_slice(), after.hidden.as_slice());
    let look = Look { cx, rows: &rows, before, template, changed, tags, hidden };
    let mut changes = look.walk(&mut scope)?;
    changes.extend(look.removed(&scope));
    changes.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
    // What failed can be tried again as it is.
    let unstable = matches!(stack.status, StackStatus::CreateFailed | StackStatus::UpdateFailed);
    let others = unstable || after.tags != stack.definition.tags || outputs_differ(template, &scope, &stack.outputs)?;
    Ok(Diff { changes, others })
}

struct Look<'a> {
    cx: &'a Cx<'a>,
    rows: &'a Rows,
    before: Option<&'a Template>,
    template: &'a Template,
    /// Parameters with a new value.
    changed: BTreeSet<&'a String>,
    tags: &'a [(String, String)],
    /// Parameters that nobody may see.
    hidden: &'a [String],
}

impl Look<'_> {
    fn row(&self, name: &str) -> Option<&Resource> {
        self.rows.get(&(name.to_owned(), 0)).filter(|it| it.physical_id.is_some())
    }

    /// In the order of the graph, so that what is replaced is unknown to those that refer to it.
    fn walk(&self, scope: &mut Scope) -> Result<Vec<Change>> {
        let mut walk = walk(&graph(self.template, Some(&scope.conditions)));
        let mut changes = Vec::new();
        loop {
            let ready = walk.take_ready();
            if ready.is_empty() {
                return Ok(changes);
            }
            for name in ready {
                let change = self.change(&name, scope)?;
                if change.as_ref().is_some_and(|it| matches!(it.replacement.as_deref(), Some("True" | "Conditional"))) {
                    scope.resources.remove(&name);
                }
                changes.extend(change);
                walk.finish(&name);
            }
        }
    }

    fn change(&self, name: &str, scope: &Scope) -> Result<Option<Change>> {
        let declared = &self.template.resources[name];
        let schema = schema::of(&declared.type_name);
        let typed = |properties| match &schema {
            Some(schema) => schema.typed(properties),
            None => properties,
        };
        let properties = typed(scope.properties(&declared.properties)?);
        let shown = match self.hidden {
            [] => properties.clone(),
            hidden => typed(scope.masked(hidden).properties(&declared.properties)?),
        };
        let after = Some(context(&shown, declared.metadata.as_ref().map(Json::to_string).as_deref()));
        let Some(row) = self.row(name) else {
            return Ok(Some(Change { after, ..change("Add", name, &declared.type_name, None) }));
        };
        let mut it = change("Modify", name, &declared.type_name, row.physical_id.clone());
        (it.before, it.after) = (Some(context(row.shown(), row.metadata.as_deref())), after);
        if let Some(schema) = &schema {
            it.details = self.property_details(declared, row, &properties, schema);
            for detail in &mut it.details {
                let value = |of: &Properties| detail.name.as_ref().and_then(|name| of.get(name)).map(text_of);
                (detail.before, detail.after) = (value(row.shown()), value(&shown));
            }
        }
        it.details.extend(self.other_details(declared, row, &properties));
        if it.details.is_empty() {
            return Ok(None);
        }
        let needs = |what: &str| it.details.iter().any(|it| it.requires_recreation == what);
        let replacement = if needs("Always") {
            "True"
        } else if needs("Conditionally") {
            "Conditional"
        } else {
            "False"
        };
        it.replacement = Some(replacement.to_owned());
        if replacement == "True" {
            let retains = declared.update_replace_policy != Policy::Delete;
            it.policy = Some(if retains { "ReplaceAndRetain" } else { "ReplaceAndDelete" }.to_owned());
        }
        it.scope = it.details.iter().map(|it| it.attribute.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        Ok(Some(it))
    }

    fn property_details(
        &self,
        declared: &Declared,
        row: &Resource,
        after: &Properties,
        schema: &Schema,
    ) -> Vec<Detail> {
        let names: BTreeSet<&String> = row.properties.keys().chain(after.keys()).collect();
        let mut details = Vec::new();
        for name in names {
            let (old, new) = (row.properties.get(name), after.get(name));
            if old == new {
                continue;
            }
            let unknown = new.is_some_and(mentions_unknown);
            let requires_recreation = match schema.replaces(name, old, new) {
                Replacement::Never => "Never",
                Replacement::Always if unknown => "Conditionally",
                Replacement::Always => "Always",
            };
            let (source, causing_entity) = self.cause(name, declared, row);
            details.push(Detail {
                attribute: "Properties".to_owned(),
                name: Some(name.clone()),
                requires_recreation: requires_recreation.to_owned(),
                evaluation: if unknown { "Dynamic" } else { "Static" }.to_owned(),
                source: source.to_owned(),
                causing_entity,
                before: None,
                after: None,
            });
        }
        details
    }

    /// Why a property changes: the template says something else, or says the same of something that changed.
    fn cause(&self, property: &str, declared: &Declared, row: &Resource) -> (&'static str, Option<String>) {
        let old =
            self.before.and_then(|it| it.resources.get(&row.logical_id)).and_then(|it| it.properties.get(property));
        let new = declared.properties.get(property);
        let (Some(new), true) = (new, old == new) else { return ("DirectModification", None) };
        let referred = references(new, None);
        if let Some(it) = referred.iter().find(|it| self.changed.contains(&it.name)) {
            return ("ParameterReference", Some(it.name.clone()));
        }
        let of_resource = referred.iter().find(|it| self.template.resources.contains_key(&it.name));
        match of_resource {
            Some(Reference { name, attribute: Some(attribute) }) => {
                ("ResourceAttribute", Some(format!("{name}.{attribute}")))
            }
            Some(Reference { name, attribute: None }) => ("ResourceReference", Some(name.clone())),
            None => ("DirectModification", None),
        }
    }

    fn other_details(&self, declared: &Declared, row: &Resource, properties: &Properties) -> Vec<Detail> {
        let plain = |attribute: &str| Detail {
            attribute: attribute.to_owned(),
            name: None,
            requires_recreation: "Never".to_owned(),
            evaluation: "Static".to_owned(),
            source: "DirectModification".to_owned(),
            causing_entity: None,
            before: None,
            after: None,
        };
        let mut details = Vec::new();
        if declared.metadata.as_ref().map(Json::to_string) != row.metadata {
            details.push(plain("Metadata"));
        }
        if declared.deletion_policy != row.deletion_policy {
            details.push(plain("DeletionPolicy"));
        }
        if declared.update_replace_policy != row.update_replace_policy {
            details.push(plain("UpdateReplacePolicy"));
        }
        if row.properties == *properties && engine::is_changed(self.cx, row, properties, self.tags) {
            details.push(plain("Tags"));
        }
        details
    }

    fn removed(&self, scope: &Scope) -> Vec<Change> {
        let stays = |name: &str| self.template.resources.get(name).is_some_and(|it| scope.holds(&it.condition));
        let gone = self.rows.values().filter(|it| it.slot == 0 && it.physical_id.is_some() && !stays(&it.logical_id));
        let removal = |row: &Resource| {
            let mut it = change("Remove", &row.logical_id, &row.type_name, row.physical_id.clone());
            it.before = Some(context(row.shown(), row.metadata.as_deref()));
            it.policy = Some(if row.deletion_policy == Policy::Delete { "Delete" } else { "Retain" }.to_owned());
            it
        };
        gone.map(removal).collect()
    }
}

fn change(action: &str, logical_id: &str, type_name: &str, physical_id: Option<String>) -> Change {
    Change {
        action: action.to_owned(),
        logical_id: logical_id.to_owned(),
        physical_id,
        type_name: type_name.to_owned(),
        replacement: None,
        policy: None,
        scope: Vec::new(),
        details: Vec::new(),
        before: None,
        after: None,
    }
}

/// `{"Properties": …, "Metadata": …}`, both as they may be shown.
fn context(properties: &Properties, metadata: Option<&str>) -> String {
    let mut members = Properties::from_iter([("Properties".to_owned(), Json::Object(properties.clone()))]);
    if let Some(metadata) = metadata.and_then(|it| serde_json::from_str(it).ok()) {
        members.insert("Metadata".to_owned(), metadata);
    }
    Json::Object(members).to_string()
}

/// A logical id keeps its type as long as it lives.
fn check_types(rows: &Rows, template: &Template) -> Result<()> {
    let changes = |it: &&Resource| {
        let declared = template.resources.get(&it.logical_id);
        it.slot == 0 && it.physical_id.is_some() && declared.is_some_and(|now| now.type_name != it.type_name)
    };
    let names: Vec<&str> = rows.values().filter(changes).map(|it| it.logical_id.as_str()).collect();
    match names.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
            names.join(", ")
        ))),
    }
}

fn outputs_differ(template: &Template, scope: &Scope, old: &[Output]) -> Result<bool> {
    let old: BTreeMap<&str, &Output> = old.iter().map(|it| (it.name.as_str(), it)).collect();
    let live: Vec<_> = template.outputs.iter().filter(|it| scope.holds(&it.condition)).collect();
    if live.len() != old.len() {
        return Ok(true);
    }
    for declared in live {
        let Some(old) = old.get(declared.name.as_str()) else { return Ok(true) };
        let value = scope.evaluate(&declared.value)?;
        let export = declared.export.as_ref().map(|it| scope.evaluate(it)).transpose()?.flatten();
        let same_value = value.is_some_and(|it| mentions_unknown(&it) || text_of(&it) == old.value);
        let same_export = export.map(|it| text_of(&it)) == old.export;
        if !same_value || !same_export || declared.description != old.description {
            return Ok(true);
        }
    }
    Ok(false)
}
