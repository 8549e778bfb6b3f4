//! Where in a document its statements stand, as the policy simulator tells it.

/// From 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: Position,
    pub end: Position,
}

/// Of each statement of a document that is JSON, in their order.
///
/// As the examples of SimulateCustomPolicy and SimulatePrincipalPolicy have it: a position is that behind a character. A
/// statement alone starts behind its brace; one of a list behind what precedes it, the bracket or the statement before;
/// all end behind their brace.
pub fn of_statements(document: &str) -> Vec<Span> {
    let (mut depth, mut name, mut in_list) = (0_u32, String::new(), false);
    let mut start = Position { line: 1, column: 1 };
    let mut spans = Vec::new();
    let mut reader = Reader { rest: document, at: start };
    while let Some(character) = reader.next() {
        let in_statements = name == "Statement";
        match character {
            '"' if depth == 1 => name = reader.text(),
            '"' => drop(reader.text()),
            '[' if depth == 1 && in_statements => (in_list, depth, start) = (true, 2, reader.at),
            '{' | '[' => {
                depth += 1;
                if depth == 2 && in_statements {
                    start = reader.at;
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if character == '}' && in_statements && depth == if in_list { 2 } else { 1 } {
                    spans.push(Span { start, end: reader.at });
                    start = reader.at;
                }
                if depth == 1 {
                    (in_list, name) = (false, String::new());
                }
            }
            _ => {}
        }
    }
    spans
}

struct Reader<'d> {
    rest: &'d str,
    /// Behind what was read.
    at: Position,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        match character {
            '\n' => self.at = Position { line: self.at.line + 1, column: 1 },
            _ => self.at.column += 1,
        }
        Some(character)
    }

    /// Up to the closing quote; escapes as they are written.
    fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                '"' => break,
                '\\' => text.extend(self.next()),
                other => text.push(other),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(document: &str) -> Vec<((u32, u32), (u32, u32))> {
        let of = |it: Position| (it.line, it.column);
        of_statements(document).iter().map(|it| (of(it.start), of(it.end))).collect()
    }

    /// The example of `simulate-custom-policy` in the AWS CLI's reference.
    #[test]
    fn a_statement_alone_is_found() {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(spans(document), [((1, 38), (1, 167))]);
    }

    /// That of `simulate-principal-policy`, whose policy is not shown: these are its positions.
    #[test]
    fn statements_of_a_list_are_found() {
        let document = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Sid\": \"a}\\\"\",\n            \"Effect\": \"Allow\",\n            \"Action\": [\"x:y\"],\n            \"Resource\": \"*\"\n        },\n        {\"Effect\": \"Deny\"}\n    ]\n}";
        assert_eq!(spans(document), [((3, 19), (9, 10)), ((9, 10), (10, 27))]);
        assert_eq!(spans(r#"{"Id":"Statement","Statement":[]}"#), []);
        assert_eq!(spans(r#"{"Id":{"Statement":{}},"Statement":{}}"#), [((1, 37), (1, 38))]);
    }
}
