//! Pages: `MaxItems`, `Marker`, `IsTruncated`, the same for every list of IAM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Result;

use crate::entity::VALIDATION_ERROR;

const DEFAULT_ITEMS: i64 = 100;

pub struct Page {
    limit: usize,
    /// The key of the last item of the page before.
    after: Option<String>,
}

/// The items of a page, whether there are more, and the marker of the next one.
pub struct Cut<T> {
    pub items: Vec<T>,
    pub is_truncated: Option<bool>,
    pub marker: Option<String>,
}

impl Page {
    pub fn of(max_items: Option<i64>, marker: Option<String>) -> Result<Page> {
        let limit = max_items.unwrap_or(DEFAULT_ITEMS) as usize;
        let read = |it: &String| BASE64.decode(it).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match marker {
            None => Ok(Page { limit, after: None }),
            Some(marker) => match read(&marker) {
                Some(after) => Ok(Page { limit, after: Some(after) }),
                None => Err(VALIDATION_ERROR.with(format!("Invalid Marker: {marker}"))),
            },
        }
    }

    /// From all items, in the order of their keys.
    pub fn cut<T>(&self, all: impl IntoIterator<Item = T>, key: impl Fn(&T) -> String) -> Cut<T> {
        let rest = all.into_iter().filter(|it| self.after.as_ref().is_none_or(|after| key(it) > *after));
        let mut items: Vec<T> = rest.take(self.limit + 1).collect();
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let marker = items.last().filter(|_| more).map(|it| BASE64.encode(key(it)));
        Cut { items, is_truncated: Some(more), marker }
    }
}
