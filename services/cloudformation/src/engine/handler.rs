//! Asks resource types to create, update and delete, as the caller who asked for the operation.

use crate::admission::resource_type;
use crate::resource::{self, Resource};
use crate::schema::{self, Replacement, Schema};
use crate::stack::Stack;
use crate::stack::role::{self, SERVICE};
use crate::template::unsupported;
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use model::error::Fault;
use model::{Error, ErrorShape, Result, Timestamp};

pub enum Outcome {
    Done { physical_id: String, attributes: Properties },
    Waiting { physical_id: String, until: Timestamp },
}

pub fn create(cx: &mut Cx, stack: &Stack, row: &Resource) -> Result<Outcome> {
    let kind = kind(cx, row)?;
    let new = New {
        properties: row.properties.clone(),
        generated_name: row.generated_name.clone(),
        logical_id: row.logical_id.clone(),
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        tags: tags(stack, row, &row.tags),
    };
    on_behalf(cx, stack, |cx| {
        let progress = (kind.create)(cx, &new)?;
        refuse_second(cx, row, &progress)?;
        outcome(cx, kind, progress, &new.properties)
    })
}

/// From `before` to the row's properties.
pub fn update(cx: &mut Cx, stack: &Stack, row: &Resource, before: Properties) -> Result<Outcome> {
    let kind = kind(cx, row)?;
    let old_tags = row.before.as_ref().map(|it| it.tags.as_slice()).unwrap_or_default();
    let change = Change {
        physical_id: row.physical_id.clone().unwrap_or_default(),
        before,
        after: row.properties.clone(),
        logical_id: row.logical_id.clone(),
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        tags_before: tags(stack, row, old_tags),
        tags: tags(stack, row, &row.tags),
    };
    on_behalf(cx, stack, |cx| {
        let progress = (kind.update)(cx, &change)?;
        outcome(cx, kind, progress, &change.after)
    })
}

/// `None` once it is gone, else when to ask again.
pub fn delete(cx: &mut Cx, stack: &Stack, row: &Resource) -> Result<Option<Timestamp>> {
    let kind = kind(cx, row)?;
    let existing =
        Existing { physical_id: row.physical_id.clone().unwrap_or_default(), properties: row.properties.clone() };
    match on_behalf(cx, stack, |cx| (kind.delete)(cx, &existing)) {
        Ok(Progress::Done { .. }) => Ok(None),
        Ok(Progress::Waiting { until, .. }) => Ok(Some(until)),
        // What somebody else deleted is deleted.
        Err(error) if handler_code(&error) == "NotFound" => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is there, as the caller may see it: `None` where it is gone. Nothing at all where the type cannot tell.
pub fn read(cx: &mut Cx, row: &Resource) -> Option<Result<Option<Properties>>> {
    let read = resource_type(cx, &row.type_name)?.read?;
    let existing =
        Existing { physical_id: row.physical_id.clone().unwrap_or_default(), properties: row.properties.clone() };
    Some(match cx.via(SERVICE, |cx| read(cx, &existing)) {
        Ok(properties) => Ok(Some(properties)),
        Err(error) if handler_code(&error) == "NotFound" => Ok(None),
        Err(error) => Err(error),
    })
}

/// Whether a resource has to be asked to become something else.
pub fn is_changed(cx: &Cx, row: &Resource, after: &Properties, tags: &[(String, String)]) -> bool {
    if row.properties != *after {
        return true;
    }
    let takes_tags = || {
        let property = schema::of(&row.type_name).and_then(|it| it.tag_property());
        let kind = resource_type(cx, &row.type_name);
        property.is_some_and(|it| kind.is_some_and(|kind| kind.properties.contains(&it.as_str())))
    };
    row.tags != tags && takes_tags()
}

pub fn is_replaced(row: &Resource, after: &Properties) -> bool {
    let Some(schema) = schema::of(&row.type_name) else { return false };
    let differs =
        |name: &String| schema.replaces(name, row.properties.get(name), after.get(name)) == Replacement::Always;
    row.properties.keys().chain(after.keys()).any(differs)
}

/// What a stack has already. An error here undoes what the type did.
const OWNED: ErrorShape = ErrorShape::sender("AlreadyOwned");

fn refuse_second(cx: &Cx, row: &Resource, progress: &Progress) -> Result<()> {
    let (Progress::Done { physical_id } | Progress::Waiting { physical_id, .. }) = progress;
    // Asked again, it finds itself.
    if row.physical_id.is_some() || !schema::of(&row.type_name).is_some_and(|it| it.has_own_id()) {
        return Ok(());
    }
    match resource::owner(cx, &row.type_name, physical_id) {
        Some(owner) => Err(OWNED.with(format!("{physical_id} already exists in stack {owner}"))),
        None => Ok(()),
    }
}

/// As AWS writes it into the event of a failure.
pub fn reason(cx: &Cx, type_name: &str, error: &Error) -> String {
    if error.code() == OWNED.code {
        return error.message().to_owned();
    }
    let service = type_name.split("::").nth(1).unwrap_or_default();
    let (status, request, code) = (error.shape().status, cx.id(), handler_code(error));
    let message = error.message();
    let token = cx.id();
    format!(
        "Resource handler returned message: \"{message} (Service: {service}, Status Code: {status}, Request ID: {request})\" (RequestToken: {token}, HandlerErrorCode: {code})"
    )
}

/// The codes of AWS's handler contract, from what services call their errors.
fn handler_code(error: &Error) -> &'static str {
    let code = error.code();
    let has = |parts: &[&str]| parts.iter().any(|it| code.contains(it));
    if has(&["AlreadyExist", "AlreadyOwned", "NameExists", "ResourceConflict"]) {
        "AlreadyExists"
    } else if has(&["AccessDenied", "Unauthorized"]) {
        "AccessDenied"
    } else if has(&["NotFound", "NoSuchEntity", "NoSuchBucket", "NonExistent", "DoesNotExist"]) {
        "NotFound"
    } else if has(&["LimitExceeded"]) {
        "ServiceLimitExceeded"
    } else if has(&["Throttl", "TooManyRequests"]) {
        "Throttling"
    } else if error.shape().fault == Fault::Receiver {
        "ServiceInternalError"
    } else {
        "InvalidRequest"
    }
}

/// As the caller who asked for the operation, or as the stack's role where it has one.
fn on_behalf<T>(cx: &mut Cx, stack: &Stack, inside: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
    let Some(arn) = &stack.role_arn else { return cx.via(SERVICE, inside) };
    let session = role::session(cx, arn)?;
    cx.acting_as(session, |cx| cx.in_place_of(&stack.id, |cx| cx.via(SERVICE, inside)))
}

fn kind(cx: &Cx, row: &Resource) -> Result<&'static ResourceType> {
    resource_type(cx, &row.type_name).ok_or_else(|| unsupported(format!("the resource type {}", row.type_name)))
}

/// Attributes are read in the same transaction, so that a resource that cannot be read was not made.
fn outcome(cx: &mut Cx, kind: &ResourceType, progress: Progress, properties: &Properties) -> Result<Outcome> {
    match progress {
        Progress::Waiting { physical_id, until } => Ok(Outcome::Waiting { physical_id, until }),
        Progress::Done { physical_id } => {
            let existing = Existing { physical_id, properties: properties.clone() };
            let attributes = (kind.attributes)(cx, &existing)?;
            Ok(Outcome::Done { physical_id: existing.physical_id, attributes })
        }
    }
}

/// The stack's tags, and AWS's own where the type takes them.
fn tags(stack: &Stack, row: &Resource, tags: &[(String, String)]) -> Vec<(String, String)> {
    let mut all = tags.to_vec();
    if schema::of(&row.type_name).is_some_and(|it: std::sync::Arc<Schema>| it.takes_system_tags()) {
        all.push(("aws:cloudformation:stack-name".to_owned(), stack.name.clone()));
        all.push(("aws:cloudformation:logical-id".to_owned(), row.logical_id.clone()));
        all.push(("aws:cloudformation:stack-id".to_owned(), stack.id.clone()));
    }
    all
}
