//! Parts of an object that a read asks for: `Range`, `partNumber`.

use crate::fault;
use model::{Error, Result};
use std::ops::Range;

/// `bytes=0-9`, `bytes=10-`, `bytes=-5` of so many bytes. None for what is no range, or several: S3 then gives all
/// (GetObject in the API Reference).
pub fn read(text: &str, size: u64) -> Result<Option<Range<u64>>> {
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|it| it.split_once('-')) else {
        return Ok(None);
    };
    let number = |it: &str| match it.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|it| it.is_ascii_digit()) => Some(Some(digits.parse().unwrap_or(u64::MAX))),
        _ => None,
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else { return Ok(None) };
    let range = match (first, last) {
        (None, None) => return Ok(None),
        (Some(first), Some(last)) if last < first => return Ok(None),
        (Some(first), last) => first..last.map_or(size, |it| it.saturating_add(1).min(size)),
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
    };
    if range.start >= range.end { Err(unsatisfiable(text, size)) } else { Ok(Some(range)) }
}

/// The bytes of a part, counted from 1.
pub fn of_part(number: i64, sizes: &[u64]) -> Result<Range<u64>> {
    let count = sizes.len();
    let index = usize::try_from(number).unwrap_or_default();
    if !(1..=count).contains(&index) {
        return Err(fault::INVALID_PART_NUMBER
            .with("The requested partnumber is not satisfiable")
            .field("PartNumberRequested", number.to_string())
            .field("ActualPartCount", count.to_string()));
    }
    let start = sizes[..index - 1].iter().sum();
    Ok(start..start + sizes[index - 1])
}

/// `bytes 0-9/100`
pub fn header(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

fn unsatisfiable(text: &str, size: u64) -> Error {
    fault::INVALID_RANGE
        .with("The requested range is not satisfiable")
        .field("RangeRequested", text)
        .field("ActualObjectSize", size.to_string())
        .header("content-range", format!("bytes */{size}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_has_them() {
        let cases = [
            ("bytes=0-9", Some(0..10)),
            ("bytes=0-0", Some(0..1)),
            ("bytes=90-", Some(90..100)),
            ("bytes=90-1000", Some(90..100)),
            ("bytes=-5", Some(95..100)),
            ("bytes=-1000", Some(0..100)),
            ("bytes=0-99999999999999999999999", Some(0..100)),
            ("bytes=9-0", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, 100).unwrap(), expected, "{text}");
        }
        for text in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(read(text, 100).unwrap_err().code(), "InvalidRange", "{text}");
        }
        assert_eq!(read("bytes=0-", 0).unwrap_err().code(), "InvalidRange");
    }

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(of_part(2, &[5, 6, 7]).unwrap(), 5..11);
        for wrong in [0, -1, 4] {
            assert_eq!(of_part(wrong, &[5, 6, 7]).unwrap_err().code(), "InvalidPartNumber");
        }
    }
}
