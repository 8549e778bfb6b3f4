//! `*` for any run of characters; `\*` and `\\` for themselves.

/// The literal parts between the stars.
#[derive(Clone, Debug, PartialEq)]
pub struct Wildcard {
    parts: Vec<String>,
}

impl Wildcard {
    /// # Errors
    /// Event Ruler's sentence, with the position in bytes; its count begins at the quote before the text.
    pub fn parse(text: &str) -> Result<Wildcard, String> {
        let mut parts = vec![String::new()];
        let mut characters = text.char_indices().peekable();
        while let Some((at, it)) = characters.next() {
            let part = parts.last_mut().expect("there is always one");
            match (it, characters.peek()) {
                ('*', Some((_, '*'))) => return Err(format!("Consecutive wildcard characters at pos {}", at + 1)),
                ('*', _) => parts.push(String::new()),
                ('\\', Some((_, next @ ('*' | '\\')))) => {
                    part.push(*next);
                    characters.next();
                }
                ('\\', _) => return Err(format!("Invalid escape character at pos {}", at + 1)),
                (it, _) => part.push(it),
            }
        }
        Ok(Wildcard { parts })
    }

    /// Takes each part at its first place: where one fits, no later place would serve the rest better.
    pub fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = self.parts.as_slice() else { return false };
        let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
        let [between @ .., last] = rest else { return text.is_empty() };
        for part in between {
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(last.as_str())
    }
}
