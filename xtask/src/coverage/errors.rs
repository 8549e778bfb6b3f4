//! Which documented errors a test expects of which operation.
//!
//! Two forms count, because both assert the code and say whose it is: a script's line
//! (`sqs get-queue-url … => error QueueDoesNotExist`), and a call under `with refused("QueueDoesNotExist"):` in Python,
//! which names no other code.

use super::{Row, lines, spellings};
use crate::{Outcome, place};
use std::collections::BTreeSet;

/// What cannot occur here. A line: `SERVICE`, `SERVICE:Operation` or `*`; the code; why.
const IMPOSSIBLE: &str = "xtask/impossible_errors.txt";

/// An error in the operation's model, under the names that clients see.
struct Documented {
    service: String,
    operation: String,
    code: &'static str,
    codes: Vec<&'static str>,
}

/// `service:Operation Code` for each that no test expects and that could occur.
pub fn uncovered(rows: &[Row], tests: &[String]) -> Outcome<BTreeSet<String>> {
    let path = place::root().join(IMPOSSIBLE);
    let text = std::fs::read_to_string(path).map_err(|error| format!("{IMPOSSIBLE}: {error}"))?;
    let impossible: Vec<(&str, &str)> = lines(&text).map(reasoned).collect::<Outcome<_>>()?;
    let expected = Expected::of(tests);
    let (mut found, mut used) = (BTreeSet::new(), BTreeSet::new());
    for it in rows.iter().flat_map(documented) {
        let excuse = impossible.iter().find(|(scope, code)| *code == it.code && it.is_in(scope));
        match (expected.has(&it), excuse) {
            (true, _) => {}
            (false, Some(excuse)) => _ = used.insert(excuse),
            (false, None) => _ = found.insert(format!("{}:{} {}", it.service, it.operation, it.code)),
        }
    }
    match impossible.iter().find(|it| !used.contains(it)) {
        None => Ok(found),
        Some((scope, code)) => Err(format!("{IMPOSSIBLE}: {scope} {code} excuses nothing.")),
    }
}

fn reasoned(line: &str) -> Outcome<(&str, &str)> {
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some(scope), Some(code), Some(why)) if !why.trim().is_empty() => Ok((scope, code)),
        _ => Err(format!("{IMPOSSIBLE}: {line}: say SERVICE, CODE and why.")),
    }
}

fn documented(row: &Row) -> Vec<Documented> {
    let service = model::service(&row.name).expect("rows are made of services");
    let mut all = Vec::new();
    for operation in row.implemented.iter().filter_map(|it| service.operation(it)) {
        for shape in operation.errors.iter().map(|it| service.shape(*it)) {
            let Some(error) = &shape.error else { continue };
            let codes = [Some(shape.name), Some(error.code), error.query_code].into_iter().flatten().collect();
            let (service, operation) = (row.name.clone(), operation.name.to_owned());
            all.push(Documented { service, operation, code: error.code, codes });
        }
    }
    all
}

impl Documented {
    fn is_in(&self, scope: &str) -> bool {
        let operation = || scope.strip_prefix(self.service.as_str())?.strip_prefix(':');
        scope == "*" || scope == self.service || operation() == Some(self.operation.as_str())
    }
}

/// What the tests expect.
#[derive(Default)]
struct Expected {
    /// (service, operation, code) of scripts' lines.
    scripted: BTreeSet<(String, String, String)>,
    /// (method, code) of calls in Python.
    called: BTreeSet<(String, String)>,
}

impl Expected {
    fn of(tests: &[String]) -> Expected {
        let mut expected = Expected::default();
        for text in tests {
            expected.scripted.extend(text.lines().filter_map(script_line));
            expected.read_python(text);
        }
        expected
    }

    fn has(&self, it: &Documented) -> bool {
        let [_, snake, kebab] = spellings(&it.operation);
        it.codes.iter().any(|code| {
            self.scripted.contains(&(it.service.clone(), kebab.clone(), (*code).to_owned()))
                || self.called.contains(&(snake.clone(), (*code).to_owned()))
        })
    }

    fn read_python(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(code) = refusal(line) else { continue };
            let depth = |it: &str| it.len() - it.trim_start().len();
            let is_inside = |it: &&&str| it.trim().is_empty() || depth(it) > depth(line);
            for call in lines[number + 1..].iter().take_while(is_inside).flat_map(|it| methods(it)) {
                self.called.insert((call.to_owned(), code.to_owned()));
            }
        }
    }
}

/// `sqs get-queue-url QueueName=nowhere => error QueueDoesNotExist The specified*`
fn script_line(line: &str) -> Option<(String, String, String)> {
    let (command, expected) = line.split_once(" => error ")?;
    let mut words = command.trim_start().trim_start_matches('"').split_whitespace();
    let code: String = expected.chars().take_while(|it| it.is_alphanumeric() || *it == '.').collect();
    Some((words.next()?.to_owned(), words.next()?.to_owned(), code))
}

/// The code in `with refused("Code")`, if there is no other.
fn refusal(line: &str) -> Option<&str> {
    let (_, arguments) = line.trim_start().strip_prefix("with ")?.split_once("refused(\"")?;
    let (code, rest) = arguments.split_once('"')?;
    (rest.starts_with(')') || rest.starts_with(", match=")).then_some(code)
}

/// `send_message` in `sqs.send_message(…)`.
fn methods(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let before_bracket = line.split('(').map(str::trim_end);
    before_bracket.filter_map(move |it| it.rsplit_once('.').map(|it| it.1).filter(|it| it.chars().all(is_part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_script_says_whose_error_it_expects() {
        let line = r#"    "sqs get-queue-url QueueName=x => error QueueDoesNotExist The specified*"#;
        let found = ("sqs".to_owned(), "get-queue-url".to_owned(), "QueueDoesNotExist".to_owned());
        assert_eq!(script_line(line), Some(found));
        assert_eq!(script_line("sqs get-queue-url QueueName=x => ok"), None);
    }

    #[test]
    fn a_call_in_python_counts_under_the_one_code_that_it_must_get() {
        let text = "def test():\n    with refused(\"A\", match=\"x\"):\n        a.get_queue_url(QueueName=b())\n    c.d()\n    with refused(\"A\", \"B\"):\n        e.f()\n";
        let found = Expected::of(&[text.to_owned()]).called;
        assert_eq!(found, BTreeSet::from([("get_queue_url".to_owned(), "A".to_owned())]));
    }
}
