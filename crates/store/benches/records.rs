//! Size and speed of the forms in which a record could be kept, on a record like a queue's message.
//!
//! Both keep field names, so that a field can be added.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

#[derive(Serialize, Deserialize)]
struct Message {
    sequence: u64,
    id: String,
    body: String,
    visible_at: i64,
    sent_at: i64,
    receipt: Option<String>,
    received: u32,
    attributes: BTreeMap<String, String>,
}

const ROUNDS: u32 = 200_000;

fn main() {
    let message = Message {
        sequence: 1_234_567,
        id: "b7a6e4a6-5f0e-4b7e-9f5c-0c4b0f5b8a11".to_owned(),
        body: "x".repeat(256),
        visible_at: 1_770_000_000_000,
        sent_at: 1_770_000_000_000,
        receipt: None,
        received: 0,
        attributes: BTreeMap::from([("trace".to_owned(), "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned())]),
    };
    println!("{:<24} {:>8} {:>12} {:>12}", "form", "bytes", "write ns", "read ns");
    measure(
        "MessagePack (rmp-serde)",
        || rmp_serde::to_vec_named(&message).unwrap(),
        |bytes| rmp_serde::from_slice::<Message>(bytes).unwrap(),
    );
    measure(
        "CBOR (minicbor-serde)",
        || minicbor_serde::to_vec(&message).unwrap(),
        |bytes| minicbor_serde::from_slice::<Message>(bytes).unwrap(),
    );
    measure(
        "JSON (serde_json)",
        || serde_json::to_vec(&message).unwrap(),
        |bytes| serde_json::from_slice::<Message>(bytes).unwrap(),
    );
}

fn measure(form: &str, write: impl Fn() -> Vec<u8>, read: impl Fn(&[u8]) -> Message) {
    let bytes = write();
    let writing = nanoseconds(|| {
        black_box(write());
    });
    let reading = nanoseconds(|| {
        black_box(read(black_box(&bytes)));
    });
    println!("{form:<24} {:>8} {writing:>12.0} {reading:>12.0}", bytes.len());
}

fn nanoseconds(run: impl Fn()) -> f64 {
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| run());
    start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}
