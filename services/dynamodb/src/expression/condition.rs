//! Conditions: of writes, filters and keys.
//!
//! `or` < `and` < `not` < comparisons. What stands in parentheses may be a condition or an operand; which of them is seen
//! once it has been read.

use super::path::Path;
use super::placeholder::Placeholders;
use super::token::{Kind as Token, Tokens};
use super::{Fault, Faults, Kind};
use items::attribute::{Attribute, Type};
use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq)]
pub enum Condition<'v> {
    And(Box<Condition<'v>>, Box<Condition<'v>>),
    Or(Box<Condition<'v>>, Box<Condition<'v>>),
    Not(Box<Condition<'v>>),
    Compare(Operand<'v>, Comparator, Operand<'v>),
    Between(Operand<'v>, Operand<'v>, Operand<'v>),
    In(Operand<'v>, Vec<Operand<'v>>),
    Exists(Path),
    NotExists(Path),
    IsType(Operand<'v>, Type),
    BeginsWith(Operand<'v>, Operand<'v>),
    Contains(Operand<'v>, Operand<'v>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand<'v> {
    Path(Path),
    Value(&'v Attribute),
    Size(Box<Operand<'v>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    pub fn sign(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    fn of(sign: &str) -> Option<Comparator> {
        use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual].into_iter().find(|it| it.sign() == sign)
    }

    /// With the operands the other way round.
    pub fn turned(self) -> Comparator {
        match self {
            Comparator::Equal | Comparator::NotEqual => self,
            Comparator::Less => Comparator::Greater,
            Comparator::LessOrEqual => Comparator::GreaterOrEqual,
            Comparator::Greater => Comparator::Less,
            Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        }
    }
}

impl Condition<'_> {
    /// The attributes that it looks at.
    pub fn heads(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(&mut |path| found.push(path));
        found.into_iter().map(Path::head).collect()
    }

    fn visit<'c>(&'c self, see: &mut impl FnMut(&'c Path)) {
        match self {
            Condition::And(a, b) | Condition::Or(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Condition::Not(it) => it.visit(see),
            Condition::Compare(a, _, b) | Condition::BeginsWith(a, b) | Condition::Contains(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Condition::Between(a, b, c) => [a, b, c].into_iter().for_each(|it| it.visit(see)),
            Condition::In(a, list) => std::iter::once(a).chain(list).for_each(|it| it.visit(see)),
            Condition::Exists(path) | Condition::NotExists(path) => see(path),
            Condition::IsType(a, _) => a.visit(see),
        }
    }
}

impl Operand<'_> {
    fn visit<'c>(&'c self, see: &mut impl FnMut(&'c Path)) {
        match self {
            Operand::Path(path) => see(path),
            Operand::Size(it) => it.visit(see),
            Operand::Value(_) => {}
        }
    }
}

/// # Errors
/// AWS's sentence, with the parameter that it is about.
pub fn parse<'v>(kind: Kind, source: &str, placeholders: &'v Placeholders) -> Result<Condition<'v>, String> {
    let parsed = Tokens::of(source).and_then(|tokens| {
        let mut parser = Parser { tokens, placeholders, faults: Faults::default(), closed: None };
        let node = parser.either()?;
        parser.tokens.expect_end()?;
        let condition = parser.condition(node)?;
        parser.faults.first()?;
        Ok(condition)
    });
    parsed.map_err(|why| format!("Invalid {}: {why}", kind.parameter()))
}

struct Parser<'e, 'v> {
    tokens: Tokens<'e>,
    placeholders: &'v Placeholders,
    faults: Faults,
    /// The tokens of the parentheses that were closed last.
    closed: Option<(usize, usize)>,
}

/// What was read, before it is known what it is to be.
enum Node<'v> {
    Operand(Operand<'v>),
    Condition(Condition<'v>),
    /// A function that answers yes or no.
    Function(&'static str, Condition<'v>),
}

impl<'v> Parser<'_, 'v> {
    fn either(&mut self) -> Result<Node<'v>, String> {
        let mut left = self.conjunction()?;
        while self.tokens.is_word("OR") {
            let first = self.condition(left)?;
            self.tokens.next();
            self.tokens.count_operator()?;
            let second = self.conjunction()?;
            left = Node::Condition(Condition::Or(Box::new(first), Box::new(self.condition(second)?)));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Node<'v>, String> {
        let mut left = self.negation()?;
        while self.tokens.is_word("AND") {
            let first = self.condition(left)?;
            self.tokens.next();
            self.tokens.count_operator()?;
            let second = self.negation()?;
            left = Node::Condition(Condition::And(Box::new(first), Box::new(self.condition(second)?)));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Node<'v>, String> {
        if !self.tokens.take_word("NOT") {
            return self.comparison();
        }
        self.tokens.enter()?;
        self.tokens.count_operator()?;
        let node = self.negation()?;
        let condition = self.condition(node)?;
        self.tokens.leave();
        Ok(Node::Condition(Condition::Not(Box::new(condition))))
    }

    fn comparison(&mut self) -> Result<Node<'v>, String> {
        let left = self.primary()?;
        let sign = self.tokens.peek();
        let comparator = Comparator::of(sign.text).filter(|_| sign.kind == Token::Symbol);
        if let Some(comparator) = comparator {
            let left = self.operand_of(left)?;
            self.tokens.next();
            self.tokens.count_operator()?;
            let right = self.operand()?;
            self.check_comparison(comparator, &left, &right);
            return Ok(Node::Condition(Condition::Compare(left, comparator, right)));
        }
        if self.tokens.is_word("BETWEEN") {
            let left = self.operand_of(left)?;
            self.tokens.next();
            return self.between(left);
        }
        if self.tokens.is_word("IN") {
            let left = self.operand_of(left)?;
            self.tokens.next();
            self.tokens.count_operator()?;
            let list = self.arguments()?;
            return Ok(Node::Condition(Condition::In(left, list)));
        }
        Ok(left)
    }

    fn between(&mut self, left: Operand<'v>) -> Result<Node<'v>, String> {
        self.tokens.count_operator()?;
        let low = self.operand()?;
        if !self.tokens.take_word("AND") {
            return Err(self.tokens.error());
        }
        let high = self.operand()?;
        self.check_bounds(&low, &high);
        Ok(Node::Condition(Condition::Between(left, low, high)))
    }

    /// In parentheses, or an operand, or a function.
    fn primary(&mut self) -> Result<Node<'v>, String> {
        if !self.tokens.is("(") {
            return self.simple();
        }
        let open = self.tokens.at;
        self.tokens.enter()?;
        self.tokens.next();
        let node = self.either()?;
        let close = self.tokens.at;
        self.tokens.expect(")")?;
        self.tokens.leave();
        if self.closed == Some((open + 1, close - 1)) {
            self.faults.add(Fault::Parentheses, || "The expression has redundant parentheses;".to_owned());
        }
        self.closed = Some((open, close));
        Ok(node)
    }

    fn simple(&mut self) -> Result<Node<'v>, String> {
        let token = self.tokens.peek();
        match token.kind {
            Token::Value => {
                self.tokens.next();
                Ok(Node::Operand(Operand::Value(self.placeholders.value(token.text, &mut self.faults))))
            }
            Token::Word if is_keyword(token.text) => Err(self.tokens.error()),
            Token::Word if self.tokens.is_then("(") => self.function(),
            Token::Word | Token::Name => Path::parse(&mut self.tokens, self.placeholders, &mut self.faults)
                .map(|it| Node::Operand(Operand::Path(it))),
            Token::Digits | Token::Symbol | Token::End => Err(self.tokens.error()),
        }
    }

    fn operand(&mut self) -> Result<Operand<'v>, String> {
        let node = self.primary()?;
        self.operand_of(node)
    }

    fn operand_of(&mut self, node: Node<'v>) -> Result<Operand<'v>, String> {
        match node {
            Node::Operand(it) => Ok(it),
            Node::Function(name, _) => {
                self.misused(name);
                Ok(Operand::Value(&Attribute::Null))
            }
            Node::Condition(_) => Err(self.tokens.error()),
        }
    }

    fn condition(&mut self, node: Node<'v>) -> Result<Condition<'v>, String> {
        match node {
            Node::Condition(it) | Node::Function(_, it) => Ok(it),
            Node::Operand(Operand::Size(_)) => {
                self.misused("size");
                Ok(Condition::Exists(Path::of("")))
            }
            Node::Operand(_) => Err(self.tokens.error()),
        }
    }

    fn misused(&mut self, name: &str) {
        self.faults.add(Fault::Misuse, || {
            format!("The function is not allowed to be used this way in an expression; function: {name}")
        });
    }

    fn arguments(&mut self) -> Result<Vec<Operand<'v>>, String> {
        self.tokens.expect("(")?;
        self.tokens.enter()?;
        let mut them = vec![self.operand()?];
        while self.tokens.take(",") {
            them.push(self.operand()?);
        }
        self.tokens.expect(")")?;
        self.tokens.leave();
        Ok(them)
    }

    fn function(&mut self) -> Result<Node<'v>, String> {
        let name = self.tokens.next().text;
        self.tokens.count_operator()?;
        let mut arguments = self.arguments()?;
        let nothing = || Node::Function("", Condition::Exists(Path::of("")));
        let Some((name, count)) = FUNCTIONS.into_iter().find(|it| it.0 == name) else {
            self.faults.add(Fault::UnknownFunction, || format!("Invalid function name; function: {name}"));
            return Ok(nothing());
        };
        if arguments.len() != count {
            let given = arguments.len();
            self.faults.add(Fault::OperandCount, || {
                format!(
                    "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {given}"
                )
            });
            return Ok(nothing());
        }
        let last = arguments.pop().expect("every function has operands");
        let first = arguments.pop();
        if let Some(first) = &first {
            self.check_distinct(name, first, &last);
        }
        Ok(match (name, first) {
            ("size", _) => {
                self.check_type(name, &last, |it| !matches!(it, Type::N | Type::Bool | Type::Null));
                Node::Operand(Operand::Size(Box::new(last)))
            }
            ("attribute_exists", _) => Node::Function(name, Condition::Exists(self.path_of(name, last))),
            ("attribute_not_exists", _) => Node::Function(name, Condition::NotExists(self.path_of(name, last))),
            ("attribute_type", Some(first)) => {
                let kind = self.type_of(&last);
                Node::Function(name, Condition::IsType(first, kind))
            }
            ("begins_with", Some(first)) => {
                let fits = |it| matches!(it, Type::S | Type::B);
                self.check_type(name, &first, fits);
                self.check_type(name, &last, fits);
                Node::Function(name, Condition::BeginsWith(first, last))
            }
            ("contains", Some(first)) => Node::Function(name, Condition::Contains(first, last)),
            _ => nothing(),
        })
    }

    fn path_of(&mut self, name: &str, operand: Operand<'v>) -> Path {
        match operand {
            Operand::Path(it) => it,
            Operand::Value(_) | Operand::Size(_) => {
                self.faults.add(Fault::OperandType, || {
                    format!("Operator or function requires a document path; operator or function: {name}")
                });
                Path::of("")
            }
        }
    }

    /// The second operand of `attribute_type`.
    fn type_of(&mut self, operand: &Operand<'v>) -> Type {
        let all = |separator: &str| Type::ALL.map(Type::name).join(separator);
        match operand {
            Operand::Value(Attribute::S(name)) => Type::named(name).unwrap_or_else(|| {
                self.faults.add(Fault::OperandType, || {
                    format!("Invalid attribute type name found; type: {name}, valid types: {{{}}}", all(","))
                });
                Type::S
            }),
            other => {
                let kind = kind_of(other).map_or_else(|| format!("{{{}}}", all(",")), |it| it.name().to_owned());
                self.faults.add(Fault::OperandType, || wrong_type("attribute_type", &kind));
                Type::S
            }
        }
    }

    fn check_type(&mut self, name: &str, operand: &Operand<'v>, fits: impl Fn(Type) -> bool) {
        if let Some(kind) = kind_of(operand).filter(|it| !fits(*it)) {
            self.faults.add(Fault::OperandType, || wrong_type(name, kind.name()));
        }
    }

    fn check_comparison(&mut self, comparator: Comparator, left: &Operand<'v>, right: &Operand<'v>) {
        self.check_distinct(comparator.sign(), left, right);
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            self.check_type(comparator.sign(), left, Type::is_ordered);
            self.check_type(comparator.sign(), right, Type::is_ordered);
        }
    }

    fn check_distinct(&mut self, name: &str, first: &Operand<'v>, second: &Operand<'v>) {
        if let (Operand::Path(a), Operand::Path(b)) = (first, second)
            && a == b
        {
            self.faults.add(Fault::Distinct, || {
                format!(
                    "The first operand must be distinct from the remaining operands for this operator or function; operator: {name}, first operand: {}",
                    a.shown()
                )
            });
        }
    }

    fn check_bounds(&mut self, low: &Operand<'v>, high: &Operand<'v>) {
        self.check_type("BETWEEN", low, Type::is_ordered);
        self.check_type("BETWEEN", high, Type::is_ordered);
        let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return };
        let bounds = || format!("lower bound operand: {}, upper bound operand: {}", shown(low), shown(high));
        if low.kind() != high.kind() {
            self.faults.add(Fault::OperandType, || {
                format!("The BETWEEN operator requires same data type for lower and upper bounds; {}", bounds())
            });
        } else if low.order(high) == Some(Ordering::Greater) {
            self.faults.add(Fault::OperandType, || {
                format!(
                    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {}",
                    bounds()
                )
            });
        }
    }
}

const FUNCTIONS: [(&str, usize); 6] = [
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
    ("size", 1),
];

fn is_keyword(word: &str) -> bool {
    ["AND", "OR", "NOT", "BETWEEN", "IN"].iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// Of an operand that has the same type whatever the item is.
fn kind_of(operand: &Operand) -> Option<Type> {
    match operand {
        Operand::Path(_) => None,
        Operand::Value(it) => Some(it.kind()),
        Operand::Size(_) => Some(Type::N),
    }
}

pub(super) fn wrong_type(name: &str, kind: &str) -> String {
    format!("Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}")
}

/// `AttributeValue: {S:a}`
fn shown(value: &Attribute) -> String {
    let text = match value {
        Attribute::S(it) => it.clone(),
        Attribute::N(it) => it.text(),
        other => format!("{other:?}"),
    };
    format!("AttributeValue: {{{}:{text}}}", value.kind().name())
}
