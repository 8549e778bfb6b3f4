//! Texts of a policy that a value is compared with: wildcards, and policy variables that are filled in for each request.
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use crate::arn::{self, PARTS};
use crate::context::{Key, Request};
use crate::wildcard::{Pattern, encode_byte};

/// How a text of a policy is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// `StringEquals`: wildcards are plain characters.
    Exact,
    ExactIgnoringCase,
    /// `StringLike`
    Like,
    /// `ArnEquals` and `ArnLike`
    Arn,
    /// The `Resource` element.
    Resource,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// As the policy has it, for explanations.
    pub text: String,
    form: Form,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Fixed(Prepared),
    Variable(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq)]
enum Prepared {
    Text(Vec<u8>),
    TextIgnoringCase(String),
    Pattern(Pattern),
    Arn(Box<[Pattern; PARTS]>),
    Never,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Wildcards are already encoded.
    Encoded(Vec<u8>),
    Variable {
        key: Key,
        default: Option<String>,
    },
}

impl Matcher {
    pub fn new(text: &str, form: Form, has_variables: bool) -> Matcher {
        let mut pieces = pieces(text, form, has_variables);
        let body = match (pieces.pop(), pieces.is_empty()) {
            (None, _) => Body::Fixed(prepare(Vec::new(), form)),
            (Some(Piece::Encoded(encoded)), true) => Body::Fixed(prepare(encoded, form)),
            (Some(last), _) => {
                pieces.push(last);
                Body::Variable(pieces)
            }
        };
        Matcher { text: text.to_owned(), form, body }
    }

    pub fn matches(&self, value: &str, request: &Request) -> bool {
        match &self.body {
            Body::Fixed(prepared) => prepared.matches(value),
            Body::Variable(pieces) => {
                fill(pieces, request).is_some_and(|encoded| prepare(encoded, self.form).matches(value))
            }
        }
    }

    /// The keys whose values stand in the text.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.body {
            Body::Fixed(_) => &[][..],
            Body::Variable(pieces) => pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Encoded(_) => None,
            Piece::Variable { key, .. } => Some(key.name.as_str()),
        })
    }

    /// Whether no value can ever match: an ARN operator's text that is not an ARN.
    pub fn is_hopeless(&self) -> bool {
        self.body == Body::Fixed(Prepared::Never)
    }
}

impl Prepared {
    fn matches(&self, value: &str) -> bool {
        match self {
            Prepared::Text(text) => text == value.as_bytes(),
            Prepared::TextIgnoringCase(text) => same_ignoring_case(text, value),
            Prepared::Pattern(pattern) => pattern.matches(value),
            Prepared::Arn(patterns) => arn::split(value)
                .is_some_and(|parts| patterns.iter().zip(parts).all(|(pattern, part)| pattern.matches(part))),
            Prepared::Never => false,
        }
    }
}

fn prepare(encoded: Vec<u8>, form: Form) -> Prepared {
    match form {
        Form::Exact => Prepared::Text(encoded),
        Form::ExactIgnoringCase => Prepared::TextIgnoringCase(String::from_utf8_lossy(&encoded).to_lowercase()),
        Form::Like => Prepared::Pattern(Pattern::from_encoded(encoded)),
        Form::Resource => Prepared::Pattern(arn::resource_pattern(encoded)),
        Form::Arn if encoded == [encode_byte(b'*')] => Prepared::Pattern(Pattern::from_encoded(encoded)),
        Form::Arn => arn::component_patterns(&encoded).map_or(Prepared::Never, |parts| Prepared::Arn(Box::new(parts))),
    }
}

fn same_ignoring_case(lower: &str, value: &str) -> bool {
    value.chars().flat_map(char::to_lowercase).eq(lower.chars())
}

/// `None` when a variable has no value and no default: then the element matches nothing.
fn fill(pieces: &[Piece], request: &Request) -> Option<Vec<u8>> {
    let mut encoded = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Encoded(bytes) => encoded.extend_from_slice(bytes),
            Piece::Variable { key, default } => match (key.single(request), default) {
                (Some(value), _) => encoded.extend_from_slice(value.as_bytes()),
                (None, Some(value)) => encoded.extend_from_slice(value.as_bytes()),
                (None, None) => return None,
            },
        }
    }
    Some(encoded)
}

fn pieces(text: &str, form: Form, has_variables: bool) -> Vec<Piece> {
    let (mut pieces, mut literal, mut rest) = (Vec::new(), Vec::new(), text);
    while has_variables && let Some((before, inside, after)) = next_variable(rest) {
        extend(&mut literal, before, form);
        match inside {
            "*" | "?" | "$" => literal.extend_from_slice(inside.as_bytes()),
            _ => {
                flush(&mut pieces, &mut literal);
                pieces.push(variable(inside));
            }
        }
        rest = after;
    }
    extend(&mut literal, rest, form);
    flush(&mut pieces, &mut literal);
    pieces
}

/// What stands before, inside and after the next `${…}`. An unclosed one is plain text.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

/// `key` or `key, 'default'`.
fn variable(inside: &str) -> Piece {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    Piece::Variable { key: Key::new(key.trim()), default }
}

fn extend(literal: &mut Vec<u8>, text: &str, form: Form) {
    match form {
        Form::Exact | Form::ExactIgnoringCase => literal.extend_from_slice(text.as_bytes()),
        Form::Like | Form::Arn | Form::Resource => literal.extend(text.bytes().map(encode_byte)),
    }
}

fn flush(pieces: &mut Vec<Piece>, literal: &mut Vec<u8>) {
    if !literal.is_empty() {
        pieces.push(Piece::Encoded(std::mem::take(literal)));
    }
}
