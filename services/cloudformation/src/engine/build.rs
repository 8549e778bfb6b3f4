//! Building: creates and updates resources in the order of the graph, as many at a time as it allows.

use super::handler::{self, Outcome};
use super::work::{Key, Work};
use super::{Attempt, Failure, Next, made, operation, operation_mut, place, restore};
use crate::policy::Action;
use crate::resource::{self, Resource, Rows, Step, Touched};
use crate::stack::{Output, Stack};
use crate::status::ResourceStatus;
use crate::template::evaluate::{Scope, Settled};
use crate::template::functions::text_of;
use crate::template::graph::{Graph, Walk, graph};
use crate::template::{self, Declared, Template, invalid};
use crate::{event, export, schema};
use kernel::Cx;
use kernel::resource::Properties;
use model::Result;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// AWS's limit for the name of an export.
const LONGEST_EXPORT: usize = 255;

/// What a phase that builds goes by: it stays the same from its first step to its last.
#[derive(Debug)]
pub struct Plan {
    template: Template,
    settled: Settled,
    graph: Graph,
}

impl Plan {
    fn new(cx: &Cx, stack: &Stack) -> Result<Self> {
        let template = template::parse_processed(stack.definition.text())?;
        let imports = |name: &str| export::value(cx, name);
        let settled = super::scope(&template, stack, cx, &stack.definition.parameters, &imports)?.settled();
        let graph = graph(&template, Some(&settled.conditions));
        Ok(Self { template, settled, graph })
    }

    /// What expressions see: of the resources those that are done.
    fn scope<'a>(
        &'a self,
        cx: &Cx,
        stack: &Stack,
        rows: &Rows,
        seen: impl Iterator<Item = &'a String>,
        imports: &'a dyn Fn(&str) -> Option<String>,
    ) -> Scope<'a> {
        let of = |name: &String| {
            let row = rows.get(&(name.clone(), 0)).filter(|it| it.step == Step::Done)?;
            Some((name.clone(), made(row)?))
        };
        let mut scope = Scope::of(&self.template, place(cx, stack), self.settled.clone(), imports);
        scope.resources = seen.filter_map(of).collect();
        scope
    }

    fn walk(&self) -> Walk<Key> {
        let key = |name: &String| (name.clone(), 0);
        let edges = self.graph.iter().flat_map(|(name, before)| before.iter().map(move |it| (key(name), key(it))));
        Walk::new(self.graph.keys().map(key), edges)
    }
}

pub fn step(cx: &mut Cx, stack: &mut Stack, work: &mut Work) -> Next {
    if !operation(stack).failures.is_empty() || operation(stack).reason.is_some() {
        cancel(cx, stack, &mut work.rows);
        return Next::Finished;
    }
    take(cx, stack, work).unwrap_or_else(|error| {
        operation_mut(stack).reason = Some(error.message().to_owned());
        Next::Again
    })
}

/// An error here is no resource's.
fn take(cx: &mut Cx, stack: &mut Stack, work: &mut Work) -> Result<Next> {
    let plan = match &work.plan {
        Some(plan) => plan.clone(),
        None => {
            let plan = Arc::new(Plan::new(cx, stack)?);
            work.along(plan.walk());
            work.plan.insert(plan).clone()
        }
    };
    let ready = work.take_ready();
    if !ready.is_empty() {
        for it in evaluated(cx, stack, work, &plan, ready)? {
            begin(cx, stack, work, &plan, it);
        }
        return Ok(Next::Again);
    }
    if let Some(mut row) = work.take_due(cx.now()) {
        run(cx, stack, &mut row);
        resource::put(cx, stack, &row);
        work.put_back(row);
        return Ok(Next::Again);
    }
    if let Some(time) = work.next_due() {
        return Ok(Next::At(time));
    }
    if may_remove(cx, stack, &mut work.rows, &plan)
        && let Err(reason) = conclude(cx, stack, &mut work.rows, &plan)
    {
        operation_mut(stack).reason = Some(reason);
    }
    Ok(Next::Finished)
}

/// A resource whose turn it is.
struct Ready {
    logical_id: String,
    properties: Properties,
    /// Where `NoEcho` hides a part of them: what may be seen.
    shown: Option<Properties>,
}

fn evaluated(cx: &Cx, stack: &Stack, work: &Work, plan: &Plan, ready: Vec<Key>) -> Result<Vec<Ready>> {
    let imports = |name: &str| export::value(cx, name);
    let seen = ready.iter().flat_map(|(name, _)| &plan.graph[name]);
    let scope = plan.scope(cx, stack, &work.rows, seen, &imports);
    let masked = (!stack.definition.hidden.is_empty()).then(|| scope.masked(&stack.definition.hidden));
    let evaluate = |(name, _): Key| {
        let declared = &plan.template.resources[&name];
        let properties = typed(declared, scope.properties(&declared.properties)?);
        let shown = masked.as_ref().and_then(|it| it.properties(&declared.properties).ok());
        let shown = shown.map(|it| typed(declared, it)).filter(|it| *it != properties);
        Ok(Ready { logical_id: name, properties, shown })
    };
    ready.into_iter().map(evaluate).collect()
}

/// With the types that the schema names.
fn typed(declared: &Declared, properties: Properties) -> Properties {
    match schema::of(&declared.type_name) {
        Some(schema) => schema.typed(properties),
        None => properties,
    }
}

fn begin(cx: &mut Cx, stack: &mut Stack, work: &mut Work, plan: &Plan, it: Ready) {
    let depends_on = plan.graph[&it.logical_id].clone();
    let existing = work.rows.remove(&(it.logical_id.clone(), 0)).filter(|row| row.physical_id.is_some());
    let row = match existing {
        None => begin_creation(cx, stack, &plan.template, it),
        Some(row) if !handler::is_changed(cx, &row, &it.properties, &stack.definition.tags) => {
            Resource { step: Step::Done, shown: it.shown, ..row }
        }
        Some(row) => begin_change(cx, stack, row, it),
    };
    let mut row = Resource { depends_on, ..row };
    // Of what exists already, the rest of its declaration counts once the update has succeeded.
    if row.touched == Touched::Created {
        declare(&mut row, &plan.template);
    }
    resource::put(cx, stack, &row);
    work.put_back(row);
}

fn begin_creation(cx: &mut Cx, stack: &Stack, template: &Template, it: Ready) -> Resource {
    let mut row = Resource {
        generated_name: generated_name(cx, stack, &it.logical_id),
        slot: 0,
        type_name: template.resources[&it.logical_id].type_name.clone(),
        physical_id: None,
        properties: it.properties,
        attributes: Properties::new(),
        depends_on: BTreeSet::new(),
        deletion_policy: Default::default(),
        update_replace_policy: Default::default(),
        description: None,
        metadata: None,
        tags: stack.definition.tags.clone(),
        status: ResourceStatus::CreateInProgress,
        reason: None,
        updated_at: cx.now().0,
        step: Step::Begun,
        touched: Touched::Created,
        before: None,
        origin: None,
        shown: it.shown,
        given_up: false,
        logical_id: it.logical_id,
    };
    event::of_resource(cx, stack, &mut row, None);
    row
}

/// In place, or by a new resource where the schema says that the change cannot be made.
fn begin_change(cx: &mut Cx, stack: &mut Stack, row: Resource, it: Ready) -> Resource {
    let replaces = handler::is_replaced(&row, &it.properties);
    let action = if replaces { Action::Replace } else { Action::Modify };
    let denied = denied(stack, action, &row);
    let mut after = Resource {
        properties: it.properties,
        shown: it.shown,
        tags: stack.definition.tags.clone(),
        status: ResourceStatus::UpdateInProgress,
        step: Step::Begun,
        touched: if replaces { Touched::Replaced } else { Touched::Updated },
        before: Some(Box::new(row.clone())),
        ..row
    };
    if let Some(reason) = denied {
        after.physical_id = after.physical_id.filter(|_| !replaces);
        fail(cx, stack, &mut after, reason);
        return after;
    }
    if !replaces {
        event::of_resource(cx, stack, &mut after, None);
        return after;
    }
    let schema = schema::of(&after.type_name);
    let name = |properties| schema.as_ref().and_then(|it| it.own_name(properties)).map(str::to_owned);
    let (old_name, new_name) = (name(&row.properties), name(&after.properties));
    event::of_resource(
        cx,
        stack,
        &mut after,
        Some("Requested update requires the creation of a new physical resource; hence creating one."),
    );
    after.physical_id = None;
    after.attributes = Properties::new();
    after.generated_name = generated_name(cx, stack, &after.logical_id);
    if let Some(name) = new_name.filter(|_| old_name.is_some()).filter(|it| old_name.as_ref() == Some(it)) {
        fail(
            cx,
            stack,
            &mut after,
            format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again."
            ),
        );
    }
    after
}

/// What the stack policy says against it: the one that came with the update, or the stack's.
fn denied(stack: &Stack, action: Action, row: &Resource) -> Option<String> {
    let policy = operation(stack).policy.as_ref().or(stack.policy.as_ref())?;
    policy.denial(action, &row.logical_id, &row.type_name)
}

/// Asks the type, and writes down what it says.
fn run(cx: &mut Cx, stack: &mut Stack, row: &mut Resource) {
    let creates = row.touched != Touched::Updated;
    let outcome = match creates {
        true => handler::create(cx, stack, row),
        false => {
            handler::update(cx, stack, row, row.before.as_ref().map(|it| it.properties.clone()).unwrap_or_default())
        }
    };
    let (physical_id, finished) = match outcome {
        Ok(Outcome::Done { physical_id, attributes }) => {
            row.attributes = attributes;
            (physical_id, Step::Done)
        }
        Ok(Outcome::Waiting { physical_id, until }) => (physical_id, Step::Waiting { until: until.0 }),
        Err(error) => {
            let reason = handler::reason(cx, &row.type_name, &error);
            return fail(cx, stack, row, reason);
        }
    };
    let first = row.physical_id.is_none();
    row.physical_id = Some(physical_id);
    if creates && first {
        event::of_resource(cx, stack, row, Some("Resource creation Initiated"));
    }
    row.step = finished;
    if finished == Step::Done {
        row.status = match row.touched {
            Touched::Created | Touched::No => ResourceStatus::CreateComplete,
            Touched::Updated | Touched::Replaced => ResourceStatus::UpdateComplete,
        };
        event::of_resource(cx, stack, row, None);
    }
}

fn fail(cx: &mut Cx, stack: &mut Stack, row: &mut Resource, reason: String) {
    let what = attempt(row);
    end_badly(cx, stack, row, &reason);
    operation_mut(stack).failures.push(Failure { logical_id: row.logical_id.clone(), what });
}

fn attempt(row: &Resource) -> Attempt {
    if row.touched == Touched::Created { Attempt::Create } else { Attempt::Update }
}

fn end_badly(cx: &mut Cx, stack: &mut Stack, row: &mut Resource, reason: &str) {
    row.step = Step::Failed;
    row.status = match attempt(row) {
        Attempt::Create => ResourceStatus::CreateFailed,
        Attempt::Update | Attempt::Delete => ResourceStatus::UpdateFailed,
    };
    event::of_resource(cx, stack, row, Some(reason));
}

/// After a failure nothing more is begun, and what was begun ends.
fn cancel(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows) {
    for row in rows.values_mut().filter(|it| matches!(it.step, Step::Begun | Step::Waiting { .. })) {
        let reason = match attempt(row) {
            Attempt::Create => "Resource creation cancelled",
            Attempt::Update | Attempt::Delete => "Resource update cancelled",
        };
        end_badly(cx, stack, row, reason);
        let what = attempt(row);
        operation_mut(stack).failures.push(Failure { logical_id: row.logical_id.clone(), what });
        resource::put(cx, stack, row);
    }
}

/// Whether the stack policy lets go what the template no longer names; what it holds on to has failed.
fn may_remove(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, plan: &Plan) -> bool {
    let live = &plan.graph;
    let gone = |it: &&mut Resource| it.slot == 0 && it.physical_id.is_some() && !live.contains_key(&it.logical_id);
    for row in rows.values_mut().filter(gone) {
        if let Some(reason) = denied(stack, Action::Delete, row) {
            row.touched = Touched::No;
            fail(cx, stack, row, reason);
            resource::put(cx, stack, row);
        }
    }
    operation(stack).failures.is_empty()
}

/// All resources are there: outputs and exports, and what is to be cleaned up.
fn conclude(cx: &mut Cx, stack: &mut Stack, rows: &mut Rows, plan: &Plan) -> Result<(), String> {
    let (outputs, imported) = outputs(cx, stack, rows, plan).map_err(|it| it.message().to_owned())?;
    export::publish(cx, stack, &outputs)?;
    export::import(cx, stack, imported);
    stack.outputs = outputs;
    let mut left_over = Vec::new();
    for row in rows.values_mut() {
        if row.slot > 0 || !plan.graph.contains_key(&row.logical_id) {
            row.given_up = true;
            row.step = Step::Untouched;
        } else {
            declare(row, &plan.template);
            let before = row.before.take().filter(|_| row.touched == Touched::Replaced);
            left_over.extend(before.filter(|it| !restore::is_origin(row, it)));
            row.touched = Touched::No;
        }
        resource::put(cx, stack, row);
    }
    for old in left_over {
        let policy = old.update_replace_policy;
        leave_over(cx, stack, rows, Resource { deletion_policy: policy, ..*old });
    }
    restore::give_up_origins(cx, stack, rows);
    Ok(())
}

/// Keeps a row beside the one that took its place, until it is deleted.
pub fn leave_over(cx: &mut Cx, stack: &Stack, rows: &mut Rows, old: Resource) {
    let slot = (1..).find(|slot| !rows.contains_key(&(old.logical_id.clone(), *slot))).expect("slots do not run out");
    let row = Resource {
        slot,
        given_up: true,
        step: Step::Untouched,
        before: None,
        origin: None,
        touched: Touched::No,
        ..old
    };
    resource::put(cx, stack, &row);
    rows.insert((row.logical_id.clone(), slot), row);
}

/// With what they and the resources import.
fn outputs(cx: &Cx, stack: &Stack, rows: &Rows, plan: &Plan) -> Result<(Vec<Output>, BTreeSet<String>)> {
    let imported = RefCell::new(BTreeSet::new());
    let imports = |name: &str| {
        imported.borrow_mut().insert(name.to_owned());
        export::value(cx, name)
    };
    let scope = plan.scope(cx, stack, rows, plan.graph.keys(), &imports);
    // Evaluated once more for the sake of what they import.
    for name in plan.graph.keys() {
        scope.properties(&plan.template.resources[name].properties)?;
    }
    let outputs = evaluate_outputs(&plan.template, &scope)?;
    drop(scope);
    Ok((outputs, imported.into_inner()))
}

pub fn evaluate_outputs(template: &Template, scope: &Scope) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for declared in template.outputs.iter().filter(|it| scope.holds(&it.condition)) {
        let value = match scope.evaluate(&declared.value)? {
            None => continue,
            Some(Json::Array(_) | Json::Object(_) | Json::Null) => {
                return Err(invalid(
                    "Template format error: The Value field of every Outputs member must evaluate to a String.",
                ));
            }
            Some(value) => text_of(&value),
        };
        let export = declared.export.as_ref().map(|it| scope.evaluate(it)).transpose()?.flatten();
        let export = export.map(|it| text_of(&it));
        if let Some(name) = export.as_ref().filter(|it| it.is_empty() || it.len() > LONGEST_EXPORT) {
            let (name, length): (String, _) = (name.chars().take(32).collect(), name.len());
            return Err(invalid(format!(
                "The name of export {name} has {length} characters; it may have 1 to {LONGEST_EXPORT}"
            )));
        }
        outputs.push(Output { name: declared.name.clone(), value, description: declared.description.clone(), export });
    }
    Ok(outputs)
}

/// What a template says of a resource beside its properties.
fn declare(row: &mut Resource, template: &Template) {
    let declared = &template.resources[&row.logical_id];
    row.deletion_policy = declared.deletion_policy;
    row.update_replace_policy = declared.update_replace_policy;
    row.description.clone_from(&declared.description);
    row.metadata = declared.metadata.as_ref().map(Json::to_string);
}

/// `stack-LogicalId-1A2B3C4D5E6F`.
fn generated_name(cx: &Cx, stack: &Stack, logical_id: &str) -> String {
    let suffix = cx.random_text(12, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    format!("{}-{logical_id}-{suffix}", stack.name)
}
