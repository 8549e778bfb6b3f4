//! The language of filter patterns: terms, JSON selectors, and space-delimited fields. Pure: text in, yes or no out.
//!
//! Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" in the
//! CloudWatch Logs user guide. Its empty pattern matches everything.

mod expression;
mod field;
mod json;
mod regex;
mod scan;
mod term;
#[cfg(test)]
mod tests;
mod wanted;

use scan::Scanner;
use std::fmt;

/// A pattern that was understood; used on any number of messages.
#[derive(Debug)]
pub enum Pattern {
    Everything,
    Terms(term::Terms),
    Json(json::Filter),
    Fields(field::Fields),
}

/// Why a pattern was not understood, as AWS says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    Pattern,
    /// A term with other characters than letters, digits and underscores, and without quotes.
    Term(String),
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Pattern, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Pattern::Everything);
        }
        let inside = |open, close| text.strip_prefix(open).map(|rest| rest.strip_suffix(close).ok_or(Invalid::Pattern));
        if let Some(inside) = inside('{', '}') {
            return json::Filter::parse(Scanner::new(inside?)).map(Pattern::Json);
        }
        if let Some(inside) = inside('[', ']') {
            return field::Fields::parse(Scanner::new(inside?)).map(Pattern::Fields);
        }
        term::Terms::parse(Scanner::new(text)).map(Pattern::Terms)
    }

    pub fn matches(&self, message: &str) -> bool {
        match self {
            Pattern::Everything => true,
            Pattern::Terms(it) => it.matches(message),
            Pattern::Json(it) => it.matches(message),
            Pattern::Fields(it) => it.matches(message),
        }
    }
}

impl Pattern {
    /// What the pattern names, with its values in a message that it matches: `$.user.id` of JSON, `$status` of fields, and
    /// `$3` of a field without a name.
    pub fn extracted(&self, message: &str) -> Vec<(String, String)> {
        match self {
            Pattern::Everything | Pattern::Terms(_) => Vec::new(),
            Pattern::Json(it) => it.extracted(message),
            Pattern::Fields(it) => it.extracted(message),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Pattern => out.write_str("Invalid filter pattern"),
            Invalid::Term(term) => write!(out, "Invalid character(s) in term '{term}'"),
        }
    }
}
