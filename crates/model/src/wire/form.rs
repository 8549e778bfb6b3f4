//! Percent-encoded pairs: queries of URLs and bodies of forms.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// RFC 3986: all but the unreserved characters.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// A greedy label keeps its slashes.
const RESERVED_IN_PATH: AsciiSet = RESERVED.remove(b'/');

/// The pairs in their order. `+` is a space, a key without `=` has an empty value, invalid UTF-8 is replaced.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    })
}

pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        return decode_path(&text.replace('+', " ")).into_owned().into();
    }
    decode_path(text)
}

/// Without the `+` of forms.
pub(crate) fn decode_path(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

pub(crate) fn encode(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &RESERVED));
}

pub(crate) fn encode_greedy(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &RESERVED_IN_PATH));
}

pub(crate) fn push(out: &mut String, key: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    encode(key, out);
    out.push('=');
    encode(value, out);
}
