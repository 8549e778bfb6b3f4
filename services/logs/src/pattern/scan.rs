//! Reading a pattern from left to right.

use super::Invalid;

#[derive(Clone)]
pub struct Scanner<'a> {
    rest: &'a str,
    regexes: usize,
}

/// "There is a limit of 2 regex for each filter pattern" of JSON and fields, in the user guide.
const MOST_REGEXES: usize = 2;

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Scanner { rest: text, regexes: 0 }
    }

    /// What was taken between `before` and now.
    pub fn since(&self, before: &Scanner<'a>) -> &'a str {
        &before.rest[..before.rest.len() - self.rest.len()]
    }

    pub fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    pub fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub fn starts_with(&self, text: &str) -> bool {
        self.rest.starts_with(text)
    }

    /// Takes `text` if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a whole word in any case, with the space before it.
    pub fn take_word(&mut self, word: &str) -> bool {
        let text = self.rest.trim_start();
        let Some((head, tail)) = text.split_at_checked(word.len()) else { return false };
        let ends = !tail.starts_with(|it: char| it.is_alphanumeric() || it == '_');
        let found = head.eq_ignore_ascii_case(word) && ends;
        if found {
            self.rest = tail;
        }
        found
    }

    pub fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|it| !wanted(it)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// What stands between quotes that come next; a backslash takes the next character as it is.
    pub fn quoted(&mut self, quote: char) -> Result<String, Invalid> {
        let mut out = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, it)) = characters.next() {
            match it {
                '\\' => out.push(characters.next().ok_or(Invalid::Pattern)?.1),
                it if it == quote => {
                    self.rest = &self.rest[at + quote.len_utf8()..];
                    return Ok(out);
                }
                it => out.push(it),
            }
        }
        Err(Invalid::Pattern)
    }

    /// What stands between the percent signs that come next, backslashes included.
    pub fn between_percents(&mut self) -> Result<&'a str, Invalid> {
        let text = &self.rest[1..];
        let mut escaped = false;
        for (at, it) in text.char_indices() {
            if it == '%' && !escaped {
                self.rest = &text[at + 1..];
                self.regexes += 1;
                return Ok(&text[..at]);
            }
            escaped = it == '\\' && !escaped;
        }
        Err(Invalid::Pattern)
    }

    /// For patterns whose regular expressions are counted.
    pub fn check_regexes(&self) -> Result<(), Invalid> {
        if self.regexes > MOST_REGEXES { Err(Invalid::Pattern) } else { Ok(()) }
    }
}
