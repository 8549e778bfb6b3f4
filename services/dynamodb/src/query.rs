//! Query: the items of one partition key, in the order of their sort keys.

use crate::capacity::Report;
use crate::expression::Kind;
use crate::expression::condition::{self, Comparator};
use crate::expression::key_condition::{self, KeyConditions, Range};
use crate::expression::legacy::Legacy;
use crate::expression::placeholder::Placeholders;
use crate::expression::projection::Projection;
use crate::failure::{Invalid, invalid, invalid_value};
use crate::item;
use crate::key;
use crate::page::{Source, Wanted};
use crate::schema::{self, KeyAttribute};
use crate::write::one_style;
use api::dynamodb::{Query, QueryOutput};
use items::attribute::{Attribute, Document};
use items::wire;
use kernel::Cx;
use model::Result;
use store::{Direction, Span};

pub fn run(cx: &Cx, mut input: Query) -> Result<QueryOutput> {
    check_styles(&input)?;
    let placeholders =
        Placeholders::new(input.expression_attribute_names.take(), input.expression_attribute_values.take())
            .map_err(Invalid::from)?;
    let keys = Legacy::filter(input.key_conditions.take(), None).map_err(Invalid::from)?;
    let filter =
        Legacy::filter(input.query_filter.take(), input.conditional_operator.as_deref()).map_err(Invalid::from)?;
    let parsed = Parsed::new(&input, &placeholders, &keys, &filter)?;
    let start = input.exclusive_start_key.take().map(wire::document).transpose().map_err(Invalid::from)?;

    let (schema, mode) = (schema::of_items(cx, &input.table_name)?, item::mode(input.consistent_read));
    let source = Source::of(&schema, input.index_name.as_deref(), mode)?;
    let direction = match input.scan_index_forward {
        Some(false) => Direction::Backward,
        _ => Direction::Forward,
    };
    let span = parsed.span(&source, direction, start.as_ref())?;
    parsed.check_filter(&source, input.filter_expression.is_some())?;
    let select = source.select(input.select.as_deref(), parsed.projection)?;
    let limit = input.limit.map_or(usize::MAX, |it| it as usize);
    let page = source.read(cx, &Wanted { spans: &[span], direction, limit, filter: parsed.filter, select, mode });
    Ok(QueryOutput {
        items: page.items,
        count: Some(page.count as i64),
        scanned_count: Some(page.scanned as i64),
        last_evaluated_key: page.last.map(wire::into_value),
        consumed_capacity: page.consumed.report(&schema.name, Report::of(input.return_consumed_capacity.as_deref())),
    })
}

fn check_styles(input: &Query) -> Result<(), Invalid> {
    let old = [
        ("AttributesToGet", input.attributes_to_get.is_some()),
        ("QueryFilter", input.query_filter.is_some()),
        ("ConditionalOperator", input.conditional_operator.is_some()),
        ("KeyConditions", input.key_conditions.is_some()),
    ];
    let new = [
        ("ProjectionExpression", input.projection_expression.is_some()),
        ("FilterExpression", input.filter_expression.is_some()),
        ("KeyConditionExpression", input.key_condition_expression.is_some()),
    ];
    one_style(&old, &new)?;
    if input.key_conditions.is_none() && input.key_condition_expression.is_none() {
        return Err(invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    }
    Ok(())
}

/// The expressions of a query.
struct Parsed<'p> {
    keys: KeyConditions<'p>,
    filter: Option<condition::Condition<'p>>,
    projection: Option<Projection>,
}

impl<'p> Parsed<'p> {
    fn new(
        input: &Query,
        placeholders: &'p Placeholders,
        keys: &'p Legacy,
        filter: &'p Legacy,
    ) -> Result<Parsed<'p>, Invalid> {
        let given = [
            (Kind::Filter, input.filter_expression.is_some()),
            (Kind::KeyCondition, input.key_condition_expression.is_some()),
        ];
        let any = given.iter().any(|it| it.1) || input.projection_expression.is_some();
        placeholders.require(any, &given)?;
        let keys = match &input.key_condition_expression {
            Some(source) => key_condition::of(&condition::parse(Kind::KeyCondition, source, placeholders)?)?,
            None => keys.key_conditions()?,
        };
        let filter = match &input.filter_expression {
            Some(source) => Some(condition::parse(Kind::Filter, source, placeholders)?),
            None => filter.condition(),
        };
        let projection = match (&input.projection_expression, &input.attributes_to_get) {
            (Some(source), _) => Some(Projection::parse(source, placeholders)?),
            (None, Some(names)) => Some(item::of_names(names)?),
            (None, None) => None,
        };
        placeholders.all_used()?;
        Ok(Parsed { keys, filter, projection })
    }

    /// The rows that its keys say, from where the page before ended.
    fn span(&self, source: &Source, direction: Direction, start: Option<&Document>) -> Result<Span, Invalid> {
        let (hash, range) = self.ranges(source)?;
        let place = (source.number(), key::hash(hash));
        let mut span = Span::prefix(&place);
        if let Some(range) = range {
            span = within(span, place, range);
        }
        let Some(start) = start else { return Ok(span) };
        let row = source.start(start)?;
        if start.get(&source.key().hash.name) != Some(hash) {
            return Err(invalid("The provided starting key is outside query boundaries based on provided conditions"));
        }
        let sort = source.key().sort.as_ref().and_then(|it| start.get(&it.name));
        if let (Some(range), Some(sort)) = (range, sort)
            && !covers(range, sort)
        {
            return Err(invalid("The provided starting key does not match the range key predicate"));
        }
        let row = row.row(source.number());
        Ok(match direction {
            Direction::Forward => span.after(&row),
            Direction::Backward => span.before(&row),
        })
    }

    /// The partition key, and what is asked of the sort key.
    fn ranges(&self, source: &Source) -> Result<(&'p Attribute, Option<&Range<'p>>), Invalid> {
        let key = source.key();
        let of = |attribute: &KeyAttribute| self.keys.iter().find(|it| it.0 == attribute.name).map(|it| &it.1);
        let missed = |name: &str| invalid(format!("Query condition missed key schema element: {name}"));
        if self.keys.len() > 2 {
            return Err(invalid("Conditions can be of length 1 or 2 only"));
        }
        let hash = of(&key.hash).ok_or_else(|| missed(&key.hash.name))?;
        let range = match (&key.sort, self.keys.len()) {
            (_, 1) => None,
            (Some(sort), _) => Some(of(sort).ok_or_else(|| missed(&sort.name))?),
            (None, _) => return Err(invalid("Query key condition not supported")),
        };
        let Range::Compare(Comparator::Equal, value) = hash else {
            return Err(invalid("Query key condition not supported"));
        };
        check(&key.hash, hash)?;
        if let (Some(sort), Some(range)) = (&key.sort, range) {
            check(sort, range)?;
        }
        Ok((value, range))
    }

    /// A filter looks at what the keys have not decided.
    fn check_filter(&self, source: &Source, is_expression: bool) -> Result<(), Invalid> {
        let heads = self.filter.as_ref().map(condition::Condition::heads).unwrap_or_default();
        match heads.into_iter().find(|it| source.key().has(it)) {
            Some(name) => Err(invalid(format!(
                "{} can only contain non-primary key attributes: Primary key attribute: {name}",
                if is_expression { "Filter Expression" } else { "QueryFilter" }
            ))),
            None => Ok(()),
        }
    }
}

/// # Errors
/// A range that cannot be one of this key.
pub fn check(attribute: &KeyAttribute, range: &Range) -> Result<(), Invalid> {
    key_condition::check_type(attribute.kind.as_type(), range)?;
    let is_beginning = matches!(range, Range::BeginsWith(_));
    if is_beginning && attribute.kind == schema::Kind::N {
        return Err(invalid_value("ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"));
    }
    let empty = |it: &Attribute| match it {
        Attribute::S(it) if it.is_empty() => Some("string"),
        Attribute::B(it) if it.is_empty() => Some("binary"),
        _ => None,
    };
    match range.values().find_map(empty).filter(|_| !is_beginning) {
        Some(kind) => Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {}",
            attribute.name
        ))),
        None => Ok(()),
    }
}

/// The part of a partition key's rows that a range leaves.
pub fn within(span: Span, (number, hash): (u64, u128), range: &Range) -> Span {
    let (before, behind) = (|it| (number, hash, key::before(it)), |it| (number, hash, key::behind(it)));
    match range {
        Range::Compare(Comparator::Equal, it) => span.from(&before(it)).through(&behind(it)),
        Range::Compare(Comparator::Less, it) => span.before(&before(it)),
        Range::Compare(Comparator::LessOrEqual, it) => span.through(&behind(it)),
        Range::Compare(Comparator::Greater, it) => span.after(&behind(it)),
        Range::Compare(Comparator::GreaterOrEqual, it) => span.from(&before(it)),
        // No key condition has it.
        Range::Compare(Comparator::NotEqual, _) => span,
        Range::Between(low, high) => span.from(&before(low)).through(&behind(high)),
        Range::BeginsWith(it) => {
            let span = span.from(&before(it));
            match key::behind_beginning(it) {
                Some(end) => span.before(&(number, hash, end)),
                None => span,
            }
        }
    }
}

fn covers(range: &Range, value: &Attribute) -> bool {
    let order = |it: &Attribute| value.order(it);
    match range {
        Range::Compare(Comparator::Equal, it) => value == *it,
        Range::Compare(Comparator::NotEqual, it) => value != *it,
        Range::Compare(Comparator::Less, it) => order(it).is_some_and(|it| it.is_lt()),
        Range::Compare(Comparator::LessOrEqual, it) => order(it).is_some_and(|it| it.is_le()),
        Range::Compare(Comparator::Greater, it) => order(it).is_some_and(|it| it.is_gt()),
        Range::Compare(Comparator::GreaterOrEqual, it) => order(it).is_some_and(|it| it.is_ge()),
        Range::Between(low, high) => {
            order(low).is_some_and(|it| it.is_ge()) && order(high).is_some_and(|it| it.is_le())
        }
        Range::BeginsWith(start) => match (value, start) {
            (Attribute::S(value), Attribute::S(start)) => value.starts_with(start.as_str()),
            (Attribute::B(value), Attribute::B(start)) => value.starts_with(start),
            _ => false,
        },
    }
}
