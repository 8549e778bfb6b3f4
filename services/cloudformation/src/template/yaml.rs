//! YAML 1.1 as CloudFormation reads it: scalars resolved, short forms written out, aliases and merges refused.

use super::invalid;
use super::short_forms;
use model::Result;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value as Json};

/// Deeper than any template that AWS takes; bounds the stack that a hostile one could use.
pub const DEEPEST: usize = 100;

/// One document as a tree in which every short form has become its long form.
pub fn parse(body: &str) -> Result<Json> {
    let mut reader = Reader { parser: Parser::new_from_str(body), depth: 0 };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd => return Err(invalid("Template format error: unsupported structure.")),
            first => {
                let tree = reader.node(first)?;
                reader.end()?;
                return Ok(tree);
            }
        }
    }
}

struct Reader<'input> {
    parser: Parser<'input, saphyr_parser::StrInput<'input>>,
    depth: usize,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Result<Event<'input>> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(not_well_formed(&error)),
            None => Ok(Event::StreamEnd),
        }
    }

    /// What follows the document: nothing but its end.
    fn end(&mut self) -> Result<()> {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(()),
                Event::DocumentEnd | Event::Nothing => {}
                _ => return Err(invalid("Template format error: YAML not well-formed. Only one document is allowed.")),
            }
        }
    }

    fn node(&mut self, event: Event<'input>) -> Result<Json> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(invalid(format!("Template format error: nested more than {DEEPEST} levels deep.")));
        }
        let tree = match event {
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref())?,
            Event::SequenceStart(_, tag) => {
                let items = self.sequence()?;
                tagged(tag.as_deref(), items)?
            }
            Event::MappingStart(_, tag) => {
                let members = self.mapping()?;
                tagged(tag.as_deref(), members)?
            }
            Event::Alias(_) => {
                return Err(invalid("Template error: YAML aliases are not allowed in CloudFormation templates"));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(invalid("Template format error: YAML not well-formed.")),
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Json> {
        match tag.map(kind) {
            None if style == ScalarStyle::Plain => Ok(resolve(text)),
            None => Ok(Json::String(text.to_owned())),
            Some(Kind::Core("str")) => Ok(Json::String(text.to_owned())),
            Some(Kind::Core("int" | "float" | "bool" | "null")) => Ok(resolve(text)),
            Some(Kind::Core(other)) => Err(unsupported_tag(other)),
            Some(Kind::Short(name)) => short_forms::of_scalar(name, text),
        }
    }

    fn sequence(&mut self) -> Result<Json> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Json::Array(items)),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Json> {
        let mut members = Map::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Json::Object(members)),
                Event::Scalar(text, _, _, _) => text.into_owned(),
                _ => return Err(invalid("Template format error: YAML not well-formed. Keys must be strings.")),
            };
            if key == "<<" {
                return Err(invalid("Template error: YAML merges are not allowed in CloudFormation templates"));
            }
            let event = self.next()?;
            let value = self.node(event)?;
            if members.contains_key(&key) {
                return Err(invalid(format!("Template format error: duplicate key '{key}'.")));
            }
            members.insert(key, value);
        }
    }
}

enum Kind<'t> {
    /// `!!str` and its like.
    Core(&'t str),
    /// `!Ref` and its like.
    Short(&'t str),
}

fn kind(tag: &Tag) -> Kind<'_> {
    if tag.is_yaml_core_schema() { Kind::Core(&tag.suffix) } else { Kind::Short(&tag.suffix) }
}

fn tagged(tag: Option<&Tag>, tree: Json) -> Result<Json> {
    match tag.map(kind) {
        None | Some(Kind::Core("map" | "seq")) => Ok(tree),
        Some(Kind::Core(other)) => Err(unsupported_tag(other)),
        Some(Kind::Short(name)) => short_forms::of_tree(name, tree),
    }
}

fn unsupported_tag(name: &str) -> model::Error {
    invalid(format!("Template format error: YAML tag !!{name} is not supported in CloudFormation templates."))
}

fn not_well_formed(error: &ScanError) -> model::Error {
    let at = error.marker();
    invalid(format!("Template format error: YAML not well-formed. (line {}, column {})", at.line(), at.col() + 1))
}

/// A plain scalar by the rules of YAML 1.1. Numbers that would not be written again as they stand stay texts:
/// `012345678901` is an account and `1_000` a name, not numbers.
fn resolve(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Json::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Json::Bool(false),
        _ => {}
    }
    let starts_like_a_number = text.trim_start_matches('-').starts_with(|it: char| it.is_ascii_digit());
    if !starts_like_a_number {
        return Json::String(text.to_owned());
    }
    if let Some(number) = text.parse::<i64>().ok().filter(|it| it.to_string() == text) {
        return Json::Number(number.into());
    }
    let float = text.parse::<f64>().ok().filter(|it| it.to_string() == text).and_then(Number::from_f64);
    float.map_or_else(|| Json::String(text.to_owned()), Json::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_keep_what_they_mean() {
        let cases = [
            ("a: 5", json!({"a": 5})),
            ("a: -5", json!({"a": -5})),
            ("a: 0.5", json!({"a": 0.5})),
            ("a: '5'", json!({"a": "5"})),
            ("a: 012345678901", json!({"a": "012345678901"})),
            ("a: 2012-10-17", json!({"a": "2012-10-17"})),
            ("a: 1.10", json!({"a": "1.10"})),
            ("a: yes", json!({"a": true})),
            ("yes: b", json!({"yes": "b"})),
            ("a: !!str 5", json!({"a": "5"})),
            ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
            ("a: >-\n  x\n  y\n", json!({"a": "x y"})),
            ("{\"a\": [1, true, null]}", json!({"a": [1, true, null]})),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_taken_says_so() {
        let cases = [
            ("a: &x 1\nb: *x\n", "Template error: YAML aliases are not allowed in CloudFormation templates"),
            (
                "a: !!binary aGk=\n",
                "Template format error: YAML tag !!binary is not supported in CloudFormation templates.",
            ),
            ("a: 1\na: 2\n", "Template format error: duplicate key 'a'."),
            ("", "Template format error: unsupported structure."),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err().message(), expected, "{text}");
        }
        let error = parse("a: b\n  c: d\n").unwrap_err();
        assert!(
            error.message().starts_with("Template format error: YAML not well-formed. (line 2, column "),
            "{error}"
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).is_err());
    }
}
