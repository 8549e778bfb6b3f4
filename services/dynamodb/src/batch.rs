//! BatchGetItem and BatchWriteItem: many items, each by itself.

use crate::capacity::{Consumed, Mode, Report};
use crate::change;
use crate::failure::{Invalid, invalid};
use crate::item;
use crate::key::{self, ItemKey};
use crate::schema::{self, Schema};
use crate::write::{Action, Prepared, Refusal, Terms, Written};
use api::dynamodb::{
    BatchGetItem, BatchGetItemOutput, BatchWriteItem, BatchWriteItemOutput, KeysAndAttributes, WriteRequest,
};
use items::attribute::Document;
use items::wire;
use kernel::Cx;
use model::{Result, Value};
use std::collections::{BTreeMap, BTreeSet};

// "Quotas in Amazon DynamoDB".
const MOST_READ: usize = 100;
const MOST_WRITTEN: usize = 25;
/// Of an answer: what is beyond it comes back as unprocessed keys.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What IAM is asked about. All tables of a batch are in one place.
pub fn arns<'t>(cx: &Cx, tables: impl Iterator<Item = &'t String>) -> Result<Vec<String>> {
    let arns: Vec<String> = tables.map(|it| schema::arn(cx, it)).collect::<Result<_>>()?;
    let place = |arn: &str| arn.splitn(6, ':').take(5).map(str::to_owned).collect::<Vec<_>>();
    if arns.iter().any(|it| place(it) != place(&arns[0])) {
        return Err(invalid("Niebla does not support tables of several accounts or regions in one request.").into());
    }
    Ok(arns)
}

pub fn get(cx: &Cx, input: BatchGetItem) -> Result<BatchGetItemOutput> {
    let report = Report::of(input.return_consumed_capacity.as_deref());
    let count = |it: &KeysAndAttributes| if let Value::List(keys) = &it.keys { keys.len() } else { 0 };
    if input.request_items.values().map(count).sum::<usize>() > MOST_READ {
        return Err(invalid("Too many items requested for the BatchGetItem call").into());
    }
    let mut reading = Reading::default();
    for (table, wanted) in input.request_items {
        reading.table(cx, table, wanted, report)?;
    }
    Ok(BatchGetItemOutput {
        responses: Some(Value::Map(reading.responses)),
        unprocessed_keys: Some(reading.unprocessed),
        consumed_capacity: (report != Report::None).then_some(reading.consumed),
    })
}

#[derive(Default)]
struct Reading {
    responses: Vec<(String, Value)>,
    unprocessed: BTreeMap<String, KeysAndAttributes>,
    consumed: Vec<api::dynamodb::ConsumedCapacity>,
    bytes: usize,
}

impl Reading {
    fn table(&mut self, cx: &Cx, table: String, wanted: KeysAndAttributes, report: Report) -> Result<()> {
        let projection = item::projection(
            wanted.attributes_to_get.as_deref(),
            wanted.projection_expression.as_deref(),
            wanted.expression_attribute_names.clone(),
        )?;
        let Value::List(given) = &wanted.keys else { return Ok(()) };
        let documents = given.iter().map(|it| item::key_of(it.clone())).collect::<Result<Vec<Document>, Invalid>>()?;
        let schema = schema::of_items(cx, &table)?;
        let keys = documents.iter().map(|it| key::of_key(&schema, it)).collect::<Result<Vec<ItemKey>, Invalid>>()?;
        if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            return Err(invalid("Provided list of item keys contains duplicates").into());
        }
        let mode = item::mode(wanted.consistent_read);
        let (mut found, mut left, mut consumed) = (Vec::new(), Vec::new(), Consumed::default());
        for (key, given) in keys.iter().zip(given) {
            let read = change::read(cx, &schema, key);
            let size = read.as_ref().map_or(0, Document::size);
            if self.bytes + size > LARGEST_ANSWER {
                left.push(given.clone());
                continue;
            }
            self.bytes += size;
            consumed.add(Consumed::read(size, mode));
            let shown = read.map(|it| projection.as_ref().map_or_else(|| it.clone(), |only| only.apply(&it)));
            found.extend(shown.map(wire::into_value));
        }
        self.consumed.extend(consumed.report(&schema.name, report));
        if !left.is_empty() {
            self.unprocessed.insert(table.clone(), KeysAndAttributes { keys: Value::List(left), ..wanted });
        }
        self.responses.push((table, Value::List(found)));
        Ok(())
    }
}

pub fn write(cx: &mut Cx, input: BatchWriteItem) -> Result<BatchWriteItemOutput> {
    let report = Report::of(input.return_consumed_capacity.as_deref());
    if input.request_items.values().map(Vec::len).sum::<usize>() > MOST_WRITTEN {
        return Err(invalid("Too many items requested for the BatchWriteItem call").into());
    }
    let mut output =
        BatchWriteItemOutput { unprocessed_items: Some(BTreeMap::new()), ..BatchWriteItemOutput::default() };
    let mut consumed = Vec::new();
    let mut metrics = BTreeMap::new();
    for (table, requests) in input.request_items {
        if requests.is_empty() {
            return Err(invalid("The batch write request list for a table cannot be null or empty").into());
        }
        let prepared = requests.into_iter().map(prepare).collect::<Result<Vec<Prepared>, Invalid>>()?;
        let schema = schema::of_items(cx, &table)?;
        let written = write_all(cx, &schema, &prepared)?;
        consumed.extend(units(&schema, &written, Mode::Strong).report(&schema.name, report));
        let sizes: Vec<_> = written
            .iter()
            .filter_map(|it| item::metrics(cx, &schema, it, input.return_item_collection_metrics.as_deref()))
            .collect();
        if !sizes.is_empty() {
            metrics.insert(table, sizes);
        }
    }
    output.consumed_capacity = (report != Report::None).then_some(consumed);
    output.item_collection_metrics = (!metrics.is_empty()).then_some(metrics);
    Ok(output)
}

pub fn units(schema: &Schema, written: &[Written], mode: Mode) -> Consumed {
    let mut all = Consumed::default();
    for it in written {
        all.add(Consumed::write(schema, &it.key, it.old.as_ref(), it.new.as_ref(), mode));
    }
    all
}

fn prepare(request: WriteRequest) -> Result<Prepared, Invalid> {
    let action = match (request.put_request, request.delete_request) {
        (Some(put), None) => Action::put(put.item)?,
        (None, Some(delete)) => Action::delete(delete.key)?,
        (None, None) => {
            return Err(invalid(
                "Supplied WriteRequest is empty, must contain exactly one of PutRequest and DeleteRequest",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ));
        }
    };
    Prepared::new(action, Terms::default())
}

fn write_all(cx: &mut Cx, schema: &Schema, prepared: &[Prepared]) -> Result<Vec<Written>> {
    let writes = prepared.iter().map(Prepared::parse).collect::<Result<Vec<_>, Invalid>>()?;
    let keys = writes.iter().map(|it| it.key(schema)).collect::<Result<BTreeSet<ItemKey>, Invalid>>()?;
    if keys.len() < writes.len() {
        return Err(invalid("Provided list of item keys contains duplicates").into());
    }
    let each = writes.iter().map(|it| {
        it.carry_out(cx, schema).map_err(|refusal| match refusal {
            Refusal::Condition(_) | Refusal::Duplicate => unreachable!("a batch has no conditions"),
            other => item::refused(other, None),
        })
    });
    each.collect()
}
