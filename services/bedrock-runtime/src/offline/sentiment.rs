//! Sentiment: words of praise and of blame, counted. A negation just before one turns it round.

use super::language::{Language, listed};
use super::text::words;

const PRAISE: &str = "amazing awesome beautiful best brilliant delighted easy enjoy enjoyed excellent fantastic fast favorite friendly glad good \
    great happy helpful impressive like love loved lovely nice perfect pleased recommend reliable satisfied smooth success \
    superb thank thanks wonderful \
    agradable amable bien bonito bueno buena contento contenta encanta encantado encantada excelente fácil fantástico \
    fantástica feliz genial gracias gusta increíble maravilloso maravillosa mejor perfecto perfecta rápido rápida \
    recomiendo satisfecho satisfecha útil";
const BLAME: &str = "angry annoying awful bad broke broken complaint damaged defective delay delayed difficult disappointed disappointing error \
    fail failed failure fault hate horrible late lost mad missing poor problem refund sad slow terrible unacceptable unhappy \
    upset useless waste worst worse wrong \
    dañado dañada decepcionado decepcionada defectuoso defectuosa difícil enfadado enfadada fallo falla fatal horrible \
    inútil lento lenta mal malo mala molesto odio peor perdido problema queja reembolso retraso rota roto terrible triste";
const NEGATIONS: &str =
    "no not never isn't wasn't don't doesn't didn't can't won't cannot nothing without nunca jamás tampoco nada sin ni";
/// Words back that a negation reaches: "not very good".
const REACH: usize = 2;

/// The words that were counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub praise: Vec<String>,
    pub blame: Vec<String>,
}

pub fn answer(about: &str, language: Language) -> String {
    let found = of(about);
    let (for_it, against) = (found.praise.len(), found.blame.len());
    let verdict = match (for_it, against) {
        (0, 0) => language.choose("neutral", "neutro"),
        (a, b) if a > b => language.choose("positive", "positivo"),
        (a, b) if a < b => language.choose("negative", "negativo"),
        _ => language.choose("mixed", "mixto"),
    };
    let label = language.choose("Sentiment", "Sentimiento");
    let all: Vec<String> = found.praise.into_iter().chain(found.blame).collect();
    match all.is_empty() {
        true => format!("{label}: {verdict}"),
        false => format!("{label}: {verdict} ({})", all.join(", ")),
    }
}

pub fn of(text: &str) -> Found {
    let words = words(text);
    let mut found = Found::default();
    for (index, word) in words.iter().enumerate() {
        let (praise, blame) = (listed(PRAISE, word), listed(BLAME, word));
        if !praise && !blame {
            continue;
        }
        let before = &words[index.saturating_sub(REACH)..index];
        let negation = before.iter().find(|it| listed(NEGATIONS, &it.replace('’', "'")));
        let said = negation.map_or_else(|| word.clone(), |not| format!("{not} {word}"));
        if praise == negation.is_none() { found.praise.push(said) } else { found.blame.push(said) }
    }
    found
}
