//! Percent signs and hexadecimal digits.

use std::borrow::Cow;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    String::from_utf8(digits.collect()).expect("digits are text")
}

/// The 32 bytes behind 64 hexadecimal digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

/// Before and after the first such byte, which is ASCII: a short text is quicker looked through than searched.
pub fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|it| it == at)?;
    Some((&text[..place], &text[place + 1..]))
}

/// The same with the last one.
pub fn cut_last(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().rposition(|it| it == at)?;
    Some((&text[..place], &text[place + 1..]))
}

/// The pairs of a query or of a form, still encoded. What has no `=` has an empty value.
pub fn split_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|it| !it.is_empty()).map(|it| it.split_once('=').unwrap_or((it, "")))
}

/// `%41` and, as in forms, `+` for a space. What is not UTF-8 after that is replaced.
pub fn decode_form(text: &str) -> Cow<'_, str> {
    if text.contains('+') { decode_percent(&text.replace('+', " ")).into_owned().into() } else { decode_percent(text) }
}

pub fn decode_percent(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match pair.and_then(|it| Some(digit(it[0])? << 4 | digit(it[1])?)) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text.into(),
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into(),
    }
}

/// Everything but the unreserved characters of RFC 3986 and those in `kept`.
pub fn encode_percent(bytes: &[u8], kept: &[u8], out: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            out.push(*byte as char);
        } else {
            out.push('%');
            out.push(DIGITS[usize::from(byte >> 4)].to_ascii_uppercase() as char);
            out.push(DIGITS[usize::from(byte & 15)].to_ascii_uppercase() as char);
        }
    }
}

fn digit(character: u8) -> Option<u8> {
    (character as char).to_digit(16).map(|it| it as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let mut encoded = String::new();
        encode_percent("a b/ü%".as_bytes(), b"/", &mut encoded);
        assert_eq!(encoded, "a%20b/%C3%BC%25");
        assert_eq!(decode_percent(&encoded), "a b/ü%");
        assert_eq!(decode_percent("%zz%4"), "%zz%4");
        assert_eq!(decode_form("a+b%2B"), "a b+");
    }

    #[test]
    fn sixty_four_digits_are_thirty_two_bytes() {
        assert_eq!(unhex(&hex(&[0xa5; 32])), Some([0xa5; 32]));
        assert_eq!(unhex("a5"), None);
        assert_eq!(unhex(&"g".repeat(64)), None);
    }
}
