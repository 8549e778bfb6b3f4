//! A batch: one event for the function, and what becomes of its records.

use super::{Work, poll, reader_of};
use crate::invoke::{self, Event, MOST_SYNCHRONOUS};
use bytes::Bytes;
use kernel::Cloud;
use kernel::source::{Record, Source};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub struct Batch {
    pub source: &'static Source,
    pub work: Work,
    pub records: Vec<Record>,
}

/// Room in the payload for what surrounds the records.
const ENVELOPE: usize = 64;

/// Has the function work on the records, and acknowledges those that it is done with. The others are left alone.
///
/// # Errors
/// A sentence that says why nothing could be acknowledged.
pub async fn work_on(cloud: &Cloud, batch: Batch) -> Result<(), String> {
    let Batch { source, work, records } = batch;
    for part in within_payload(records) {
        let reader = cloud.read(|cx| reader_of(cx, &work));
        let (function, session) = reader.ok_or("The function or its role does not exist.")?;
        let done = invoke(cloud, function, &work, part).await?;
        if !done.is_empty() {
            let reader = poll::as_reader(cloud, session);
            (source.acknowledge)(reader, work.source.clone(), done).await.map_err(|it| it.to_string())?;
        }
    }
    Ok(())
}

/// The tokens of the records that the function is done with.
async fn invoke(
    cloud: &Cloud,
    function: crate::function::Function,
    work: &Work,
    records: Vec<Record>,
) -> Result<Vec<String>, String> {
    let (events, names): (Vec<Json>, Vec<(String, String)>) =
        records.into_iter().map(|it| (it.event, (it.identifier, it.token))).unzip();
    let event = Event {
        payload: Bytes::from(json!({ "Records": events }).to_string()),
        request_id: cloud.kernel().entropy.uuid(),
        client_context: None,
    };
    let name = function.name.clone();
    let answer = invoke::run(cloud, function, event).await.map_err(|it| it.to_string())?;
    if let Some(error) = answer.error {
        return Err(format!("{name} failed: {error}"));
    }
    let failed = if work.reports_failures { failures(&answer.payload, &names)? } else { BTreeSet::new() };
    Ok(names.into_iter().filter(|(name, _)| !failed.contains(name)).map(|(_, token)| token).collect())
}

/// The records that the function says failed. Whatever cannot be understood fails the whole batch.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>
fn failures(payload: &[u8], names: &[(String, String)]) -> Result<BTreeSet<String>, String> {
    let answer: Json = serde_json::from_slice(payload).map_err(|it| it.to_string())?;
    let listed = match &answer {
        Json::Null => return Ok(BTreeSet::new()),
        Json::Object(members) => match members.get("batchItemFailures") {
            None | Some(Json::Null) => return Ok(BTreeSet::new()),
            Some(Json::Array(listed)) => listed,
            Some(_) => return Err("batchItemFailures is not a list".to_owned()),
        },
        _ => return Ok(BTreeSet::new()),
    };
    let known = |it: &Json| {
        let name = it.get("itemIdentifier").and_then(Json::as_str)?;
        names.iter().any(|(known, _)| known == name).then(|| name.to_owned())
    };
    let failed: Option<BTreeSet<String>> = listed.iter().map(known).collect();
    failed.ok_or_else(|| "batchItemFailures names what is not in the batch".to_owned())
}

/// Parts whose events fit into a payload; a record is never split.
fn within_payload(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut parts: Vec<Vec<Record>> = Vec::new();
    let mut size = usize::MAX;
    for record in records {
        let bytes = record.event.to_string().len() + 1;
        if size.saturating_add(bytes) > MOST_SYNCHRONOUS - ENVELOPE {
            parts.push(Vec::new());
            size = 0;
        }
        size += bytes;
        parts.last_mut().expect("the first record makes the first part").push(record);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_says_which_records_failed() {
        let names = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let cases: [(&str, Option<&[&str]>); 12] = [
            ("null", Some(&[])),
            ("{}", Some(&[])),
            (r#"{"batchItemFailures":null}"#, Some(&[])),
            (r#"{"batchItemFailures":[]}"#, Some(&[])),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, Some(&["b"])),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}"#, Some(&["a", "b"])),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, None),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, None),
            (r#"{"batchItemFailures":[{"id":"a"}]}"#, None),
            (r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#, None),
            (r#"{"batchItemFailures":"a"}"#, None),
            ("not JSON", None),
        ];
        for (payload, expected) in cases {
            let failed = failures(payload.as_bytes(), &names).ok();
            let expected = expected.map(|it| it.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>());
            assert_eq!(failed, expected, "{payload}");
        }
    }

    #[test]
    fn a_batch_is_split_where_it_would_not_fit_into_a_payload() {
        let record =
            |size: usize| Record { token: String::new(), identifier: String::new(), event: json!("x".repeat(size)) };
        let sizes = |records: Vec<Record>| within_payload(records).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![record(10), record(10)]), [2]);
        assert_eq!(sizes(vec![record(2 << 20), record(2 << 20), record(2 << 20), record(1 << 20)]), [2, 2]);
        assert_eq!(sizes(Vec::new()), [0usize; 0]);
    }
}
