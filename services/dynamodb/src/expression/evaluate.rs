//! Whether a condition holds for an item.
//!
//! An operand that is not there makes a comparison false, `<>` excepted: what is absent is different.

use super::condition::{Comparator, Condition, Operand};
use items::attribute::{Attribute, Document};
use items::number::Number;
use std::borrow::Cow;
use std::cmp::Ordering;

impl Condition<'_> {
    pub fn holds(&self, item: &Document) -> bool {
        match self {
            Condition::And(a, b) => a.holds(item) && b.holds(item),
            Condition::Or(a, b) => a.holds(item) || b.holds(item),
            Condition::Not(it) => !it.holds(item),
            Condition::Compare(a, comparator, b) => compares(a.value(item), *comparator, b.value(item)),
            Condition::Between(it, low, high) => {
                let it = it.value(item);
                compares(it.clone(), Comparator::GreaterOrEqual, low.value(item))
                    && compares(it, Comparator::LessOrEqual, high.value(item))
            }
            Condition::In(it, list) => {
                let it = it.value(item);
                it.is_some() && list.iter().any(|other| other.value(item) == it)
            }
            Condition::Exists(path) => path.find(item).is_some(),
            Condition::NotExists(path) => path.find(item).is_none(),
            Condition::IsType(it, kind) => it.value(item).is_some_and(|it| it.kind() == *kind),
            Condition::BeginsWith(it, start) => match (it.value(item).as_deref(), start.value(item).as_deref()) {
                (Some(Attribute::S(it)), Some(Attribute::S(start))) => it.starts_with(start.as_str()),
                (Some(Attribute::B(it)), Some(Attribute::B(start))) => it.starts_with(start),
                _ => false,
            },
            Condition::Contains(it, part) => match (it.value(item), part.value(item)) {
                (Some(it), Some(part)) => contains(&it, &part),
                _ => false,
            },
        }
    }
}

impl Operand<'_> {
    fn value<'i>(&'i self, item: &'i Document) -> Option<Cow<'i, Attribute>> {
        match self {
            Operand::Path(path) => path.find(item).map(Cow::Borrowed),
            Operand::Value(it) => Some(Cow::Borrowed(*it)),
            Operand::Size(it) => length(it.value(item)?.as_ref()).map(|it| Cow::Owned(Attribute::N(it))),
        }
    }
}

fn compares(a: Option<Cow<Attribute>>, comparator: Comparator, b: Option<Cow<Attribute>>) -> bool {
    let order = || Some(a.as_ref()?.order(b.as_ref()?)? as i8);
    match comparator {
        Comparator::Equal => a.is_some() && a == b,
        Comparator::NotEqual => a.is_none() || a != b,
        Comparator::Less => order() == Some(Ordering::Less as i8),
        Comparator::LessOrEqual => order().is_some_and(|it| it <= 0),
        Comparator::Greater => order() == Some(Ordering::Greater as i8),
        Comparator::GreaterOrEqual => order().is_some_and(|it| it >= 0),
    }
}

/// What `size` gives: characters are not counted, bytes are; and the elements of sets, lists and maps.
fn length(value: &Attribute) -> Option<Number> {
    let length = match value {
        Attribute::S(it) => it.len(),
        Attribute::B(it) => it.len(),
        Attribute::SS(them) => them.len(),
        Attribute::NS(them) => them.len(),
        Attribute::BS(them) => them.len(),
        Attribute::L(them) => them.len(),
        Attribute::M(it) => it.len(),
        Attribute::Null | Attribute::Bool(_) | Attribute::N(_) => return None,
    };
    Some(Number::from_integer(length as i64))
}

pub(crate) fn contains(it: &Attribute, part: &Attribute) -> bool {
    match (it, part) {
        (Attribute::S(it), Attribute::S(part)) => it.contains(part.as_str()),
        (Attribute::B(it), Attribute::B(part)) => part.is_empty() || it.windows(part.len()).any(|at| at == part),
        (Attribute::SS(them), Attribute::S(part)) => them.contains(part),
        (Attribute::NS(them), Attribute::N(part)) => them.contains(part),
        (Attribute::BS(them), Attribute::B(part)) => them.contains(part),
        (Attribute::L(them), part) => them.contains(part),
        _ => false,
    }
}
