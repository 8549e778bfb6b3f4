//! Extractive summaries: the sentences of a text that hold most of what it often says, in their order.

use super::language::{Language, is_content};
use super::text::{sentences, stem, words};
use std::collections::BTreeMap;

/// One sentence in four, but no more than these.
const SENTENCES_FOR_ONE: usize = 4;
const MOST_SENTENCES: usize = 5;
/// The first sentence of a text usually says what it is about.
const FIRST_COUNTS: f64 = 1.25;

pub fn of(about: &str, language: Language) -> String {
    let sentences = sentences(about);
    if sentences.is_empty() {
        return language
            .choose("The input holds no text to summarize.", "La entrada no contiene ningún texto que resumir.")
            .to_owned();
    }
    let wanted = sentences.len().div_ceil(SENTENCES_FOR_ONE).min(MOST_SENTENCES);
    let frequencies = frequencies(about);
    let mut scored: Vec<(usize, f64)> =
        sentences.iter().enumerate().map(|(index, it)| (index, score(index, it, &frequencies))).collect();
    scored.sort_by(|(one, a), (two, b)| b.total_cmp(a).then(one.cmp(two)));
    let mut chosen: Vec<usize> = scored.into_iter().take(wanted).map(|(index, _)| index).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|index| sentences[index]).collect::<Vec<_>>().join(" ")
}

/// How often each word that says something occurs.
pub fn frequencies(text: &str) -> BTreeMap<String, usize> {
    let mut frequencies = BTreeMap::new();
    for word in words(text).iter().filter(|it| is_content(it)) {
        *frequencies.entry(stem(word).to_owned()).or_default() += 1;
    }
    frequencies
}

fn score(index: usize, sentence: &str, frequencies: &BTreeMap<String, usize>) -> f64 {
    let words = words(sentence);
    let sum: usize = words.iter().filter_map(|it| frequencies.get(stem(it))).sum();
    // Divided by less than the length, or else the shortest sentences would win.
    let score = sum as f64 / (words.len().max(1) as f64).sqrt();
    if index == 0 { score * FIRST_COUNTS } else { score }
}
