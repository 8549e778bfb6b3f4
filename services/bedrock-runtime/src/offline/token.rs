//! Tokens: what AWS counts and charges. Ours are simple, and about as many as a real model's.
//!
//! A token is up to six letters or digits in a row, or one other character; the space before it belongs to it, and space
//! at the end of the text to the last one. So the tokens of a text, joined, are the text, and there are none in blank text.

/// About what a real model's word pieces are at most: most English words are one token, long ones two or three.
const LONGEST: usize = 6;

pub fn count(text: &str) -> usize {
    ends(text).count()
}

/// The first tokens of a text, at most so many, and their number.
pub fn cut(text: &str, most: usize) -> (&str, usize) {
    let (mut end, mut tokens) = (0, 0);
    for it in ends(text).take(most) {
        (end, tokens) = (it, tokens + 1);
    }
    // Space at the end of the whole text costs nothing.
    if text[end..].trim().is_empty() && tokens > 0 {
        end = text.len();
    }
    (&text[..end], tokens)
}

/// Where each token ends, in bytes.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text[at..].trim_start();
        let first = rest.chars().next()?;
        let start = text.len() - rest.len();
        let length: usize = match first.is_alphanumeric() {
            true => rest.chars().take(LONGEST).take_while(|it| it.is_alphanumeric()).map(char::len_utf8).sum(),
            false => first.len_utf8(),
        };
        at = start + length;
        Some(at)
    })
}
