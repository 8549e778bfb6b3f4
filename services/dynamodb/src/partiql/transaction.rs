//! ExecuteTransaction: up to 100 statements, all or none. Either they all read, or they all write.

use super::{look, meaning, parameters, parse, question, read_units, select, write};
use crate::access::Access;
use crate::capacity::{Consumed, Mode, Report, Transaction};
use crate::change;
use crate::failure::{Invalid, invalid};
use crate::key;
use crate::schema::{self, Schema};
use crate::transact;
use crate::write::Write;
use api::dynamodb::{
    ConsumedCapacity, ExecuteTransaction, ExecuteTransactionOutput, ItemResponse, ParameterizedStatement,
};
use items::attribute::Document;
use items::wire;
use kernel::{Cx, Question};
use model::Result;
use partiql::{Parameters, Select, Statement};
use policy::Context;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What IAM is asked before any of them is carried out.
pub fn asked(cx: &Cx, input: &ExecuteTransaction) -> Result<Vec<Question>> {
    let each = input.transact_statements.iter().enumerate().map(|(at, it)| {
        let statement = parse(&it.statement, Parameters::Unknown).map_err(|why| within(at, &why))?;
        transact::own_arn(cx, &statement.target().table)?;
        question(cx, &statement)
    });
    each.collect()
}

/// Condition keys of all its statements together.
pub fn conditions(cx: &Cx, input: &ExecuteTransaction, context: &mut Context) {
    context.insert("dynamodb:EnclosingOperation", "ExecuteTransaction");
    let mut access = Access::default();
    for it in &input.transact_statements {
        look(cx, &mut access, &it.statement, it.parameters.clone());
    }
    access.insert_into(context);
}

pub fn execute(cx: &mut Cx, input: ExecuteTransaction) -> Result<ExecuteTransactionOutput> {
    let report = Report::of(input.return_consumed_capacity.as_deref());
    let digest = Sha256::digest(format!("{:?}", input.transact_statements).as_bytes()).into();
    let shows: Vec<bool> = input
        .transact_statements
        .iter()
        .map(|it| it.return_values_on_condition_check_failure.as_deref() == Some("ALL_OLD"))
        .collect();
    let each = input.transact_statements.into_iter().enumerate();
    let statements = each.map(|(at, it)| read(it).map_err(|why| within(at, &why))).collect::<Result<Vec<_>, _>>()?;
    let selects: Vec<&Select> = statements.iter().filter_map(as_select).collect();
    if selects.len() == statements.len() {
        return get(cx, &selects, report);
    }
    if !selects.is_empty() {
        return Err(invalid(
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        )
        .into());
    }
    let token = input.client_request_token;
    if let Some(done) = token.as_deref().and_then(|it| transact::done(cx, it)) {
        return Ok(ExecuteTransactionOutput {
            consumed_capacity: transact::repeated(done, digest, report)?,
            responses: None,
        });
    }
    let table = |it: &Statement| schema::of_items(cx, &it.target().table);
    let schemas = statements.iter().map(table).collect::<Result<Vec<Arc<Schema>>>>()?;
    let planned = statements.iter().zip(&schemas).enumerate().map(|(at, (statement, schema))| {
        let planned = write::Planned::new(schema, statement)?;
        if matches!(statement, Statement::Exists(_)) && !planned.is_conditional() {
            return Err(within(at, &invalid("EXISTS() must contain a single item read with additional condition")));
        }
        Ok(planned)
    });
    let planned = planned.collect::<Result<Vec<_>, Invalid>>()?;
    let writes = planned.iter().enumerate().map(|(at, it)| it.write().map_err(|why| within(at, &why)));
    let writes = writes.collect::<Result<Vec<Write>, Invalid>>()?;
    let written = transact::carry_out(cx, &shows, &schemas, &writes)?;
    Ok(ExecuteTransactionOutput {
        consumed_capacity: transact::finish(cx, &schemas, &written, report, token.map(|it| (it, digest))),
        responses: Some(written.iter().map(|_| ItemResponse::default()).collect()),
    })
}

fn read(it: ParameterizedStatement) -> Result<Statement, Invalid> {
    let parameters = parameters(it.parameters)?;
    let statement = parse(&it.statement, Parameters::Given(&parameters))?;
    if statement.returning().is_some() {
        return Err(invalid("RETURNING clause is not supported in ExecuteTransaction."));
    }
    Ok(statement)
}

fn as_select(it: &Statement) -> Option<&Select> {
    if let Statement::Select(it) = it { Some(it) } else { None }
}

fn within(at: usize, why: &Invalid) -> Invalid {
    invalid(format!("Validation failed in TransactStatements[{at}]: {}", why.0))
}

fn get(cx: &Cx, selects: &[&Select], report: Report) -> Result<ExecuteTransactionOutput> {
    let mut consumed: BTreeMap<String, Consumed> = BTreeMap::new();
    let mut responses = Vec::new();
    let mut bytes = 0;
    for (at, select) in selects.iter().enumerate() {
        let schema = schema::of_items(cx, &select.target.table)?;
        let key = one(&schema, select).map_err(|why| within(at, &why))?;
        let found = change::read(cx, &schema, &key::of_key(&schema, &key)?);
        bytes += found.as_ref().map_or(0, Document::size);
        consumed.entry(schema.name.clone()).or_default().add(read_units(found.as_ref(), Mode::Transactional));
        let shown = found.map(|it| select::of_item(select, it));
        responses.push(ItemResponse { item: shown.map(wire::into_value) });
    }
    if bytes > transact::LARGEST {
        return Err(transact::too_large());
    }
    let told = consumed.into_iter().filter_map(|(table, it)| it.report_transaction(&table, report, Transaction::Read));
    let told: Vec<ConsumedCapacity> = told.collect();
    Ok(ExecuteTransactionOutput {
        consumed_capacity: (report != Report::None).then_some(told),
        responses: Some(responses),
    })
}

/// A transaction reads by whole keys, and by nothing else.
fn one(schema: &Schema, select: &Select) -> Result<Document, Invalid> {
    if select.target.index.is_some() {
        return Err(invalid("Reads on indices are not supported within transactions."));
    }
    match meaning::key(&schema.key, select.condition.as_ref()) {
        Some((key, rest)) if rest.is_empty() => Ok(key),
        _ => Err(invalid(
            "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
        )),
    }
}
