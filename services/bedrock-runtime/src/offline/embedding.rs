//! Embeddings of hashed features: a text is what its words are, what stands beside what, and what their letters are. Texts
//! that share many of these are near each other; it knows no synonyms.

use super::language::is_content;
use super::text::{stem, words};

/// How much a feature says of its text.
const OF_A_WORD: f64 = 1.0;
const OF_A_COMMON_WORD: f64 = 0.15;
const OF_A_PAIR: f64 = 0.5;
const OF_THREE_LETTERS: f64 = 0.25;

/// A vector of length one; of the zero length for a text without words.
pub fn embed(text: &str, dimensions: usize) -> Vec<f64> {
    let mut vector = vec![0.0; dimensions];
    let words = words(text);
    for word in &words {
        let root = stem(word);
        add(&mut vector, &["word", root], if is_content(word) { OF_A_WORD } else { OF_A_COMMON_WORD });
        let letters: Vec<char> = format!("<{root}>").chars().collect();
        for three in letters.windows(3).filter(|_| is_content(word)) {
            let three: String = three.iter().collect();
            add(&mut vector, &["letters", &three], OF_THREE_LETTERS);
        }
    }
    for pair in words.windows(2) {
        add(&mut vector, &["pair", stem(&pair[0]), stem(&pair[1])], OF_A_PAIR);
    }
    let length = vector.iter().map(|it| it * it).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|it| *it /= length);
    }
    vector
}

/// Each feature has a place and a sign of its own.
fn add(vector: &mut [f64], feature: &[&str], weight: f64) {
    let hash = hash(feature);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    let place = (hash & u64::from(u32::MAX)) as usize % vector.len();
    vector[place] += sign * weight;
}

/// FNV-1a, and then mixed, for its high bits are weak: the same on every machine, which the standard library's is not.
fn hash(feature: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in feature.iter().flat_map(|it| it.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
