//! Extractive answers: the sentences that share most words with the question, or an honest word that there are none.

use super::keyword;
use super::language::{Language, is_content};
use super::text::{sentences, stem, words};
use std::collections::BTreeSet;

const MOST_SENTENCES: usize = 2;

pub fn of(asked: &str, about: &str, language: Language) -> String {
    let wanted: BTreeSet<String> =
        words(asked).iter().filter(|it| is_content(it)).map(|it| stem(it).to_owned()).collect();
    let sentences = sentences(about);
    let shared = |sentence: &str| {
        let words: BTreeSet<String> = words(sentence).iter().map(|it| stem(it).to_owned()).collect();
        words.intersection(&wanted).count()
    };
    let mut scored: Vec<(usize, usize)> = sentences.iter().enumerate().map(|(at, it)| (shared(it), at)).collect();
    scored.retain(|(score, _)| *score > 0);
    scored.sort_by(|(a, one), (b, two)| b.cmp(a).then(one.cmp(two)));
    let mut chosen: Vec<usize> = scored.into_iter().take(MOST_SENTENCES).map(|(_, at)| at).collect();
    chosen.sort_unstable();
    match chosen.is_empty() {
        true => nothing(asked, language),
        false => chosen.into_iter().map(|at| sentences[at]).collect::<Vec<_>>().join(" "),
    }
}

fn nothing(asked: &str, language: Language) -> String {
    let topics = keyword::of(asked).join(", ");
    let what = if topics.is_empty() { asked.trim() } else { topics.as_str() };
    match language {
        Language::English => format!(
            "The input says nothing more about: {what}. Without a connected model, only the input can be searched."
        ),
        Language::Spanish => format!(
            "La entrada no dice nada más sobre: {what}. Sin un modelo conectado, solo se puede buscar en la entrada."
        ),
    }
}
