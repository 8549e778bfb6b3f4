//! What a value is compared with: `= "x*"`, `!= 4*`, `> 1e3`, `= %\d+%`.

use super::Invalid;
use super::regex::Regex;
use super::scan::Scanner;

#[derive(Debug)]
pub struct Comparison {
    operator: Operator,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
enum Wanted {
    Number(f64),
    /// The parts around an asterisk at the beginning or the end, which stands for any text. Elsewhere it is itself.
    Text {
        begins: bool,
        text: String,
        ends: bool,
        quoted: bool,
    },
    Regex(Regex),
}

/// A value of a message.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Bool(bool),
}

impl Comparison {
    /// Operator and value; `bare` says which characters a value without quotes is made of.
    pub fn parse(from: &mut Scanner, bare: impl Fn(char) -> bool) -> Result<Comparison, Invalid> {
        let operator = Operator::parse(from)?;
        from.skip_space();
        let wanted = Wanted::parse(from, bare)?;
        let orders = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if orders && !matches!(wanted, Wanted::Number(_)) {
            return Err(Invalid::Pattern);
        }
        Ok(Comparison { operator, wanted })
    }

    pub fn holds(&self, value: Value) -> bool {
        match self.operator {
            Operator::Equal => self.wanted.is(value),
            Operator::NotEqual => !self.wanted.is(value),
            Operator::Less => self.order(value, |a, b| a < b),
            Operator::LessOrEqual => self.order(value, |a, b| a <= b),
            Operator::Greater => self.order(value, |a, b| a > b),
            Operator::GreaterOrEqual => self.order(value, |a, b| a >= b),
        }
    }

    /// Whether it says what a value is not.
    pub fn is_negative(&self) -> bool {
        self.operator == Operator::NotEqual
    }

    fn order(&self, value: Value, holds: fn(f64, f64) -> bool) -> bool {
        match (value, &self.wanted) {
            (Value::Number(value), Wanted::Number(wanted)) => holds(value, *wanted),
            _ => false,
        }
    }
}

impl Operator {
    fn parse(from: &mut Scanner) -> Result<Operator, Invalid> {
        from.skip_space();
        // The longer ones first. `=!` stands in the user guide's example of space-delimited fields.
        const SPELLED: [(&str, Operator); 7] = [
            ("!=", Operator::NotEqual),
            ("=!", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let found = SPELLED.into_iter().find(|(text, _)| from.take(text));
        found.map(|(_, operator)| operator).ok_or(Invalid::Pattern)
    }
}

impl Wanted {
    fn parse(from: &mut Scanner, bare: impl Fn(char) -> bool) -> Result<Wanted, Invalid> {
        match from.peek() {
            Some('"') => Ok(Wanted::text(&from.quoted('"')?, true)),
            Some('%') => Ok(Wanted::Regex(Regex::parse(from.between_percents()?)?)),
            _ => match from.take_while(bare) {
                "" => Err(Invalid::Pattern),
                text => Ok(number(text).map_or_else(|| Wanted::text(text, false), Wanted::Number)),
            },
        }
    }

    fn text(text: &str, quoted: bool) -> Wanted {
        let (begins, text) = text.strip_prefix('*').map_or((false, text), |it| (true, it));
        let (ends, text) = text.strip_suffix('*').map_or((false, text), |it| (true, it));
        Wanted::Text { begins, text: text.to_owned(), ends, quoted }
    }

    fn is(&self, value: Value) -> bool {
        match (self, value) {
            (Wanted::Number(wanted), Value::Number(value)) => *wanted == value,
            (Wanted::Number(wanted), Value::Text(value)) => number(value) == Some(*wanted),
            (Wanted::Number(_), Value::Bool(_)) => false,
            (Wanted::Text { .. }, Value::Text(value)) => self.is_text(value),
            // `4*` is a text that a number can begin like, and `true` one that is a truth; what has quotes is text alone.
            (Wanted::Text { quoted: false, .. }, Value::Number(value)) => self.is_text(&value.to_string()),
            (Wanted::Text { quoted: false, .. }, Value::Bool(value)) => self.is_text(&value.to_string()),
            (Wanted::Text { quoted: true, .. }, Value::Number(_) | Value::Bool(_)) => false,
            (Wanted::Regex(regex), Value::Text(value)) => regex.matches(value),
            (Wanted::Regex(regex), Value::Number(value)) => regex.matches(&value.to_string()),
            (Wanted::Regex(_), Value::Bool(_)) => false,
        }
    }

    fn is_text(&self, value: &str) -> bool {
        let Wanted::Text { begins, text, ends, .. } = self else { return false };
        match (begins, ends) {
            (false, false) => value == text,
            (true, false) => value.ends_with(text.as_str()),
            (false, true) => value.starts_with(text.as_str()),
            (true, true) => value.contains(text.as_str()),
        }
    }
}

/// An integer or a decimal with an optional sign and exponent; not what else Rust takes for a number, such as `inf`.
pub fn number(text: &str) -> Option<f64> {
    let plain = |it: u8| it.is_ascii_digit() || matches!(it, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(plain) || !text.bytes().any(|it| it.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
