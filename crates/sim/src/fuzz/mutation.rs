//! Mutations: an input of the corpus with some bytes, words and pieces changed, doubled, or taken from another one.

use crate::history::Dice;

/// Larger inputs show nothing that these do not.
const LONGEST: usize = 64 * 1024;

pub struct Mutator {
    dice: Dice,
    corpus: &'static [&'static [u8]],
    words: &'static [&'static str],
}

impl Mutator {
    pub fn new(seed: u64, corpus: &'static [&'static [u8]], words: &'static [&'static str]) -> Mutator {
        Mutator { dice: Dice::new(seed), corpus, words }
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.any().to_vec();
        for _ in 0..=self.dice.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn any(&mut self) -> &'static [u8] {
        self.corpus[self.dice.index(self.corpus.len())]
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.dice.index(input.len() + 1);
        let end = (at + 1 + self.dice.index(24)).min(input.len());
        match self.dice.below(9) {
            0 if at < input.len() => input[at] = self.dice.below(256) as u8,
            1 if at < input.len() => input[at] ^= 1 << self.dice.below(8),
            2 => drop(input.drain(at..end)),
            3 | 4 => self.insert(input, at),
            // The same piece many times: depth and length are where quadratic and recursive readers show.
            5 => {
                let times = [2, 10, 200, 3_000][self.dice.index(4)];
                let piece = input[at..end].repeat(times);
                let room = LONGEST.saturating_sub(input.len());
                input.splice(at..at, piece.into_iter().take(room));
            }
            6 => {
                let other = self.any();
                let from = self.dice.index(other.len() + 1);
                let piece = &other[from..(from + 60).min(other.len())];
                input.splice(at..end.max(at), piece.iter().copied());
            }
            7 => input.truncate(at),
            _ => self.insert_number(input, at),
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, at: usize) {
        let word = self.words[self.dice.below(self.words.len() as u64) as usize];
        let times = if self.dice.below(8) == 0 { 500 } else { 1 };
        input.splice(at..at, word.repeat(times).into_bytes());
        input.truncate(LONGEST);
    }

    /// Where limits are.
    fn insert_number(&mut self, input: &mut Vec<u8>, at: usize) {
        let number = [
            "0",
            "-1",
            "255",
            "65536",
            "2147483648",
            "9223372036854775807",
            "-9223372036854775809",
            "1e308",
            "1e-999999999",
            "0.1",
        ][self.dice.index(10)];
        input.splice(at..at, number.bytes());
    }
}
