//! What a line expects of an answer: `Path=pattern`, where `*` stands for any text and `$name` keeps what was there.

use serde_json::Value as Json;
use std::collections::BTreeMap;

/// `Messages[0].Body` in an answer.
pub fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    let mut here = json;
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        if !name.is_empty() {
            here = here.get(name)?;
        }
        for index in indexes.split('[').filter(|it| !it.is_empty()) {
            here = here.get(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    Some(here)
}

/// Whether `found` is what `pattern` says; `$name` alone binds it, and behind a sentence its last word.
pub fn matches(found: Option<&Json>, pattern: &str, names: &mut BTreeMap<String, String>) -> bool {
    let Some(found) = found else { return pattern == "absent" };
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    if let Some((sentence, name)) = pattern.rsplit_once(" $")
        && name.bytes().all(|it| it.is_ascii_lowercase())
    {
        let (before, word) = text.rsplit_once(' ').unwrap_or(("", &text));
        return like(before, sentence) && matches(Some(&Json::from(word)), &format!("${name}"), names);
    }
    match pattern.strip_prefix('$') {
        Some(name) if !names.contains_key(name) => {
            names.insert(name.to_owned(), text);
            true
        }
        Some(name) => names[name] == text,
        None => like(&text, pattern),
    }
}

/// `*` matches any text, also none.
fn like(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return text == pattern };
    let Some(rest) = text.strip_prefix(before) else { return false };
    after.is_empty() || (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| like(&rest[at..], after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_into_lists_and_objects() {
        let answer = json!({"Messages": [{"Body": "a"}, {"Body": "b"}], "n": 3});
        assert_eq!(at(&answer, "Messages[1].Body"), Some(&json!("b")));
        assert_eq!(at(&answer, "n"), Some(&json!(3)));
        assert_eq!(at(&answer, "Messages[2].Body"), None);
    }

    #[test]
    fn a_name_takes_the_last_word() {
        let mut names = BTreeMap::new();
        assert!(matches(Some(&json!("Encoded message: xyz")), "Encoded *: $message", &mut names));
        assert_eq!(names["message"], "xyz");
        assert!(!matches(Some(&json!("Encoded message: zyx")), "Encoded *: $message", &mut names));
    }

    #[test]
    fn patterns_match_texts_with_stars() {
        for (text, pattern, expected) in [
            ("hello", "hello", true),
            ("hello", "h*o", true),
            ("hello", "*", true),
            ("hello", "h*x", false),
            ("", "*", true),
            ("http://a/b", "*/b", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
