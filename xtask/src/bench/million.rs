//! A queue of a million messages beside one of a thousand, and a start on the folder that holds them.

use super::load::{self, Call, Load};
use super::server::Running;
use super::{JSON, milliseconds};
use crate::Outcome;
use std::path::Path;
use std::time::Duration;

const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
const BATCH: u64 = 10;
/// Receiving from many costs as much as from few, within this.
const MOST_APART: f64 = 0.2;
const MOST_STARTUP: Duration = Duration::from_secs(1);
/// Filling goes on in loads of so many seconds, and no more of them than this.
const LOAD: u64 = 3;
const MOST_LOADS: usize = 60;

/// What it misses of the bars.
pub fn measure(niebla: &Path, folder: &Path, seconds: u64) -> Outcome<Vec<&'static str>> {
    let server = Running::niebla(niebla, folder)?;
    let few = filled(&server, "few", FEW)?;
    let many = filled(&server, "many", MANY)?;
    let (few, many) = (receiving(&server, &few, seconds)?, receiving(&server, &many, seconds)?);
    drop(server);
    let ready = Running::niebla(niebla, folder)?.ready_after;
    let apart = many / few - 1.0;
    println!(
        "receiving from {MANY} messages     {many:>8.1} µs, from {FEW} {few:.1} µs: {:+.0} % (bar ±{:.0} %)",
        apart * 100.0,
        MOST_APART * 100.0
    );
    let bar = milliseconds(MOST_STARTUP);
    println!("ready on a million messages       {:>8.2} ms (bar {bar:.0} ms)", milliseconds(ready));
    let missed = [
        (apart.abs() > MOST_APART, "a long queue is not received from as a short one"),
        (ready > MOST_STARTUP, "startup on a million messages is too slow"),
    ];
    Ok(missed.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what).collect())
}

/// The URL of a queue with about as many messages, and no fewer.
fn filled(server: &Running, name: &str, messages: u64) -> Outcome<String> {
    let queue = server.queue(name)?;
    let entries: Vec<String> = (0..BATCH).map(|it| format!(r#"{{"Id":"{it}","MessageBody":"niebla {it}"}}"#)).collect();
    let body = format!(r#"{{"QueueUrl":"{queue}","Entries":[{}]}}"#, entries.join(","));
    if messages <= FEW {
        for _ in 0..messages / BATCH {
            server.post("sqs", "AmazonSQS.SendMessageBatch", &body)?;
        }
        return Ok(queue);
    }
    let batch = Call { service: "sqs", content_type: JSON, target: "AmazonSQS.SendMessageBatch", body: &body };
    for _ in 0..MOST_LOADS {
        if count(server, &queue)? >= messages {
            return Ok(queue);
        }
        load::run(server, &batch.script(), Load::lasting(LOAD))?;
    }
    Err(format!("{name} has not {messages} messages after {} s.", LOAD * MOST_LOADS as u64))
}

fn count(server: &Running, queue: &str) -> Outcome<u64> {
    let body = format!(r#"{{"QueueUrl":"{queue}","AttributeNames":["ApproximateNumberOfMessages"]}}"#);
    let answer = server.post("sqs", "AmazonSQS.GetQueueAttributes", &body)?;
    let value: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    let count = value["Attributes"]["ApproximateNumberOfMessages"].as_str().and_then(|it| it.parse().ok());
    count.ok_or_else(|| format!("GetQueueAttributes was answered with {answer}"))
}

/// Microseconds of the processor for one call. Nothing stays hidden, so the queue stays as long as it is.
fn receiving(server: &Running, queue: &str, seconds: u64) -> Outcome<f64> {
    let body = format!(r#"{{"QueueUrl":"{queue}","VisibilityTimeout":0}}"#);
    let call = Call { service: "sqs", content_type: JSON, target: "AmazonSQS.ReceiveMessage", body: &body };
    Ok(load::run(server, &call.script(), Load::lasting(seconds))?.processor_us)
}
