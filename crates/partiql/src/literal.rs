//! Literals: numbers, texts, `TRUE`, `NULL`, lists `[…]`, maps `{…}`, sets `<<…>>`, and parameters among them.

use crate::token::Kind;
use crate::{Error, Parser};
use items::attribute::{Attribute, Document};
use items::number::Number;
use items::wire;
use model::Value;

/// Lists and maps within one another. ("Quotas in Amazon DynamoDB".)
const MOST_LEVELS: usize = 32;

/// A value that is none, and where it stands in the literal: AWS's `under root.a[1]`.
enum Wrong {
    Value { why: String, path: String },
    Syntax(Error),
}

impl From<Error> for Wrong {
    fn from(it: Error) -> Wrong {
        Wrong::Syntax(it)
    }
}

impl Wrong {
    fn below(self, step: &str) -> Wrong {
        match self {
            Wrong::Value { why, path } => Wrong::Value { why, path: format!("{step}{path}") },
            syntax @ Wrong::Syntax(_) => syntax,
        }
    }
}

impl Parser<'_, '_> {
    pub(crate) fn is_literal(&self) -> bool {
        ["TRUE", "FALSE", "NULL"].iter().any(|it| self.is_word(it))
    }

    pub(crate) fn literal(&mut self) -> Result<Attribute, Error> {
        let at = self.peek().at;
        self.value(0).map_err(|wrong| match wrong {
            Wrong::Value { why, path } => Error { sentence: format!("{why} under root{path}"), at },
            Wrong::Syntax(error) => error,
        })
    }

    /// A map whose attributes are each a literal of their own.
    pub(crate) fn item(&mut self) -> Result<Document, Error> {
        self.expect("{")?;
        let mut entries = Vec::new();
        if self.take("}") {
            return Ok(Document::default());
        }
        loop {
            let name = self.entry_name()?;
            entries.push((name, self.literal()?));
            if !self.take(",") {
                self.expect("}")?;
                return Ok(Document::from_entries(entries));
            }
        }
    }

    fn value(&mut self, level: usize) -> Result<Attribute, Wrong> {
        let token = self.peek();
        if level > MOST_LEVELS {
            return Err(self.error("Nesting Levels have exceeded supported limits").into());
        }
        if self.take("?") {
            return Ok(self.parameter()?);
        }
        if self.take("-") {
            return self.number("-");
        }
        if self.take("+") {
            return self.number("");
        }
        if self.take("[") {
            return Ok(Attribute::L(self.elements("]", level)?));
        }
        if self.take("<<") {
            let them = self.elements(">>", level)?;
            return set(them).map_err(|why| Wrong::Value { why, path: String::new() });
        }
        if self.take("{") {
            return self.map(level);
        }
        match token.kind {
            Kind::Number => self.number(""),
            Kind::Text => {
                self.next();
                Ok(Attribute::S(token.value.into_owned()))
            }
            Kind::Word if self.take_word("TRUE") => Ok(Attribute::Bool(true)),
            Kind::Word if self.take_word("FALSE") => Ok(Attribute::Bool(false)),
            Kind::Word if self.take_word("NULL") => Ok(Attribute::Null),
            Kind::Word | Kind::Quoted | Kind::Symbol | Kind::End => Err(self.unexpected().into()),
        }
    }

    fn number(&mut self, sign: &str) -> Result<Attribute, Wrong> {
        let token = self.peek();
        if token.kind != Kind::Number {
            return Err(self.unexpected().into());
        }
        // An exponent that no number of 32 bits holds is no literal at all.
        let exponent = token.text.split_once(['e', 'E']).map(|it| it.1.parse::<i32>());
        if exponent.is_some_and(|it| it.is_err()) {
            return Err(self.malformed("").into());
        }
        self.next();
        let text = format!("{sign}{}", token.text);
        Number::parse(&text)
            .map(Attribute::N)
            .map_err(|why| Wrong::Value { why: why.sentence(&text), path: String::new() })
    }

    fn elements(&mut self, end: &str, level: usize) -> Result<Vec<Attribute>, Wrong> {
        let mut them = Vec::new();
        if self.take(end) {
            return Ok(them);
        }
        loop {
            them.push(self.value(level + 1).map_err(|it| it.below(&format!("[{}]", them.len())))?);
            if !self.take(",") {
                self.expect(end)?;
                return Ok(them);
            }
        }
    }

    fn map(&mut self, level: usize) -> Result<Attribute, Wrong> {
        let mut entries = Vec::new();
        if self.take("}") {
            return Ok(Attribute::M(Document::default()));
        }
        loop {
            let name = self.entry_name()?;
            let value = self.value(level + 1).map_err(|it| it.below(&format!(".{name}")))?;
            entries.push((name, value));
            if !self.take(",") {
                self.expect("}")?;
                return Ok(Attribute::M(Document::from_entries(entries)));
            }
        }
    }

    fn entry_name(&mut self) -> Result<String, Error> {
        let token = self.peek();
        if token.kind != Kind::Text {
            return Err(self.unexpected());
        }
        self.next();
        self.expect(":")?;
        Ok(token.value.into_owned())
    }
}

/// By the rules for sets in requests.
fn set(them: Vec<Attribute>) -> Result<Attribute, String> {
    let name = match them.first() {
        Some(Attribute::S(_)) | None => "SS",
        Some(Attribute::N(_)) => "NS",
        Some(Attribute::B(_)) => "BS",
        Some(other) => return Err(format!("Unsupported data type in a set: {}", other.kind().name())),
    };
    let kind = them.first().map(Attribute::kind);
    if them.iter().any(|it| Some(it.kind()) != kind) {
        return Err("Elements of a set must all be of the same type".to_owned());
    }
    let values = them.into_iter().filter_map(|it| wire::attribute_value(it).into_fields().into_iter().next());
    let elements = Value::List(values.map(|(_, value)| value).collect());
    wire::attribute(Value::Structure(vec![(name, elements)]))
}
