//! The models' patterns. They are written for Java, and nearly all mean the same to `regex`.
//!
//! Java's own forms are translated: possessive quantifiers, `\Z`, `\h`, POSIX and Java classes, braces and brackets that
//! Java lets stand for themselves. Look-ahead and look-behind have no counterpart: of the forms that the models use, a
//! leading `^(?!x)` or `(?!x)` is checked by itself. What remains is not checked, and a test lists it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, OnceLock};

use regex::{Regex, RegexBuilder};

/// How large a compiled pattern may be: some models bound repetitions by tens of thousands.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A pattern of a model: the whole text must match, as AWS's services have it.
#[derive(Debug)]
pub struct Pattern {
    /// What must match, from end to end.
    whole: Regex,
    /// What must not match at the beginning.
    not_at_start: Option<Regex>,
    /// `.{1,65535}` is checked as `.*` with a length in characters: unrolled, it would take megabytes.
    length: Option<RangeInclusive<usize>>,
}

impl Pattern {
    pub fn matches(&self, text: &str) -> bool {
        self.length.as_ref().is_none_or(|length| length.contains(&text.chars().count()))
            && self.whole.is_match(text)
            && !self.not_at_start.as_ref().is_some_and(|it| it.is_match(text))
    }
}

/// The pattern, compiled at its first use and kept. None for those that cannot be expressed.
pub fn pattern(source: &'static str) -> Option<&'static Pattern> {
    type Compiled = BTreeMap<&'static str, Option<&'static Pattern>>;
    static COMPILED: OnceLock<Mutex<Compiled>> = OnceLock::new();
    let mut compiled = COMPILED.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *compiled.entry(source).or_insert_with(|| compile(source).map(|it| &*Box::leak(Box::new(it))))
}

fn compile(source: &str) -> Option<Pattern> {
    let (refused, rest) = leading_refusal(source);
    let (rest, length) = match one_repetition(&rest) {
        Some((atom, length)) => (format!("{atom}*"), Some(length)),
        None => (rest, None),
    };
    let whole = build(&format!("\\A(?:{})\\z", translate(&rest)))?;
    let not_at_start = match refused {
        Some(refused) => Some(build(&format!("\\A(?:{})", translate(&refused)))?),
        None => None,
    };
    Some(Pattern { whole, not_at_start, length })
}

fn build(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).size_limit(MOST_BYTES).build().ok()
}

/// `^(?!aws:).*` → what must not stand at the start, and the pattern without it.
fn leading_refusal(source: &str) -> (Option<String>, String) {
    let body = source.strip_prefix('^').unwrap_or(source);
    let Some(inner) = body.strip_prefix("(?!") else { return (None, source.to_owned()) };
    let Some(end) = closing(inner) else { return (None, source.to_owned()) };
    // An alternative beside the group would not be refused by it.
    if alternatives_at_top(&inner[end + 1..]) {
        return (None, source.to_owned());
    }
    (Some(inner[..end].to_owned()), inner[end + 1..].to_owned())
}

/// `^[a-z]{1,250}$` → the class, and how often it may stand.
fn one_repetition(source: &str) -> Option<(&str, RangeInclusive<usize>)> {
    let body = source.strip_prefix('^').unwrap_or(source);
    let body = body.strip_suffix('$').unwrap_or(body);
    let open = body.rfind('{').filter(|at| is_repetition(&body[*at..]) && body.ends_with('}'))?;
    let (atom, bounds) = (&body[..open], &body[open + 1..body.len() - 1]);
    let (from, to) = bounds.split_once(',').unwrap_or((bounds, bounds));
    let is_class =
        atom.len() > 2 && atom.starts_with('[') && scan_class(&atom[1..]).is_some_and(|end| end + 2 == atom.len());
    if atom != "." && !is_class {
        return None;
    }
    Some((atom, from.parse().ok()?..=if to.is_empty() { usize::MAX } else { to.parse().ok()? }))
}

/// Where a class ends that holds no other class.
fn scan_class(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => return None,
            b']' => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where the group ends whose inside begins here.
fn closing(text: &str) -> Option<usize> {
    scan(text, |depth, byte| byte == b')' && depth == 0)
}

fn alternatives_at_top(text: &str) -> bool {
    scan(text, |depth, byte| byte == b'|' && depth == 0).is_some()
}

/// The first byte outside of classes and escapes that is sought, told how deep in groups it is.
fn scan(text: &str, sought: impl Fn(usize, u8) -> bool) -> Option<usize> {
    let (mut depth, mut in_class, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            _ if in_class => {}
            _ if sought(depth, byte) => return Some(at),
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Java's spelling → that of `regex`.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut classes = 0usize;
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let (taken, written) = match character {
            '\\' => escape(rest, classes > 0),
            '[' if classes > 0 && rest.starts_with("[:") => (1, "[".to_owned()),
            // Java joins nested classes; a bracket that opens none is a character.
            '[' => {
                classes += 1;
                let head = if rest.starts_with("[^") { "[^" } else { "[" };
                // A bracket directly after the opening one is a character.
                if rest[head.len()..].starts_with(']') {
                    (head.len() + 1, format!("{head}\\]"))
                } else {
                    (head.len(), head.to_owned())
                }
            }
            ']' if classes > 0 => {
                classes -= 1;
                (1, "]".to_owned())
            }
            '&' | '~' | '-' if classes > 0 && rest[1..].starts_with(character) && character != '-' => {
                (1, format!("\\{character}"))
            }
            '#' if classes > 0 => (1, "\\#".to_owned()),
            '{' if classes == 0 && !is_repetition(rest) => (1, "\\{".to_owned()),
            '+' if classes == 0
                && out.ends_with(['+', '*', '?', '}'])
                && !out.ends_with("\\+")
                && !out.ends_with("\\*")
                && !out.ends_with("\\?")
                && !out.ends_with("\\}") =>
            {
                (1, String::new())
            }
            other => (other.len_utf8(), other.to_string()),
        };
        out.push_str(&written);
        rest = &rest[taken..];
    }
    out
}

/// What an escape takes, and what it is to `regex`.
fn escape(text: &str, in_class: bool) -> (usize, String) {
    let mut characters = text.chars();
    characters.next();
    let Some(escaped) = characters.next() else { return (1, "\\\\".to_owned()) };
    let length = 1 + escaped.len_utf8();
    let java_classes = [
        ("\\p{Print}", "[:print:]"),
        ("\\p{Graph}", "[:graph:]"),
        ("\\p{Punct}", "[:punct:]"),
        ("\\p{Alnum}", "[:alnum:]"),
        ("\\p{Alpha}", "[:alpha:]"),
        ("\\p{Digit}", "[:digit:]"),
        ("\\p{ASCII}", "[:ascii:]"),
        ("\\p{Space}", "[:space:]"),
        ("\\p{Blank}", "[:blank:]"),
        ("\\p{XDigit}", "[:xdigit:]"),
        ("\\p{Cntrl}", "[:cntrl:]"),
        ("\\p{IsAlphabetic}", "\\p{Alphabetic}"),
        ("\\p{IsDigit}", "\\p{Nd}"),
        ("\\p{IsLatin}", "\\p{Latin}"),
    ];
    for (java, posix) in java_classes {
        if text.starts_with(java) {
            let written = if in_class || posix.starts_with('\\') { posix.to_owned() } else { format!("[{posix}]") };
            return (java.len(), written);
        }
    }
    match escaped {
        'Z' | 'z' => (length, "\\z".to_owned()),
        'h' => (length, if in_class { "\\t\\p{Zs}".to_owned() } else { "[\\t\\p{Zs}]".to_owned() }),
        'u' => match text.get(2..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            // Halves of a pair of surrogates stand for no character of their own.
            Some(digits) if digits.to_ascii_lowercase().starts_with('d') && digits.as_bytes()[1] >= b'8' => {
                surrogates(text)
            }
            Some(digits) => (6, format!("\\u{{{digits}}}")),
            None => (length, "u".to_owned()),
        },
        '/' | '"' | '\'' | '@' | '%' | '=' | ':' | ',' | ';' | '!' | '<' | '>' | '_' | '`' | ' ' | '#' | '&' | '~' => {
            (length, if matches!(escaped, '#' | '&' | '~') { format!("\\{escaped}") } else { escaped.to_string() })
        }
        _ => (length, format!("\\{escaped}")),
    }
}

/// `\uD800\uDC00-\uDBFF\uDFFF`: all characters beyond the basic plane.
fn surrogates(text: &str) -> (usize, String) {
    const BEYOND: &str = "\\uD800\\uDC00-\\uDBFF\\uDFFF";
    let all = text.get(..BEYOND.len()).is_some_and(|head| head.eq_ignore_ascii_case(BEYOND));
    if all { (BEYOND.len(), "\\u{10000}-\\u{10FFFF}".to_owned()) } else { (6, "\\p{Cs}".to_owned()) }
}

fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let (from, to) = inside.split_once(',').unwrap_or((inside, ""));
    !from.is_empty() && from.bytes().chain(to.bytes()).all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn patterns_match_whole_texts() {
        for (source, yes, no) in [
            ("[a-z]+", "abc", "abc1"),
            ("^(?!aws:)[a-z:]+$", "abc", "aws:x"),
            ("[\\w+=,.@-]+", "a.b@c", "a b"),
            ("a*+b", "aab", "aac"),
            ("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "a b/c", "a&b"),
            ("\\{\\w+}", "{a}", "a"),
            ("^\\S+\\Z", "ab", "a b"),
            ("^[a-z]{2,4}$", "abcd", "abcde"),
            (".{0,60000}", "", "a\nb"),
        ] {
            let it = pattern(source).expect(source);
            assert!(it.matches(yes), "{source} {yes}");
            assert!(!it.matches(no), "{source} {no}");
        }
    }

    /// What is not checked, as `service: pattern`. May only shrink.
    #[test]
    fn patterns_that_cannot_be_expressed_are_known() {
        let expected = include_str!("unsupported_patterns.txt");
        let mut found = std::collections::BTreeSet::new();
        for info in catalog::services() {
            let service = catalog::service(info.name).expect("listed");
            for source in service.shapes.iter().filter_map(|shape| shape.constraints.pattern) {
                if compile(source).is_none() {
                    found.insert(format!("{}: {}", info.name, source.escape_debug()));
                }
            }
        }
        let found = found.into_iter().collect::<Vec<_>>().join("\n");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/validate/unsupported_patterns.txt");
            std::fs::write(path, format!("{found}\n")).expect("the folder can be written");
            return;
        }
        assert_eq!(found.trim(), expected.trim(), "run with UPDATE_EXPECT=1 to rewrite the list");
    }
}
