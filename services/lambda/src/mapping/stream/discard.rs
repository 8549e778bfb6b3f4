//! Records that are given up: the mapping's queue is told where they were.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>

use super::attempt::Part;
use super::lane::Lane;
use crate::function::Function;
use crate::invoke::{self, Answer};
use crate::mapping::reader_of;
use crate::{name, time};
use model::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
}

/// What cannot be delivered is lost, as on AWS, which counts it in a metric.
pub async fn tell(lane: &Lane, part: &Part, condition: Condition, answer: Option<&Answer>) {
    let reader = &lane.reader;
    let Some(arn) = &reader.settings.on_failure else { return };
    let Some((function, session)) = reader.cloud.read(|cx| reader_of(cx, &reader.work)) else {
        return tracing::warn!("the function of {} or its role is gone, so nobody is told", reader.work.source);
    };
    let document = document(lane, part, condition, answer, &function);
    let sent = invoke::send(&reader.cloud, &session, arn, document.to_string(), BTreeMap::new()).await;
    if let Err(why) = sent {
        tracing::warn!("nobody is told of records of {} that are given up: {why}", reader.work.source);
    }
}

fn document(lane: &Lane, part: &Part, condition: Condition, answer: Option<&Answer>, function: &Function) -> Json {
    let reader = &lane.reader;
    let mut document = json!({
        "requestContext": {
            "requestId": reader.cloud.kernel().entropy.uuid(),
            "functionArn": name::with_qualifier(&function.arn, reader.work.qualifier.as_deref()),
            "condition": format!("{condition:?}"),
            "approximateInvokeCount": part.failures,
        },
        "version": "1.0",
        "timestamp": time::logged(reader.cloud.now()),
    });
    if let Some(answer) = answer {
        document["responseContext"] = json!({ "statusCode": 200, "executedVersion": function.version });
        if answer.error.is_some() {
            document["responseContext"]["functionError"] = json!("Unhandled");
        }
    }
    let (first, last) = (part.entries.first(), part.entries.last());
    let (Some(first), Some(last)) = (first, last) else { return document };
    let arrival = |it: Timestamp| Timestamp(it.0 - it.0.rem_euclid(1_000)).iso_8601();
    document[reader.stream.batch_info] = json!({
        "shardId": lane.place.shard,
        "startSequenceNumber": first.sequence_number,
        "endSequenceNumber": last.sequence_number,
        "approximateArrivalOfFirstRecord": arrival(first.at),
        "approximateArrivalOfLastRecord": arrival(last.at),
        "batchSize": part.entries.len(),
        "streamArn": reader.work.source,
    });
    document
}
