//! The parameters from before expressions, `Expected`, `QueryFilter`, `AttributeUpdates` and their like, as the
//! conditions and updates that they stand for.

use super::condition::{Comparator, Condition, Operand};
use super::key_condition::{KeyConditions, Range};
use super::path::Path;
use super::update::{Source, Update};
use api::dynamodb::{AttributeValueUpdate, Condition as Given, ExpectedAttributeValue};
use items::attribute::{Attribute, Type};
use items::wire;
use model::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Comparisons by attribute, read from a request.
#[derive(Debug, Default)]
pub struct Legacy {
    conditions: Vec<(String, String, Vec<Attribute>)>,
    any: bool,
}

fn invalid(what: impl std::fmt::Display) -> String {
    format!("One or more parameter values were invalid: {what}")
}

impl Legacy {
    /// `QueryFilter`, `ScanFilter`, `KeyConditions`.
    ///
    /// # Errors
    /// AWS's sentence about what is wrong.
    pub fn filter(given: Option<BTreeMap<String, Given>>, operator: Option<&str>) -> Result<Legacy, String> {
        let mut conditions = Vec::new();
        for (name, it) in given.unwrap_or_default() {
            let values = read_list(it.attribute_value_list)?;
            check(&it.comparison_operator, &values)?;
            conditions.push((name, it.comparison_operator, values));
        }
        Legacy::with(conditions, operator)
    }

    /// `Expected`.
    ///
    /// # Errors
    /// AWS's sentence about what is wrong.
    pub fn expected(
        given: Option<BTreeMap<String, ExpectedAttributeValue>>,
        operator: Option<&str>,
    ) -> Result<Legacy, String> {
        let mut conditions = Vec::new();
        for (name, it) in given.unwrap_or_default() {
            let (comparison, values) = expectation(&name, it)?;
            check(&comparison, &values)?;
            conditions.push((name, comparison, values));
        }
        Legacy::with(conditions, operator)
    }

    fn with(conditions: Vec<(String, String, Vec<Attribute>)>, operator: Option<&str>) -> Result<Legacy, String> {
        if operator.is_some() && conditions.is_empty() {
            return Err(invalid("ConditionalOperator cannot be used without Filter or Expected"));
        }
        if operator.is_some() && conditions.len() == 1 {
            return Err(invalid(
                "ConditionalOperator can only be used when Filter or Expected has two or more elements",
            ));
        }
        Ok(Legacy { conditions, any: operator == Some("OR") })
    }

    /// None if there is nothing to be compared.
    pub fn condition(&self) -> Option<Condition<'_>> {
        let all = self.conditions.iter().map(|(name, comparison, values)| one(name, comparison, values));
        let join = |a, b| {
            if self.any { Condition::Or(Box::new(a), Box::new(b)) } else { Condition::And(Box::new(a), Box::new(b)) }
        };
        all.reduce(join)
    }

    /// The same for the conditions of a query.
    ///
    /// # Errors
    /// A comparison that no key can have.
    pub fn key_conditions(&self) -> Result<KeyConditions<'_>, String> {
        let each = self.conditions.iter().map(|(name, comparison, values)| {
            let range =
                range(comparison, values).ok_or("Attempted conditional constraint is not an indexable operation")?;
            Ok((name.clone(), range))
        });
        each.collect()
    }
}

/// `AttributeUpdates`.
#[derive(Debug, Default)]
pub struct LegacyUpdate {
    actions: Vec<(String, String, Option<Attribute>)>,
}

impl LegacyUpdate {
    /// # Errors
    /// AWS's sentence about what is wrong.
    pub fn new(given: Option<BTreeMap<String, AttributeValueUpdate>>) -> Result<LegacyUpdate, String> {
        let mut actions = Vec::new();
        for (name, it) in given.unwrap_or_default() {
            let action = it.action.unwrap_or_else(|| "PUT".to_owned());
            let value = it.value.map(wire::attribute).transpose()?;
            match (action.as_str(), value.as_ref().map(Attribute::kind)) {
                ("DELETE", None) => {}
                (_, None) => return Err(invalid("Only DELETE action is allowed when no attribute value is specified")),
                ("DELETE", Some(kind)) if !is_set(kind) => {
                    return Err(invalid(format!(
                        "DELETE action with value is not supported for the type {}",
                        kind.name()
                    )));
                }
                ("ADD", Some(kind)) if !is_set(kind) && !matches!(kind, Type::N | Type::L) => {
                    return Err(invalid(format!("ADD action is not supported for the type {}", kind.name())));
                }
                _ => {}
            }
            actions.push((name, action, value));
        }
        Ok(LegacyUpdate { actions })
    }

    /// There is something to do, and nothing of it adds.
    pub fn only_removes(&self) -> bool {
        !self.actions.is_empty() && self.actions.iter().all(|it| it.1 == "DELETE")
    }

    pub fn update(&self) -> Update<'_> {
        let mut update = Update::default();
        for (name, action, value) in &self.actions {
            let path = Path::of(name);
            match (action.as_str(), value) {
                ("ADD", Some(value @ Attribute::L(_))) => {
                    let list = Source::IfNotExists(path.clone(), Box::new(Source::Value(&NO_ELEMENTS)));
                    update.sets.push((path, Source::ListAppend(Box::new(list), Box::new(Source::Value(value)))));
                }
                ("ADD", Some(value)) => update.adds.push((path, value)),
                ("DELETE", Some(value)) => update.deletes.push((path, value)),
                (_, None) => update.removes.push(path),
                (_, Some(value)) => update.sets.push((path, Source::Value(value))),
            }
        }
        update
    }
}

static NO_ELEMENTS: Attribute = Attribute::L(Vec::new());

fn is_set(kind: Type) -> bool {
    matches!(kind, Type::SS | Type::NS | Type::BS)
}

fn read_list(values: Option<Value>) -> Result<Vec<Attribute>, String> {
    let Some(Value::List(values)) = values else { return Ok(Vec::new()) };
    values.into_iter().map(wire::attribute).collect()
}

/// Comparison and values of one entry of `Expected`, in whichever of its two forms.
fn expectation(name: &str, it: ExpectedAttributeValue) -> Result<(String, Vec<Attribute>), String> {
    if it.attribute_value_list.is_some() && it.value.is_some() {
        return Err(invalid(format!("Value and AttributeValueList cannot be used together for Attribute: {name}")));
    }
    if let Some(comparison) = it.comparison_operator {
        if it.exists.is_some() {
            return Err(invalid(format!(
                "Exists and ComparisonOperator cannot be used together for Attribute: {name}"
            )));
        }
        let has_values = it.attribute_value_list.is_some() || it.value.is_some();
        if !has_values && !matches!(comparison.as_str(), "NULL" | "NOT_NULL") {
            return Err(invalid(format!(
                "Value or AttributeValueList must be used with ComparisonOperator: {comparison} for Attribute: {name}"
            )));
        }
        let mut values = read_list(it.attribute_value_list)?;
        values.extend(it.value.map(wire::attribute).transpose()?);
        return Ok((comparison, values));
    }
    if it.attribute_value_list.is_some() {
        return Err(invalid(format!(
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
        )));
    }
    match (it.exists, it.value) {
        (Some(false), None) => Ok(("NULL".to_owned(), Vec::new())),
        (Some(false), Some(_)) => {
            Err(invalid(format!("Value cannot be used when Exists is false for Attribute: {name}")))
        }
        (exists, None) => {
            let shown = exists.map_or("null", |_| "true");
            Err(invalid(format!("Value must be provided when Exists is {shown} for Attribute: {name}")))
        }
        (_, Some(value)) => Ok(("EQ".to_owned(), vec![wire::attribute(value)?])),
    }
}

fn check(comparison: &str, values: &[Attribute]) -> Result<(), String> {
    let fits = match comparison {
        "NULL" | "NOT_NULL" => values.is_empty(),
        "IN" => !values.is_empty(),
        "BETWEEN" => values.len() == 2,
        _ => values.len() == 1,
    };
    if !fits {
        return Err(invalid(format!("Invalid number of argument(s) for the {comparison} ComparisonOperator")));
    }
    if values.iter().any(|it| it.kind() != values[0].kind()) {
        return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
    }
    let takes = |kind: Type| match comparison {
        "LE" | "LT" | "GE" | "GT" | "BETWEEN" | "IN" | "CONTAINS" | "NOT_CONTAINS" => kind.is_ordered(),
        "BEGINS_WITH" => matches!(kind, Type::S | Type::B),
        _ => true,
    };
    if let Some(kind) = values.first().map(Attribute::kind).filter(|it| !takes(*it)) {
        return Err(invalid(format!(
            "ComparisonOperator {comparison} is not valid for {} AttributeValue type",
            kind.name()
        )));
    }
    if comparison == "BETWEEN" && values[0].order(&values[1]) == Some(Ordering::Greater) {
        return Err("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
            .to_owned());
    }
    Ok(())
}

fn range<'v>(comparison: &str, values: &'v [Attribute]) -> Option<Range<'v>> {
    Some(match (comparison, values) {
        ("BEGINS_WITH", [it]) => Range::BeginsWith(it),
        ("BETWEEN", [low, high]) => Range::Between(low, high),
        (other, [it]) => Range::Compare(comparator(other).filter(|it| *it != Comparator::NotEqual)?, it),
        _ => return None,
    })
}

fn comparator(comparison: &str) -> Option<Comparator> {
    Some(match comparison {
        "EQ" => Comparator::Equal,
        "NE" => Comparator::NotEqual,
        "LT" => Comparator::Less,
        "LE" => Comparator::LessOrEqual,
        "GT" => Comparator::Greater,
        "GE" => Comparator::GreaterOrEqual,
        _ => return None,
    })
}

fn one<'v>(name: &str, comparison: &str, values: &'v [Attribute]) -> Condition<'v> {
    let (path, operand) = (Path::of(name), Operand::Path(Path::of(name)));
    let value = |at: usize| Operand::Value(values.get(at).unwrap_or(&Attribute::Null));
    match comparison {
        "NULL" => Condition::NotExists(path),
        "NOT_NULL" => Condition::Exists(path),
        "IN" => Condition::In(operand, values.iter().map(Operand::Value).collect()),
        "BETWEEN" => Condition::Between(operand, value(0), value(1)),
        "BEGINS_WITH" => Condition::BeginsWith(operand, value(0)),
        "CONTAINS" => Condition::Contains(operand, value(0)),
        "NOT_CONTAINS" => Condition::And(
            Box::new(Condition::Exists(path)),
            Box::new(Condition::Not(Box::new(Condition::Contains(operand, value(0))))),
        ),
        other => Condition::Compare(operand, comparator(other).unwrap_or(Comparator::Equal), value(0)),
    }
}
