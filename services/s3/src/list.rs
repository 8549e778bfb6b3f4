//! Listings: keys in the order of their bytes, page by page, rolled up at a delimiter.
//!
//! A page costs what it shows: where keys are rolled up, the walk goes on behind their common prefix.

pub mod cursor;
pub mod objects;
pub mod versions;

use crate::fault;
use cursor::From;
use model::Result;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Entries and common prefixes of one page.
pub const MOST_KEYS: usize = 1000;

/// Rows in the order of their keys, one after the other.
pub trait Walk {
    type Item;
    /// The key of the next row.
    fn key(&mut self) -> Option<&str>;
    fn take(&mut self) -> Self::Item;
    /// Goes on from there. Never backwards.
    fn seek(&mut self, from: From);
}

/// What a listing is asked for.
pub struct Asked<'a> {
    pub prefix: &'a str,
    /// None for an empty one.
    pub delimiter: Option<&'a str>,
    pub limit: usize,
}

#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub prefixes: Vec<String>,
    pub is_truncated: bool,
    /// A page that ends with a common prefix goes on behind it.
    pub ends_with_prefix: bool,
}

pub fn page<W: Walk>(walk: &mut W, asked: &Asked) -> Page<W::Item> {
    let mut page = Page { items: Vec::new(), prefixes: Vec::new(), is_truncated: false, ends_with_prefix: false };
    // AWS calls an empty page whole.
    if asked.limit == 0 {
        return page;
    }
    while let Some(key) = walk.key().filter(|it| it.starts_with(asked.prefix)) {
        if page.items.len() + page.prefixes.len() == asked.limit {
            page.is_truncated = true;
            break;
        }
        let common = common_prefix(key, asked.prefix, asked.delimiter).map(str::to_owned);
        page.ends_with_prefix = common.is_some();
        match common {
            Some(common) => {
                walk.seek(behind(&common));
                page.prefixes.push(common);
            }
            None => page.items.push(walk.take()),
        }
    }
    page
}

/// Where a listing begins whose last page ended at this marker.
pub fn begin(asked: &Asked, marker: Option<&str>) -> From {
    match marker.filter(|it| *it >= asked.prefix && !it.is_empty()) {
        None => From::Key(asked.prefix.as_bytes().to_vec()),
        Some(marker) if common_prefix(marker, asked.prefix, asked.delimiter) == Some(marker) => behind(marker),
        Some(marker) => From::After(marker.as_bytes().to_vec()),
    }
}

/// `photos/2006/` of `photos/2006/January/a.jpg`, for the prefix `photos/` and the delimiter `/`.
fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let (rest, delimiter) = (key.strip_prefix(prefix)?, delimiter?);
    let at = rest.find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// Behind all keys that begin with this text: no byte of UTF-8 is the last one.
fn behind(prefix: &str) -> From {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    From::Key(bytes)
}

/// `max-keys` and its relatives: at most a thousand.
pub fn limit(given: Option<i64>, name: &str) -> Result<usize> {
    match given.unwrap_or(MOST_KEYS as i64) {
        limit @ 0..=0x7fff_ffff => Ok((limit as usize).min(MOST_KEYS)),
        other => Err(fault::invalid_argument(
            format!("Argument {name} must be an integer between 0 and 2147483647"),
            name,
            other.to_string(),
        )),
    }
}

/// Keys as they are, or as `encoding-type=url` has them.
#[derive(Clone, Copy)]
pub enum Spelling {
    Plain,
    Url,
}

/// What stays as it is. A space is written as `+`.
const UNENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

impl Spelling {
    pub fn of(encoding_type: Option<&str>) -> Self {
        if encoding_type.is_some() { Spelling::Url } else { Spelling::Plain }
    }

    pub fn spell(self, text: &str) -> String {
        match self {
            Spelling::Plain => text.to_owned(),
            Spelling::Url => utf8_percent_encode(text, UNENCODED).to_string().replace(' ', "+"),
        }
    }
}
