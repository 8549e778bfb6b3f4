//! Extraction: addresses, numbers, dates and names, as they stand in a text.

use super::language::{Language, is_content};

const MOST: usize = 50;

pub fn answer(about: &str, language: Language) -> String {
    let found = of(about);
    match found.is_empty() {
        true => language
            .choose(
                "The input holds no names, numbers or addresses.",
                "La entrada no contiene nombres, números ni direcciones.",
            )
            .to_owned(),
        false => found.iter().map(|it| format!("- {it}")).collect::<Vec<_>>().join("\n"),
    }
}

/// Each once, in the order of the text.
pub fn of(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut name: Vec<&str> = Vec::new();
    let mut add = |it: String| {
        if !it.is_empty() && !found.contains(&it) && found.len() < MOST {
            found.push(it);
        }
    };
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|it: char| !it.is_alphanumeric() && !matches!(it, '$' | '€' | '%'));
        let capital = bare.starts_with(char::is_uppercase) && is_content(&bare.to_lowercase());
        if capital {
            name.push(bare);
        }
        if !capital || word.ends_with(|it: char| !it.is_alphanumeric()) {
            add(name.join(" "));
            name.clear();
        }
        if !capital && (bare.contains(|it: char| it.is_ascii_digit()) || bare.contains('@') || bare.contains("://")) {
            add(bare.to_owned());
        }
    }
    add(name.join(" "));
    found
}
