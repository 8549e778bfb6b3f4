//! What a tree refers to: `Ref`, `Fn::GetAtt` and the variables of `Fn::Sub`.

use super::functions::call;
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// A parameter, a pseudo parameter or a resource.
    pub name: String,
    /// Of a resource, with `Fn::GetAtt`.
    pub attribute: Option<String>,
}

/// A part of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    Text(&'t str),
    /// `${!Literal}`, which stays `${Literal}`.
    Literal(&'t str),
    Variable(&'t str),
}

/// All references in a tree. Where conditions are known, only in the branches that count.
pub fn references(tree: &Json, conditions: Option<&BTreeMap<String, bool>>) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(tree, conditions, &mut found);
    found
}

/// Every name of a condition that `Fn::If` asks for.
pub fn conditions_asked(tree: &Json, found: &mut Vec<String>) {
    if let Some(("Fn::If", argument)) = call(tree)
        && let Some(name) = argument.get(0).and_then(Json::as_str)
    {
        found.push(name.to_owned());
    }
    match tree {
        Json::Array(items) => items.iter().for_each(|it| conditions_asked(it, found)),
        Json::Object(members) => members.values().for_each(|it| conditions_asked(it, found)),
        _ => {}
    }
}

pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        let inside = &rest[start + 2..start + 2 + length];
        pieces.push(match inside.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(inside.trim()),
        });
        rest = &rest[start + 2 + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// `A` or `A.Attribute`.
pub fn of_variable(variable: &str) -> Reference {
    match variable.split_once('.') {
        Some((name, attribute)) => Reference { name: name.to_owned(), attribute: Some(attribute.to_owned()) },
        None => Reference { name: variable.to_owned(), attribute: None },
    }
}

/// The argument of `Fn::GetAtt`, a list or a dotted text. The attribute may itself be a `Ref`, which names nothing here.
pub fn of_get_att(argument: &Json) -> Option<Reference> {
    if let Some(text) = argument.as_str() {
        return Some(of_variable(text)).filter(|it| it.attribute.is_some());
    }
    let parts = argument.as_array()?;
    let name = parts.first()?.as_str()?.to_owned();
    let attribute: Option<Vec<&str>> = parts[1..].iter().map(Json::as_str).collect();
    Some(Reference { name, attribute: Some(attribute?.join(".")).filter(|it| !it.is_empty()) })
}

fn collect(tree: &Json, conditions: Option<&BTreeMap<String, bool>>, found: &mut Vec<Reference>) {
    match call(tree) {
        Some(("Ref", Json::String(name))) => found.push(Reference { name: name.clone(), attribute: None }),
        Some(("Fn::GetAtt", argument)) => {
            found.extend(of_get_att(argument));
            collect(argument, conditions, found);
        }
        Some(("Fn::Sub", argument)) => collect_sub(argument, conditions, found),
        Some(("Fn::If", Json::Array(parts))) if parts.len() == 3 => {
            let known = conditions.and_then(|it| it.get(parts[0].as_str()?));
            match known {
                Some(true) => collect(&parts[1], conditions, found),
                Some(false) => collect(&parts[2], conditions, found),
                None => parts[1..].iter().for_each(|it| collect(it, conditions, found)),
            }
        }
        _ => match tree {
            Json::Array(items) => items.iter().for_each(|it| collect(it, conditions, found)),
            Json::Object(members) => members.values().for_each(|it| collect(it, conditions, found)),
            _ => {}
        },
    }
}

fn collect_sub(argument: &Json, conditions: Option<&BTreeMap<String, bool>>, found: &mut Vec<Reference>) {
    let none = serde_json::Map::new();
    let (text, own) = match argument {
        Json::String(text) => (text.as_str(), &none),
        Json::Array(parts) => (
            parts.first().and_then(Json::as_str).unwrap_or_default(),
            parts.get(1).and_then(Json::as_object).unwrap_or(&none),
        ),
        _ => return,
    };
    for piece in pieces(text) {
        if let Piece::Variable(name) = piece
            && !own.contains_key(name)
        {
            found.push(of_variable(name));
        }
    }
    own.values().for_each(|it| collect(it, conditions, found));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_found_wherever_they_stand() {
        let tree = json!({
            "a": {"Ref": "A"},
            "b": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
            "c": {"Fn::Sub": ["${D}-${E.Arn}-${own}-${!Not}", {"own": {"Ref": "F"}}]},
            "d": {"Fn::If": ["Yes", {"Ref": "G"}, {"Ref": "H"}]},
        });
        let names = |conditions: Option<&BTreeMap<_, _>>| {
            references(&tree, conditions).into_iter().map(|it| it.name).collect::<String>()
        };
        assert_eq!(names(None), "ABCDEFGH");
        assert_eq!(names(Some(&BTreeMap::from([("Yes".to_owned(), true)]))), "ABCDEFG");
    }

    #[test]
    fn the_text_of_a_sub_falls_into_pieces() {
        let cases = [
            ("x", vec![Piece::Text("x")]),
            ("${A}", vec![Piece::Variable("A")]),
            (
                "a${B}c${!D}${",
                vec![Piece::Text("a"), Piece::Variable("B"), Piece::Text("c"), Piece::Literal("D"), Piece::Text("${")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
