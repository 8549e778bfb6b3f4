//! Wildcard patterns: `*` is any run of characters, `?` is one character.
//!
//! A pattern is stored *encoded*: the UTF-8 of its literal characters, with wildcards as bytes that UTF-8 never uses.
//! So a star that came from `${*}` or from the value of a policy variable is plain text, and no escaping is needed.
//! Matching keeps at most two places to go back to, so its cost is bounded by a product of lengths, never exponential.

/// Any run of characters.
pub const MANY: u8 = 0xFF;
/// One character.
pub const ONE: u8 = 0xFE;
/// Any run of characters without a colon: a `*` inside a segment of an ARN.
pub const WITHIN: u8 = 0xFD;
/// One character that is not a colon: a `?` inside a segment of an ARN.
pub const ONE_WITHIN: u8 = 0xFC;

#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    shape: Shape,
    encoded: Vec<u8>,
}

/// The common shapes are told apart once, when the policy is parsed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Any,
    Exact,
    Prefix,
    General,
}

impl Pattern {
    pub fn new(text: &str) -> Pattern {
        Pattern::from_encoded(encode(text))
    }

    pub fn from_encoded(mut encoded: Vec<u8>) -> Pattern {
        let wildcards = encoded.iter().filter(|byte| is_wildcard(**byte)).count();
        let shape = match (wildcards, encoded.last()) {
            (0, _) => Shape::Exact,
            (1, Some(&MANY)) => {
                encoded.pop();
                if encoded.is_empty() { Shape::Any } else { Shape::Prefix }
            }
            _ => Shape::General,
        };
        Pattern { shape, encoded }
    }

    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        match self.shape {
            Shape::Any => true,
            Shape::Exact => text == self.encoded,
            Shape::Prefix => text.starts_with(&self.encoded),
            Shape::General => run::<false>(&self.encoded, text),
        }
    }

    /// ASCII case is ignored: for actions.
    pub fn matches_ignoring_case(&self, text: &str) -> bool {
        let (text, length) = (text.as_bytes(), self.encoded.len());
        match self.shape {
            Shape::Any => true,
            Shape::Exact => text.eq_ignore_ascii_case(&self.encoded),
            Shape::Prefix => text.len() >= length && text[..length].eq_ignore_ascii_case(&self.encoded),
            Shape::General => run::<true>(&self.encoded, text),
        }
    }
}

/// The encoded form of a text whose `*` and `?` are wildcards.
pub fn encode(text: &str) -> Vec<u8> {
    text.bytes().map(encode_byte).collect()
}

pub fn encode_byte(byte: u8) -> u8 {
    match byte {
        b'*' => MANY,
        b'?' => ONE,
        other => other,
    }
}

fn is_wildcard(byte: u8) -> bool {
    byte >= ONE_WITHIN
}

/// A star to come back to when what follows it does not fit: where it stands, and where what it covers ends so far.
#[derive(Clone, Copy)]
struct Star {
    pattern: usize,
    text: usize,
}

/// Greedy matching from the left. Only the last free star, and the last star within a segment after it, need be
/// remembered: whatever an earlier one of the same sort could cover, the later one can cover as well. That needs the
/// segments to be told apart by plain colons, so no `ONE` may follow a `WITHIN` in the same segment.
fn run<const FOLD: bool>(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let (mut free, mut within): (Option<Star>, Option<Star>) = (None, None);
    loop {
        match pattern.get(p) {
            Some(&MANY) => {
                p += 1;
                if p == pattern.len() {
                    return true;
                }
                (free, within) = (Some(Star { pattern: p, text: t }), None);
                continue;
            }
            Some(&WITHIN) => {
                p += 1;
                within = Some(Star { pattern: p, text: t });
                continue;
            }
            Some(&one @ (ONE | ONE_WITHIN)) if t < text.len() && (one == ONE || text[t] != b':') => {
                p += 1;
                t = next_character(text, t);
                continue;
            }
            Some(&byte) if t < text.len() && same::<FOLD>(byte, text[t]) => {
                p += 1;
                t += 1;
                continue;
            }
            None if t == text.len() => return true,
            Some(_) | None => {}
        }
        let Some(star) = widened(&mut free, &mut within, text) else { return false };
        (p, t) = (star.pattern, star.text);
    }
}

/// Lets the innermost star that can cover one more character.
fn widened(free: &mut Option<Star>, within: &mut Option<Star>, text: &[u8]) -> Option<Star> {
    if let Some(star) = within {
        if star.text < text.len() && text[star.text] != b':' {
            star.text = next_character(text, star.text);
            return Some(*star);
        }
        *within = None;
    }
    let star = free.as_mut()?;
    if star.text == text.len() {
        return None;
    }
    star.text = next_character(text, star.text);
    Some(*star)
}

fn same<const FOLD: bool>(a: u8, b: u8) -> bool {
    if FOLD { a.eq_ignore_ascii_case(&b) } else { a == b }
}

fn next_character(text: &[u8], at: usize) -> usize {
    let is_continuation = |byte: &u8| byte & 0xC0 == 0x80;
    at + 1 + text[at + 1..].iter().take_while(|byte| is_continuation(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, as slow as it is plain.
    fn naive(pattern: &[u8], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((&MANY, rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            Some((&WITHIN, rest)) => {
                (0..=text.len()).take_while(|n| !text[..*n].contains(&':')).any(|n| naive(rest, &text[n..]))
            }
            Some((&ONE, rest)) => !text.is_empty() && naive(rest, &text[1..]),
            Some((&ONE_WITHIN, rest)) => text.first().is_some_and(|first| *first != ':') && naive(rest, &text[1..]),
            Some((&byte, rest)) => text.first() == Some(&(byte as char)) && naive(rest, &text[1..]),
        }
    }

    fn patterns(alphabet: [u8; 6]) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(alphabet.to_vec()), 0..10)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]
        #[test]
        fn agrees_with_the_definition(pattern in patterns([b'a', b'b', b':', MANY, ONE, ONE]), text in "[ab:é]{0,10}") {
            let characters: Vec<char> = text.chars().collect();
            prop_assert_eq!(Pattern::from_encoded(pattern.clone()).matches(&text), naive(&pattern, &characters));
        }

        #[test]
        fn stars_within_a_segment_agree_too(
            pattern in patterns([b'a', b'b', b':', MANY, WITHIN, ONE_WITHIN]),
            text in "[ab:é]{0,10}",
        ) {
            let characters: Vec<char> = text.chars().collect();
            prop_assert_eq!(Pattern::from_encoded(pattern.clone()).matches(&text), naive(&pattern, &characters));
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = Pattern::new(&"*a".repeat(2000));
        assert!(!pattern.matches(&("a".repeat(2000 - 1) + "b")));
        assert!(!Pattern::new(&("a*".repeat(50) + "b")).matches(&"a".repeat(5000)));
    }

    #[test]
    fn case_is_ignored_only_where_asked() {
        assert!(Pattern::new("s3:get*").matches_ignoring_case("S3:GetObject"));
        assert!(Pattern::new("s3:*acl").matches_ignoring_case("s3:GetObjectAcl"));
        assert!(!Pattern::new("s3:get*").matches("s3:GetObject"));
    }
}
