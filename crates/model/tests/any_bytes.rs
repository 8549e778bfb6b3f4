//! Nothing that arrives from outside makes a decoder panic, and nothing overflows the stack.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use model::shape::{Protocol, Service};
use model::wire::{self, HttpRequest, HttpResponse};
use model::{Value, catalog, validate};
use proptest::prelude::*;

/// A service and an operation with a deep input for each protocol.
const TARGETS: [(&str, &str, Protocol); 9] = [
    ("sqs", "SendMessage", Protocol::AwsJson10),
    ("dynamodb", "PutItem", Protocol::AwsJson10),
    ("dynamodb", "PutItem", Protocol::RpcV2Cbor),
    ("sqs", "SendMessage", Protocol::AwsQuery),
    ("ec2", "RunInstances", Protocol::Ec2Query),
    ("s3", "PutBucketLifecycleConfiguration", Protocol::RestXml),
    ("lambda", "CreateFunction", Protocol::RestJson1),
    ("cloudformation", "CreateStack", Protocol::AwsQuery),
    ("cloudwatch", "PutMetricData", Protocol::RpcV2Cbor),
];

/// The answers that are read differently from requests.
const ANSWERS: [(&str, &str, Protocol); 4] = [
    ("s3", "ListObjectsV2", Protocol::RestXml),
    ("ec2", "DescribeInstances", Protocol::Ec2Query),
    ("sqs", "ReceiveMessage", Protocol::AwsQuery),
    ("bedrock-runtime", "ConverseStream", Protocol::RestJson1),
];

fn decode(target: (&str, &str, Protocol), request: &HttpRequest) -> Option<Value> {
    let service: &'static Service = catalog::service(target.0).expect("embedded");
    let operation = service.operation(target.1).expect("modelled");
    wire::route(service, target.2, request);
    let value = wire::decode_request(service, operation, target.2, request).ok()?;
    let _ = validate(service, operation.input?, &value).map_err(|it| it.to_string());
    Some(value)
}

fn answer(target: (&str, &str, Protocol), status: u16, body: &[u8]) {
    let service: &'static Service = catalog::service(target.0).expect("embedded");
    let operation = service.operation(target.1).expect("modelled");
    let response = HttpResponse { status, body: Bytes::copy_from_slice(body), ..HttpResponse::default() };
    let _ = wire::decode_response(service, operation, target.2, &response);
}

fn request(path: String, query: String, header: Vec<u8>, body: Vec<u8>) -> HttpRequest {
    let mut request = HttpRequest { method: "POST".into(), path, query, body: body.into(), ..HttpRequest::default() };
    for name in ["x-amz-target", "x-amz-checksum-algorithm", "x-amz-expected-bucket-owner"] {
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            request.headers.insert(HeaderName::from_static(name), value);
        }
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(path in ".{0,40}", query in ".{0,40}", header in any::<Vec<u8>>(), body in any::<Vec<u8>>()) {
        for target in TARGETS.into_iter().chain(ANSWERS) {
            decode(target, &request(path.clone(), query.clone(), header.clone(), body.clone()));
            answer(target, 200, &body);
            answer(target, 400, &body);
        }
        let _ = wire::decode_frame(&Bytes::from(body));
    }

    #[test]
    fn texts_that_look_right(body in r#"([\[\]{}":,<>/&=.;%0-9a-zA-Z +-]|"Item"|"S"|Rule|Filter|<And>|</And>|MessageAttribute\.1\.|&#x|null|true){0,40}"#) {
        for target in TARGETS.into_iter().chain(ANSWERS) {
            decode(target, &request("/b".into(), body.clone(), body.clone().into_bytes(), body.clone().into_bytes()));
            answer(target, 200, body.as_bytes());
            answer(target, 500, body.as_bytes());
        }
        wire::parse_timestamp(&body);
    }

    #[test]
    fn cbor_that_looks_right(body in prop::collection::vec(prop_oneof![
        Just(0xbfu8), Just(0xff), Just(0x9f), Just(0xa1), Just(0x81), Just(0xc1), Just(0xfb), Just(0x64), Just(0x7f), Just(0x5f), any::<u8>(),
    ], 0..60)) {
        decode(TARGETS[2], &request("/".into(), String::new(), Vec::new(), body.clone()));
        answer(TARGETS[8], 400, &body);
    }

    #[test]
    fn frames_come_back(name in "[a-z]{1,20}", value in ".{0,50}", payload in any::<Vec<u8>>()) {
        let mut frame = wire::Frame::default().with(&name, &value);
        frame.payload = payload.into();
        let bytes = wire::encode_frame(&frame);
        prop_assert_eq!(wire::decode_frame(&bytes), Ok((frame, bytes.len())));
    }
}

#[test]
fn ten_megabytes_of_nesting_are_refused() {
    const LEVELS: usize = 5_000_000;
    let nested = |open: &str, close: &str, levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let deep = |target: (&str, &str, Protocol), body: Vec<u8>| {
        let request = request("/b".into(), "lifecycle".into(), Vec::new(), body.clone());
        assert!(decode(target, &request).is_none(), "{target:?}");
        answer(target, 400, &body);
    };
    deep(TARGETS[1], nested("[", "]", LEVELS).into_bytes());
    deep(TARGETS[1], format!(r#"{{"Item":{}"#, nested(r#"{"a":{"L":["#, "]}}", LEVELS / 10)).into_bytes());
    deep(TARGETS[1], format!(r#"{{"Unknown":{}"#, "[".repeat(LEVELS)).into_bytes());
    deep(TARGETS[2], vec![0x81; LEVELS]);
    deep(TARGETS[2], vec![0x9f; LEVELS]);
    deep(TARGETS[2], vec![0xc1; LEVELS]);
    deep(TARGETS[5], nested("<Rule>", "</Rule>", LEVELS / 10).replacen("<Rule>", "<A><Rule>", 1).into_bytes());
}

#[test]
fn a_form_with_a_deep_key_is_refused_or_read_in_bounds() {
    let key = format!("Action=RunInstances&{}=1", "NetworkInterface.1.".repeat(100_000));
    decode(TARGETS[4], &request("/".into(), String::new(), Vec::new(), key.into_bytes()));
    let attribute = "Item.1.M.entry.".repeat(100_000);
    decode(TARGETS[7], &request("/".into(), String::new(), Vec::new(), attribute.into_bytes()));
}
