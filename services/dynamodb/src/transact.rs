//! TransactWriteItems and TransactGetItems: all or nothing.
//!
//! Transactions run one after the other on the store's writer, so none ever meets another half done: AWS's
//! `TransactionConflict` does not happen here.

use crate::capacity::{Consumed, Mode, Report, Transaction};
use crate::change;
use crate::failure::{Invalid, VALIDATION, invalid};
use crate::item;
use crate::key::{self, ItemKey};
use crate::schema::{self, Schema};
use crate::write::{Action, Prepared, Refusal, Terms, Write, Written};
use api::dynamodb::{
    ConsumedCapacity, Get, ItemResponse, TransactGetItems, TransactGetItemsOutput, TransactWriteItem,
    TransactWriteItems, TransactWriteItemsOutput, error,
};
use items::attribute::Document;
use items::wire;
use kernel::{Cx, Job, Question};
use model::typed::Typed;
use model::{Error, Result, Timestamp, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Table;

/// Requests that are not carried out again. Key: the client's token.
static TOKENS: Table<Done> = Table::regional("dynamodb.token");
/// Forgets one.
pub static FORGET: Job<String> = Job::new("dynamodb.forget-token");

#[derive(Serialize, Deserialize)]
pub struct Done {
    /// Of what was asked for.
    digest: [u8; 32],
    /// By table: what repeating it is told to have read.
    read: BTreeMap<String, f64>,
}

/// How long a client may repeat a request under its token.
const REMEMBERED_MS: i64 = 10 * 60 * 1_000;
/// All items of one together.
pub const LARGEST: usize = 4 * 1024 * 1024;

/// One of a transaction: the table, and the write.
struct Part {
    table: String,
    prepared: Prepared,
    shows_item: bool,
}

/// What IAM is asked before any of them is carried out.
pub fn asked_of_writes(cx: &Cx, input: &TransactWriteItems) -> Result<Vec<Question>> {
    let ask = |table: &str, action| Ok(Question::new(own_arn(cx, table)?, action));
    let each = input.transact_items.iter().flat_map(|it| {
        let put = it.put.as_ref().map(|it| ask(&it.table_name, "dynamodb:PutItem"));
        let update = it.update.as_ref().map(|it| ask(&it.table_name, "dynamodb:UpdateItem"));
        let delete = it.delete.as_ref().map(|it| ask(&it.table_name, "dynamodb:DeleteItem"));
        let check = it.condition_check.as_ref().map(|it| ask(&it.table_name, "dynamodb:ConditionCheckItem"));
        [put, update, delete, check].into_iter().flatten()
    });
    each.collect()
}

pub fn asked_of_reads(cx: &Cx, input: &TransactGetItems) -> Result<Vec<Question>> {
    let ask = |table: &str| Ok(Question::new(own_arn(cx, table)?, "dynamodb:GetItem"));
    input.transact_items.iter().map(|it| ask(&it.get.table_name)).collect()
}

pub fn write(cx: &mut Cx, mut input: TransactWriteItems) -> Result<TransactWriteItemsOutput> {
    let report = Report::of(input.return_consumed_capacity.as_deref());
    let token = input.client_request_token.take();
    let token = token.map(|token| (token, digest(&input)));
    let with_metrics = input.return_item_collection_metrics;
    let parts = input.transact_items.into_iter().map(part).collect::<Result<Vec<Part>, Invalid>>()?;
    let writes = parts.iter().map(|it| it.prepared.parse()).collect::<Result<Vec<Write>, Invalid>>()?;
    if let Some((token, digest)) = &token
        && let Some(done) = self::done(cx, token)
    {
        let consumed_capacity = repeated(done, *digest, report)?;
        return Ok(TransactWriteItemsOutput { consumed_capacity, ..TransactWriteItemsOutput::default() });
    }
    let schemas = schemas(cx, &parts)?;
    let shows: Vec<bool> = parts.iter().map(|it| it.shows_item).collect();
    let written = carry_out(cx, &shows, &schemas, &writes)?;

    let mut metrics: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (schema, it) in schemas.iter().zip(&written) {
        if let Some(size) = item::metrics(cx, schema, it, with_metrics.as_deref()) {
            metrics.entry(schema.name.clone()).or_default().push(size);
        }
    }
    Ok(TransactWriteItemsOutput {
        consumed_capacity: finish(cx, &schemas, &written, report, token),
        item_collection_metrics: (!metrics.is_empty()).then_some(metrics),
    })
}

/// The table of each part. Most have the same, which is read once.
fn schemas(cx: &Cx, parts: &[Part]) -> Result<Vec<Arc<Schema>>> {
    let mut schemas: Vec<Arc<Schema>> = Vec::with_capacity(parts.len());
    for part in parts {
        let schema = match schemas.last().filter(|it| it.name == part.table) {
            Some(same) => same.clone(),
            None => schema::of_items(cx, &part.table)?,
        };
        schemas.push(schema);
    }
    Ok(schemas)
}

/// What was done under this token.
pub fn done(cx: &Cx, token: &str) -> Option<Done> {
    cx.get(&TOKENS, token)
}

/// What a transaction consumed; from now on its token stands for it.
pub fn finish(
    cx: &mut Cx,
    schemas: &[Arc<Schema>],
    written: &[Written],
    report: Report,
    token: Option<(String, [u8; 32])>,
) -> Option<Vec<ConsumedCapacity>> {
    let mut read = BTreeMap::new();
    let mut consumed: BTreeMap<&str, Consumed> = BTreeMap::new();
    for (schema, it) in schemas.iter().zip(written) {
        let size = it.new.as_ref().or(it.old.as_ref()).map_or(0, Document::size);
        *read.entry(schema.name.clone()).or_default() += Consumed::read(size, Mode::Transactional).table;
        let units = Consumed::write(schema, &it.key, it.old.as_ref(), it.new.as_ref(), Mode::Transactional);
        consumed.entry(&schema.name).or_default().add(units);
    }
    let told = consumed.into_iter().filter_map(|(table, it)| it.report_transaction(table, report, Transaction::Write));
    let told: Vec<ConsumedCapacity> = told.collect();
    if let Some((token, digest)) = token {
        cx.put(&TOKENS, token.as_str(), &Done { digest, read });
        cx.at(Timestamp(cx.now().0 + REMEMBERED_MS), &FORGET, &token);
    }
    (report != Report::None).then_some(told)
}

pub fn forget(cx: &mut Cx, token: String) -> Result<()> {
    cx.delete(&TOKENS, token.as_str());
    Ok(())
}

pub fn get(cx: &Cx, input: TransactGetItems) -> Result<TransactGetItemsOutput> {
    let report = Report::of(input.return_consumed_capacity.as_deref());
    let mut consumed: BTreeMap<String, Consumed> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut responses = Vec::new();
    let mut bytes = 0;
    for it in input.transact_items {
        let Get { key, table_name, projection_expression, expression_attribute_names } = it.get;
        let projection = item::projection(None, projection_expression.as_deref(), expression_attribute_names)?;
        let key = item::key_of(key)?;
        let schema = schema::of_items(cx, &table_name)?;
        let key = key::of_key(&schema, &key)?;
        let found = change::read(cx, &schema, &key);
        if !seen.insert((schema.number, key)) {
            return Err(several().into());
        }
        let size = found.as_ref().map_or(0, Document::size);
        bytes += size;
        consumed.entry(schema.name.clone()).or_default().add(Consumed::read(size, Mode::Transactional));
        let shown = found.map(|it| projection.map_or_else(|| it.clone(), |only| only.apply(&it)));
        responses.push(ItemResponse { item: shown.map(wire::into_value) });
    }
    if bytes > LARGEST {
        return Err(too_large());
    }
    let told = consumed.into_iter().filter_map(|(table, it)| it.report_transaction(&table, report, Transaction::Read));
    let told: Vec<ConsumedCapacity> = told.collect();
    Ok(TransactGetItemsOutput {
        consumed_capacity: (report != Report::None).then_some(told),
        responses: Some(responses),
    })
}

/// A transaction stays in one account and region.
pub fn own_arn(cx: &Cx, table: &str) -> Result<String> {
    let arn = schema::arn(cx, table)?;
    // A name is of a table here; an ARN may not be.
    if table.starts_with("arn:") && arn != cx.arn("dynamodb", &format!("table/{}", schema::name_of(table))) {
        return Err(invalid("A transaction can only be about tables of the caller's account and region").into());
    }
    Ok(arn)
}

fn part(it: TransactWriteItem) -> Result<Part, Invalid> {
    let given = [it.condition_check.is_some(), it.put.is_some(), it.delete.is_some(), it.update.is_some()];
    if given.into_iter().filter(|it| *it).count() != 1 {
        return Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete"));
    }
    let (table, action, terms, on_failure) = if let Some(it) = it.put {
        let terms = terms(None, it.condition_expression, it.expression_attribute_names, it.expression_attribute_values);
        let on_failure = it.return_values_on_condition_check_failure;
        (it.table_name, Action::put(it.item)?, terms, on_failure)
    } else if let Some(it) = it.delete {
        let terms = terms(None, it.condition_expression, it.expression_attribute_names, it.expression_attribute_values);
        let on_failure = it.return_values_on_condition_check_failure;
        (it.table_name, Action::delete(it.key)?, terms, on_failure)
    } else if let Some(it) = it.update {
        let (names, values) = (it.expression_attribute_names, it.expression_attribute_values);
        let terms = terms(Some(it.update_expression), it.condition_expression, names, values);
        let on_failure = it.return_values_on_condition_check_failure;
        (it.table_name, Action::update(it.key)?, terms, on_failure)
    } else {
        let it = it.condition_check.expect("one of the four is there");
        let condition = Some(it.condition_expression);
        let terms = terms(None, condition, it.expression_attribute_names, it.expression_attribute_values);
        let on_failure = it.return_values_on_condition_check_failure;
        (it.table_name, Action::check(it.key)?, terms, on_failure)
    };
    let shows_item = on_failure.as_deref() == Some("ALL_OLD");
    Ok(Part { table, prepared: Prepared::new(action, terms)?, shows_item })
}

fn terms(
    update: Option<String>,
    condition: Option<String>,
    names: Option<BTreeMap<String, String>>,
    values: Option<Value>,
) -> Terms {
    Terms { update, condition, names, values, ..Terms::default() }
}

fn check_distinct(schemas: &[Arc<Schema>], writes: &[Write]) -> Result<()> {
    let mut seen: BTreeSet<(u64, ItemKey)> = BTreeSet::new();
    for (schema, write) in schemas.iter().zip(writes) {
        // A key that is none is a reason of its own, told in its place.
        if let Ok(key) = write.key(schema)
            && !seen.insert((schema.number, key))
        {
            return Err(several().into());
        }
    }
    Ok(())
}

fn several() -> Invalid {
    invalid("Transaction request cannot include multiple operations on one item")
}

pub fn too_large() -> Error {
    VALIDATION.with("Collection size of items exceeded: the items of a transaction can have at most 4 MB together")
}

fn check_size(written: &[Written]) -> Result<()> {
    let size = |it: &Written| it.new.as_ref().or(it.old.as_ref()).map_or(0, Document::size);
    if written.iter().map(size).sum::<usize>() > LARGEST { Err(too_large()) } else { Ok(()) }
}

/// All of them; the error undoes those that went well.
///
/// # Errors
/// The reasons, in the order of the request.
pub fn carry_out(cx: &mut Cx, shows: &[bool], schemas: &[Arc<Schema>], writes: &[Write]) -> Result<Vec<Written>> {
    check_distinct(schemas, writes)?;
    let mut written = Vec::with_capacity(writes.len());
    let mut reasons = Vec::with_capacity(writes.len());
    for ((shows_item, schema), write) in shows.iter().zip(schemas).zip(writes) {
        match write.carry_out(cx, schema) {
            Ok(it) => {
                written.push(it);
                reasons.push(Reason { code: "None", message: None, item: None });
            }
            Err(refusal) => reasons.push(reason(refusal, *shows_item)),
        }
    }
    if written.len() == writes.len() {
        check_size(&written)?;
        return Ok(written);
    }
    let codes: Vec<&str> = reasons.iter().map(|it| it.code).collect();
    let sentence =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let reasons = Value::List(reasons.into_iter().map(Reason::into_value).collect());
    Err(error::TRANSACTION_CANCELED.with(sentence).field("CancellationReasons", reasons))
}

struct Reason {
    code: &'static str,
    message: Option<String>,
    item: Option<Document>,
}

impl Reason {
    fn into_value(self) -> Value {
        let mut fields = vec![("Code", Value::String(self.code.to_owned()))];
        fields.extend(self.message.map(|it| ("Message", Value::String(it))));
        fields.extend(self.item.map(|it| ("Item", wire::into_value(it))));
        Value::Structure(fields)
    }
}

fn reason(refusal: Refusal, shows_item: bool) -> Reason {
    match refusal {
        Refusal::Condition(item) => Reason {
            code: "ConditionalCheckFailed",
            message: Some("The conditional request failed".to_owned()),
            item: item.filter(|_| shows_item),
        },
        Refusal::Duplicate => Reason {
            code: "DuplicateItem",
            message: Some("Duplicate primary key exists in table".to_owned()),
            item: None,
        },
        Refusal::Invalid(why) => Reason { code: "ValidationError", message: Some(why.0), item: None },
        Refusal::TooLarge => Reason {
            code: "ItemCollectionSizeLimitExceeded",
            message: Some("Collection size exceeded.".to_owned()),
            item: None,
        },
    }
}

/// The same request again: it is told what reading its items would have cost.
///
/// # Errors
/// It is another one.
pub fn repeated(done: Done, digest: [u8; 32], report: Report) -> Result<Option<Vec<ConsumedCapacity>>> {
    if done.digest != digest {
        return Err(error::IDEMPOTENT_PARAMETER_MISMATCH
            .with("The request uses the same client token as a previous, but non-identical request"));
    }
    let told = done.read.into_iter().filter_map(|(table, units)| {
        let consumed = Consumed { table: units, ..Consumed::default() };
        consumed.report_transaction(&table, report, Transaction::Read)
    });
    Ok((report != Report::None).then(|| told.collect()))
}

fn digest(input: &TransactWriteItems) -> [u8; 32] {
    let (items, mut json) = (input.transact_items.clone().into_value(), Vec::new());
    model::wire::write_free(&items, &mut json);
    Sha256::digest(&json).into()
}
