//! Which records a mapping gives to its function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html>

use api::lambda::{Filter, FilterCriteria, error};
use model::Result;
use pattern::Pattern;
use serde_json::Value as Json;

/// Filters of one mapping: five, and ten where AWS was asked for more (Lambda event filtering in the developer guide).
const MOST: usize = 10;
/// Of one pattern (Filter in the API reference).
const LONGEST: usize = 4096;

/// The patterns of a mapping, as they came.
pub fn patterns(given: Option<FilterCriteria>) -> Result<Vec<String>> {
    let filters = given.and_then(|it| it.filters).unwrap_or_default();
    let refused = |why: String| Err(error::INVALID_PARAMETER_VALUE.with(why).field("Type", "User".to_owned()));
    if filters.len() > MOST {
        return refused(format!("Filter criteria must not have more than {MOST} filters."));
    }
    let patterns: Vec<String> = filters.into_iter().map(|it| it.pattern.unwrap_or_default()).collect();
    for text in &patterns {
        if text.len() > LONGEST || Pattern::parse(text).is_err() {
            return refused("Invalid filter pattern definition.".to_owned());
        }
    }
    Ok(patterns)
}

pub fn shown(patterns: &[String]) -> Option<FilterCriteria> {
    let filters = patterns.iter().map(|it| Filter { pattern: Some(it.clone()) }).collect();
    (!patterns.is_empty()).then_some(FilterCriteria { filters: Some(filters) })
}

/// The patterns, read.
pub struct Filters {
    patterns: Vec<Pattern>,
    /// The member of a record that is looked into where it is JSON.
    data: &'static str,
}

impl Filters {
    pub fn new(texts: &[String], data: &'static str) -> Filters {
        let patterns = texts.iter().map(|it| Pattern::parse(it).expect("checked before it was stored")).collect();
        Filters { patterns, data }
    }

    /// Whether the function gets this record. A text that is a JSON object or list is matched as what it says, any other as
    /// itself; so a pattern of the other kind takes neither.
    pub fn take(&self, record: &Json) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let text = record.get(self.data).and_then(Json::as_str);
        let said =
            text.and_then(|it| serde_json::from_str::<Json>(it).ok()).filter(|it| it.is_object() || it.is_array());
        let Some(said) = said else { return self.patterns.iter().any(|it| it.matches(record)) };
        let mut record = record.clone();
        record[self.data] = said;
        self.patterns.iter().any(|it| it.matches(&record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The table of the developer guide.
    #[test]
    fn a_body_is_matched_as_what_it_is() {
        let on_json = r#"{"body":{"city":["Bilbao"]}}"#;
        let on_text = r#"{"body":["hello"]}"#;
        let on_other = r#"{"attributes":{"SenderId":["me"]}}"#;
        let cases = [
            (on_json, r#"{"city":"Bilbao"}"#, true),
            (on_json, r#"{"city":"Vigo"}"#, false),
            (on_json, "hello", false),
            (on_text, "hello", true),
            (on_text, "bye", false),
            (on_text, r#"{"city":"Bilbao"}"#, false),
            (on_other, "hello", true),
            (on_other, r#"{"city":"Vigo"}"#, true),
        ];
        for (pattern, body, expected) in cases {
            let filters = Filters::new(&[pattern.to_owned()], "body");
            let record = json!({"body": body, "attributes": {"SenderId": "me"}});
            assert_eq!(filters.take(&record), expected, "{pattern} on {body}");
        }
        assert!(Filters::new(&[], "body").take(&json!({"body": "x"})));
        let any = Filters::new(&[on_json.to_owned(), on_text.to_owned()], "body");
        assert!(any.take(&json!({"body": "hello"})) && any.take(&json!({"body": r#"{"city":"Bilbao"}"#})));
    }
}
