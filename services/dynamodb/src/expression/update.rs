//! Update expressions: SET, REMOVE, ADD, DELETE.

use super::condition::wrong_type;
use super::path::{Path, check_apart};
use super::placeholder::Placeholders;
use super::token::{Kind as Token, Tokens};
use super::{Fault, Faults, Kind};
use items::attribute::{Attribute, Type};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update<'v> {
    pub sets: Vec<(Path, Source<'v>)>,
    pub removes: Vec<Path>,
    pub adds: Vec<(Path, &'v Attribute)>,
    pub deletes: Vec<(Path, &'v Attribute)>,
}

/// Where the new value of a SET comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source<'v> {
    Path(Path),
    Value(&'v Attribute),
    IfNotExists(Path, Box<Source<'v>>),
    ListAppend(Box<Source<'v>>, Box<Source<'v>>),
    Plus(Box<Source<'v>>, Box<Source<'v>>),
    Minus(Box<Source<'v>>, Box<Source<'v>>),
}

impl<'v> Update<'v> {
    /// # Errors
    /// AWS's sentence, with the parameter's name.
    pub fn parse(source: &str, placeholders: &'v Placeholders) -> Result<Update<'v>, String> {
        let parsed = Tokens::of(source).and_then(|tokens| {
            let mut parser = Parser { tokens, placeholders, faults: Faults::default(), update: Update::default() };
            parser.sections()?;
            check_apart(parser.update.paths(), &mut parser.faults);
            parser.faults.first()?;
            Ok(parser.update)
        });
        parsed.map_err(|why| format!("Invalid {}: {why}", Kind::Update.parameter()))
    }

    /// What it changes.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let sets = self.sets.iter().map(|(path, _)| path);
        let others = self.adds.iter().chain(&self.deletes).map(|(path, _)| path);
        sets.chain(&self.removes).chain(others)
    }
}

const SECTIONS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

struct Parser<'e, 'v> {
    tokens: Tokens<'e>,
    placeholders: &'v Placeholders,
    faults: Faults,
    update: Update<'v>,
}

impl<'v> Parser<'_, 'v> {
    fn sections(&mut self) -> Result<(), String> {
        let mut seen = Vec::new();
        loop {
            let Some(section) = SECTIONS.into_iter().find(|it| self.tokens.is_word(it)) else {
                return Err(self.tokens.error());
            };
            self.tokens.next();
            if seen.contains(&section) {
                self.faults.add(Fault::Section, || {
                    format!("The \"{section}\" section can only be used once in an update expression;")
                });
            }
            seen.push(section);
            self.action(section)?;
            while self.tokens.take(",") {
                self.action(section)?;
            }
            if self.tokens.peek().kind == Token::End {
                return Ok(());
            }
        }
    }

    fn action(&mut self, section: &'static str) -> Result<(), String> {
        let path = self.path()?;
        match section {
            "SET" => {
                self.tokens.expect("=")?;
                let source = self.source()?;
                self.update.sets.push((path, source));
            }
            "REMOVE" => self.update.removes.push(path),
            "ADD" => {
                let value = self.operand_of(section, |it| matches!(it, Type::N | Type::SS | Type::NS | Type::BS))?;
                self.update.adds.push((path, value));
            }
            _ => {
                let value = self.operand_of(section, |it| matches!(it, Type::SS | Type::NS | Type::BS))?;
                self.update.deletes.push((path, value));
            }
        }
        Ok(())
    }

    fn path(&mut self) -> Result<Path, String> {
        if SECTIONS.iter().any(|it| self.tokens.is_word(it)) {
            return Err(self.tokens.error());
        }
        self.tokens.count_operator()?;
        Path::parse(&mut self.tokens, self.placeholders, &mut self.faults)
    }

    fn operand_of(&mut self, section: &str, fits: impl Fn(Type) -> bool) -> Result<&'v Attribute, String> {
        let token = self.tokens.peek();
        if token.kind != Token::Value {
            return Err(self.tokens.error());
        }
        self.tokens.next();
        let value = self.placeholders.value(token.text, &mut self.faults);
        let kind = value.kind();
        if !fits(kind) {
            self.faults.add(Fault::OperandType, || {
                format!(
                    "Incorrect operand type for operator or function; operator: {section}, operand type: {}",
                    kind.long_name()
                )
            });
        }
        Ok(value)
    }

    /// An operand, or a sum or difference of two.
    fn source(&mut self) -> Result<Source<'v>, String> {
        if self.tokens.is("(") {
            self.tokens.enter()?;
            self.tokens.next();
            let inner = self.source()?;
            self.tokens.expect(")")?;
            self.tokens.leave();
            return self.arithmetic(inner);
        }
        let first = self.operand()?;
        self.arithmetic(first)
    }

    fn arithmetic(&mut self, first: Source<'v>) -> Result<Source<'v>, String> {
        let is_sum = matches!(first, Source::Plus(..) | Source::Minus(..));
        let sign = ["+", "-"].into_iter().find(|it| self.tokens.is(it));
        let Some(sign) = sign.filter(|_| !is_sum) else { return Ok(first) };
        self.tokens.next();
        self.tokens.count_operator()?;
        let second = self.operand()?;
        self.check(sign, &first, Type::N);
        self.check(sign, &second, Type::N);
        let (first, second) = (Box::new(first), Box::new(second));
        Ok(if sign == "+" { Source::Plus(first, second) } else { Source::Minus(first, second) })
    }

    fn operand(&mut self) -> Result<Source<'v>, String> {
        let token = self.tokens.peek();
        match token.kind {
            Token::Value => {
                self.tokens.next();
                Ok(Source::Value(self.placeholders.value(token.text, &mut self.faults)))
            }
            Token::Symbol if token.text == "(" => {
                self.tokens.enter()?;
                self.tokens.next();
                let inner = self.operand()?;
                self.tokens.expect(")")?;
                self.tokens.leave();
                Ok(inner)
            }
            Token::Word if self.tokens.is_then("(") => self.function(),
            _ => self.path().map(Source::Path),
        }
    }

    fn function(&mut self) -> Result<Source<'v>, String> {
        let name = self.tokens.next().text;
        self.tokens.expect("(")?;
        self.tokens.enter()?;
        self.tokens.count_operator()?;
        let mut arguments = vec![self.operand()?];
        while self.tokens.take(",") {
            arguments.push(self.operand()?);
        }
        self.tokens.expect(")")?;
        self.tokens.leave();
        let nothing = Ok(Source::Value(&Attribute::Null));
        if !matches!(name, "if_not_exists" | "list_append") {
            self.faults.add(Fault::UnknownFunction, || format!("Invalid function name; function: {name}"));
            return nothing;
        }
        let given = arguments.len();
        let Ok([first, second]) = <[Source; 2]>::try_from(arguments) else {
            self.faults.add(Fault::OperandType, || {
                format!(
                    "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {given}"
                )
            });
            return nothing;
        };
        if name == "list_append" {
            self.check(name, &first, Type::L);
            self.check(name, &second, Type::L);
            return Ok(Source::ListAppend(Box::new(first), Box::new(second)));
        }
        let Source::Path(path) = first else {
            self.faults.add(Fault::OperandType, || {
                format!("Operator or function requires a document path; operator or function: {name}")
            });
            return nothing;
        };
        Ok(Source::IfNotExists(path, Box::new(second)))
    }

    /// A value of the request that cannot be an operand of this.
    fn check(&mut self, name: &str, source: &Source<'v>, wanted: Type) {
        let kind = match source {
            Source::Value(it) => it.kind(),
            Source::ListAppend(..) => Type::L,
            Source::Plus(..) | Source::Minus(..) => Type::N,
            Source::Path(_) | Source::IfNotExists(..) => return,
        };
        if kind != wanted {
            self.faults.add(Fault::OperandType, || wrong_type(name, kind.name()));
        }
    }
}
