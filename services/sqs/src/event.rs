//! A queue as a source of events: what an event source mapping pulls, and what a function sees.

use api::sqs::{
    DeleteMessageBatch, DeleteMessageBatchRequestEntry, GetQueueAttributes, Message, MessageAttributeValue,
    ReceiveMessage,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::source::{Kind, Pull, Queue, Record, Source};
use kernel::{Cloud, Cx};
use model::Result;
use serde_json::{Map, Value as Json, json};

pub static SOURCE: Source = Source {
    service: "sqs",
    name: "SQS",
    operations: &["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
    data: "body",
    kind: Kind::Queue(Queue {
        pull: |cloud, it| Box::pin(pull(cloud, it)),
        acknowledge: |cloud, arn, tokens| Box::pin(acknowledge(cloud, arn, tokens)),
        hidden_for,
    }),
};

/// The most that one call of ReceiveMessage gives.
const MOST_AT_ONCE: i64 = 10;

/// Waits for the first message, then takes what else is there.
async fn pull(cloud: Cloud, it: Pull) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut wait = it.wait;
    while (records.len() as i64) < it.limit {
        let asked = (it.limit - records.len() as i64).min(MOST_AT_ONCE);
        let input = ReceiveMessage {
            queue_url: url_of(&it.arn),
            max_number_of_messages: Some(asked),
            wait_time_seconds: Some(wait),
            message_system_attribute_names: Some(vec!["All".to_owned()]),
            message_attribute_names: Some(vec!["All".to_owned()]),
            ..ReceiveMessage::default()
        };
        let messages = cloud.call(input).await?.messages.unwrap_or_default();
        let got = messages.len() as i64;
        records.extend(messages.into_iter().map(|message| record(message, &it.arn)));
        if got < asked {
            break;
        }
        wait = 0;
    }
    Ok(records)
}

async fn acknowledge(cloud: Cloud, arn: String, tokens: Vec<String>) -> Result<()> {
    for some in tokens.chunks(MOST_AT_ONCE as usize) {
        let entries = some.iter().enumerate().map(|(index, token)| DeleteMessageBatchRequestEntry {
            id: index.to_string(),
            receipt_handle: token.clone(),
        });
        cloud.call(DeleteMessageBatch { queue_url: url_of(&arn), entries: entries.collect() }).await?;
    }
    Ok(())
}

fn hidden_for(cx: &mut Cx, arn: &str) -> Result<i64> {
    let names = Some(vec!["VisibilityTimeout".to_owned()]);
    let output = cx.call(GetQueueAttributes { queue_url: url_of(arn), attribute_names: names })?;
    let value = output.attributes.and_then(|mut it| it.remove("VisibilityTimeout"));
    Ok(value.and_then(|it| it.parse().ok()).unwrap_or_default())
}

fn url_of(arn: &str) -> String {
    let mut parts = arn.rsplit(':');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("http://sqs/{account}/{name}")
}

/// As the Lambda developer guide shows it (Using Lambda with Amazon SQS).
fn record(message: Message, arn: &str) -> Record {
    let token = message.receipt_handle.unwrap_or_default();
    let identifier = message.message_id.unwrap_or_default();
    let attributes = message.message_attributes.unwrap_or_default();
    let attributes: Map<String, Json> = attributes.into_iter().map(|(name, it)| (name, attribute(it))).collect();
    let event = json!({
        "messageId": identifier,
        "receiptHandle": token,
        "body": message.body,
        "attributes": message.attributes.unwrap_or_default(),
        "messageAttributes": attributes,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(':').nth(3),
    });
    // Standard queues have message groups too, which order nothing.
    let group = event["attributes"]["MessageGroupId"].as_str().filter(|_| arn.ends_with(".fifo"));
    Record { token, identifier, order: group.map(str::to_owned), event }
}

fn attribute(it: MessageAttributeValue) -> Json {
    let mut out = Map::new();
    out.extend(it.string_value.map(|text| ("stringValue".to_owned(), text.into())));
    out.extend(it.binary_value.map(|bytes| ("binaryValue".to_owned(), BASE64.encode(bytes).into())));
    out.insert("stringListValues".to_owned(), json!([]));
    out.insert("binaryListValues".to_owned(), json!([]));
    out.insert("dataType".to_owned(), it.data_type.into());
    Json::Object(out)
}
