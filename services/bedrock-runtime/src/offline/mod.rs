//! `niebla-offline`: the model that answers when no real one is configured.
//!
//! It is not a language model. It knows nothing of the world, writes no sentence of its own beyond a few fixed ones, and
//! follows no instruction but those listed in `task`. What it does is real, though: it finds the sentences, words, names and
//! feelings that are in its input, and says which. So an application sees answers that depend on what it asked, are the
//! same every time, cost nothing, and cannot be mistaken for a real model's.
//!
//! Pure: the same text gives the same answer on every machine.

mod answer;
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

pub use token::count;

/// As it is called wherever AWS has room for a model's name.
pub const NAME: &str = "niebla-offline";

pub struct Completion {
    pub text: String,
    pub tokens: usize,
    pub ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Finished,
    /// At the limit of tokens.
    TooLong,
    /// Before a stop sequence, which is not part of the text.
    Stopped,
}

/// What the model has to say to a text, in at most so many tokens, and not further than any of the stop sequences.
pub fn complete(text: &str, most_tokens: usize, stops: &[String]) -> Completion {
    let whole = task::respond(text);
    let stop = stops.iter().filter(|it| !it.is_empty()).filter_map(|it| whole.find(it.as_str())).min();
    let wanted = &whole[..stop.unwrap_or(whole.len())];
    let (text, tokens) = token::cut(wanted, most_tokens);
    let ended = match stop {
        _ if text.len() < wanted.len() => Ended::TooLong,
        Some(_) => Ended::Stopped,
        None => Ended::Finished,
    };
    Completion { text: text.to_owned(), tokens, ended }
}
