//! Space-delimited fields: `[ip, user, ..., status = 4* && status != 404, bytes > 1000]`.

use super::Invalid;
use super::expression::Expression;
use super::scan::Scanner;
use super::wanted::{Comparison, Value, number};

#[derive(Debug)]
pub struct Fields {
    /// Before the ellipsis; all of them where there is none.
    first: Vec<Field>,
    /// After it.
    last: Option<Vec<Field>>,
}

/// What one field of a message has to be.
#[derive(Debug, Default)]
struct Field {
    name: Option<String>,
    test: Option<Expression<Comparison>>,
}

impl Fields {
    pub fn parse(mut from: Scanner) -> Result<Fields, Invalid> {
        let mut fields = Fields { first: Vec::new(), last: None };
        loop {
            from.skip_space();
            if from.take("...") || from.take("…") {
                if fields.last.replace(Vec::new()).is_some() {
                    return Err(Invalid::Pattern);
                }
            } else {
                let field = field(&mut from)?;
                fields.last.as_mut().unwrap_or(&mut fields.first).push(field);
            }
            from.skip_space();
            if from.at_end() {
                from.check_regexes()?;
                return Ok(fields);
            }
            if !from.take(",") {
                return Err(Invalid::Pattern);
            }
        }
    }

    pub fn matches(&self, message: &str) -> bool {
        let words = split(message);
        let last = self.last.as_deref().unwrap_or_default();
        let enough = match self.last {
            None => words.len() == self.first.len(),
            Some(_) => words.len() >= self.first.len() + last.len(),
        };
        enough && all(&self.first, &words[..self.first.len()]) && all(last, &words[words.len() - last.len()..])
    }

    /// Every field of a message that matches, by its name or its number.
    pub fn extracted(&self, message: &str) -> Vec<(String, String)> {
        let words = split(message);
        let from_the_end = words.len().saturating_sub(self.last.as_ref().map_or(0, Vec::len));
        let field = |at: usize| match at.checked_sub(from_the_end) {
            Some(index) if self.last.is_some() => self.last.as_ref().and_then(|it| it.get(index)),
            _ => self.first.get(at),
        };
        let name = |at: usize| field(at).and_then(|it| it.name.clone()).unwrap_or_else(|| (at + 1).to_string());
        words.iter().enumerate().map(|(at, word)| (format!("${}", name(at)), (*word).to_owned())).collect()
    }
}

fn all(fields: &[Field], words: &[&str]) -> bool {
    fields.iter().zip(words).all(|(field, word)| field.test.as_ref().is_none_or(|it| holds(it, word)))
}

fn holds(expression: &Expression<Comparison>, word: &str) -> bool {
    expression.holds(&|comparison| {
        let as_number = number(word).is_some_and(|it| comparison.holds(Value::Number(it)));
        match comparison.is_negative() {
            // A field is text that may also be a number, and is not something only if it is neither way.
            true => comparison.holds(Value::Text(word)),
            false => as_number || comparison.holds(Value::Text(word)),
        }
    })
}

/// A name, or conditions on it; the name is the same in all of them. A field without a name may be anything.
fn field(from: &mut Scanner) -> Result<Field, Invalid> {
    if from.at_end() || from.starts_with(",") {
        return Ok(Field::default());
    }
    if !from.starts_with("(") {
        let mut ahead = from.clone();
        let name = name(&mut ahead)?;
        ahead.skip_space();
        if ahead.at_end() || ahead.starts_with(",") {
            *from = ahead;
            return Ok(Field { name: Some(name), test: None });
        }
    }
    let mut known: Option<String> = None;
    let mut condition = |from: &mut Scanner| {
        let name = name(from)?;
        if known.get_or_insert_with(|| name.clone()) != &name {
            return Err(Invalid::Pattern);
        }
        Comparison::parse(from, bare)
    };
    let test = Some(Expression::parse(from, &mut condition)?);
    Ok(Field { name: known, test })
}

fn name(from: &mut Scanner) -> Result<String, Invalid> {
    from.skip_space();
    match from.take_while(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '$')) {
        "" => Err(Invalid::Pattern),
        name => Ok(name.to_owned()),
    }
}

fn bare(it: char) -> bool {
    !it.is_whitespace() && !matches!(it, ',' | '&' | '|' | '(' | ')' | '"' | '%' | '=' | '!' | '<' | '>')
}

/// The fields of a message; what stands between brackets or quotes is one.
fn split(message: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim_start();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest[1..].split_once(close));
        let (field, after) = match enclosed {
            Some(found) => found,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        fields.push(field);
        rest = after.trim_start();
    }
    fields
}
