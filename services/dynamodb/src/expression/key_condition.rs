//! Key conditions: one partition key, and perhaps a range of sort keys.

use super::condition::{Comparator, Condition, Operand};
use super::path::Path;
use items::attribute::{Attribute, Type};

/// A condition on one key attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Range<'v> {
    Compare(Comparator, &'v Attribute),
    Between(&'v Attribute, &'v Attribute),
    BeginsWith(&'v Attribute),
}

/// Conditions by attribute, as the expression has them.
pub type KeyConditions<'v> = Vec<(String, Range<'v>)>;

impl<'v> Range<'v> {
    pub fn values(&self) -> impl Iterator<Item = &'v Attribute> {
        let (first, second) = match self {
            Range::Compare(_, it) | Range::BeginsWith(it) => (*it, None),
            Range::Between(low, high) => (*low, Some(*high)),
        };
        std::iter::once(first).chain(second)
    }
}

/// # Errors
/// What a key condition cannot be, in AWS's words.
pub fn of<'v>(condition: &Condition<'v>) -> Result<KeyConditions<'v>, String> {
    let mut found = Vec::new();
    collect(condition, &mut found)?;
    Ok(found)
}

fn collect<'v>(condition: &Condition<'v>, found: &mut KeyConditions<'v>) -> Result<(), String> {
    let unfit = |operator: &str| Err(format!("Invalid operator used in KeyConditionExpression: {operator}"));
    match condition {
        Condition::And(a, b) => {
            collect(a, found)?;
            collect(b, found)
        }
        Condition::Or(..) => unfit("OR"),
        Condition::Not(_) => unfit("NOT"),
        Condition::In(..) => unfit("IN"),
        Condition::Exists(_) => unfit("attribute_exists"),
        Condition::NotExists(_) => unfit("attribute_not_exists"),
        Condition::IsType(..) => unfit("attribute_type"),
        Condition::Contains(..) => unfit("contains"),
        Condition::Compare(_, Comparator::NotEqual, _) => unfit("<>"),
        Condition::Compare(a, comparator, b) => match (a, b) {
            (Operand::Path(path), value) => {
                let range = Range::Compare(*comparator, value_of(value)?);
                add(found, path, range)
            }
            (value, Operand::Path(path)) => {
                let range = Range::Compare(comparator.turned(), value_of(value)?);
                add(found, path, range)
            }
            (a, b) => {
                value_of(a)?;
                value_of(b)?;
                Err("Invalid condition in KeyConditionExpression: No key attribute specified".to_owned())
            }
        },
        Condition::Between(operand, low, high) => {
            let path = key_of("BETWEEN", operand)?;
            add(found, path, Range::Between(value_of(low)?, value_of(high)?))
        }
        Condition::BeginsWith(operand, start) => {
            let path = key_of("begins_with", operand)?;
            add(found, path, Range::BeginsWith(value_of(start)?))
        }
    }
}

fn key_of<'c>(operator: &str, operand: &'c Operand) -> Result<&'c Path, String> {
    match operand {
        Operand::Path(path) => Ok(path),
        Operand::Size(_) => Err(NESTED.to_owned()),
        Operand::Value(_) => Err(format!(
            "Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its first operand"
        )),
    }
}

const NESTED: &str = "KeyConditionExpressions cannot contain nested operations";

fn value_of<'v>(operand: &Operand<'v>) -> Result<&'v Attribute, String> {
    match operand {
        Operand::Value(it) => Ok(it),
        Operand::Size(_) => Err(NESTED.to_owned()),
        Operand::Path(_) => {
            Err("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
                .to_owned())
        }
    }
}

fn add<'v>(found: &mut KeyConditions<'v>, path: &Path, range: Range<'v>) -> Result<(), String> {
    if path.is_nested() {
        return Err("KeyConditionExpressions cannot have conditions on nested attributes".to_owned());
    }
    if found.iter().any(|(name, _)| name == path.head()) {
        return Err("KeyConditionExpressions must only contain one condition per key".to_owned());
    }
    found.push((path.head().to_owned(), range));
    Ok(())
}

/// # Errors
/// A value that is not of the key's type.
pub fn check_type(kind: Type, range: &Range) -> Result<(), String> {
    if range.values().all(|it| it.kind() == kind) {
        return Ok(());
    }
    Err("One or more parameter values were invalid: Condition parameter type does not match schema type".to_owned())
}
