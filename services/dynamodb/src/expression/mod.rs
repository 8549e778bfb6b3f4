//! Expressions: conditions, filters, key conditions, projections and updates, with AWS's sentences about what is wrong.
//!
//! An expression is parsed whole before anything is said about its meaning: syntax first, then the other faults in the
//! order of [`Fault`].

pub mod apply;
pub mod condition;
pub mod evaluate;
pub mod key_condition;
pub mod legacy;
pub mod path;
pub mod placeholder;
pub mod projection;
mod reserved;
mod token;
pub mod update;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// An expression's size in bytes, the operators and functions that it may have ("Quotas in Amazon DynamoDB"), and how deep
/// parentheses, functions and NOT may stand in one another, which bounds the stack.
const MOST_BYTES: usize = 4_096;
const MOST_OPERATORS: usize = 300;
const DEEPEST: usize = 100;

/// What the parameter is called in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Condition,
    Filter,
    KeyCondition,
    Projection,
    Update,
}

impl Kind {
    pub fn parameter(self) -> &'static str {
        match self {
            Kind::Condition => "ConditionExpression",
            Kind::Filter => "FilterExpression",
            Kind::KeyCondition => "KeyConditionExpression",
            Kind::Projection => "ProjectionExpression",
            Kind::Update => "UpdateExpression",
        }
    }
}

/// What can be wrong with an expression whose syntax is right. Of several, AWS tells the first of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Parentheses,
    UnknownFunction,
    Misuse,
    Reserved,
    Section,
    UndefinedName,
    UndefinedValue,
    Overlap,
    Conflict,
    OperandCount,
    Distinct,
    OperandType,
}

/// What was found, the first of each kind.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<Fault, String>);

impl Faults {
    pub fn add(&mut self, fault: Fault, sentence: impl FnOnce() -> String) {
        self.0.entry(fault).or_insert_with(sentence);
    }

    pub fn first(self) -> Result<(), String> {
        self.0.into_values().next().map_or(Ok(()), Err)
    }
}
