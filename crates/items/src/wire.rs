//! Attribute values as requests bring them and answers take them, with AWS's sentences about what is wrong.

use crate::attribute::{Attribute, Document};
use crate::number::Number;
use bytes::Bytes;
use model::Value;

/// Maps and lists within one another.
const MOST_LEVELS: usize = 32;
const EMPTY: &str = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
const SEVERAL: &str =
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
const TOO_DEEP: &str = "Nesting Levels have exceeded supported limits";

/// An item or a key.
pub fn document(value: Value) -> Result<Document, String> {
    entries(value, 0).map(Document::from_entries)
}

pub fn attribute(value: Value) -> Result<Attribute, String> {
    read(value, 0)
}

pub fn into_value(document: Document) -> Value {
    Value::Map(document.into_entries().into_iter().map(|(name, it)| (name, attribute_value(it))).collect())
}

pub fn attribute_value(attribute: Attribute) -> Value {
    let (name, value) = match attribute {
        Attribute::Null => ("NULL", Value::Bool(true)),
        Attribute::Bool(it) => ("BOOL", Value::Bool(it)),
        Attribute::S(it) => ("S", Value::String(it)),
        Attribute::N(it) => ("N", Value::String(it.text())),
        Attribute::B(it) => ("B", Value::Blob(it)),
        Attribute::SS(them) => ("SS", Value::List(them.into_iter().map(Value::String).collect())),
        Attribute::NS(them) => ("NS", Value::List(them.iter().map(|it| Value::String(it.text())).collect())),
        Attribute::BS(them) => ("BS", Value::List(them.into_iter().map(Value::Blob).collect())),
        Attribute::L(them) => ("L", Value::List(them.into_iter().map(attribute_value).collect())),
        Attribute::M(it) => ("M", into_value(it)),
    };
    Value::Structure(vec![(name, value)])
}

fn entries(value: Value, level: usize) -> Result<Vec<(String, Attribute)>, String> {
    let Value::Map(entries) = value else { return Ok(Vec::new()) };
    entries.into_iter().map(|(name, value)| Ok((name, read(value, level)?))).collect()
}

fn read(value: Value, level: usize) -> Result<Attribute, String> {
    let mut members = value.into_fields().into_iter();
    let Some((name, value)) = members.next() else { return Err(EMPTY.to_owned()) };
    let read = typed(name, value, level)?;
    let Some((name, value)) = members.next() else { return Ok(read) };
    // What is wrong with the second is told first.
    typed(name, value, level)?;
    Err(SEVERAL.to_owned())
}

fn typed(name: &str, value: Value, level: usize) -> Result<Attribute, String> {
    Ok(match (name, value) {
        ("S", Value::String(it)) => Attribute::S(it),
        ("N", Value::String(it)) => Attribute::N(number(&it)?),
        ("B", Value::Blob(it)) => Attribute::B(it),
        ("BOOL", Value::Bool(it)) => Attribute::Bool(it),
        ("NULL", Value::Bool(true)) => Attribute::Null,
        ("NULL", _) => return Err(invalid("Null attribute value types must have the value of true")),
        ("SS", Value::List(items)) => strings(items)?,
        ("NS", Value::List(items)) => numbers(items)?,
        ("BS", Value::List(items)) => binaries(items)?,
        ("L" | "M", _) if level >= MOST_LEVELS => return Err(TOO_DEEP.to_owned()),
        ("L", Value::List(items)) => {
            Attribute::L(items.into_iter().map(|it| read(it, level + 1)).collect::<Result<_, _>>()?)
        }
        ("M", value @ Value::Map(_)) => Attribute::M(Document::from_entries(entries(value, level + 1)?)),
        _ => return Err(EMPTY.to_owned()),
    })
}

fn strings(items: Vec<Value>) -> Result<Attribute, String> {
    // The two spaces are AWS's.
    let items = not_empty(items, "An string set  may not be empty")?;
    let mut them: Vec<String> = items.into_iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    if them.iter().any(String::is_empty) {
        return Err(invalid("An string set may not have a empty string as a member"));
    }
    let given = them.clone();
    them.sort();
    if has_twins(&them) {
        return Err(invalid(&format!("Input collection [{}] contains duplicates.", given.join(", "))));
    }
    Ok(Attribute::SS(them))
}

fn numbers(items: Vec<Value>) -> Result<Attribute, String> {
    let items = not_empty(items, "An number set  may not be empty")?;
    let mut them =
        items.iter().map(|it| number(it.as_str().unwrap_or_default())).collect::<Result<Vec<Number>, String>>()?;
    them.sort();
    if has_twins(&them) {
        return Err("Input collection contains duplicates".to_owned());
    }
    Ok(Attribute::NS(them))
}

fn binaries(items: Vec<Value>) -> Result<Attribute, String> {
    let items = not_empty(items, "Binary sets should not be empty")?;
    let bytes = |it: Value| match it {
        Value::Blob(it) => it,
        _ => Bytes::new(),
    };
    let mut them: Vec<Bytes> = items.into_iter().map(bytes).collect();
    if them.iter().any(Bytes::is_empty) {
        return Err(invalid("Binary sets may not contain null or empty values"));
    }
    let given = them.clone();
    them.sort();
    if has_twins(&them) {
        let shown: Vec<String> = given.iter().map(base64).collect();
        return Err(invalid(&format!("Input collection [{}]of type BS contains duplicates.", shown.join(", "))));
    }
    Ok(Attribute::BS(them))
}

fn number(text: &str) -> Result<Number, String> {
    Number::parse(text).map_err(|why| why.sentence(text))
}

fn not_empty(items: Vec<Value>, otherwise: &str) -> Result<Vec<Value>, String> {
    if items.is_empty() { Err(invalid(otherwise)) } else { Ok(items) }
}

/// Of sorted values.
fn has_twins<T: PartialEq>(sorted: &[T]) -> bool {
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

fn invalid(what: &str) -> String {
    format!("One or more parameter values were invalid: {what}")
}

fn base64(bytes: &Bytes) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(it: &str) -> Value {
        Value::String(it.to_owned())
    }

    fn of(name: &'static str, value: Value) -> Value {
        Value::Structure(vec![(name, value)])
    }

    #[test]
    fn what_is_wrong_is_said_as_aws_says_it() {
        for (given, why) in [
            (Value::Structure(vec![]), EMPTY),
            (Value::Structure(vec![("S", text("a")), ("N", text("1"))]), SEVERAL),
            (
                Value::Structure(vec![("S", text("a")), ("N", text("b"))]),
                "The parameter cannot be converted to a numeric value: b",
            ),
            (
                of("NULL", Value::Bool(false)),
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            ),
            (
                of("SS", Value::List(vec![])),
                "One or more parameter values were invalid: An string set  may not be empty",
            ),
            (
                of("SS", Value::List(vec![text("b"), text("a"), text("b")])),
                "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates.",
            ),
            (of("NS", Value::List(vec![text("1"), text("1.0")])), "Input collection contains duplicates"),
            (
                of("BS", Value::List(vec![Value::Blob("b".into()), Value::Blob("b".into())])),
                "One or more parameter values were invalid: Input collection [Yg==, Yg==]of type BS contains duplicates.",
            ),
        ] {
            assert_eq!(attribute(given), Err(why.to_owned()));
        }
    }

    #[test]
    fn empty_texts_and_maps_are_values_and_thirty_two_levels_are_enough() {
        assert_eq!(attribute(of("S", text(""))), Ok(Attribute::S(String::new())));
        assert_eq!(attribute(of("L", Value::List(vec![]))), Ok(Attribute::L(vec![])));
        let nested = |levels| (0..levels).fold(of("S", text("x")), |it, _| of("L", Value::List(vec![it])));
        assert!(attribute(nested(32)).is_ok());
        assert_eq!(attribute(nested(33)), Err(TOO_DEEP.to_owned()));
    }

    #[test]
    fn sizes_are_those_that_aws_documents() {
        let size = |value| attribute(value).unwrap().size();
        assert_eq!(size(of("S", text("é"))), 2);
        assert_eq!(size(of("N", text("-123.45"))), 5);
        assert_eq!(size(of("BOOL", Value::Bool(true))), 1);
        assert_eq!(size(of("L", Value::List(vec![of("S", text("ab")), of("NULL", Value::Bool(true))]))), 3 + 3 + 2);
        assert_eq!(size(of("M", Value::Map(vec![("ab".to_owned(), of("S", text("c")))]))), 3 + 3 + 1);
    }
}
