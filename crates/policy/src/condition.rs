//! One line of a `Condition` element: an operator, a key, and the values it is compared with.
//! Source: IAM User Guide, "Condition operators", "Set operators for multi-valued context keys".

use crate::context::{Key, Request, Values};
use crate::operator::{Operand, Operator};

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As the policy has it: `ForAllValues:StringEqualsIfExists`.
    pub operator_name: String,
    pub key: Key,
    /// As the policy has them, for explanations.
    pub texts: Vec<String>,
    test: Test,
    operands: Vec<Operand>,
}

/// An operator with its prefix and suffix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    operator: Operator,
    set: Set,
    if_exists: bool,
}

/// The set operators.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    None,
    ForAllValues,
    ForAnyValue,
}

impl Test {
    /// `None` when there is no such operator. `Null` takes no `IfExists`.
    pub fn by_name(name: &str) -> Option<Test> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Set::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (Set::ForAnyValue, rest),
            Some(_) => return None,
            None => (Set::None, name),
        };
        let (if_exists, rest) = match rest.strip_suffix("IfExists") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let operator = Operator::by_name(rest)?;
        (!if_exists || operator != Operator::Null).then_some(Test { operator, set, if_exists })
    }
}

impl Condition {
    /// `None` when a value is not of the operator's type.
    pub fn new(name: &str, test: Test, key: &str, texts: Vec<String>, has_variables: bool) -> Option<Condition> {
        let operands =
            texts.iter().map(|text| test.operator.operand(text, has_variables)).collect::<Option<Vec<Operand>>>()?;
        Some(Condition { operator_name: name.to_owned(), key: Key::new(key), texts, test, operands })
    }

    /// The condition's key, and those that its values name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let of_values = self.operands.iter().filter_map(|operand| match operand {
            Operand::Text(matcher) => Some(matcher.variables()),
            Operand::Number(_) | Operand::Date(_) | Operand::Bool(_) | Operand::Binary(_) | Operand::Network { .. } => {
                None
            }
        });
        std::iter::once(self.key.name.as_str()).chain(of_values.flatten())
    }

    pub fn holds(&self, request: &Request) -> bool {
        let values = self.key.values(request).filter(|values| !values.is_empty());
        match (self.test.operator, values) {
            (Operator::Null, values) => self.operands.contains(&Operand::Bool(values.is_none())),
            (_, None) => self.holds_without_key(),
            (_, Some(values)) => self.holds_for(&values, request),
        }
    }

    /// A missing key and an empty set are the same: `ForAllValues` holds, `ForAnyValue` does not, and else only a
    /// negated operator does.
    fn holds_without_key(&self) -> bool {
        match self.test.set {
            _ if self.test.if_exists => true,
            Set::ForAllValues => true,
            Set::ForAnyValue => false,
            Set::None => self.test.operator.is_negated(),
        }
    }

    /// Several values of the policy are alternatives; for a negated operator, none of them may match.
    fn holds_for(&self, values: &Values, request: &Request) -> bool {
        let operator = self.test.operator;
        let matches_one = |value: &str| self.operands.iter().any(|operand| operator.holds(value, operand, request));
        let negated = operator.is_negated();
        match self.test.set {
            Set::None => values.any(matches_one) != negated,
            Set::ForAllValues => values.all(|value| matches_one(value) != negated),
            Set::ForAnyValue => values.any(|value| matches_one(value) != negated),
        }
    }
}
