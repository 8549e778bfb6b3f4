//! Event patterns: the language of EventBridge's rules and of Lambda's filter criteria.
//!
//! A pattern is a JSON object of the event's shape. Its leaves are lists of tests, of which one has to hold; all fields
//! have to be there, and of the alternatives of `$or` one. What a test means, and how a pattern that is none is refused,
//! follows AWS's documentation and its open engine, Event Ruler:
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>.

mod address;
mod matches;
mod parse;
mod test;
#[cfg(test)]
mod tests;
mod wildcard;

use std::fmt;
use test::Test;

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    root: Fields,
}

/// All of these have to match one object.
#[derive(Clone, Debug, Default, PartialEq)]
struct Fields {
    all: Vec<Field>,
    /// Each `$or`, of whose alternatives one has to match.
    any: Vec<Vec<Fields>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: String,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Object(Fields),
    /// One of these has to hold for one of the values.
    OneOf(Vec<Test>),
}

/// Why a text is no pattern, in Event Ruler's words: what EventBridge says after `Event pattern is not valid. Reason: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}
