//! Keywords: the words that a text uses most, of those that say something.

use super::language::{Language, is_content};
use super::summary::frequencies;
use super::text::{stem, words};
use std::collections::BTreeMap;

const MOST: usize = 8;

pub fn answer(about: &str, language: Language) -> String {
    let found = of(about);
    match found.is_empty() {
        true => language.choose("The input holds no keywords.", "La entrada no contiene palabras clave.").to_owned(),
        false => found.join(", "),
    }
}

/// The most frequent first, each in the form in which it came first.
pub fn of(text: &str) -> Vec<String> {
    let frequencies = frequencies(text);
    let mut first: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    let words = words(text);
    for (index, word) in words.iter().enumerate().filter(|(_, it)| is_content(it)) {
        first.entry(stem(word)).or_insert((index, word));
    }
    let mut found: Vec<(usize, usize, &str)> =
        first.into_iter().map(|(stem, (index, word))| (frequencies[stem], index, word)).collect();
    found.sort_by(|(a, one, _), (b, two, _)| b.cmp(a).then(one.cmp(two)));
    found.into_iter().take(MOST).map(|(_, _, word)| word.to_owned()).collect()
}
