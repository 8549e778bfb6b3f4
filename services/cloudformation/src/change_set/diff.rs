//! What a new definition would change in a stack, as a change set shows it.

use super::detail::{self, Compared, Detail, with_texts};
use crate::engine::{self, made};
use crate::export;
use crate::resource::{self, Resource, Rows};
use crate::schema;
use crate::stack::{Definition, Output, Stack};
use crate::status::StackStatus;
use crate::template::evaluate::{Scope, mentions_unknown};
use crate::template::functions::text_of;
use crate::template::graph::{graph, walk};
use crate::template::{Policy, Template, invalid, parse_processed};
use kernel::Cx;
use kernel::resource::Properties;
use model::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
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

pub struct Look<'a> {
    pub cx: &'a Cx<'a>,
    rows: &'a Rows,
    pub before: Option<&'a Template>,
    pub template: &'a Template,
    /// Parameters with a new value.
    pub changed: BTreeSet<&'a String>,
    pub tags: &'a [(String, String)],
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
        let policies = (declared.deletion_policy, declared.update_replace_policy);
        let after = Some(context(&shown, declared.metadata.clone(), policies));
        let Some(row) = self.row(name) else {
            return Ok(Some(Change { after, ..change("Add", name, &declared.type_name, None) }));
        };
        let mut it = change("Modify", name, &declared.type_name, row.physical_id.clone());
        (it.before, it.after) = (Some(context_of(row)), after);
        if let Some(schema) = &schema {
            let (after, shown) = (&properties, &shown);
            it.details = detail::all(self, &Compared { declared, row, schema, after, shown });
        }
        if it.details.is_empty() {
            return Ok(None);
        }
        // "If the RequiresRecreation field is Always and the Evaluation field is Dynamic, Replacement is Conditional"
        // (ResourceChange, in the API reference).
        let recreates =
            |how: &str| it.details.iter().any(|it| it.requires_recreation == "Always" && it.evaluation == how);
        let replacement = match (recreates("Static"), recreates("Dynamic")) {
            (true, _) => "True",
            (false, true) => "Conditional",
            (false, false) => "False",
        };
        it.replacement = Some(replacement.to_owned());
        if replacement == "True" {
            let retains = declared.update_replace_policy != Policy::Delete;
            it.policy = Some(if retains { "ReplaceAndRetain" } else { "ReplaceAndDelete" }.to_owned());
        }
        it.scope = it.details.iter().map(|it| it.attribute.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        Ok(Some(it))
    }

    fn removed(&self, scope: &Scope) -> Vec<Change> {
        let stays = |name: &str| self.template.resources.get(name).is_some_and(|it| scope.holds(&it.condition));
        let gone = self.rows.values().filter(|it| it.slot == 0 && it.physical_id.is_some() && !stays(&it.logical_id));
        let removal = |row: &Resource| {
            let mut it = change("Remove", &row.logical_id, &row.type_name, row.physical_id.clone());
            it.before = Some(context_of(row));
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

fn context_of(row: &Resource) -> String {
    let metadata = row.metadata.as_ref().and_then(|it| serde_json::from_str(it).ok());
    context(row.shown(), metadata, (row.deletion_policy, row.update_replace_policy))
}

/// `{"Properties": …, "Metadata": …, "UpdateReplacePolicy": …, "DeletionPolicy": …}`, as they may be shown.
fn context(properties: &Properties, metadata: Option<Json>, (deletion, replacement): (Policy, Policy)) -> String {
    let mut members = Properties::from_iter([("Properties".to_owned(), Json::Object(properties.clone()))]);
    members.extend(metadata.map(|it| ("Metadata".to_owned(), it)));
    for (name, policy) in [("UpdateReplacePolicy", replacement), ("DeletionPolicy", deletion)] {
        members.extend((policy != Policy::Delete).then(|| (name.to_owned(), json!(policy))));
    }
    with_texts(Json::Object(members)).to_string()
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
