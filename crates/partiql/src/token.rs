//! Tokens of statements.

use crate::{Error, malformed};
use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, or a name without quotes.
    Word,
    /// `"name"`
    Quoted,
    /// `'text'`
    Text,
    Number,
    /// `(`, `<=`, `<<`
    Symbol,
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Token<'s> {
    pub kind: Kind,
    /// As it is written.
    pub text: &'s str,
    /// Of names and texts: without their quotes.
    pub value: Cow<'s, str>,
    pub at: usize,
}

/// Words that are no names unless they are quoted.
const KEYWORDS: [&str; 30] = [
    "ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "DELETE", "DESC", "EXISTS", "FALSE", "FROM", "IN", "INSERT", "INTO",
    "IS", "LIKE", "MISSING", "NOT", "NULL", "ON", "OR", "ORDER", "SELECT", "SET", "TRUE", "UPDATE", "VALUE", "VALUES",
    "WHERE", "WITH",
];

pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// Symbols of two characters, which come before those of one.
const PAIRS: [&str; 6] = ["<<", ">>", "<=", ">=", "<>", "!="];

pub(crate) fn split(source: &str) -> Result<Vec<Token<'_>>, Error> {
    let (mut tokens, mut at) = (Vec::new(), 0);
    loop {
        at = behind_space(source, at)?;
        let rest = &source[at..];
        let Some(first) = rest.chars().next() else { break };
        let (kind, length, value) = match first {
            '\'' => quoted(Kind::Text, source, at)?,
            '"' => quoted(Kind::Quoted, source, at)?,
            '0'..='9' => plain(Kind::Number, number(rest), rest),
            '.' if rest[1..].starts_with(|it: char| it.is_ascii_digit()) && !follows_name(&tokens) => {
                plain(Kind::Number, number(rest), rest)
            }
            it if is_name(it) => plain(Kind::Word, rest.find(|it| !is_name(it)).unwrap_or(rest.len()), rest),
            _ => match PAIRS.iter().find(|it| rest.starts_with(*it)) {
                Some(pair) => plain(Kind::Symbol, pair.len(), rest),
                // What is not in the language at all has no detail in AWS's answer.
                None if !"()[]{},.:;*?=<>+-".contains(first) => return Err(malformed("", at)),
                None => plain(Kind::Symbol, 1, rest),
            },
        };
        tokens.push(Token { kind, text: &rest[..length], value, at });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, text: "", value: "".into(), at: source.len() });
    Ok(tokens)
}

fn is_name(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '_' | '$' | '@')
}

fn follows_name(tokens: &[Token]) -> bool {
    tokens.last().is_some_and(|it| matches!(it.kind, Kind::Word | Kind::Quoted) || it.text == "]")
}

fn plain(kind: Kind, length: usize, rest: &str) -> (Kind, usize, Cow<'_, str>) {
    (kind, length, Cow::Borrowed(&rest[..length]))
}

/// Spaces and comments.
fn behind_space(source: &str, mut at: usize) -> Result<usize, Error> {
    loop {
        let rest = &source[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("--") {
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        } else if trimmed.starts_with("/*") {
            at += trimmed.find("*/").ok_or_else(|| malformed("", at))? + 2;
        } else {
            return Ok(at);
        }
    }
}

/// A quote within is written twice.
fn quoted(kind: Kind, source: &str, at: usize) -> Result<(Kind, usize, Cow<'_, str>), Error> {
    let quote = &source[at..=at];
    let (mut end, mut twice) = (at + 1, false);
    loop {
        end += source[end..].find(quote).ok_or_else(|| malformed("", at))? + 1;
        if !source[end..].starts_with(quote) {
            break;
        }
        (end, twice) = (end + 1, true);
    }
    let inner = &source[at + 1..end - 1];
    let value = if twice { Cow::Owned(inner.replace(&quote.repeat(2), quote)) } else { Cow::Borrowed(inner) };
    Ok((kind, end - at, value))
}

/// `1`, `1.5`, `.5`, `1e-7`: how long it is.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
