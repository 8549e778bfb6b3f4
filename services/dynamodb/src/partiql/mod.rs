//! PartiQL: ExecuteStatement, and what it has in common with batches and transactions of statements.
//!
//! Statements become the conditions, updates and writes of the other operations, so there is one engine. A condition that
//! fixes the partition key is a query, every other one a scan.

pub mod batch;
mod meaning;
mod select;
pub mod transaction;
mod write;

use crate::access::{self, Access};
use crate::capacity::{Consumed, Mode, Report};
use crate::failure::{Invalid, invalid};
use crate::item;
use crate::schema::{self, SCHEMAS};
use api::dynamodb::{ExecuteStatement, ExecuteStatementOutput};
use items::attribute::Attribute;
use items::wire;
use kernel::{Cx, Question};
use model::{Result, Value};
use partiql::{Parameters, Statement};
use policy::Context;

/// What IAM is asked about a statement.
pub fn asked(cx: &Cx, input: &ExecuteStatement) -> Result<Vec<Question>> {
    Ok(vec![question(cx, &parse(&input.statement, Parameters::Unknown)?)?])
}

/// ("IAM security policies with PartiQL for DynamoDB".)
fn question(cx: &Cx, statement: &Statement) -> Result<Question> {
    let target = statement.target();
    let arn = schema::index_arn(cx, &target.table, target.index.as_deref())?;
    let select = match statement {
        Statement::Select(it) | Statement::Exists(it) => it,
        Statement::Insert(_) => return Ok(Question::new(arn, "dynamodb:PartiQLInsert")),
        Statement::Update(_) => return Ok(Question::new(arn, "dynamodb:PartiQLUpdate")),
        Statement::Delete(_) => return Ok(Question::new(arn, "dynamodb:PartiQLDelete")),
    };
    let schema = cx.look_in_place_of(&arn, |cx| cx.get(&SCHEMAS, schema::name_of(&target.table)));
    let is_scan = schema.is_none_or(|it| select::is_scan(&it, select));
    let mut question = Question::new(arn, "dynamodb:PartiQLSelect");
    question.keys.push(("dynamodb:FullTableScan".to_owned(), is_scan.to_string()));
    Ok(question)
}

/// Condition keys of a statement.
pub fn conditions(cx: &Cx, input: &ExecuteStatement, context: &mut Context) {
    let mut access = Access::default();
    look(cx, &mut access, &input.statement, input.parameters.clone());
    access.insert_into(context);
}

fn look(cx: &Cx, access: &mut Access, statement: &str, given: Option<Value>) {
    let Ok(parameters) = parameters(given) else { return };
    let Ok(statement) = parse(statement, Parameters::Given(&parameters)) else { return };
    note(cx, access, &statement);
}

fn note(cx: &Cx, access: &mut Access, statement: &Statement) {
    access.attributes(statement.paths().into_iter().filter_map(|it| match it.0.first() {
        Some(partiql::Step::Name(name)) => Some(name.as_str()),
        Some(partiql::Step::Index(_)) | None => None,
    }));
    let schema = access::schema_of(cx, &statement.target().table);
    if let Some(schema) = &schema {
        select::leading(schema, statement).iter().for_each(|it| access.leading(it));
    }
    match statement {
        Statement::Select(it) | Statement::Exists(it) => {
            access.select(if it.paths.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" });
        }
        Statement::Insert(it) => access.attributes(it.item.iter().map(|it| it.0)),
        Statement::Update(_) | Statement::Delete(_) => {
            access.return_values(write::return_values(statement.returning()).unwrap_or("NONE"));
        }
    }
}

pub fn execute(cx: &mut Cx, input: ExecuteStatement) -> Result<ExecuteStatementOutput> {
    let parameters = parameters(input.parameters)?;
    let statement = parse(&input.statement, Parameters::Given(&parameters))?;
    let report = Report::of(input.return_consumed_capacity.as_deref());
    match &statement {
        Statement::Select(it) => {
            let asked = select::Asked {
                mode: item::mode(input.consistent_read),
                limit: input.limit.map_or(usize::MAX, |it| it as usize),
                digest: select::digest(&input.statement, &parameters),
                token: input.next_token,
                report,
            };
            select::page(cx, it, &asked)
        }
        Statement::Exists(_) => Err(invalid("EXISTS can only be used in ExecuteTransaction write requests.").into()),
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
            let on_failure = input.return_values_on_condition_check_failure;
            let schema = schema::of_items(cx, &statement.target().table)?;
            let planned = write::Planned::new(&schema, &statement)?;
            let written = planned.write()?.carry_out(cx, &schema);
            let written = written.map_err(|it| item::refused(it, on_failure.as_deref()))?;
            let shown = item::returned(&written, write::return_values(statement.returning()));
            Ok(ExecuteStatementOutput {
                items: Some(Value::List(shown.into_iter().collect())),
                consumed_capacity: item::consumed(&schema, &written, report),
                ..ExecuteStatementOutput::default()
            })
        }
    }
}

fn parse(source: &str, parameters: Parameters) -> Result<Statement, Invalid> {
    partiql::parse(source, parameters).map_err(|it| invalid(it.sentence))
}

fn parameters(given: Option<Value>) -> Result<Vec<Attribute>, Invalid> {
    let Some(Value::List(them)) = given else { return Ok(Vec::new()) };
    Ok(them.into_iter().map(wire::attribute).collect::<Result<_, String>>()?)
}

/// Of one item that is read by its key.
fn read_units(item: Option<&items::attribute::Document>, mode: Mode) -> Consumed {
    Consumed::read(item.map_or(0, items::attribute::Document::size), mode)
}
