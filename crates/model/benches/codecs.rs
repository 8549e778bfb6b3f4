//! What the codecs cost: `cargo bench -p model`. Nanoseconds per call, one thread.

use std::hint::black_box;
use std::time::Instant;

use model::wire::{self, HttpRequest};
use model::{Protocol, Value, catalog, validate};

const ROUNDS: u32 = 100_000;

fn main() {
    let start = Instant::now();
    println!("{:40} {:>10.1} µs", format!("index of {} services", catalog::services().len()), micros(start));
    for name in ["sqs", "lambda", "s3", "ec2"] {
        let start = Instant::now();
        catalog::service(name).expect("embedded");
        println!("{:40} {:>10.1} µs", format!("model of {name}"), micros(start));
    }
    sqs(Protocol::AwsJson10);
    sqs(Protocol::AwsQuery);
}

fn sqs(protocol: Protocol) {
    let service = catalog::service("sqs").expect("embedded");
    let operation = service.operation("SendMessage").expect("modelled");
    let shape = operation.input.expect("modelled");
    let text = |text: &str| Value::String(text.to_owned());
    let input = Value::Structure(vec![
        ("QueueUrl", text("http://sqs.us-east-1.localhost:4566/000000000000/queue")),
        ("MessageBody", text(&"x".repeat(256))),
    ]);
    let output = Value::Structure(vec![
        ("MD5OfMessageBody", text("5d41402abc4b2a76b9719d911017c592")),
        ("MessageId", text("219f8380-5770-4cc2-8c3e-5c715e145f5e")),
    ]);
    let request: HttpRequest = wire::encode_request(service, operation, protocol, &input);
    let read = || wire::decode_request(service, operation, protocol, &request).expect("well-formed");
    let value = read();
    measure(&format!("SendMessage {protocol:?} route"), || wire::route(service, protocol, &request).is_some());
    measure(&format!("SendMessage {protocol:?} decode"), read);
    measure(&format!("SendMessage {protocol:?} validate"), || validate(service, shape, &value).is_ok());
    measure(&format!("SendMessage {protocol:?} encode"), || {
        wire::encode_response(service, operation, protocol, &output, "219f8380-5770-4cc2-8c3e-5c715e145f5e")
    });
}

fn measure<T>(name: &str, mut call: impl FnMut() -> T) {
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(call());
    }
    println!("{name:40} {:>10.0} ns", micros(start) * 1000.0 / f64::from(ROUNDS));
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}
