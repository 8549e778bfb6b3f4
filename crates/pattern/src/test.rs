//! One test of a value.

use crate::address::{self, Network};
use crate::wildcard::Wildcard;
use serde_json::Value as Json;

#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A text. Two spellings of one IP address are the same.
    Exactly(String),
    /// A number, true, false or null.
    Literal(Json),
    Prefix(Text),
    Suffix(Text),
    /// In lower case.
    IgnoringCase(String),
    Wildcard(Wildcard),
    /// None of these.
    AnythingBut(Vec<Test>),
    Numeric(Range),
    Cidr(Network),
    Present,
    /// The whole path of the field: in a list of objects, none may have it.
    Absent(Vec<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    AsIs(String),
    /// In lower case.
    IgnoringCase(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub from: Bound,
    pub to: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    Open(f64),
    Closed(f64),
    None,
}

impl Test {
    /// Whether it holds for a value that is there: a text, a number, true, false or null.
    pub fn holds(&self, value: &Json) -> bool {
        match self {
            Test::Exactly(wanted) => value.as_str().is_some_and(|it| it == wanted || address::same(it, wanted)),
            Test::Literal(wanted) => same(wanted, value),
            Test::Prefix(Text::AsIs(wanted)) => value.as_str().is_some_and(|it| it.starts_with(wanted)),
            Test::Prefix(Text::IgnoringCase(wanted)) => {
                value.as_str().is_some_and(|it| it.to_lowercase().starts_with(wanted))
            }
            Test::Suffix(Text::AsIs(wanted)) => value.as_str().is_some_and(|it| it.ends_with(wanted)),
            Test::Suffix(Text::IgnoringCase(wanted)) => {
                value.as_str().is_some_and(|it| it.to_lowercase().ends_with(wanted))
            }
            Test::IgnoringCase(wanted) => value.as_str().is_some_and(|it| it.to_lowercase() == *wanted),
            Test::Wildcard(wanted) => value.as_str().is_some_and(|it| wanted.matches(it)),
            Test::AnythingBut(unwanted) => !unwanted.iter().any(|it| it.holds(value)),
            Test::Numeric(range) => value.as_f64().is_some_and(|it| range.contains(it)),
            Test::Cidr(network) => value.as_str().is_some_and(|it| network.contains(it)),
            Test::Present => true,
            Test::Absent(_) => false,
        }
    }
}

impl Range {
    fn contains(&self, it: f64) -> bool {
        let above = match self.from {
            Bound::Open(from) => it > from,
            Bound::Closed(from) => it >= from,
            Bound::None => true,
        };
        let below = match self.to {
            Bound::Open(to) => it < to,
            Bound::Closed(to) => it <= to,
            Bound::None => true,
        };
        above && below
    }
}

/// `300`, `300.0` and `3.0e2` are the same number.
fn same(wanted: &Json, value: &Json) -> bool {
    if wanted == value {
        return true;
    }
    // Whole numbers that no floating point number holds are the same only digit by digit.
    let whole = |it: &Json| it.is_i64() || it.is_u64();
    if whole(wanted) && whole(value) {
        return false;
    }
    wanted.is_number() && value.is_number() && wanted.as_f64() == value.as_f64()
}
