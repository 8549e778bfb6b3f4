//! PartiQL as DynamoDB speaks it: statements read into what they mean, with the service's sentences about what is wrong
//! ("PartiQL language reference for DynamoDB"). Pure: tables are not known here.

mod literal;
mod statement;
mod term;
mod token;

#[cfg(test)]
mod tests;

pub use statement::{Action, Delete, Insert, Returning, Select, Sorting, Statement, Target, Update};
pub use term::{Infix, Path, Step, Term};

use items::attribute::Attribute;
use token::{Kind, Token};

/// What is wrong with a statement, and where: bytes from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub sentence: String,
    pub at: usize,
}

/// How deep terms may stand in one another, and how many operators may follow one another: both bound the stack of whoever
/// walks them. An expression of DynamoDB has at most 300 operators too.
const DEEPEST: usize = 50;
const MOST_OPERATORS: usize = 300;

/// What takes the place of each `?`.
#[derive(Clone, Copy, Debug)]
pub enum Parameters<'p> {
    Given(&'p [Attribute]),
    /// Nobody asks for their values: they are read as `NULL`.
    Unknown,
}

/// # Errors
/// DynamoDB's sentence about what is wrong.
pub fn parse(source: &str, parameters: Parameters) -> Result<Statement, Error> {
    let tokens = token::split(source)?;
    let mut parser = Parser { tokens, at: 0, parameters, taken: 0, depth: 0, operators: 0 };
    let statement = parser.statement()?;
    parser.take(";");
    if parser.peek().kind != Kind::End {
        return Err(parser.malformed("Unexpected token after expression"));
    }
    Ok(statement)
}

struct Parser<'s, 'p> {
    tokens: Vec<Token<'s>>,
    at: usize,
    parameters: Parameters<'p>,
    /// Parameters that had their place.
    taken: usize,
    depth: usize,
    operators: usize,
}

impl<'s> Parser<'s, '_> {
    fn peek(&self) -> Token<'s> {
        self.tokens[self.at].clone()
    }

    fn next(&mut self) -> Token<'s> {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn is(&self, symbol: &str) -> bool {
        let token = &self.tokens[self.at];
        token.kind == Kind::Symbol && token.text == symbol
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn is_word(&self, word: &str) -> bool {
        let token = &self.tokens[self.at];
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// All of them, one after the other, or none.
    fn take_words(&mut self, words: &[&str]) -> bool {
        let before = self.at;
        if words.iter().all(|it| self.take_word(it)) {
            return true;
        }
        self.at = before;
        false
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Error> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// One level deeper; `leave` follows.
    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.malformed("Statement is nested too deeply"));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn parameter(&mut self) -> Result<Attribute, Error> {
        let at = self.peek().at;
        self.taken += 1;
        match self.parameters {
            Parameters::Unknown => Ok(Attribute::Null),
            Parameters::Given(them) => them.get(self.taken - 1).cloned().ok_or_else(|| Error {
                sentence: "Number of parameters in request and statement don't match.".to_owned(),
                at,
            }),
        }
    }

    fn error(&self, sentence: &str) -> Error {
        Error { sentence: sentence.to_owned(), at: self.peek().at }
    }

    fn malformed(&self, detail: &str) -> Error {
        malformed(detail, self.peek().at)
    }

    /// What stands here can be no term.
    fn unexpected(&self) -> Error {
        let token = self.peek();
        let is_operator = ["IS", "LIKE", "IN", "BETWEEN", "AND", "OR"].iter().any(|it| self.is_word(it));
        self.malformed(match token.kind {
            Kind::Word if is_operator => "Unexpected operator",
            Kind::Word if token::is_keyword(token.text) => "Unexpected keyword",
            _ => "Unexpected term",
        })
    }
}

fn malformed(detail: &str, at: usize) -> Error {
    Error { sentence: format!("Statement wasn't well formed, can't be processed: {detail}"), at }
}
