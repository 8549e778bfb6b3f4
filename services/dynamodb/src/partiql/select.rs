//! SELECT: which rows are read, in which order, and where the next page begins.

use super::meaning;
use crate::capacity::{Mode, Report};
use crate::expression::condition::{Comparator, Condition, Operand};
use crate::expression::key_condition::Range;
use crate::expression::projection::Projection;
use crate::failure::{Invalid, invalid};
use crate::key;
use crate::page::{Select as Shown, Source, Wanted};
use crate::query;
use crate::schema::{self, Schema};
use api::dynamodb::ExecuteStatementOutput;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use items::attribute::{Attribute, Document};
use items::packed::Packed;
use items::wire;
use kernel::Cx;
use model::Result;
use partiql::{Select, Statement, Target, Term};
use sha2::{Digest, Sha256};
use store::{Direction, Span};

/// What the request says beside the statement.
pub struct Asked {
    pub mode: Mode,
    pub limit: usize,
    pub digest: [u8; DIGEST_BYTES],
    pub token: Option<String>,
    pub report: Report,
}

const DIGEST_BYTES: usize = 32;

/// Of a statement and its parameters: a token is good for no others.
pub fn digest(statement: &str, parameters: &[Attribute]) -> [u8; DIGEST_BYTES] {
    Sha256::digest(format!("{statement}\0{parameters:?}").as_bytes()).into()
}

/// Whether every item would be looked at.
pub fn is_scan(schema: &Schema, select: &Select) -> bool {
    of_condition(schema, &select.target, select.condition.as_ref()).is_none()
}

/// The partition keys of the items that a statement is about; none if it may be any.
pub fn leading(schema: &Schema, statement: &Statement) -> Vec<Attribute> {
    let (target, condition) = match statement {
        Statement::Select(it) | Statement::Exists(it) => (&it.target, &it.condition),
        Statement::Update(it) => (&it.target, &it.condition),
        Statement::Delete(it) => (&it.target, &it.condition),
        Statement::Insert(it) => return it.item.get(&schema.key.hash.name).cloned().into_iter().collect(),
    };
    of_condition(schema, target, condition.as_ref()).unwrap_or_default()
}

fn of_condition(schema: &Schema, target: &Target, condition: Option<&Term>) -> Option<Vec<Attribute>> {
    let condition = meaning::condition(condition?).ok()?;
    let index = target.index.as_ref().and_then(|name| schema.indexes.iter().find(|it| it.name == *name));
    let key = index.map_or(&schema.key, |it| &it.key);
    Some(hashes(&condition, &key.hash.name)?.into_iter().cloned().collect())
}

pub fn page(cx: &Cx, select: &Select, asked: &Asked) -> Result<ExecuteStatementOutput> {
    let start = asked.token.as_deref().map(|it| open(it, &asked.digest)).transpose()?;
    let schema = schema::of_items(cx, &select.target.table)?;
    let source = Source::of(&schema, select.target.index.as_deref(), asked.mode)?;
    let filter = select.condition.as_ref().map(meaning::condition).transpose()?;
    let (spans, direction) = spans(&source, select, filter.as_ref(), start.as_ref())?;
    let select = shown(&source, select)?;
    let wanted = Wanted { spans: &spans, direction, limit: asked.limit, filter, select, mode: asked.mode };
    let page = source.read(cx, &wanted);
    Ok(ExecuteStatementOutput {
        items: page.items,
        next_token: page.last.as_ref().map(|it| seal(it, &asked.digest)),
        last_evaluated_key: page.last.map(wire::into_value),
        consumed_capacity: page.consumed.report(&schema.name, asked.report),
    })
}

fn shown(source: &Source, select: &Select) -> Result<Shown, Invalid> {
    let Some(paths) = &select.paths else { return source.select(None, None) };
    let paths: Vec<_> = paths.iter().map(meaning::path).collect();
    let chosen = source.select(None, Some(Projection::of(paths.iter())))?;
    // What stands within a document is shown by its own name, not within what holds it.
    if paths.iter().any(crate::expression::path::Path::is_nested) { Ok(Shown::Leaves(paths)) } else { Ok(chosen) }
}

/// What is wanted of an item that was found by its key.
pub fn of_item(select: &Select, item: Document) -> Document {
    match &select.paths {
        Some(paths) => Projection::leaves(&paths.iter().map(meaning::path).collect::<Vec<_>>(), &item),
        None => item,
    }
}

/// The rows that a condition leaves, in their order.
fn spans(
    source: &Source,
    select: &Select,
    condition: Option<&Condition>,
    start: Option<&Document>,
) -> Result<(Vec<Span>, Direction), Invalid> {
    let key = source.key();
    let mut hashes = condition.and_then(|it| hashes(it, &key.hash.name));
    check_order(source, select, hashes.as_deref())?;
    let is_descending = |name: &str| select.order.iter().any(|it| it.attribute == name && it.is_descending);
    let direction = match &key.sort {
        Some(sort) if is_descending(&sort.name) => Direction::Backward,
        _ => Direction::Forward,
    };
    let row = start.map(|it| source.start(it)).transpose()?;
    let Some(hashes) = &mut hashes else {
        let all = Span::prefix(&source.number());
        return Ok((
            vec![row.map_or_else(|| all.clone(), |it| all.clone().after(&it.row(source.number())))],
            direction,
        ));
    };
    for hash in hashes.iter() {
        query::check(&key.hash, &Range::Compare(Comparator::Equal, hash))?;
    }
    hashes.sort_by(|a, b| a.order(b).expect("they are all of the key's type"));
    hashes.dedup();
    if is_descending(&key.hash.name) {
        hashes.reverse();
    }
    let range = condition.and_then(|it| key.sort.as_ref().and_then(|sort| range(it, &sort.name)));
    if let (Some(sort), Some(range)) = (&key.sort, &range) {
        query::check(sort, range)?;
    }
    // Those before the one with which the last page ended are done.
    let at = start.and_then(|it| it.get(&key.hash.name));
    let left = hashes.iter().skip_while(|it| at.is_some_and(|at| at != **it));
    let spans = left.map(|hash| {
        let place = (source.number(), key::hash(hash));
        let span = Span::prefix(&place);
        let span = range.as_ref().map_or_else(|| span.clone(), |it| query::within(span.clone(), place, it));
        match (&row, direction) {
            (Some(row), Direction::Forward) if at == Some(*hash) => span.after(&row.row(source.number())),
            (Some(row), Direction::Backward) if at == Some(*hash) => span.before(&row.row(source.number())),
            _ => span,
        }
    });
    Ok((spans.collect(), direction))
}

fn check_order(source: &Source, select: &Select, hashes: Option<&[&Attribute]>) -> Result<(), Invalid> {
    if select.order.is_empty() {
        return Ok(());
    }
    if select.condition.is_none() {
        return Err(invalid("Must have WHERE clause in the statement when using ORDER BY clause."));
    }
    let key = source.key();
    if let Some(other) = select.order.iter().find(|it| !key.has(&it.attribute)) {
        return Err(invalid(format!(
            "Attribute {} in ORDER BY clause must be part of the primary key",
            other.attribute
        )));
    }
    let Some(hashes) = hashes else {
        return Err(invalid(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ));
    };
    if hashes.len() > 1 && select.order.iter().all(|it| it.attribute != key.hash.name) {
        return Err(invalid(
            "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.",
        ));
    }
    Ok(())
}

/// The partition keys, one of which every item must have for which the condition holds; none if it may have any.
fn hashes<'v>(condition: &Condition<'v>, name: &str) -> Option<Vec<&'v Attribute>> {
    match condition {
        Condition::And(a, b) => hashes(a, name).or_else(|| hashes(b, name)),
        Condition::Or(a, b) => Some([hashes(a, name)?, hashes(b, name)?].concat()),
        Condition::Compare(Operand::Path(path), Comparator::Equal, Operand::Value(value))
        | Condition::Compare(Operand::Value(value), Comparator::Equal, Operand::Path(path)) => {
            (!path.is_nested() && path.head() == name).then(|| vec![*value])
        }
        Condition::In(Operand::Path(path), them) if !path.is_nested() && path.head() == name => {
            let value = |it: &Operand<'v>| if let Operand::Value(it) = it { Some(*it) } else { None };
            them.iter().map(value).collect()
        }
        _ => None,
    }
}

/// What a condition says of all sort keys; the filter says the rest.
fn range<'v>(condition: &Condition<'v>, name: &str) -> Option<Range<'v>> {
    let is_sort = |path: &crate::expression::path::Path| !path.is_nested() && path.head() == name;
    match condition {
        Condition::And(a, b) => range(a, name).or_else(|| range(b, name)),
        Condition::Compare(_, Comparator::NotEqual, _) => None,
        Condition::Compare(Operand::Path(path), comparator, Operand::Value(it)) if is_sort(path) => {
            Some(Range::Compare(*comparator, it))
        }
        Condition::Compare(Operand::Value(it), comparator, Operand::Path(path)) if is_sort(path) => {
            Some(Range::Compare(comparator.turned(), it))
        }
        Condition::Between(Operand::Path(path), Operand::Value(low), Operand::Value(high)) if is_sort(path) => {
            Some(Range::Between(low, high))
        }
        Condition::BeginsWith(Operand::Path(path), Operand::Value(it)) if is_sort(path) => Some(Range::BeginsWith(it)),
        _ => None,
    }
}

fn seal(last: &Document, digest: &[u8]) -> String {
    BASE64.encode([digest, Packed::new(last).bytes()].concat())
}

fn open(token: &str, digest: &[u8]) -> Result<Document, Invalid> {
    let bytes = BASE64.decode(token).map_err(|_| invalid("Invalid NextToken"))?;
    let (of, key) = bytes.split_at_checked(DIGEST_BYTES).ok_or_else(|| invalid("Invalid NextToken"))?;
    if of != digest {
        return Err(invalid("NextToken does not match request"));
    }
    Packed::read(key).ok_or_else(|| invalid("Invalid NextToken"))
}
