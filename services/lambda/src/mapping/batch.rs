//! A batch: one event for the function, and what becomes of its records.

use super::filter::Filters;
use super::{Work, reader_of};
use crate::invoke::{self, Event, MOST_SYNCHRONOUS};
use crate::name;
use bytes::Bytes;
use kernel::Cloud;
use kernel::source::{Queue, Record};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub struct Batch {
    pub queue: &'static Queue,
    /// The member of a record that filters look into.
    pub data: &'static str,
    pub work: Work,
    pub records: Vec<Record>,
}

/// Room in the payload for what surrounds the records.
pub const ENVELOPE: usize = 64;

/// Has the function work on the records, and acknowledges those that it is done with. The others are left alone.
///
/// A part that fails does not keep the function from the rest; only records that come after a failed one of the same order
/// wait, for they would overtake it.
///
/// # Errors
/// A sentence that says why something could not be acknowledged: the first reason of several.
pub async fn work_on(cloud: &Cloud, batch: Batch) -> Result<(), String> {
    let Batch { queue, data, work, records } = batch;
    let (mut first_error, mut blocked) = (None, BTreeSet::new());
    let filters = Filters::new(&work.filters, data);
    let (wanted, unwanted): (Vec<Record>, Vec<Record>) = records.into_iter().partition(|it| filters.take(&it.event));
    // What no filter takes is deleted, without the function.
    let tokens = unwanted.into_iter().map(|it| it.token).collect();
    if let Err(why) = acknowledge(cloud, queue, &work, tokens).await {
        first_error = Some(why);
    }
    for mut part in within_payload(wanted) {
        part.retain(|it| it.order.as_ref().is_none_or(|it| !blocked.contains(it)));
        if part.is_empty() {
            continue;
        }
        let orders: BTreeSet<String> = part.iter().filter_map(|it| it.order.clone()).collect();
        match part_done(cloud, queue, &work, part).await {
            Ok(Done::All) => {}
            Ok(Done::Some) => blocked.extend(orders),
            Err(why) => {
                blocked.extend(orders);
                first_error.get_or_insert(why);
            }
        }
    }
    first_error.map_or(Ok(()), Err)
}

enum Done {
    All,
    Some,
}

async fn part_done(cloud: &Cloud, queue: &Queue, work: &Work, part: Vec<Record>) -> Result<Done, String> {
    let function = cloud.read(|cx| reader_of(cx, work)).map(|(function, _)| function);
    let function = function.ok_or("The function or its role does not exist.")?;
    let all = part.len();
    let tokens = invoke(cloud, function, work, part).await?;
    let done = if tokens.len() == all { Done::All } else { Done::Some };
    acknowledge(cloud, queue, work, tokens).await?;
    Ok(done)
}

async fn acknowledge(cloud: &Cloud, queue: &Queue, work: &Work, tokens: Vec<String>) -> Result<(), String> {
    if tokens.is_empty() {
        return Ok(());
    }
    let (_, session) = cloud.read(|cx| reader_of(cx, work)).ok_or("The function or its role does not exist.")?;
    (queue.acknowledge)(cloud.acting_as(session), work.source.clone(), tokens).await.map_err(|it| it.to_string())
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
        arn: name::with_qualifier(&function.arn, work.qualifier.as_deref()),
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
pub fn failures(payload: &[u8], names: &[(String, String)]) -> Result<BTreeSet<String>, String> {
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
        let record = |size: usize| Record {
            token: String::new(),
            identifier: String::new(),
            order: None,
            event: json!("x".repeat(size)),
        };
        let sizes = |records: Vec<Record>| within_payload(records).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![record(10), record(10)]), [2]);
        assert_eq!(sizes(vec![record(2 << 20), record(2 << 20), record(2 << 20), record(1 << 20)]), [2, 2]);
        assert_eq!(sizes(Vec::new()), [0usize; 0]);
    }
}
