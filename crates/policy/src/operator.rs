//! Condition operators by name, and how each compares one value of the request with one of the policy.
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use crate::context::Request;
use crate::date::{self, Instant};
use crate::matcher::{Form, Matcher};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;
use std::net::IpAddr;

/// An operator without its `ForAllValues:`, `ForAnyValue:` and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operator {
    Text { form: Form, negated: bool },
    Number { order: Order, negated: bool },
    Date { order: Order, negated: bool },
    Bool,
    Binary,
    Address { negated: bool },
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value of the policy, read once.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Text(Matcher),
    Number(f64),
    Date(Instant),
    Bool(bool),
    Binary(Vec<u8>),
    Network { address: IpAddr, prefix: u32 },
}

impl Operator {
    pub fn by_name(name: &str) -> Option<Operator> {
        let text = |form, negated| Operator::Text { form, negated };
        Some(match name {
            "StringEquals" => text(Form::Exact, false),
            "StringNotEquals" => text(Form::Exact, true),
            "StringEqualsIgnoreCase" => text(Form::ExactIgnoringCase, false),
            "StringNotEqualsIgnoreCase" => text(Form::ExactIgnoringCase, true),
            "StringLike" => text(Form::Like, false),
            "StringNotLike" => text(Form::Like, true),
            "ArnEquals" | "ArnLike" => text(Form::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => text(Form::Arn, true),
            "Bool" => Operator::Bool,
            "BinaryEquals" => Operator::Binary,
            "IpAddress" => Operator::Address { negated: false },
            "NotIpAddress" => Operator::Address { negated: true },
            "Null" => Operator::Null,
            _ => return ordered(name),
        })
    }

    /// `NotEquals`, `NotLike` and so on: true when the key is missing.
    pub fn is_negated(self) -> bool {
        match self {
            Operator::Text { negated, .. }
            | Operator::Number { negated, .. }
            | Operator::Date { negated, .. }
            | Operator::Address { negated } => negated,
            Operator::Bool | Operator::Binary | Operator::Null => false,
        }
    }

    /// Reads a value of the policy. `None` when it is not of the operator's type.
    pub fn operand(self, text: &str, has_variables: bool) -> Option<Operand> {
        match self {
            Operator::Text { form, .. } => {
                let matcher = Matcher::new(text, form, has_variables);
                (!matcher.is_hopeless()).then_some(Operand::Text(matcher))
            }
            Operator::Number { .. } => number(text).map(Operand::Number),
            Operator::Date { .. } => date::parse(text).map(Operand::Date),
            Operator::Bool | Operator::Null => boolean(text).map(Operand::Bool),
            Operator::Binary => STANDARD.decode(text).ok().map(Operand::Binary),
            Operator::Address { .. } => network(text),
        }
    }

    /// The plain comparison; negation is applied by the condition, over all values.
    pub fn holds(self, value: &str, operand: &Operand, request: &Request) -> bool {
        match (self, operand) {
            (_, Operand::Text(matcher)) => matcher.matches(value, request),
            (Operator::Number { order, .. }, Operand::Number(wanted)) => {
                number(value).and_then(|number| number.partial_cmp(wanted)).is_some_and(|found| order.admits(found))
            }
            (Operator::Date { order, .. }, Operand::Date(wanted)) => {
                date::parse(value).is_some_and(|found| order.admits(found.cmp(wanted)))
            }
            (_, Operand::Bool(wanted)) => boolean(value) == Some(*wanted),
            (_, Operand::Binary(wanted)) => STANDARD.decode(value).is_ok_and(|bytes| bytes == *wanted),
            (_, Operand::Network { address, prefix }) => {
                value.parse().is_ok_and(|value| contains(*address, *prefix, value))
            }
            (_, Operand::Number(_) | Operand::Date(_)) => false,
        }
    }
}

impl Order {
    fn admits(self, found: Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

fn ordered(name: &str) -> Option<Operator> {
    let (is_date, comparison) = match name.strip_prefix("Date") {
        Some(comparison) => (true, comparison),
        None => (false, name.strip_prefix("Numeric")?),
    };
    let (order, negated) = match comparison {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessOrEqual, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterOrEqual, false),
        _ => return None,
    };
    Some(if is_date { Operator::Date { order, negated } } else { Operator::Number { order, negated } })
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// `203.0.113.0/24`, `2001:db8::/32`, or one address.
fn network(text: &str) -> Option<Operand> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.trim().parse().ok()?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(widest), |prefix| prefix.trim().parse().ok())?;
    (prefix <= widest).then_some(Operand::Network { address, prefix })
}

fn contains(network: IpAddr, prefix: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let shift = 32 - prefix;
            network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let shift = 128 - prefix;
            network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
