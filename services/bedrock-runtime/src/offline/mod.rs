//! `niebla-offline`: the model that answers when no real one is configured.
//!
//! It is not a language model. It knows nothing of the world, writes no sentence of its own beyond a few fixed ones, and
//! follows no instruction but those listed in `task`. What it does is real, though: it finds the sentences, words, names and
//! feelings that are in its input, and says which. So an application sees answers that depend on what it asked, are the
//! same every time, cost nothing, and cannot be mistaken for a real model's.
//!
//! Pure: the same text gives the same answer on every machine.

mod answer;
mod conversation;
mod embedding;
mod extract;
mod keyword;
mod language;
mod sentiment;
mod summary;
mod task;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod tool;

pub use conversation::converse;
pub use embedding::embed;
pub use token::count;

/// As it is called wherever AWS has room for a model's name.
pub const NAME: &str = "niebla-offline";

pub struct Completion {
    pub text: String,
    pub tokens: usize,
    pub ended: Ended,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Finished,
    /// At the limit of tokens.
    TooLong,
    /// Before a stop sequence, which is not part of the text.
    Stopped(String),
}

/// An answer in at most so many tokens, and not further than any of the stop sequences.
pub fn complete(whole: &str, most_tokens: usize, stops: &[String]) -> Completion {
    let found = stops.iter().filter(|it| !it.is_empty()).filter_map(|it| Some((whole.find(it.as_str())?, it)));
    let stop = found.min();
    let wanted = &whole[..stop.map_or(whole.len(), |(at, _)| at)];
    let (text, tokens) = token::cut(wanted, most_tokens);
    let ended = match stop {
        _ if text.len() < wanted.len() => Ended::TooLong,
        Some((_, sequence)) => Ended::Stopped(sequence.clone()),
        None => Ended::Finished,
    };
    Completion { text: text.to_owned(), tokens, ended }
}
