//! Event source mappings: what a function reads from, stored, checked and shown. `poll.rs` reads queues, `stream` streams.
//!
//! A mapping works as soon as the transaction that creates or changes it is on disk, so only the answers of these
//! operations say `Creating`, `Enabling` and the like.

mod batch;
mod check;
mod filter;
mod poll;
pub mod reconcile;
mod stream;

use crate::function::{self, Function};
use crate::{name, page, tag};
use api::lambda::{
    CreateEventSourceMapping, CreateEventSourceMappingOutput, DeleteEventSourceMapping, DeleteEventSourceMappingOutput,
    DestinationConfig, EventSourceMappingConfiguration, GetEventSourceMapping, GetEventSourceMappingOutput,
    ListEventSourceMappings, ListEventSourceMappingsOutput, OnFailure, ScalingConfig, UpdateEventSourceMapping,
    UpdateEventSourceMappingOutput, error,
};
use kernel::Cx;
use kernel::source::{Kind, Shard, Source};
use model::{Result, Timestamp};
use policy::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};
use stream::{StreamWork, checkpoint};

/// Every mapping. Key: UUID.
pub static MAPPINGS: Table<Mapping> = Table::regional("lambda.mapping");
/// Those of a function. Key: (function's name, UUID).
static BY_FUNCTION: Table<()> = Table::regional("lambda.mapping-by-function");
/// Those of a source. Key: (source's ARN, UUID).
static BY_SOURCE: Table<()> = Table::regional("lambda.mapping-by-source");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mapping {
    pub uuid: String,
    pub work: Work,
    pub enabled: bool,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

/// What its poller has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// ARN.
    pub source: String,
    /// The function's name.
    pub function: String,
    /// A version or an alias.
    #[serde(default)]
    pub qualifier: Option<String>,
    /// Event patterns, of which a record has to match one.
    #[serde(default)]
    pub filters: Vec<String>,
    pub batch_size: i64,
    /// Seconds that a batch may wait to become full.
    pub window: i64,
    /// The function may say which records of a batch failed.
    pub reports_failures: bool,
    /// Batches under way at once.
    pub most_at_once: Option<i64>,
    #[serde(default)]
    pub stream: Option<StreamWork>,
}

/// AWS gives no more mappings at once.
const PAGE: usize = 100;

pub fn create(cx: &mut Cx, input: CreateEventSourceMapping) -> Result<CreateEventSourceMappingOutput> {
    check::refuse_unsupported(&input)?;
    let function = function::by_name(cx, &input.function_name, None)?;
    let qualifier = name::parse(&input.function_name).qualifier.map(str::to_owned);
    let source = input.event_source_arn.clone().unwrap_or_default();
    check::at_home(cx, &source)?;
    check::at_home(cx, &input.function_name)?;
    let reads = check::source_of(cx, &source)?;
    check::creation(&input, reads)?;
    let work = Work {
        function: function.name.clone(),
        qualifier,
        stream: check::stream_work(&input, reads)?,
        filters: filter::patterns(input.filter_criteria)?,
        batch_size: input.batch_size.unwrap_or(check::batch_size(reads)),
        window: input.maximum_batching_window_in_seconds.unwrap_or(0),
        reports_failures: check::reports_failures(input.function_response_types.as_deref()),
        most_at_once: check::most_at_once(input.scaling_config.as_ref())?,
        source,
    };
    check::batch(&work, reads)?;
    let tags = input.tags.unwrap_or_default();
    tag::check(&tags)?;
    refuse_second(cx, &work, reads)?;
    check::reader(cx, &function, reads, &work.source)?;
    check::destination(cx, &function, &work)?;
    let enabled = input.enabled.unwrap_or(true);
    let mapping = Mapping { uuid: cx.id(), work, enabled, tags, modified_at: cx.now().0 };
    store(cx, &mapping);
    begin(cx, &function, &mapping, reads)?;
    Ok(function::reshaped(shown(cx, &mapping, "Creating")))
}

/// What is in a stream already is not for a mapping that starts at its end.
fn begin(cx: &mut Cx, function: &Function, mapping: &Mapping, source: &Source) -> Result<()> {
    let (Kind::Stream(stream), Some(settings)) = (&source.kind, &mapping.work.stream) else { return Ok(()) };
    // Without a checkpoint a shard is read from its beginning.
    if settings.starts_at == check::TRIM_HORIZON {
        return Ok(());
    }
    let arn = &mapping.work.source;
    let session = check::session(cx, function, arn)?;
    let positions = cx.acting_as(session, |cx| {
        let shards = (stream.shards)(cx, arn)?;
        let position = |it: Shard| Ok(((stream.position)(cx, arn, &it.id, &settings.starts_at)?, it.id));
        shards.into_iter().map(position).collect::<Result<Vec<_>>>()
    })?;
    for (position, shard) in positions {
        checkpoint::begin(cx, &mapping.uuid, &shard, position, settings.lanes as usize);
    }
    Ok(())
}

pub fn get(cx: &Cx, input: GetEventSourceMapping) -> Result<GetEventSourceMappingOutput> {
    let mapping = by_uuid(cx, &input.uuid)?;
    Ok(function::reshaped(shown(cx, &mapping, settled(&mapping))))
}

pub fn list(cx: &Cx, input: ListEventSourceMappings) -> Result<ListEventSourceMappingsOutput> {
    let limit = page::limit(input.max_items, PAGE);
    let after = page::after(input.marker.as_deref())?;
    let source = input.event_source_arn.as_deref();
    let mut found = match (&input.function_name, source) {
        (Some(text), _) => {
            let name = name::parse(text).function;
            // A function reads from few sources, so that these are picked from all of them.
            let uuids = indexed(cx, &BY_FUNCTION, name, after.as_deref(), usize::MAX);
            let mappings = uuids.iter().map(|it| indexed_row(cx, it));
            mappings.filter(|it| source.is_none_or(|arn| it.work.source == arn)).take(limit + 1).collect()
        }
        (None, Some(arn)) => {
            let uuids = indexed(cx, &BY_SOURCE, arn, after.as_deref(), limit + 1);
            uuids.iter().map(|it| indexed_row(cx, it)).collect()
        }
        (None, None) => {
            let span = after.map_or(Span::all(), |it| Span::all().after(&it.as_str()));
            cx.range(&MAPPINGS, span, limit + 1)
        }
    };
    let next_marker = page::cut(&mut found, limit, |it| &it.uuid);
    let mappings = found.iter().map(|it| shown(cx, it, settled(it))).collect();
    Ok(ListEventSourceMappingsOutput { next_marker, event_source_mappings: Some(mappings) })
}

pub fn update(cx: &mut Cx, input: UpdateEventSourceMapping) -> Result<UpdateEventSourceMappingOutput> {
    check::refuse_unsupported_change(&input)?;
    let before = by_uuid(cx, &input.uuid)?;
    let reads = check::source_of(cx, &before.work.source)?;
    check::change(&input, reads)?;
    let mut mapping = before.clone();
    let work = &mut mapping.work;
    if let Some(text) = &input.function_name {
        check::at_home(cx, text)?;
        work.qualifier = name::parse(text).qualifier.map(str::to_owned);
        name::parse(text).function.clone_into(&mut work.function);
    }
    let function = function::by_name(cx, &work.function, work.qualifier.as_deref())?;
    if let Some(settings) = &mut work.stream {
        check::change_stream_work(settings, &input)?;
    }
    if input.filter_criteria.is_some() {
        work.filters = filter::patterns(input.filter_criteria)?;
    }
    work.batch_size = input.batch_size.unwrap_or(work.batch_size);
    work.window = input.maximum_batching_window_in_seconds.unwrap_or(work.window);
    if input.function_response_types.is_some() {
        work.reports_failures = check::reports_failures(input.function_response_types.as_deref());
    }
    if input.scaling_config.is_some() {
        work.most_at_once = check::most_at_once(input.scaling_config.as_ref())?;
    }
    check::batch(work, reads)?;
    if work.function != before.work.function {
        refuse_second(cx, work, reads)?;
        check::reader(cx, &function, reads, &work.source)?;
    }
    check::destination(cx, &function, work)?;
    mapping.enabled = input.enabled.unwrap_or(mapping.enabled);
    mapping.modified_at = cx.now().0;
    remove(cx, &before);
    store(cx, &mapping);
    let state = match (before.enabled, mapping.enabled) {
        (false, true) => "Enabling",
        (true, false) => "Disabling",
        _ => "Updating",
    };
    Ok(function::reshaped(shown(cx, &mapping, state)))
}

pub fn delete(cx: &mut Cx, input: DeleteEventSourceMapping) -> Result<DeleteEventSourceMappingOutput> {
    let mapping = by_uuid(cx, &input.uuid)?;
    let shown = shown(cx, &mapping, "Deleting");
    remove(cx, &mapping);
    checkpoint::forget(cx, &mapping.uuid);
    Ok(function::reshaped(shown))
}

pub fn by_uuid(cx: &Cx, uuid: &str) -> Result<Mapping> {
    cx.get(&MAPPINGS, uuid).ok_or_else(|| {
        error::RESOURCE_NOT_FOUND.with("The resource you requested does not exist.").field("Type", "User".to_owned())
    })
}

pub fn arn(cx: &Cx, uuid: &str) -> String {
    cx.arn("lambda", &format!("event-source-mapping:{uuid}"))
}

// `lambda:FunctionArn`: the function that a mapping has, and for a new one the function that it is to have.

pub fn conditions(cx: &Cx, input: &CreateEventSourceMapping, context: &mut Context) {
    context.insert("lambda:FunctionArn", name::arn(cx, &input.function_name));
    tag::requested(input.tags.as_ref(), context);
}

pub fn conditions_of_get(cx: &Cx, input: &GetEventSourceMapping, context: &mut Context) {
    function_of(cx, &input.uuid, context);
}

pub fn conditions_of_delete(cx: &Cx, input: &DeleteEventSourceMapping, context: &mut Context) {
    function_of(cx, &input.uuid, context);
}

/// The function that it is to have, where an update names another.
pub fn conditions_of_update(cx: &Cx, input: &UpdateEventSourceMapping, context: &mut Context) {
    match &input.function_name {
        Some(text) => context.insert("lambda:FunctionArn", name::arn(cx, text)),
        None => function_of(cx, &input.uuid, context),
    }
}

fn function_of(cx: &Cx, uuid: &str, context: &mut Context) {
    if let Ok(mapping) = by_uuid(cx, uuid) {
        context.insert("lambda:FunctionArn", name::arn(cx, &mapping.work.function));
    }
}

/// Writes a mapping whose work is what it was.
pub fn put(cx: &mut Cx, mapping: &Mapping) {
    cx.put(&MAPPINGS, &mapping.uuid.as_str(), mapping);
}

/// A function reads a source once.
fn refuse_second(cx: &Cx, work: &Work, source: &Source) -> Result<()> {
    let existing = indexed(cx, &BY_FUNCTION, &work.function, None, usize::MAX);
    let same = existing.iter().map(|it| indexed_row(cx, it)).find(|it| it.work.source == work.source);
    let Some(same) = same else { return Ok(()) };
    let (arn, function, uuid) = (&work.source, &work.function, &same.uuid);
    let why = match &source.kind {
        Kind::Queue(_) => format!(
            "An event source mapping with {} arn (\" {arn} \") and function (\" {function} \") already exists. Please update or delete the existing mapping with UUID {uuid}",
            source.name
        ),
        Kind::Stream(_) => format!(
            "The event source arn (\" {arn} \") and function (\" {function} \") provided mapping already exists. Please update or delete the existing mapping with UUID {uuid}"
        ),
    };
    Err(error::RESOURCE_CONFLICT.with(why).field("Type", "User".to_owned()))
}

fn settled(mapping: &Mapping) -> &'static str {
    if mapping.enabled { "Enabled" } else { "Disabled" }
}

fn shown(cx: &Cx, it: &Mapping, state: &str) -> EventSourceMappingConfiguration {
    let work = &it.work;
    let types = if work.reports_failures { vec![check::REPORT_FAILURES.to_owned()] } else { Vec::new() };
    let base = work.stream.as_ref().map(|settings| shown_stream(cx, it, settings)).unwrap_or_default();
    let reason = if work.stream.is_some() { "User action" } else { "USER_INITIATED" };
    EventSourceMappingConfiguration {
        uuid: Some(it.uuid.clone()),
        batch_size: Some(work.batch_size),
        maximum_batching_window_in_seconds: Some(work.window),
        event_source_arn: Some(work.source.clone()),
        function_arn: Some(name::with_qualifier(&name::arn(cx, &work.function), work.qualifier.as_deref())),
        filter_criteria: filter::shown(&work.filters),
        last_modified: Some(Timestamp(it.modified_at)),
        state: Some(state.to_owned()),
        state_transition_reason: Some(reason.to_owned()),
        function_response_types: Some(types),
        scaling_config: work.most_at_once.map(|it| ScalingConfig { maximum_concurrency: Some(it) }),
        event_source_mapping_arn: Some(arn(cx, &it.uuid)),
        ..base
    }
}

fn shown_stream(cx: &Cx, it: &Mapping, settings: &StreamWork) -> EventSourceMappingConfiguration {
    let on_failure = settings.on_failure.clone().map(|it| OnFailure { destination: Some(it) });
    EventSourceMappingConfiguration {
        starting_position: Some(settings.starts_at.clone()),
        parallelization_factor: Some(settings.lanes),
        bisect_batch_on_function_error: Some(settings.bisects),
        maximum_retry_attempts: Some(settings.retries.unwrap_or(-1)),
        maximum_record_age_in_seconds: Some(settings.longest_age.unwrap_or(-1)),
        tumbling_window_in_seconds: Some(settings.tumbling),
        destination_config: Some(DestinationConfig { on_success: None, on_failure }),
        last_processing_result: Some(checkpoint::result(cx, &it.uuid)),
        ..EventSourceMappingConfiguration::default()
    }
}

fn indexed(cx: &Cx, index: &Table<()>, of: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let mut span = Span::prefix(&of);
    if let Some(uuid) = after {
        span = span.after(&(of, uuid));
    }
    cx.keys(index, span, limit).into_iter().map(|(_, uuid): (String, String)| uuid).collect()
}

fn indexed_row(cx: &Cx, uuid: &str) -> Mapping {
    cx.get(&MAPPINGS, uuid).expect("the indexes point at mappings")
}

// Only these two write the indexes, so they cannot drift from the mappings.

fn store(cx: &mut Cx, it: &Mapping) {
    put(cx, it);
    cx.put(&BY_FUNCTION, &(it.work.function.as_str(), it.uuid.as_str()), &());
    cx.put(&BY_SOURCE, &(it.work.source.as_str(), it.uuid.as_str()), &());
}

fn remove(cx: &mut Cx, it: &Mapping) {
    cx.delete(&MAPPINGS, &it.uuid.as_str());
    cx.delete(&BY_FUNCTION, &(it.work.function.as_str(), it.uuid.as_str()));
    cx.delete(&BY_SOURCE, &(it.work.source.as_str(), it.uuid.as_str()));
}

/// The function and who it is, for its poller, which acts as Lambda.
pub(crate) fn reader_of(cx: &Cx, work: &Work) -> Option<(Function, kernel::Principal)> {
    let function = function::by_name(cx, &work.function, work.qualifier.as_deref()).ok()?;
    let session = function::session_of(cx, &function)?;
    Some((function, session))
}
