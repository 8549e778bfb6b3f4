//! Who is told how an asynchronous event ended: the destinations of a function, and its dead-letter queue.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>

use super::Answer;
use crate::event_config::EventConfig;
use crate::function::{self, Function};
use crate::name::{self, LATEST};
use crate::time;
use api::lambda::Invoke;
use api::sqs::{MessageAttributeValue, SendMessage};
use bytes::Bytes;
use kernel::{Cloud, Principal};
use model::Result;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
}

/// How it ended.
pub struct Ending<'e> {
    pub condition: Condition,
    pub request_id: &'e str,
    pub qualifier: Option<&'e str>,
    /// JSON.
    pub payload: &'e str,
    pub attempts: i64,
    /// Of the last attempt.
    pub answer: Option<&'e Answer>,
}

/// Bytes of an error that a dead-letter queue is told.
const LONGEST_MESSAGE: usize = 1024;

/// What cannot be delivered is lost, as on AWS, which counts it in a metric.
pub async fn tell(cloud: &Cloud, function: &Function, config: &EventConfig, ending: &Ending<'_>) {
    let succeeded = ending.condition == Condition::Success;
    let destination = if succeeded { &config.on_success } else { &config.on_failure };
    let dead_letters = function.dead_letters.as_ref().filter(|_| !succeeded);
    if destination.is_none() && dead_letters.is_none() {
        return;
    }
    let Some(session) = session(cloud, function) else {
        return tracing::warn!("the role of {} cannot be assumed, so nobody is told of its event", function.arn);
    };
    let sent = [
        match destination {
            Some(arn) => send(cloud, &session, arn, record(cloud, function, ending), BTreeMap::new()).await,
            None => Ok(()),
        },
        match dead_letters {
            Some(arn) => send(cloud, &session, arn, ending.payload.to_owned(), attributes(ending)).await,
            None => Ok(()),
        },
    ];
    for error in sent.into_iter().filter_map(Result::err) {
        tracing::warn!("nobody is told how an event of {} ended: {error}", function.arn);
    }
}

fn session(cloud: &Cloud, function: &Function) -> Option<Principal> {
    let name = name::parse(&function.arn);
    let lambda = Principal::service(name.account.unwrap_or_default(), function::LAMBDA);
    cloud.acting_as(lambda).read(|cx| function::session_of(cx, function))
}

/// To a queue or a function, as the function's role.
pub async fn send(
    cloud: &Cloud,
    session: &Principal,
    arn: &str,
    body: String,
    attributes: BTreeMap<String, MessageAttributeValue>,
) -> Result<()> {
    let mut parts = arn.split(':').skip(2);
    let [service, region, account] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let cloud = cloud.acting_as(session.clone()).in_region(region);
    if service == "lambda" {
        let input = Invoke {
            function_name: arn.to_owned(),
            invocation_type: Some("Event".to_owned()),
            payload: Some(Bytes::from(body)),
            ..Invoke::default()
        };
        return cloud.call(input).await.map(drop);
    }
    let queue = parts.next().unwrap_or_default();
    let input = SendMessage {
        queue_url: format!("https://sqs.{region}.amazonaws.com/{account}/{queue}"),
        message_body: body,
        message_attributes: (!attributes.is_empty()).then_some(attributes),
        ..SendMessage::default()
    };
    cloud.call(input).await.map(drop)
}

fn record(cloud: &Cloud, function: &Function, ending: &Ending<'_>) -> String {
    let mut record = json!({
        "version": "1.0",
        "timestamp": time::logged(cloud.now()),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": name::with_qualifier(&function.arn, Some(ending.qualifier.unwrap_or(LATEST))),
            "condition": format!("{:?}", ending.condition),
            "approximateInvokeCount": ending.attempts,
        },
        "requestPayload": json_of(ending.payload.as_bytes()),
    });
    if let Some(answer) = ending.answer {
        record["responseContext"] = json!({ "statusCode": 200, "executedVersion": function.version });
        if answer.error.is_some() {
            record["responseContext"]["functionError"] = json!("Unhandled");
        }
        record["responsePayload"] = json_of(&answer.payload);
    }
    record.to_string()
}

/// A payload that is no JSON is told as a text.
fn json_of(payload: &[u8]) -> Json {
    serde_json::from_slice(payload).unwrap_or_else(|_| json!(String::from_utf8_lossy(payload)))
}

/// Adding a dead-letter queue in the developer guide.
fn attributes(ending: &Ending<'_>) -> BTreeMap<String, MessageAttributeValue> {
    let attribute = |data_type: &str, value: String| MessageAttributeValue {
        data_type: data_type.to_owned(),
        string_value: Some(value),
        ..MessageAttributeValue::default()
    };
    let said = ending.answer.map(|it| json_of(&it.payload)).unwrap_or_default();
    let said = said["errorMessage"].as_str().unwrap_or_default();
    let mut all = BTreeMap::from([
        ("RequestID".to_owned(), attribute("String", ending.request_id.to_owned())),
        ("ErrorCode".to_owned(), attribute("Number", if ending.answer.is_some() { "200" } else { "429" }.to_owned())),
    ]);
    if !said.is_empty() {
        let end = said.floor_char_boundary(LONGEST_MESSAGE);
        all.insert("ErrorMessage".to_owned(), attribute("String", said[..end].to_owned()));
    }
    all
}
