//! Items of a table: what calls cost beside the static reply, and at a million items beside a thousand.

use super::load::{self, Load};
use super::milliseconds;
use super::server::Running;
use crate::Outcome;
use std::path::Path;
use std::time::{Duration, Instant};

const FEW: u64 = 1_000;
/// A million takes minutes to fill, so by default it is a part of one.
const MANY: u64 = 200_000;
const MILLION: u64 = 1_000_000;
/// A call costs as much at many items as at few, within this.
const MOST_APART: f64 = 0.25;
const MOST_STARTUP: Duration = Duration::from_secs(1);
/// Filling goes on in loads of so many seconds, and no longer than this.
const LOAD: u64 = 2;
/// Of BatchWriteItem.
const BATCH: u64 = 25;
const LONGEST_FILLING: Duration = Duration::from_secs(600);

/// Processor time as a multiple of the static reply's.
const BARS: [(&str, &str, f64); 4] = [
    ("dynamodb PutItem 1 KB (durable)", "PutItem", 4.5),
    ("dynamodb GetItem", "GetItem", 2.5),
    ("dynamodb Query of 100 items", "Query", 12.0),
    ("dynamodb TransactWriteItems of 10", "TransactWriteItems", 20.0),
];
const FLAT: [&str; 4] = ["GetItem", "PutItem", "Query", "IndexQuery"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Usual,
    Million,
}

/// The rows with bars: their names, operations and bars.
pub fn rows() -> impl Iterator<Item = (&'static str, Vec<String>, f64)> {
    BARS.into_iter().map(|(name, operation, bar)| (name, script(operation, FEW, "bench"), bar))
}

/// A table of a thousand items, as the rows need it.
pub fn prepare(server: &Running) -> Outcome {
    create(server, "bench", "")?;
    fill(server, "bench", FEW)
}

/// What it misses of the bars.
pub fn measure(niebla: &Path, folder: &Path, seconds: u64, size: Size) -> Outcome<Vec<&'static str>> {
    let many = if size == Size::Million { MILLION } else { MANY };
    let server = Running::niebla(niebla, folder)?;
    for (name, items) in [("few", FEW), ("many", many)] {
        create(&server, name, INDEX)?;
        fill(&server, name, items)?;
    }
    let mut missed = Vec::new();
    for operation in FLAT {
        let cost = |name: &str, items: u64| -> Outcome<f64> {
            let script = script(operation, items, name);
            let script: Vec<&str> = script.iter().map(String::as_str).collect();
            Ok(load::run(&server, &script, Load::lasting(seconds))?.processor_us)
        };
        let (at_few, at_many) = (cost("few", FEW)?, cost("many", many)?);
        let apart = at_many / at_few - 1.0;
        println!(
            "{operation:<14} at {many} items     {at_many:>8.1} µs, at {FEW} {at_few:.1} µs: {:+.0} % (bar {:.0} %)",
            apart * 100.0,
            MOST_APART * 100.0
        );
        if apart > MOST_APART {
            missed.push("a large table is slower than a small one");
        }
    }
    drop(server);
    let ready = Running::niebla(niebla, folder)?.ready_after;
    println!(
        "ready on {many} items          {:>8.2} ms (bar {:.0} ms)",
        milliseconds(ready),
        milliseconds(MOST_STARTUP)
    );
    if ready > MOST_STARTUP {
        missed.push("startup on a large table is too slow");
    }
    Ok(missed)
}

const INDEX: &str = r#","GlobalSecondaryIndexes":[{"IndexName":"by-gk","KeySchema":[{"AttributeName":"gk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]"#;

fn create(server: &Running, name: &str, index: &str) -> Outcome {
    let attribute = |name: &str| format!(r#"{{"AttributeName":"{name}","AttributeType":"S"}}"#);
    let mut attributes = vec![attribute("pk"), attribute("sk")];
    attributes.extend((!index.is_empty()).then(|| attribute("gk")));
    let body = format!(
        r#"{{"TableName":"{name}","BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"pk","KeyType":"HASH"}},{{"AttributeName":"sk","KeyType":"RANGE"}}],"AttributeDefinitions":[{}]{index}}}"#,
        attributes.join(",")
    );
    let answer = server.post("dynamodb", "DynamoDB_20120810.CreateTable", &body)?;
    if answer.contains("TableDescription") { Ok(()) } else { Err(format!("CreateTable was answered with {answer}")) }
}

/// So many items, of which a hundred have the same partition key; of many some more.
fn fill(server: &Running, name: &str, items: u64) -> Outcome {
    if items > FEW {
        return fill_by_load(server, name, items);
    }
    for batch in 0..items / BATCH {
        let puts: Vec<String> = (batch * BATCH..(batch + 1) * BATCH).map(|it| put(it / 100, it % 100)).collect();
        let body = format!(r#"{{"RequestItems":{{"{name}":[{}]}}}}"#, puts.join(","));
        server.post("dynamodb", "DynamoDB_20120810.BatchWriteItem", &body)?;
    }
    match count(server, name)? {
        it if it == items => Ok(()),
        other => Err(format!("{name} has {other} items instead of {items}.")),
    }
}

/// As `bench/item.lua` writes it.
fn put(partition: u64, item: u64) -> String {
    format!(
        r#"{{"PutRequest":{{"Item":{{"pk":{{"S":"p{partition}"}},"sk":{{"S":"{item:03}"}},"gk":{{"S":"g{partition}"}},"n":{{"N":"{item}"}},"t":{{"S":"a small item"}}}}}}}}"#
    )
}

/// Twenty-five in each call, at many connections.
fn fill_by_load(server: &Running, name: &str, items: u64) -> Outcome {
    let script = script("BatchWriteItem", items, name);
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    let (began, mut filled) = (Instant::now(), 0);
    while filled < items {
        if began.elapsed() > LONGEST_FILLING {
            return Err(format!("{name} has not {items} items after {LONGEST_FILLING:?}."));
        }
        let from = filled.to_string();
        let script = [script.as_slice(), &[from.as_str()]].concat();
        let figures = load::run(server, &script, Load { seconds: LOAD, connections: 8 })?;
        if figures.errors > 0 {
            return Err(format!("{} calls of BatchWriteItem failed.", figures.errors));
        }
        filled = count(server, name)?;
    }
    Ok(())
}

fn count(server: &Running, name: &str) -> Outcome<u64> {
    let answer = server.post("dynamodb", "DynamoDB_20120810.DescribeTable", &format!(r#"{{"TableName":"{name}"}}"#))?;
    let value: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    value["Table"]["ItemCount"].as_u64().ok_or_else(|| format!("DescribeTable was answered with {answer}"))
}

fn script(operation: &str, items: u64, table: &str) -> Vec<String> {
    ["bench/item.lua", operation, &items.to_string(), table].map(str::to_owned).to_vec()
}
