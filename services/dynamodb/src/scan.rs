//! Scan: all items of a table or index, or those of one segment.

use crate::capacity::Report;
use crate::expression::Kind;
use crate::expression::condition;
use crate::expression::legacy::Legacy;
use crate::expression::placeholder::Placeholders;
use crate::expression::projection::Projection;
use crate::failure::{Invalid, invalid};
use crate::item;
use crate::page::{Source, Wanted};
use crate::schema;
use crate::write::one_style;
use api::dynamodb::{Scan, ScanOutput};
use items::attribute::Document;
use items::wire;
use kernel::Cx;
use model::Result;
use store::{Direction, Span};

pub fn run(cx: &Cx, mut input: Scan) -> Result<ScanOutput> {
    check_styles(&input)?;
    let segment = Segment::of(input.segment, input.total_segments)?;
    let placeholders =
        Placeholders::new(input.expression_attribute_names.take(), input.expression_attribute_values.take())
            .map_err(Invalid::from)?;
    let any = input.filter_expression.is_some() || input.projection_expression.is_some();
    placeholders.require(any, &[(Kind::Filter, input.filter_expression.is_some())]).map_err(Invalid::from)?;
    let legacy =
        Legacy::filter(input.scan_filter.take(), input.conditional_operator.as_deref()).map_err(Invalid::from)?;
    let filter = match &input.filter_expression {
        Some(source) => Some(condition::parse(Kind::Filter, source, &placeholders).map_err(Invalid::from)?),
        None => legacy.condition(),
    };
    let projection = match (&input.projection_expression, &input.attributes_to_get) {
        (Some(source), _) => Some(Projection::parse(source, &placeholders).map_err(Invalid::from)?),
        (None, Some(names)) => Some(item::of_names(names)?),
        (None, None) => None,
    };
    placeholders.all_used().map_err(Invalid::from)?;
    let start = input.exclusive_start_key.take().map(wire::document).transpose().map_err(Invalid::from)?;

    let (schema, mode) = (schema::of_items(cx, &input.table_name)?, item::mode(input.consistent_read));
    let source = Source::of(&schema, input.index_name.as_deref(), mode)?;
    let select = source.select(input.select.as_deref(), projection)?;
    let span = segment.span(&source, start.as_ref())?;
    let limit = input.limit.map_or(usize::MAX, |it| it as usize);
    let page = source.read(cx, &Wanted { spans: &[span], direction: Direction::Forward, limit, filter, select, mode });
    Ok(ScanOutput {
        items: page.items,
        count: Some(page.count as i64),
        scanned_count: Some(page.scanned as i64),
        last_evaluated_key: page.last.map(wire::into_value),
        consumed_capacity: page.consumed.report(&schema.name, Report::of(input.return_consumed_capacity.as_deref())),
    })
}

fn check_styles(input: &Scan) -> Result<(), Invalid> {
    let old = [
        ("AttributesToGet", input.attributes_to_get.is_some()),
        ("ScanFilter", input.scan_filter.is_some()),
        ("ConditionalOperator", input.conditional_operator.is_some()),
    ];
    let new = [
        ("ProjectionExpression", input.projection_expression.is_some()),
        ("FilterExpression", input.filter_expression.is_some()),
    ];
    one_style(&old, &new)
}

/// One of so many: a part of the room of hashes.
#[derive(Clone, Copy)]
struct Segment {
    number: u128,
    total: u128,
}

impl Segment {
    fn of(segment: Option<i64>, total: Option<i64>) -> Result<Segment, Invalid> {
        match (segment, total) {
            (None, None) => Ok(Segment { number: 0, total: 1 }),
            (Some(_), None) => Err(invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
            )),
            (None, Some(_)) => Err(invalid(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
            )),
            (Some(segment), Some(total)) if segment >= total => Err(invalid(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
            ))),
            (Some(segment), Some(total)) => {
                Ok(Segment { number: segment.unsigned_abs().into(), total: total.unsigned_abs().into() })
            }
        }
    }

    /// The hash with which a segment begins; none behind the last.
    fn beginning(self, number: u128) -> Option<u128> {
        (number < self.total).then(|| u128::MAX / self.total * number)
    }

    fn span(self, source: &Source, start: Option<&Document>) -> Result<Span, Invalid> {
        let table = source.number();
        let first = self.beginning(self.number).unwrap_or(u128::MAX);
        let end = self.beginning(self.number + 1);
        let mut span = Span::prefix(&table).from(&(table, first));
        if let Some(end) = end {
            span = span.before(&(table, end));
        }
        let Some(start) = start else { return Ok(span) };
        let row = source.start(start).map_err(|_| {
            invalid("The provided starting key is invalid: The provided key element does not match the schema")
        })?;
        if row.hash < first || end.is_some_and(|it| row.hash >= it) {
            return Err(invalid(format!(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: {} Segment: {}",
                self.total, self.number
            )));
        }
        Ok(span.after(&row.row(table)))
    }
}
