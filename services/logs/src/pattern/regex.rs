//! Regular expressions between percent signs: the part of the language that CloudWatch Logs takes.

use super::Invalid;

/// Matches somewhere in a text.
#[derive(Debug)]
pub struct Regex(regex::bytes::Regex);

/// What a compiled expression may take, so that `[a-z]{900}{900}` takes nothing more.
const LARGEST_BYTES: usize = 1 << 20;

impl Regex {
    pub fn parse(text: &str) -> Result<Regex, Invalid> {
        if text.is_empty() || !allowed(text) {
            return Err(Invalid::Pattern);
        }
        // Characters of several bytes are not supported, as the user guide says; so `.` is one byte.
        let built = regex::bytes::RegexBuilder::new(text).unicode(false).size_limit(LARGEST_BYTES).build();
        built.map(Regex).map_err(|_| Invalid::Pattern)
    }

    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }
}

/// Letters, digits, and the symbols and operators that the user guide lists; neither parentheses nor spaces.
fn allowed(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(it) = characters.next() {
        match it {
            '\\' => match characters.next() {
                Some('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'x') => {}
                Some(it) if it.is_ascii_punctuation() => {}
                _ => return false,
            },
            ':' | '_' | '#' | '=' | '@' | '/' | ';' | ',' | '-' => {}
            '^' | '$' | '?' | '[' | ']' | '{' | '}' | '|' | '*' | '+' | '.' => {}
            it if it.is_ascii_alphanumeric() => {}
            _ => return false,
        }
    }
    true
}
