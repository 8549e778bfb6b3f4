//! PutItem, UpdateItem, DeleteItem and GetItem.

use crate::capacity::{Consumed, Mode, Report};
use crate::change::{COLLECTIONS, ITEMS};
use crate::expression::placeholder::Placeholders;
use crate::expression::projection::Projection;
use crate::failure::{Invalid, invalid};
use crate::key;
use crate::schema::{self, Schema};
use crate::write::{Action, Prepared, Refusal, Terms, Write, Written, one_style};
use api::dynamodb::{
    DeleteItem, DeleteItemOutput, GetItem, GetItemOutput, ItemCollectionMetrics, PutItem, PutItemOutput, UpdateItem,
    UpdateItemOutput, error,
};
use items::attribute::Document;
use items::packed::Packed;
use items::wire;
use kernel::Cx;
use model::{Error, Result, Value};
use std::collections::BTreeMap;

/// What PutItem, UpdateItem and DeleteItem ask alike.
struct Asked {
    table: String,
    terms: Terms,
    return_values: Option<String>,
    on_failure: Option<String>,
    capacity: Option<String>,
    metrics: Option<String>,
}

/// What they are told alike.
struct Told {
    attributes: Option<Value>,
    capacity: Option<api::dynamodb::ConsumedCapacity>,
    metrics: Option<ItemCollectionMetrics>,
}

/// A macro, for the generated types have no more in common than the names of their members.
macro_rules! asked {
    ($input:ident, $terms:expr) => {
        Asked {
            table: $input.table_name,
            terms: Terms {
                condition: $input.condition_expression,
                names: $input.expression_attribute_names,
                values: $input.expression_attribute_values,
                expected: $input.expected,
                operator: $input.conditional_operator,
                ..$terms
            },
            return_values: $input.return_values,
            on_failure: $input.return_values_on_condition_check_failure,
            capacity: $input.return_consumed_capacity,
            metrics: $input.return_item_collection_metrics,
        }
    };
}

pub fn put(cx: &mut Cx, input: PutItem) -> Result<PutItemOutput> {
    only_old(input.return_values.as_deref())?;
    let action = Action::put(input.item)?;
    let Told { attributes, capacity, metrics } = write(cx, action, asked!(input, Terms::default()))?;
    Ok(PutItemOutput { attributes, consumed_capacity: capacity, item_collection_metrics: metrics })
}

pub fn delete(cx: &mut Cx, input: DeleteItem) -> Result<DeleteItemOutput> {
    only_old(input.return_values.as_deref())?;
    let action = Action::delete(input.key)?;
    let Told { attributes, capacity, metrics } = write(cx, action, asked!(input, Terms::default()))?;
    Ok(DeleteItemOutput { attributes, consumed_capacity: capacity, item_collection_metrics: metrics })
}

pub fn update(cx: &mut Cx, input: UpdateItem) -> Result<UpdateItemOutput> {
    let action = Action::update(input.key)?;
    let terms = Terms { update: input.update_expression, updates: input.attribute_updates, ..Terms::default() };
    let Told { attributes, capacity, metrics } = write(cx, action, asked!(input, terms))?;
    Ok(UpdateItemOutput { attributes, consumed_capacity: capacity, item_collection_metrics: metrics })
}

fn write(cx: &mut Cx, action: Action, asked: Asked) -> Result<Told> {
    let prepared = Prepared::new(action, asked.terms)?;
    let write = prepared.parse()?;
    let schema = schema::of_items(cx, &asked.table)?;
    let written = carry_out(cx, &schema, &write, asked.on_failure.as_deref())?;
    Ok(Told {
        metrics: metrics(cx, &schema, &written, asked.metrics.as_deref()),
        capacity: consumed(&schema, &written, Report::of(asked.capacity.as_deref())),
        attributes: returned(&written, asked.return_values.as_deref()),
    })
}

pub fn get(cx: &Cx, input: GetItem) -> Result<GetItemOutput> {
    let projection = projection(
        input.attributes_to_get.as_deref(),
        input.projection_expression.as_deref(),
        input.expression_attribute_names,
    )?;
    let key = key_of(input.key)?;
    let schema = schema::of_items(cx, &input.table_name)?;
    let key = key::of_key(&schema, &key)?;
    let found: Option<Packed> = cx.get(&ITEMS, &key.row(schema.number));
    let (mut json, mut size) = (Vec::new(), 0);
    if let Some(found) = &found {
        size = match projection {
            None => found.write_json(&mut json),
            Some(projection) => {
                let item = found.unpack();
                projection.apply(&item).write_json(&mut json);
                item.size()
            }
        };
    }
    let consumed = Consumed::read(size, mode(input.consistent_read));
    Ok(GetItemOutput {
        item: found.map(|_| Value::Json(json.into())),
        consumed_capacity: consumed.report(&schema.name, Report::of(input.return_consumed_capacity.as_deref())),
    })
}

pub fn mode(consistent: Option<bool>) -> Mode {
    if consistent == Some(true) { Mode::Strong } else { Mode::Eventual }
}

pub fn key_of(key: Value) -> Result<Document, Invalid> {
    Ok(wire::document(key)?)
}

/// Which attributes a read is to give: those of `AttributesToGet`, or of `ProjectionExpression`.
///
/// # Errors
/// Both, or what is wrong with one.
pub fn projection(
    attributes: Option<&[String]>,
    expression: Option<&str>,
    names: Option<BTreeMap<String, String>>,
) -> Result<Option<Projection>, Invalid> {
    one_style(&[("AttributesToGet", attributes.is_some())], &[("ProjectionExpression", expression.is_some())])?;
    let placeholders = Placeholders::new(names, None)?;
    placeholders.require(expression.is_some(), &[])?;
    let projection = match (expression, attributes) {
        (Some(source), _) => Some(Projection::parse(source, &placeholders)?),
        (None, Some(names)) => Some(of_names(names)?),
        (None, None) => None,
    };
    placeholders.all_used()?;
    Ok(projection)
}

pub fn of_names(names: &[String]) -> Result<Projection, Invalid> {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if let Some(twin) = sorted.windows(2).find(|it| it[0] == it[1]) {
        return Err(crate::failure::invalid_value(format!("Duplicate value in attribute name: {}", twin[0])));
    }
    Ok(Projection::of_names(sorted.into_iter()))
}

fn only_old(return_values: Option<&str>) -> Result<(), Invalid> {
    match return_values {
        None | Some("NONE" | "ALL_OLD") => Ok(()),
        Some(_) => Err(invalid("ReturnValues can only be ALL_OLD or NONE")),
    }
}

fn carry_out(cx: &mut Cx, schema: &Schema, write: &Write, on_failure: Option<&str>) -> Result<Written> {
    write.carry_out(cx, schema).map_err(|it| refused(it, on_failure))
}

/// Why one write did not happen, for its caller.
pub fn refused(refusal: Refusal, on_failure: Option<&str>) -> Error {
    match refusal {
        Refusal::Invalid(why) => why.into(),
        Refusal::TooLarge => too_large(),
        Refusal::Duplicate => error::DUPLICATE_ITEM.with("Duplicate primary key exists in table"),
        Refusal::Condition(item) => {
            let failed = error::CONDITIONAL_CHECK_FAILED.with("The conditional request failed");
            match item.filter(|_| on_failure == Some("ALL_OLD")) {
                Some(item) => failed.field("Item", wire::into_value(item)),
                None => failed,
            }
        }
    }
}

pub fn too_large() -> Error {
    error::ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED
        .with("Collection size exceeded. A collection can have at most 10 GB of items and index entries")
}

/// What ReturnValues asks for.
pub fn returned(written: &Written, wanted: Option<&str>) -> Option<Value> {
    let touched = |image: Option<&Document>| image.map(|it| Projection::of(written.touched.iter()).apply(it));
    let image = match wanted {
        Some("ALL_OLD") => written.old.clone(),
        Some("ALL_NEW") => written.new.clone(),
        Some("UPDATED_OLD") if !written.touched.is_empty() => touched(written.old.as_ref()),
        Some("UPDATED_NEW") if !written.touched.is_empty() => touched(written.new.as_ref()),
        _ => None,
    };
    image.filter(|it| !it.is_empty()).map(wire::into_value)
}

pub fn consumed(schema: &Schema, written: &Written, report: Report) -> Option<api::dynamodb::ConsumedCapacity> {
    if report == Report::None {
        return None;
    }
    let Written { key, old, new, .. } = written;
    Consumed::write(schema, key, old.as_ref(), new.as_ref(), Mode::Strong).report(&schema.name, report)
}

/// Of tables with local indexes alone.
pub fn metrics(cx: &Cx, schema: &Schema, written: &Written, wanted: Option<&str>) -> Option<ItemCollectionMetrics> {
    if wanted != Some("SIZE") || !schema.has_locals() {
        return None;
    }
    let bytes = cx.get(&COLLECTIONS, &(schema.number, written.key.hash)).unwrap_or(0);
    let item = written.new.as_ref().or(written.old.as_ref())?;
    // The estimate is a range of whole gigabytes.
    let low = (bytes / (1 << 30)) as f64;
    Some(ItemCollectionMetrics {
        item_collection_key: Some(wire::into_value(key::part(item, std::iter::once(schema.key.hash.name.as_str())))),
        size_estimate_range_gb: Some(vec![low, low + 1.0]),
    })
}
