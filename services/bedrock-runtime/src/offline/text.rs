//! Sentences and words of a text.

/// The sentences of a text, without the space around them. They end at `.`, `!` or `?` before a space, and at the line's end.
pub fn sentences(text: &str) -> Vec<&str> {
    text.lines().flat_map(of_line).filter(|it| it.chars().any(char::is_alphanumeric)).collect()
}

/// The words of a text in lower case: letters, digits, and apostrophes and hyphens between them.
pub fn words(text: &str) -> Vec<String> {
    let inside = |it: char| it.is_alphanumeric() || matches!(it, '\'' | '’' | '-');
    let trimmed = |it: &str| it.trim_matches(|it: char| !it.is_alphanumeric()).to_lowercase();
    text.split(|it| !inside(it)).map(trimmed).filter(|it| !it.is_empty()).collect()
}

/// A word without the ends that numbers and verbs give it, so that `queues` counts as `queue`. Rough, and the same for both languages.
pub fn stem(word: &str) -> &str {
    for end in ["'s", "’s", "es", "s"] {
        if let Some(stem) = word.strip_suffix(end).filter(|it| it.chars().count() >= 3) {
            return stem.strip_suffix('e').unwrap_or(stem);
        }
    }
    word.strip_suffix('e').filter(|it| it.chars().count() >= 3).unwrap_or(word)
}

fn of_line(line: &str) -> Vec<&str> {
    let (mut sentences, mut start) = (Vec::new(), 0);
    let mut characters = line.char_indices().peekable();
    while let Some((at, it)) = characters.next() {
        let last = characters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(it, '.' | '!' | '?' | '…') && last {
            let end = at + it.len_utf8();
            sentences.push(line[start..end].trim());
            start = end;
        }
    }
    sentences.push(line[start..].trim());
    sentences
}
