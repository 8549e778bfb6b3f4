//! The seven codecs, as servers and as clients, and event-stream frames.

use super::Target;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use model::shape::{Protocol, Service};
use model::wire::{self, HttpRequest, HttpResponse};
use model::{catalog, validate};

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "\"",
    "\\u0000",
    "\\ud800",
    "{\"a\":",
    "[[",
    " ",
    "\"Item\":",
    "\"L\":[",
];
const XML: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<a>",
    "</a>",
    "<Rule>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x0;",
    "&#1114112;",
    "<?xml ",
    "<!DOCTYPE a [",
    " xmlns=\"\"",
];
const FORM: &[&str] =
    &["&", "=", ".1", ".member.", "%", "%00", "%ff", "+", "MessageAttribute.1.", ".entry.1.key", ".100000000."];
const BINARY: &[&str] = &["\u{0}", "\u{7f}", "\u{1}", "aaaa"];

pub const AWS_JSON_1_0: Target = Target {
    name: "aws-json-1.0",
    corpus: &[
        br#"{"TableName":"t","Item":{"a":{"S":"x"},"b":{"L":[{"N":"1"},{"M":{"c":{"BOOL":true}}}]},"d":{"B":"aGk="}}}"#,
        br#"{"QueueUrl":"http://x/0/q","MessageBody":"hi","MessageAttributes":{"a":{"DataType":"String","StringValue":"v"}}}"#,
    ],
    words: JSON,
    run: |input| {
        both("dynamodb", "PutItem", Protocol::AwsJson10, input);
        both("sqs", "SendMessage", Protocol::AwsJson10, input);
    },
};

pub const AWS_JSON_1_1: Target = Target {
    name: "aws-json-1.1",
    corpus: &[
        br#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1700000000000,"message":"m"}]}"#,
        br#"{"logGroupName":"g","startTime":1.5,"filterPattern":"{ $.a = 1 }","interleaved":true}"#,
    ],
    words: JSON,
    run: |input| {
        both("logs", "PutLogEvents", Protocol::AwsJson11, input);
        both("logs", "FilterLogEvents", Protocol::AwsJson11, input);
    },
};

pub const REST_JSON: Target = Target {
    name: "rest-json",
    corpus: &[
        br#"{"FunctionName":"f","Role":"arn:aws:iam::000000000000:role/r","Code":{"ZipFile":"UEs="},"Environment":{"Variables":{"A":"b"}}}"#,
        br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":5}}"#,
    ],
    words: JSON,
    run: |input| {
        both("lambda", "CreateFunction", Protocol::RestJson1, input);
        both("bedrock-runtime", "Converse", Protocol::RestJson1, input);
    },
};

pub const REST_XML: Target = Target {
    name: "rest-xml",
    corpus: &[
        br#"<?xml version="1.0"?><LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"#,
        br#"<ListBucketResult><Name>b</Name><Contents><Key>k</Key><LastModified>2020-01-01T00:00:00Z</LastModified><Size>1</Size></Contents></ListBucketResult>"#,
    ],
    words: XML,
    run: |input| {
        both("s3", "PutBucketLifecycleConfiguration", Protocol::RestXml, input);
        both("s3", "ListObjectsV2", Protocol::RestXml, input);
    },
};

pub const AWS_QUERY: Target = Target {
    name: "aws-query",
    corpus: &[
        b"Action=SendMessage&Version=2012-11-05&MessageBody=hi&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
        b"Action=CreateStack&Version=2010-05-15&StackName=s&Parameters.member.1.ParameterKey=k&Parameters.member.1.ParameterValue=v&Tags.member.2.Key=x",
    ],
    words: FORM,
    run: |input| {
        both("sqs", "SendMessage", Protocol::AwsQuery, input);
        both("cloudformation", "CreateStack", Protocol::AwsQuery, input);
    },
};

pub const EC2_QUERY: Target = Target {
    name: "ec2-query",
    corpus: &[
        b"Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MinCount=1&MaxCount=1&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SecurityGroupId.1=sg",
        b"Action=DescribeInstances&Filter.1.Name=a&Filter.1.Value.1=b",
    ],
    words: FORM,
    run: |input| both("ec2", "RunInstances", Protocol::Ec2Query, input),
};

pub const CBOR: Target = Target {
    name: "rpc-v2-cbor",
    corpus: &[
        // {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}, with definite and with open lengths.
        b"\xa2\x69Namespace\x61n\x6aMetricData\x81\xa2\x6aMetricName\x61m\x65Value\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00",
        b"\xbf\x69Namespace\x61n\x6aMetricData\x9f\xbf\x6aMetricName\x61m\x69Timestamp\xc1\xfb\x41\xd9\x54\xfc\x40\x00\x00\x00\xff\xff\xff",
        b"\xa1\x69TableName\x61t",
    ],
    words: BINARY,
    run: |input| {
        both("cloudwatch", "PutMetricData", Protocol::RpcV2Cbor, input);
        both("dynamodb", "PutItem", Protocol::RpcV2Cbor, input);
    },
};

pub const EVENT_STREAM: Target = Target {
    name: "event-stream",
    corpus: &[
        b"\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff",
        b"\x00\x00\x00\x1d\x00\x00\x00\x0d\x83\xe3\xf0\xe7\x01a\x07\x00\x01b\x01c\x00{}\x00\x00\x00\x00",
    ],
    words: BINARY,
    run: |input| {
        if let Ok((frame, read)) = wire::decode_frame(&Bytes::copy_from_slice(input)) {
            assert!(read <= input.len(), "a frame of more bytes than there are");
            let again = wire::encode_frame(&frame);
            assert!(wire::decode_frame(&again).is_ok_and(|(it, _)| it == frame), "a frame that does not come back");
        }
    },
};

/// As a request and as an answer. What was read is written and read again.
fn both(service: &str, operation: &str, protocol: Protocol, input: &[u8]) {
    let service: &'static Service = catalog::service(service).expect("embedded");
    let operation = service.operation(operation).expect("modelled");
    let text = String::from_utf8_lossy(input).into_owned();
    let short: String = text.chars().take(200).collect();
    let body = Bytes::copy_from_slice(input);
    let mut request =
        HttpRequest { method: "POST".into(), path: "/b".into(), query: short, body, ..HttpRequest::default() };
    for name in ["x-amz-target", "x-amz-checksum-algorithm"] {
        if let Ok(value) = HeaderValue::from_bytes(&input[..input.len().min(64)]) {
            request.headers.insert(HeaderName::from_static(name), value);
        }
    }
    wire::route(service, protocol, &request);
    if let Ok(value) = wire::decode_request(service, operation, protocol, &request)
        && let Some(shape) = operation.input
    {
        let valid = validate(service, shape, &value).map_err(|it| it.to_string());
        if valid.is_ok() {
            wire::encode_request(service, operation, protocol, &value);
        }
    }
    for status in [200, 400] {
        let response = HttpResponse { status, body: request.body.clone(), ..HttpResponse::default() };
        let _ = wire::decode_response(service, operation, protocol, &response);
    }
}
