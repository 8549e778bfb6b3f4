//! Pages of lists: markers and limits.

use api::lambda::error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Result;

/// The last thing of the page before this one.
pub fn after(marker: Option<&str>) -> Result<Option<String>> {
    let Some(marker) = marker.filter(|it| !it.is_empty()) else { return Ok(None) };
    let name = BASE64.decode(marker).ok().and_then(|it| String::from_utf8(it).ok());
    name.map(Some).ok_or_else(|| error::INVALID_PARAMETER_VALUE.with("Invalid marker"))
}

/// The marker of the page after this one, if this one is full and more is there.
pub fn cut<T>(items: &mut Vec<T>, limit: usize, name: impl Fn(&T) -> &str) -> Option<String> {
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more).map(|it| BASE64.encode(name(it)))
}

/// `MaxItems`, of which AWS gives no more than `most` at once.
pub fn limit(given: Option<i64>, most: usize) -> usize {
    usize::try_from(given.unwrap_or(most as i64)).unwrap_or(most).clamp(1, most)
}
