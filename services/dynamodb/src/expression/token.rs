//! Tokens of expressions, and the syntax errors that quote them.

use super::{DEEPEST, MOST_BYTES, MOST_OPERATORS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    /// `#name`
    Name,
    /// `:value`
    Value,
    Digits,
    /// `(`, `<=`, `,`
    Symbol,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'e> {
    pub kind: Kind,
    pub text: &'e str,
    start: usize,
}

/// Reads an expression token by token.
pub(crate) struct Tokens<'e> {
    source: &'e str,
    tokens: Vec<Token<'e>>,
    pub at: usize,
    depth: usize,
    operators: usize,
}

impl<'e> Tokens<'e> {
    /// # Errors
    /// An expression that is empty or too long.
    pub fn of(source: &'e str) -> Result<Self, String> {
        if source.is_empty() {
            return Err("The expression can not be empty;".to_owned());
        }
        if source.len() > MOST_BYTES {
            return Err(format!(
                "Expression size has exceeded the maximum allowed size; expression size: {}",
                source.len()
            ));
        }
        Ok(Self { source, tokens: split(source), at: 0, depth: 0, operators: 0 })
    }

    pub fn peek(&self) -> Token<'e> {
        self.tokens[self.at]
    }

    pub fn next(&mut self) -> Token<'e> {
        let token = self.tokens[self.at];
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    pub fn is(&self, symbol: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Symbol && token.text == symbol
    }

    /// The one after the next.
    pub fn is_then(&self, symbol: &str) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|it| it.kind == Kind::Symbol && it.text == symbol)
    }

    pub fn is_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }

    pub fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.take(symbol) { Ok(()) } else { Err(self.error()) }
    }

    pub fn expect_end(&self) -> Result<(), String> {
        if self.peek().kind == Kind::End { Ok(()) } else { Err(self.error()) }
    }

    /// The next token cannot stand there: it is quoted with its neighbours.
    pub fn error(&self) -> String {
        let token = self.peek();
        let shown = if token.kind == Kind::End { "<EOF>" } else { token.text };
        let first = self.tokens[self.at.saturating_sub(1)];
        let last = self.tokens.get(self.at + 1).unwrap_or(&token);
        let near = &self.source[first.start..last.start + last.text.len()];
        format!("Syntax error; token: \"{shown}\", near: \"{}\"", near.trim_end())
    }

    /// One level deeper; [`Tokens::leave`] follows.
    pub fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("The expression is nested too deeply; the limit is {DEEPEST} levels"));
        }
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    pub fn count_operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > MOST_OPERATORS {
            return Err(format!("The expression contains too many operators; operator count: {}", self.operators));
        }
        Ok(())
    }
}

fn split(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let first = bytes[at];
        if matches!(first, b' ' | b'\t' | b'\r' | b'\n') {
            at += 1;
            continue;
        }
        let part = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
        let run = |from: usize, of: &dyn Fn(u8) -> bool| bytes[from..].iter().take_while(|it| of(**it)).count();
        let (kind, length) = match first {
            b'#' => (Kind::Name, 1 + run(at + 1, &part)),
            b':' => (Kind::Value, 1 + run(at + 1, &part)),
            b'0'..=b'9' => (Kind::Digits, run(at, &|it| it.is_ascii_digit())),
            it if part(it) => (Kind::Word, run(at, &part)),
            b'<' if matches!(bytes.get(at + 1), Some(b'=' | b'>')) => (Kind::Symbol, 2),
            b'>' if bytes.get(at + 1) == Some(&b'=') => (Kind::Symbol, 2),
            _ => (Kind::Symbol, source[at..].chars().next().map_or(1, char::len_utf8)),
        };
        tokens.push(Token { kind, text: &source[at..at + length], start: at });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, text: "", start: source.len() });
    tokens
}
