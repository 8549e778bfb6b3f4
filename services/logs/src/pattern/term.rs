//! Terms: `ERROR "not found" -retry`, `?ERROR ?WARN`, `%[45]\d\d%`.

use super::Invalid;
use super::regex::Regex;
use super::scan::Scanner;

#[derive(Debug, Default)]
pub struct Terms {
    required: Vec<Term>,
    optional: Vec<Term>,
    excluded: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Terms {
    pub fn parse(mut from: Scanner) -> Result<Terms, Invalid> {
        let mut terms = Terms::default();
        loop {
            from.skip_space();
            if from.at_end() {
                return Ok(terms);
            }
            let kind = if from.take("?") {
                &mut terms.optional
            } else if from.take("-") {
                &mut terms.excluded
            } else {
                &mut terms.required
            };
            kind.push(Term::parse(&mut from)?);
        }
    }

    /// Optional terms count only where there are no others: "?ERROR WARN" means WARN, as the user guide warns.
    pub fn matches(&self, message: &str) -> bool {
        let any = self.required.is_empty() && self.excluded.is_empty();
        self.required.iter().all(|it| it.is_in(message))
            && !self.excluded.iter().any(|it| it.is_in(message))
            && (!any || self.optional.iter().any(|it| it.is_in(message)))
    }
}

impl Term {
    fn parse(from: &mut Scanner) -> Result<Term, Invalid> {
        match from.peek() {
            Some('"') => from.quoted('"').map(Term::Text),
            Some('%') => Ok(Term::Regex(Regex::parse(from.between_percents()?)?)),
            _ => {
                let text = from.take_while(|it| !it.is_whitespace());
                if text.is_empty() {
                    return Err(Invalid::Pattern);
                }
                match text.chars().all(|it| it.is_alphanumeric() || it == '_') {
                    true => Ok(Term::Text(text.to_owned())),
                    false => Err(Invalid::Term(text.to_owned())),
                }
            }
        }
    }

    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.matches(message),
        }
    }
}
