//! Terms: what conditions and new values are made of. `OR` < `AND` < `NOT` < comparisons < `+` and `-`.

use crate::token::{Kind, is_keyword};
use crate::{Error, MOST_OPERATORS, Parser};
use items::attribute::Attribute;

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Path(Path),
    Value(Attribute),
    /// The name in small letters.
    Call(String, Vec<Term>),
    Infix(Box<Term>, Infix, Box<Term>),
    Not(Box<Term>),
    Between(Box<Term>, Box<Term>, Box<Term>),
    In(Box<Term>, Vec<Term>),
    IsMissing(Box<Term>),
    IsNull(Box<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Infix {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
}

/// Begins with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Name(String),
    Index(usize),
}

impl Term {
    pub(crate) fn collect_paths<'t>(&'t self, found: &mut Vec<&'t Path>) {
        match self {
            Term::Path(it) => found.push(it),
            Term::Value(_) => {}
            Term::Call(_, them) => them.iter().for_each(|it| it.collect_paths(found)),
            Term::Not(it) | Term::IsMissing(it) | Term::IsNull(it) => it.collect_paths(found),
            Term::Infix(a, _, b) => [a, b].into_iter().for_each(|it| it.collect_paths(found)),
            Term::Between(a, b, c) => [a, b, c].into_iter().for_each(|it| it.collect_paths(found)),
            Term::In(it, them) => {
                it.collect_paths(found);
                them.iter().for_each(|it| it.collect_paths(found));
            }
        }
    }
}

const COMPARISONS: [(&str, Infix); 7] = [
    ("=", Infix::Equal),
    ("<>", Infix::NotEqual),
    ("!=", Infix::NotEqual),
    ("<=", Infix::LessOrEqual),
    (">=", Infix::GreaterOrEqual),
    ("<", Infix::Less),
    (">", Infix::Greater),
];

/// What `IS` may be followed by in PartiQL; DynamoDB takes the first two.
const TYPES: [&str; 24] = [
    "NULL",
    "MISSING",
    "BOOL",
    "BOOLEAN",
    "SMALLINT",
    "INT2",
    "INT4",
    "INT8",
    "INTEGER",
    "INT",
    "BIGINT",
    "FLOAT",
    "REAL",
    "DECIMAL",
    "NUMERIC",
    "TIMESTAMP",
    "CHAR",
    "VARCHAR",
    "STRING",
    "SYMBOL",
    "STRUCT",
    "TUPLE",
    "LIST",
    "BAG",
];

impl Parser<'_, '_> {
    pub(crate) fn term(&mut self) -> Result<Term, Error> {
        self.enter()?;
        let mut left = self.conjunction()?;
        while self.take_word("OR") {
            left = infix(left, Infix::Or, self.right(Self::conjunction)?);
        }
        self.leave();
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Term, Error> {
        let mut left = self.negation()?;
        while self.take_word("AND") {
            left = infix(left, Infix::And, self.right(Self::negation)?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Term, Error> {
        if !self.take_word("NOT") {
            return self.comparison();
        }
        self.enter()?;
        let inner = self.negation()?;
        self.leave();
        Ok(Term::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Result<Term, Error> {
        let left = self.sum()?;
        if let Some((sign, comparison)) = COMPARISONS.iter().find(|it| self.is(it.0)) {
            self.take(sign);
            return Ok(infix(left, *comparison, self.right(Self::sum)?));
        }
        if self.take_word("IS") {
            return self.type_of(left);
        }
        let negated = self.take_words(&["NOT", "BETWEEN"]) || self.take_words(&["NOT", "IN"]);
        if negated {
            self.at -= 1;
        }
        let found = if self.take_word("BETWEEN") {
            let low = self.right(Self::sum)?;
            if !self.take_word("AND") {
                return Err(self.unexpected());
            }
            Term::Between(Box::new(left), Box::new(low), Box::new(self.right(Self::sum)?))
        } else if self.take_word("IN") {
            Term::In(Box::new(left), self.alternatives()?)
        } else {
            left
        };
        Ok(if negated { Term::Not(Box::new(found)) } else { found })
    }

    /// What follows `IS`.
    fn type_of(&mut self, left: Term) -> Result<Term, Error> {
        let negated = self.take_word("NOT");
        let name = self.peek();
        if name.kind != Kind::Word || !TYPES.iter().any(|it| it.eq_ignore_ascii_case(name.text)) {
            return Err(self.malformed("Expected type name"));
        }
        self.next();
        let left = Box::new(left);
        let found = match name.text.to_ascii_uppercase().as_str() {
            "MISSING" => Term::IsMissing(left),
            "NULL" => Term::IsNull(left),
            _ => return Err(self.error("Unsupported operation: IsType")),
        };
        Ok(if negated { Term::Not(Box::new(found)) } else { found })
    }

    /// `[a, b]`, `(a, b)`, or a parameter that is a list.
    fn alternatives(&mut self) -> Result<Vec<Term>, Error> {
        if self.take("(") {
            return self.separated(")");
        }
        if self.take("[") {
            return self.separated("]");
        }
        match self.right(Self::primary)? {
            Term::Value(Attribute::L(them)) => Ok(them.into_iter().map(Term::Value).collect()),
            other => Ok(vec![other]),
        }
    }

    /// Terms with commas between them, and what ends them.
    fn separated(&mut self, end: &str) -> Result<Vec<Term>, Error> {
        let mut them = Vec::new();
        if self.take(end) {
            return Ok(them);
        }
        loop {
            them.push(self.term()?);
            if !self.take(",") {
                self.expect(end)?;
                return Ok(them);
            }
        }
    }

    fn sum(&mut self) -> Result<Term, Error> {
        let mut left = self.primary()?;
        loop {
            let sign = match () {
                () if self.take("+") => Infix::Plus,
                () if self.take("-") => Infix::Minus,
                () => return Ok(left),
            };
            left = infix(left, sign, self.right(Self::primary)?);
        }
    }

    /// What stands right of an operator.
    fn right(&mut self, parse: fn(&mut Self) -> Result<Term, Error>) -> Result<Term, Error> {
        self.operators += 1;
        if self.operators > MOST_OPERATORS {
            return Err(self.malformed("Statement has too many operators"));
        }
        if self.peek().kind == Kind::End {
            return Err(self.malformed("Missing right-hand side expression of infix operator"));
        }
        parse(self)
    }

    fn primary(&mut self) -> Result<Term, Error> {
        if self.take("(") {
            let inner = self.term()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let token = self.peek();
        match token.kind {
            Kind::Word if self.is_literal() => self.literal().map(Term::Value),
            // EXISTS is a function of statements; every other keyword begins no term.
            Kind::Word if is_keyword(token.text) => Err(self.unexpected()),
            Kind::Word if self.tokens[self.at + 1].text == "(" => self.call(),
            Kind::Word | Kind::Quoted => self.path().map(Term::Path),
            Kind::Text | Kind::Number | Kind::Symbol => self.literal().map(Term::Value),
            Kind::End => Err(self.unexpected()),
        }
    }

    fn call(&mut self) -> Result<Term, Error> {
        let name = self.next().text.to_ascii_lowercase();
        self.expect("(")?;
        Ok(Term::Call(name, self.separated(")")?))
    }

    /// `a.b[3]."c d"`, where `a['b']` is `a.b`.
    pub(crate) fn path(&mut self) -> Result<Path, Error> {
        let mut steps = vec![Step::Name(self.name()?)];
        loop {
            if self.take(".") {
                steps.push(Step::Name(self.name()?));
            } else if self.take("[") {
                let token = self.next();
                let step = match token.kind {
                    Kind::Text => Some(Step::Name(token.value.into_owned())),
                    Kind::Number => token.text.parse().ok().map(Step::Index),
                    _ => None,
                };
                steps.push(step.ok_or_else(|| self.malformed("Unexpected term"))?);
                self.expect("]")?;
            } else {
                return Ok(Path(steps));
            }
        }
    }

    /// Of an attribute, a table or an index.
    pub(crate) fn name(&mut self) -> Result<String, Error> {
        let token = self.peek();
        match token.kind {
            Kind::Word if !is_keyword(token.text) => {}
            Kind::Quoted => {}
            _ => return Err(self.unexpected()),
        }
        self.next();
        Ok(token.value.into_owned())
    }
}

fn infix(left: Term, infix: Infix, right: Term) -> Term {
    Term::Infix(Box::new(left), infix, Box::new(right))
}
