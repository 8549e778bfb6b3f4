//! TestMetricFilter: a pattern, tried on messages.

use crate::pattern::Pattern;
use api::logs::{MetricFilterMatchRecord, TestMetricFilter, TestMetricFilterOutput, error};
use kernel::Cx;
use model::Result;

pub fn test(_: &Cx, input: TestMetricFilter) -> Result<TestMetricFilterOutput> {
    let pattern = Pattern::parse(&input.filter_pattern).map_err(|it| error::INVALID_PARAMETER.with(it.to_string()))?;
    let numbered = (1..).zip(input.log_event_messages);
    let matches =
        numbered.filter(|(_, message)| pattern.matches(message)).map(|(number, message)| MetricFilterMatchRecord {
            event_number: Some(number),
            extracted_values: Some(pattern.extracted(&message).into_iter().collect()),
            event_message: Some(message),
        });
    Ok(TestMetricFilterOutput { matches: Some(matches.collect()) })
}
