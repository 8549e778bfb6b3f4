//! BatchExecuteStatement: up to 25 statements, each about one item and each by itself.

use super::{meaning, note, parameters, parse, question, read_units, select, write};
use crate::access::Access;
use crate::capacity::{Consumed, Mode, Report};
use crate::change;
use crate::failure::invalid;
use crate::item;
use crate::key;
use crate::schema::{self, Schema};
use crate::transact;
use api::dynamodb::{
    BatchExecuteStatement, BatchExecuteStatementOutput, BatchStatementError, BatchStatementRequest,
    BatchStatementResponse,
};
use items::wire;
use kernel::{Cx, Question};
use model::{Error, Result, Value};
use partiql::{Parameters, Select, Statement};
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn execute(cx: &mut Cx, input: BatchExecuteStatement) -> Result<BatchExecuteStatementOutput> {
    let read: Vec<Result<(Statement, Answering)>> = input.statements.into_iter().map(read).collect();
    let is_select =
        |it: &Result<(Statement, Answering)>| it.as_ref().ok().map(|it| matches!(it.0, Statement::Select(_)));
    let kinds: Vec<bool> = read.iter().filter_map(is_select).collect();
    if kinds.windows(2).any(|it| it[0] != it[1]) {
        return Err(invalid(
            "BatchExecuteStatement API does not support both read and write operations in the same request.",
        )
        .into());
    }
    let mut consumed = BTreeMap::new();
    let mut responses = Vec::new();
    for it in read {
        responses.push(match it {
            Ok((statement, answering)) => answer(cx, &statement, &answering, &mut consumed),
            Err(error) => BatchStatementResponse { error: Some(told(&error)), ..BatchStatementResponse::default() },
        });
    }
    let report = Report::of(input.return_consumed_capacity.as_deref());
    let told = consumed.into_iter().filter_map(|(table, it): (String, Consumed)| it.report(&table, report));
    Ok(BatchExecuteStatementOutput {
        consumed_capacity: (report != Report::None).then(|| told.collect()),
        responses: Some(responses),
    })
}

struct Answering {
    mode: Mode,
    on_failure: Option<String>,
}

fn read(it: BatchStatementRequest) -> Result<(Statement, Answering)> {
    let parameters = parameters(it.parameters)?;
    let statement = parse(&it.statement, Parameters::Given(&parameters))?;
    let on_failure = it.return_values_on_condition_check_failure;
    Ok((statement, Answering { mode: item::mode(it.consistent_read), on_failure }))
}

fn answer(
    cx: &mut Cx,
    statement: &Statement,
    answering: &Answering,
    consumed: &mut BTreeMap<String, Consumed>,
) -> BatchStatementResponse {
    let outcome = admit(cx, statement).and_then(|schema| {
        let (item, units) = carry_out(cx, &schema, statement, answering)?;
        consumed.entry(schema.name.clone()).or_default().add(units);
        Ok((schema.name.clone(), item))
    });
    match outcome {
        Ok((table, item)) => BatchStatementResponse { table_name: Some(table), item, error: None },
        Err(error) => {
            // What is wrong with the statement itself is told without its table.
            let table = (error.code() != "ValidationException").then(|| statement.target().table.clone());
            BatchStatementResponse { table_name: table, error: Some(told(&error)), item: None }
        }
    }
}

/// Each statement is asked about by itself: one that is denied does not keep the others from happening.
fn admit(cx: &Cx, statement: &Statement) -> Result<Arc<Schema>> {
    let table = &statement.target().table;
    transact::own_arn(cx, table)?;
    let Question { arn, action, keys, .. } = question(cx, statement)?;
    let action = action.expect("a statement is asked about by its own action");
    cx.require_of("dynamodb", action, &arn, |context| {
        keys.into_iter().for_each(|(name, value)| context.insert(name, value));
        let mut access = Access::default();
        note(cx, &mut access, statement);
        access.insert_into(context);
    })?;
    schema::of_items(cx, table)
}

fn carry_out(
    cx: &mut Cx,
    schema: &Schema,
    statement: &Statement,
    answering: &Answering,
) -> Result<(Option<Value>, Consumed)> {
    match statement {
        Statement::Select(it) => get(cx, schema, it, answering.mode),
        Statement::Exists(_) => Err(invalid("EXISTS can only be used in ExecuteTransaction write requests.").into()),
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
            let planned = write::Planned::new(schema, statement)?;
            let written = planned.write()?.carry_out(cx, schema);
            let written = written.map_err(|it| item::refused(it, answering.on_failure.as_deref()))?;
            let shown = item::returned(&written, write::return_values(statement.returning()));
            let units = Consumed::write(schema, &written.key, written.old.as_ref(), written.new.as_ref(), Mode::Strong);
            Ok((shown, units))
        }
    }
}

fn get(cx: &Cx, schema: &Schema, select: &Select, mode: Mode) -> Result<(Option<Value>, Consumed)> {
    let key = meaning::key(&schema.key, select.condition.as_ref()).filter(|_| select.target.index.is_none());
    let Some((key, rest)) = key else {
        return Err(invalid(
            "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
        )
        .into());
    };
    let filter = meaning::all(&rest)?;
    let found = change::read(cx, schema, &key::of_key(schema, &key)?);
    let units = read_units(found.as_ref(), mode);
    let found = found.filter(|it| filter.as_ref().is_none_or(|filter| filter.holds(it)));
    let shown = found.map(|it| select::of_item(select, it));
    Ok((shown.map(wire::into_value), units))
}

/// By the names of `BatchStatementErrorCodeEnum`.
fn told(error: &Error) -> BatchStatementError {
    let code = match error.code() {
        "ValidationException" => "ValidationError",
        other => other.trim_end_matches("Exception"),
    };
    let item = error.fields().iter().find(|it| it.0 == "Item").map(|it| it.1.clone());
    BatchStatementError { code: Some(code.to_owned()), message: Some(error.message().to_owned()), item }
}
