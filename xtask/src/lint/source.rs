//! A Rust file as the checks see it: comments and the contents of strings blanked, tests cut away.

/// The shape of the text is kept: what is removed becomes spaces, so lines and columns stay.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// Code without comments, contents of strings, and tests.
    pub code: String,
    /// The number of lines outside tests, comments included.
    pub lines: usize,
}

/// A function and how many lines it takes, from `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub lines: usize,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let mut code = blank(text);
        let tests = test_items(&code);
        let within_tests = |line: usize| tests.iter().any(|(from, to)| (*from..*to).contains(&line));
        let lines = (1..=text.lines().count()).filter(|it| !within_tests(*it)).count();
        code = code
            .lines()
            .enumerate()
            .map(|(index, line)| if within_tests(index + 1) { "" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        // A file that is a test module of another one has nothing to be held to.
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        if is_test {
            code.clear();
        }
        Source { path: path.to_owned(), code, lines: if is_test { 0 } else { lines } }
    }

    /// Every function with its length; nested ones count for themselves and for the outer one.
    pub fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            if at > 0 && is_word(bytes[at - 1]) {
                continue;
            }
            let name: String =
                self.code[at + 3..].chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
            let Some(open) = body(bytes, at) else { continue };
            if name.is_empty() {
                continue;
            }
            let end = matching(bytes, open);
            let lines = bytes[at..end].iter().filter(|it| **it == b'\n').count() + 1;
            found.push(Function { name, lines });
        }
        found
    }
}

/// The opening brace of a function's body; none for a declaration without one.
fn body(code: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
        // `fn(u8) -> u8` as a type ends with whatever encloses it.
        if depth < 0 {
            return None;
        }
    }
    None
}

/// Just after the brace that closes the one at `open`.
fn matching(code: &[u8], open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The lines of items under `#[cfg(test)]` or `#[test]`: first, and one after the last.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let bytes = code.as_bytes();
    let line_of = |at: usize| bytes[..at].iter().filter(|it| **it == b'\n').count() + 1;
    let mut found: Vec<(usize, usize)> = Vec::new();
    for marker in ["#[cfg(test)]", "#[test]", "#[tokio::test"] {
        for (at, _) in code.match_indices(marker) {
            let after = code[at..].find(']').map_or(code.len(), |it| at + it + 1);
            let end = match body(bytes, after) {
                Some(open) => matching(bytes, open),
                None => code[at..].find(';').map_or(code.len(), |it| at + it + 1),
            };
            found.push((line_of(at), line_of(end.saturating_sub(1)) + 1));
        }
    }
    found
}

/// The text with comments and the contents of strings and characters replaced by spaces.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_comment(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_comment(bytes, at),
            b'"' => string(bytes, at),
            b'r' | b'b' if at == 0 || !is_word(bytes[at - 1]) => raw_string(bytes, at).unwrap_or(at + 1),
            b'\'' => character(bytes, at).unwrap_or(at + 1),
            _ => at + 1,
        };
        if end > at + 1 {
            // A blanked word must not join its neighbours, and quotes are not code either.
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end;
    }
    // Only whole characters were blanked, byte by byte.
    String::from_utf8(out).expect("comments and strings begin and end at characters")
}

fn line_comment(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| at + it)
}

fn block_comment(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`; none if it is something else.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut next = at + 1;
    if bytes[at] == b'b' {
        match bytes.get(next)? {
            b'"' => return Some(string(bytes, next)),
            b'r' => next += 1,
            _ => return None,
        }
    }
    let hashes = bytes[next..].iter().take_while(|it| **it == b'#').count();
    if bytes.get(next + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let from = next + hashes + 1;
    let length = bytes[from..].windows(close.len()).position(|it| it == close);
    Some(length.map_or(bytes.len(), |it| from + it + close.len()))
}

/// `'x'`, `'\n'`, `'\u{1F4A9}'`; none for a lifetime.
fn character(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        let length = bytes[at + 3..].iter().position(|it| *it == b'\'')?;
        return Some(at + 3 + length + 1);
    }
    // A character of up to four bytes, then the quote.
    (2..=5)
        .map(|it| at + it)
        .find(|end| bytes.get(*end) == Some(&b'\''))
        .filter(|end| std::str::from_utf8(&bytes[at + 1..*end]).is_ok_and(|it| it.chars().count() == 1))
        .map(|end| end + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blanked() {
        for (text, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("x(\"std::fs\", 1)", "x(         , 1)"),
            ("x(\"a \\\" b\") y", "x(        ) y"),
            ("r#\"a \" b\"# c", "           c"),
            ("br\"a\" b\"c\" for", "           for"),
            ("'\"' a '\\'' b 'ñ' <'a>", "    a      b      <'a>"),
            ("bar r2 b3", "bar r2 b3"),
        ] {
            assert_eq!(blank(text), expected, "{text}");
        }
    }

    #[test]
    fn tests_are_cut_away() {
        let text = "fn a() {}\n\n#[cfg(test)]\nuse x;\nfn b() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn c() { it.unwrap(); }\n}\nfn d() {}\n";
        let source = Source::new("crates/x/src/lib.rs", text);
        let names: Vec<String> = source.functions().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["a", "b", "d"]);
        assert_eq!(source.lines, 4);
        assert_eq!(Source::new("crates/x/src/queue/tests.rs", text).lines, 0);
    }

    #[test]
    fn functions_are_measured_from_their_name_to_their_last_brace() {
        let text = "trait T { fn none(&self); }\nfn one() {}\nfn three(it: fn(u8) -> u8) -> [u8; 2] {\n    it()\n}\nstruct S { f: fn(u8) }\n";
        let found = Source::new("crates/x/src/lib.rs", text).functions();
        let expected = [("one", 1), ("three", 3)].map(|(name, lines)| Function { name: name.to_owned(), lines });
        assert_eq!(found, expected);
    }
}
