//! AWS's own protocol cases, as botocore's source package has them.

mod common;

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use common::{from_case, same};
use http::{HeaderName, HeaderValue};
use model::shape::{Operation, Protocol, Service};
use model::wire::{self, HttpRequest, HttpResponse, ResponseError};
use model::{Value, parse};
use serde_json::Value as Json;

/// Cases that do not fit, and why. One that passes after all fails the test, so that the lists only shrink.
type Exceptions = &'static [(&'static str, &'static str)];

const HOST: &str = "the endpoint's own path is the caller's to add";
const TOKEN: &str = "tokens of idempotency are the caller's to make";
const GZIP: &str = "bodies are compressed by the caller";
const PAYLOAD_NAME: &str =
    "the model names the payload's member, and by that name S3 calls the root (LifecycleConfiguration)";
const CLIENT: &str = "a case for clients: servers put every parameter in the map (Smithy, httpQueryParams)";
const NO_ACTION: &str = "the case states no operation";
const EMPTY: &str = "what is empty has no form on the wire, so it is read as absent";
const EMPTY_OBJECT: &str = "an empty object and an absent one look the same";

const NOT_ENCODED: Exceptions = &[
    ("Ec2QueryHostWithPath", HOST),
    ("AwsJson11HostWithPath", HOST),
    ("AwsJson10HostWithPath", HOST),
    ("QueryHostWithPath", HOST),
    ("RestJsonHostWithPath", HOST),
    ("Ec2ProtocolIdempotencyTokenAutoFill", TOKEN),
    ("QueryProtocolIdempotencyTokenAutoFill", TOKEN),
    ("RestJsonQueryIdempotencyTokenAutoFill", TOKEN),
    ("QueryIdempotencyTokenAutoFill", TOKEN),
    ("RestJsonHttpChecksumRequired", "checksums are the caller's: they need the whole body"),
    ("SDKAppliedContentEncoding_ec2Query", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", GZIP),
    ("SDKAppliedContentEncoding_awsJson1_1", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", GZIP),
    ("SDKAppliedContentEncoding_awsJson1_0", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", GZIP),
    ("SDKAppliedContentEncoding_awsQuery", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", GZIP),
    ("SDKAppliedContentEncoding_restJson1", GZIP),
    ("SDKAppendedGzipAfterProvidedEncoding_restJson1", GZIP),
    ("SDKAppliedContentEncoding_restXml", GZIP),
    ("SDKAppendedGzipAfterProvidedEncoding_restXml", GZIP),
    ("RestXmlHttpPayloadWithUnion", PAYLOAD_NAME),
    ("HttpPayloadWithXmlName", PAYLOAD_NAME),
    ("HttpPayloadWithXmlNamespace", PAYLOAD_NAME),
    ("HttpPayloadWithXmlNamespaceAndPrefix", PAYLOAD_NAME),
    ("XmlAttributesOnPayload", PAYLOAD_NAME),
];

const NOT_DECODED: Exceptions = &[
    ("SDKAppliedContentEncoding_ec2Query", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query", GZIP),
    ("SDKAppliedContentEncoding_awsJson1_1", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", GZIP),
    ("SDKAppliedContentEncoding_awsJson1_0", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", GZIP),
    ("SDKAppliedContentEncoding_awsQuery", GZIP),
    ("SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", GZIP),
    ("SDKAppliedContentEncoding_restJson1", GZIP),
    ("SDKAppendedGzipAfterProvidedEncoding_restJson1", GZIP),
    ("SDKAppliedContentEncoding_restXml", GZIP),
    ("SDKAppendedGzipAfterProvidedEncoding_restXml", GZIP),
    ("Ec2ProtocolIdempotencyTokenAutoFill", TOKEN),
    ("QueryProtocolIdempotencyTokenAutoFill", TOKEN),
    ("RestJsonQueryIdempotencyTokenAutoFill", TOKEN),
    ("QueryIdempotencyTokenAutoFill", TOKEN),
    ("RestJsonHostWithPath", HOST),
    ("AwsJson10EndpointTrait", NO_ACTION),
    ("AwsJson10EndpointTraitWithHostLabel", NO_ACTION),
    ("AwsJson10HostWithPath", NO_ACTION),
    ("Ec2EmptyQueryLists", EMPTY),
    ("QueryEmptyQueryMaps", EMPTY),
    ("RestJsonHttpPrefixHeadersAreNotPresent", EMPTY),
    ("HttpPrefixHeadersAreNotPresent", EMPTY),
    ("RestJsonOmitsEmptyListQueryValues", EMPTY),
    ("RestJsonHttpWithEmptyStructurePayload", EMPTY_OBJECT),
    ("RestJsonHttpWithHeadersButNoPayload", EMPTY_OBJECT),
    ("RestJsonQueryParamsStringListMap", CLIENT),
    ("RestJsonQueryPrecedence", CLIENT),
    ("AllQueryStringTypes", CLIENT),
    ("RestXmlQueryStringEscaping", CLIENT),
    ("RestXmlSupportsNaNFloatQueryValues", CLIENT),
    ("RestXmlSupportsInfinityFloatQueryValues", CLIENT),
    ("RestXmlSupportsNegativeInfinityFloatQueryValues", CLIENT),
    ("RestXmlZeroAndFalseQueryValues", CLIENT),
    ("RestXmlQueryParamsStringListMap", CLIENT),
    ("RestXmlQueryPrecedence", CLIENT),
];

const NOT_READ: Exceptions = &[("HttpPrefixHeadersAreNotPresent", EMPTY)];

const NOT_WRITTEN: Exceptions = &[
    ("HttpPrefixHeadersAreNotPresent", EMPTY),
    ("HttpPrefixHeadersResponse", "an empty prefix takes every header, also that of the request's id"),
];

fn main_folder() -> PathBuf {
    let folder = std::env::var("BOTOCORE_SOURCE").expect(
        "BOTOCORE_SOURCE is not set. It names botocore's unpacked source package; \
         `python3 crates/model/tests/fetch_botocore_source.py` fetches it and prints its folder",
    );
    PathBuf::from(folder).join("tests/unit/protocols")
}

struct Case {
    name: String,
    service: &'static Service,
    operation: &'static Operation,
    protocol: Protocol,
    json: Json,
}

fn cases(side: &str) -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(main_folder().join(side))
        .expect("the package has protocol cases")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files.iter().flat_map(cases_of).collect()
}

fn cases_of(file: &PathBuf) -> Vec<Case> {
    let suites: Vec<Json> = serde_json::from_slice(&fs::read(file).expect("readable")).expect("JSON");
    let mut found = Vec::new();
    let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
    for suite in suites {
        for case in suite["cases"].as_array().expect("cases") {
            let operation = case["given"]["name"].as_str().unwrap_or("OperationName").to_owned();
            let mut given = case["given"].clone();
            given["name"] = operation.clone().into();
            let model = serde_json::json!({
                "metadata": suite["metadata"], "shapes": suite["shapes"], "operations": {(operation.clone()): given},
            });
            let service = parse::service("case", model.to_string().as_bytes()).expect("a model");
            let service: &'static Service = Box::leak(Box::new(service));
            found.push(Case {
                name: format!("{stem}/{}", case["id"].as_str().expect("an id")),
                service,
                operation: service.operation(&operation).expect("just given"),
                protocol: service.metadata.protocol,
                json: case.clone(),
            });
        }
    }
    found
}

fn check(side: &str, exceptions: Exceptions, test: impl Fn(&Case) -> Result<(), String>) {
    let mut failures = Vec::new();
    let mut count = 0;
    for case in cases(side) {
        let id = case.name.rsplit('/').next().expect("a name").to_owned();
        let outcome = test(&case);
        let is_exception = exceptions.iter().any(|(name, _)| *name == id || *name == case.name);
        match outcome {
            Err(problem) if !is_exception => failures.push(format!("{}: {problem}", case.name)),
            Ok(()) if is_exception => failures.push(format!("{}: passes, and is no exception any more", case.name)),
            _ => count += 1,
        }
    }
    assert!(failures.is_empty(), "{} of AWS's cases fail:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 300, "only {count} cases were found");
}

#[test]
fn requests_are_written_as_aws_states() {
    check("input", NOT_ENCODED, |case| {
        let input = params(case);
        let request = wire::encode_request(case.service, case.operation, case.protocol, &input);
        compare_request(case, &request)
    });
}

#[test]
fn requests_that_aws_states_are_read() {
    check("input", NOT_DECODED, |case| {
        let request = stated_request(case);
        let routed = wire::route(case.service, case.protocol, &request).map(|it| it.name);
        if routed != Some(case.operation.name) {
            return Err(format!("routed to {routed:?}"));
        }
        let read =
            wire::decode_request(case.service, case.operation, case.protocol, &request).map_err(|it| it.message)?;
        let expected = params(case);
        if same(&read, &expected) { Ok(()) } else { Err(format!("read {read:?}\n    not {expected:?}")) }
    });
}

#[test]
fn answers_that_aws_states_are_read() {
    check("output", NOT_READ, |case| {
        let answer = wire::decode_response(case.service, case.operation, case.protocol, &stated_response(case));
        if case.json.get("error").is_some() {
            return compare_fault(case, answer);
        }
        let read = answer.map_err(|error| format!("{error:?}"))?;
        let expected = result(case);
        if same(&read, &expected) { Ok(()) } else { Err(format!("read {read:?}\n    not {expected:?}")) }
    });
}

#[test]
fn results_are_written_and_read_again() {
    check("output", NOT_WRITTEN, |case| {
        if case.json.get("error").is_some() {
            return Ok(());
        }
        let expected = result(case);
        let mut response = wire::encode_response(case.service, case.operation, case.protocol, &expected, "id");
        if response.status == 200 {
            response.status = case.json["response"]["status_code"].as_u64().unwrap_or(200) as u16;
        }
        let read = wire::decode_response(case.service, case.operation, case.protocol, &response);
        match read {
            Ok(read) if same(&read, &expected) => Ok(()),
            other => Err(format!("{response:?}\n    read {other:?}\n    not {expected:?}")),
        }
    });
}

fn params(case: &Case) -> Value {
    match case.operation.input {
        Some(shape) => from_case(case.service, shape, &case.json["params"]),
        None => Value::Structure(Vec::new()),
    }
}

fn result(case: &Case) -> Value {
    match case.operation.output {
        Some(shape) => from_case(case.service, shape, &case.json["result"]),
        None => Value::Structure(Vec::new()),
    }
}

fn stated_request(case: &Case) -> HttpRequest {
    let stated = &case.json["serialized"];
    let (path, query) = uri(stated);
    HttpRequest {
        method: stated["method"].as_str().unwrap_or("POST").to_owned(),
        path,
        query,
        headers: headers(&stated["headers"]),
        body: body(case, stated).into(),
    }
}

fn stated_response(case: &Case) -> HttpResponse {
    let stated = &case.json["response"];
    HttpResponse {
        status: stated["status_code"].as_u64().unwrap_or(200) as u16,
        headers: headers(&stated["headers"]),
        body: body(case, stated).into(),
    }
}

fn uri(stated: &Json) -> (String, String) {
    let uri = stated["uri"].as_str().unwrap_or("/");
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    (path.to_owned(), query.to_owned())
}

fn headers(stated: &Json) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    for (name, value) in stated.as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name).expect("a header");
        headers.insert(name, HeaderValue::from_str(value.as_str().expect("a text")).expect("a header"));
    }
    headers
}

fn body(case: &Case, stated: &Json) -> Vec<u8> {
    let text = stated["body"].as_str().unwrap_or_default();
    if case.protocol == Protocol::RpcV2Cbor {
        return base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    }
    text.as_bytes().to_vec()
}

fn compare_request(case: &Case, request: &HttpRequest) -> Result<(), String> {
    let stated = &case.json["serialized"];
    let (path, query) = uri(stated);
    equal("path", &request.path, &path)?;
    equal("query", &pairs(&request.query), &pairs(&query))?;
    if let Some(method) = stated["method"].as_str() {
        equal("method", &request.method.as_str(), &method)?;
    }
    for (name, expected) in headers(&stated["headers"]).iter() {
        // A member of the type list is quoted only where it must be; Smithy's cases agree but for spaces.
        let actual = request.headers.get(name).ok_or_else(|| format!("no header {name}"))?;
        equal(name.as_str(), actual, expected)?;
    }
    for name in stated["forbidHeaders"].as_array().into_iter().flatten() {
        if request.headers.contains_key(name.as_str().expect("a name")) {
            return Err(format!("the header {name} should not be there"));
        }
    }
    if stated.get("body").is_some() { compare_body(case, &request.body, &body(case, stated)) } else { Ok(()) }
}

fn compare_body(case: &Case, actual: &[u8], expected: &[u8]) -> Result<(), String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match case.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            match (serde_json::from_slice::<Json>(actual), serde_json::from_slice::<Json>(expected)) {
                (Ok(actual), Ok(expected)) => equal("body", &actual, &expected),
                _ => equal("body", &text(actual), &text(expected)),
            }
        }
        Protocol::AwsQuery | Protocol::Ec2Query => equal("body", &pairs(&text(actual)), &pairs(&text(expected))),
        Protocol::RestXml => equal("body", &canonical(&text(actual)), &canonical(&text(expected))),
        Protocol::RpcV2Cbor => equal("body", &cbor(actual), &cbor(expected)),
    }
}

fn compare_fault(case: &Case, answer: Result<Value, ResponseError>) -> Result<(), String> {
    let fault = match answer {
        Err(ResponseError::Fault(fault)) => fault,
        other => return Err(format!("not a fault: {other:?}")),
    };
    equal("code", &fault.code.as_str(), &case.json["errorCode"].as_str().unwrap_or_default())?;
    if let Some(message) = case.json["errorMessage"].as_str() {
        equal("message", &fault.message.as_str(), &message)?;
    }
    let Some(shape) = fault.shape else { return Err("unknown shape".into()) };
    let expected = from_case(case.service, shape, &case.json["error"]);
    if same(&fault.fields, &expected) { Ok(()) } else { Err(format!("{:?} is not {expected:?}", fault.fields)) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, actual: &T, expected: &T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: {actual:?}\n    is not {expected:?}")) }
}

fn pairs(query: &str) -> Vec<String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().replace('+', " ");
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| format!("{}={}", decode(key), decode(value)))
        .collect();
    pairs.sort();
    pairs
}

/// XML as a list of events without the white space between elements, attributes in order.
fn canonical(xml: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut found = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let mut attributes: Vec<String> = start
                    .attributes()
                    .flatten()
                    .map(|it| format!("{}={}", AsRef::<str>::as_ref(&it.key), it.value))
                    .collect();
                attributes.sort();
                found.push(format!("<{} {}>", AsRef::<str>::as_ref(&start.name()), attributes.join(" ")));
            }
            Ok(Event::End(_)) => found.push("</>".into()),
            Ok(Event::Text(text)) if text.trim().is_empty() => {}
            Ok(Event::Text(text)) => found.push(text.trim().to_owned()),
            Ok(Event::GeneralRef(it)) => found.push(format!("&{};", it.xml10_content())),
            Ok(Event::Eof) => return found,
            Ok(_) => {}
            Err(error) => return vec![format!("{error}: {xml}")],
        }
    }
}

/// CBOR as a text in which definite and indefinite lengths, and widths of numbers, look the same.
fn cbor(bytes: &[u8]) -> String {
    fn item(input: &mut minicbor::Decoder) -> Result<String, minicbor::decode::Error> {
        use minicbor::data::Type;
        Ok(match input.datatype()? {
            Type::Map | Type::MapIndef => {
                let length = input.map()?;
                let mut left = length.unwrap_or(u64::MAX);
                let mut entries = Vec::new();
                while left > 0 && (length.is_some() || input.datatype()? != Type::Break) {
                    left -= 1;
                    entries.push(format!("{}:{}", item(input)?, item(input)?));
                }
                if length.is_none() {
                    input.set_position(input.position() + 1);
                }
                entries.sort();
                format!("{entries:?}")
            }
            Type::Array | Type::ArrayIndef => {
                let length = input.array()?;
                let mut left = length.unwrap_or(u64::MAX);
                let mut items = Vec::new();
                while left > 0 && (length.is_some() || input.datatype()? != Type::Break) {
                    left -= 1;
                    items.push(item(input)?);
                }
                if length.is_none() {
                    input.set_position(input.position() + 1);
                }
                format!("{items:?}")
            }
            Type::String => input.str()?.to_owned(),
            Type::Bytes => format!("{:?}", input.bytes()?),
            Type::Tag => format!("{:?}({})", input.tag()?, item(input)?),
            Type::F16 => f64::from(input.f16()?).to_string(),
            Type::F32 => input.f32()?.to_string(),
            Type::F64 => input.f64()?.to_string(),
            Type::Bool => input.bool()?.to_string(),
            Type::Null => {
                input.null()?;
                "null".into()
            }
            _ => input.int()?.to_string(),
        })
    }
    if bytes.is_empty() {
        return String::new();
    }
    item(&mut minicbor::Decoder::new(bytes)).unwrap_or_else(|error| error.to_string())
}
