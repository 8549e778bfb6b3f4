//! Scenarios through the door, on a clock that is moved by hand.

mod scripts;
mod tail;

use api::logs::*;
use kernel::driver::{Drivers, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, LogSink, Sandbox, StartError};
use kernel::{
    BoxFuture, Caller, Clock, Cloud, Entropy, Identity, IdentityPolicy, Kernel, PolicyText, Principal, Service,
    Settings,
};
use model::{Error, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
const GROUP: &str = "/aws/lambda/eda-bedrock-consumer";
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/eda-bedrock-consumer:*"}]}"#;

struct NoDrivers;

impl Functions for NoDrivers {
    fn start(&self, _: FunctionSpec, _: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        unreachable!("nothing here runs a function")
    }
}

impl Http for NoDrivers {
    fn send(&self, _: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        unreachable!("nothing here calls out")
    }
}

fn kernel() -> Arc<Kernel> {
    let drivers = Drivers { functions: Arc::new(NoDrivers), http: Arc::new(NoDrivers) };
    let settings = Settings { endpoint: "http://127.0.0.1:4566".to_owned(), version: "test", ..Settings::default() };
    let iam = Service::new("iam").identities(|_, _| {
        let text = PolicyText::Inline(POLICY.to_owned());
        let policies = vec![IdentityPolicy { name: "inline".to_owned(), text }];
        Identity { policies, ..Identity::default() }
    });
    let services = vec![crate::service(), iam];
    Kernel::new(Store::ephemeral(), Clock::frozen(Timestamp(NOW)), Entropy::seeded(1), drivers, settings, services)
}

fn root(kernel: &Arc<Kernel>) -> Cloud {
    let caller = Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned());
    kernel.cloud(Arc::new(caller))
}

async fn cloud() -> Cloud {
    let kernel = kernel();
    let cloud = root(&kernel);
    create_group(&cloud, "g").await;
    create_stream(&cloud, "g", "s").await.unwrap();
    cloud
}

async fn create_group(cloud: &Cloud, name: &str) {
    let input = CreateLogGroup { log_group_name: name.to_owned(), ..CreateLogGroup::default() };
    cloud.call(input).await.unwrap();
}

async fn create_stream(cloud: &Cloud, group: &str, stream: &str) -> Result<CreateLogStreamOutput, Error> {
    cloud.call(CreateLogStream { log_group_name: group.to_owned(), log_stream_name: stream.to_owned() }).await
}

async fn put(cloud: &Cloud, stream: &str, events: &[(i64, &str)]) -> Result<PutLogEventsOutput, Error> {
    put_to(cloud, "g", stream, events).await
}

async fn put_to(cloud: &Cloud, group: &str, stream: &str, events: &[(i64, &str)]) -> Result<PutLogEventsOutput, Error> {
    let event =
        |(timestamp, message): &(i64, &str)| InputLogEvent { timestamp: *timestamp, message: (*message).to_owned() };
    let input = PutLogEvents {
        log_group_name: group.to_owned(),
        log_stream_name: stream.to_owned(),
        log_events: events.iter().map(event).collect(),
        ..PutLogEvents::default()
    };
    cloud.call(input).await
}

fn filtering() -> FilterLogEvents {
    FilterLogEvents { log_group_name: Some("g".to_owned()), ..FilterLogEvents::default() }
}

async fn filtered(cloud: &Cloud, input: FilterLogEvents) -> Vec<String> {
    let output = cloud.call(input).await.unwrap();
    output.events.unwrap().into_iter().map(|it| it.message.unwrap()).collect()
}

fn getting() -> GetLogEvents {
    GetLogEvents {
        log_group_name: Some("g".to_owned()),
        log_stream_name: "s".to_owned(),
        start_from_head: Some(true),
        ..GetLogEvents::default()
    }
}

async fn got(cloud: &Cloud, input: GetLogEvents) -> (Vec<String>, String, String) {
    let output = cloud.call(input).await.unwrap();
    let messages = output.events.unwrap().into_iter().map(|it| it.message.unwrap()).collect();
    (messages, output.next_forward_token.unwrap(), output.next_backward_token.unwrap())
}

async fn group(cloud: &Cloud, name: &str) -> Option<LogGroup> {
    let input = DescribeLogGroups { log_group_name_prefix: Some(name.to_owned()), ..DescribeLogGroups::default() };
    cloud.call(input).await.unwrap().log_groups.unwrap().into_iter().next()
}

async fn streams(cloud: &Cloud, input: DescribeLogStreams) -> Vec<LogStream> {
    let input = DescribeLogStreams { log_group_name: Some("g".to_owned()), ..input };
    cloud.call(input).await.unwrap().log_streams.unwrap()
}

fn names(streams: &[LogStream]) -> Vec<&str> {
    streams.iter().map(|it| it.log_stream_name.as_deref().unwrap()).collect()
}

async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("did not come true");
}

#[tokio::test]
async fn a_group_is_described_with_both_of_its_arns() {
    let cloud = cloud().await;
    let it = group(&cloud, "g").await.unwrap();
    assert_eq!(it.arn.as_deref(), Some("arn:aws:logs:us-east-1:000000000000:log-group:g:*"));
    assert_eq!(it.log_group_arn.as_deref(), Some("arn:aws:logs:us-east-1:000000000000:log-group:g"));
    assert_eq!((it.creation_time, it.stored_bytes, it.retention_in_days), (Some(NOW), Some(0), None));
    let again = CreateLogGroup { log_group_name: "g".to_owned(), ..CreateLogGroup::default() };
    let refused = cloud.call(again).await.unwrap_err();
    assert_eq!(refused.to_string(), "ResourceAlreadyExistsException: The specified log group already exists");
}

#[tokio::test]
async fn what_the_model_forbids_and_what_niebla_lacks_is_refused_by_name() {
    let cloud = cloud().await;
    let plain = || CreateLogGroup { log_group_name: "x".to_owned(), ..CreateLogGroup::default() };
    for (input, name) in [
        (CreateLogGroup { kms_key_id: Some("k".to_owned()), ..plain() }, "kmsKeyId"),
        (CreateLogGroup { log_group_class: Some("INFREQUENT_ACCESS".to_owned()), ..plain() }, "INFREQUENT_ACCESS"),
        (CreateLogGroup { log_group_name: "no spaces".to_owned(), ..plain() }, "at 'logGroupName' failed to satisfy"),
        (CreateLogGroup { tags: Some(BTreeMap::new()), ..plain() }, "at 'tags' failed to satisfy"),
    ] {
        let refused = cloud.call(input).await.unwrap_err();
        assert_eq!(refused.code(), "InvalidParameterException");
        assert!(refused.message().contains(name), "{refused}");
    }
}

#[tokio::test]
async fn groups_are_listed_by_prefix_by_pattern_and_in_pages() {
    let cloud = cloud().await;
    for name in ["a/1", "a/2", "a/3", "b/1"] {
        create_group(&cloud, name).await;
    }
    let list = async |input: DescribeLogGroups| {
        let output = cloud.call(input).await.unwrap();
        let names: Vec<_> = output.log_groups.unwrap().into_iter().map(|it| it.log_group_name.unwrap()).collect();
        (names, output.next_token)
    };
    let prefix = Some("a/".to_owned());
    let first = DescribeLogGroups { log_group_name_prefix: prefix.clone(), limit: Some(2), ..Default::default() };
    let (names, next_token) = list(first).await;
    assert_eq!(names, ["a/1", "a/2"]);
    let second = DescribeLogGroups { log_group_name_prefix: prefix, next_token, ..Default::default() };
    assert_eq!(list(second).await, (vec!["a/3".to_owned()], None));
    let by_pattern = DescribeLogGroups { log_group_name_pattern: Some("/1".to_owned()), ..Default::default() };
    assert_eq!(list(by_pattern).await.0, ["a/1", "b/1"]);
}

#[tokio::test]
async fn tags_are_given_at_creation_and_by_arn_without_the_asterisk() {
    let cloud = cloud().await;
    let tags = BTreeMap::from([("team".to_owned(), "fog".to_owned())]);
    let input = CreateLogGroup { log_group_name: "t".to_owned(), tags: Some(tags), ..CreateLogGroup::default() };
    cloud.call(input).await.unwrap();
    let resource_arn = "arn:aws:logs:us-east-1:000000000000:log-group:t".to_owned();
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    cloud.call(TagResource { resource_arn: resource_arn.clone(), tags }).await.unwrap();
    let tag_keys = vec!["team".to_owned()];
    cloud.call(UntagResource { resource_arn: resource_arn.clone(), tag_keys }).await.unwrap();
    let listed = cloud.call(ListTagsForResource { resource_arn: resource_arn.clone() }).await.unwrap();
    assert_eq!(listed.tags.unwrap(), BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let listed = cloud.call(ListTagsLogGroup { log_group_name: "t".to_owned() }).await.unwrap();
    assert_eq!(listed.tags.unwrap().len(), 1);
    let refused = cloud.call(ListTagsForResource { resource_arn: format!("{resource_arn}:*") }).await.unwrap_err();
    assert_eq!(refused.code(), "InvalidParameterException");
}

#[tokio::test]
async fn streams_are_listed_by_name_and_by_their_latest_event() {
    let cloud = cloud().await;
    for name in ["s1", "s2", "x"] {
        create_stream(&cloud, "g", name).await.unwrap();
    }
    put(&cloud, "s2", &[(NOW - 2, "a")]).await.unwrap();
    put(&cloud, "s1", &[(NOW - 1, "b"), (NOW, "c")]).await.unwrap();
    put(&cloud, "s1", &[(NOW - 9, "late")]).await.unwrap();

    let by_prefix = DescribeLogStreams { log_stream_name_prefix: Some("s".to_owned()), ..Default::default() };
    assert_eq!(names(&streams(&cloud, by_prefix).await), ["s", "s1", "s2"]);
    let latest = DescribeLogStreams {
        order_by: Some("LastEventTime".to_owned()),
        descending: Some(true),
        limit: Some(2),
        ..Default::default()
    };
    let found = streams(&cloud, latest).await;
    assert_eq!(names(&found), ["s1", "s2"]);
    let (first, last, ingested) =
        (found[0].first_event_timestamp, found[0].last_event_timestamp, found[0].last_ingestion_time);
    assert_eq!((first, last, ingested), (Some(NOW - 9), Some(NOW), Some(NOW)));
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s1";
    assert_eq!(found[0].arn.as_deref(), Some(arn));
}

#[tokio::test]
async fn pages_of_streams_in_the_order_of_their_events_hold_each_once() {
    let cloud = cloud().await;
    for (index, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        create_stream(&cloud, "g", name).await.unwrap();
        put(&cloud, name, &[(NOW - index as i64, "x")]).await.unwrap();
    }
    for descending in [false, true] {
        let (mut seen, mut next_token) = (Vec::new(), None);
        loop {
            let output = cloud
                .call(DescribeLogStreams {
                    log_group_name: Some("g".to_owned()),
                    order_by: Some("LastEventTime".to_owned()),
                    descending: Some(descending),
                    limit: Some(2),
                    next_token,
                    ..Default::default()
                })
                .await
                .unwrap();
            seen.extend(output.log_streams.unwrap().into_iter().map(|it| it.log_stream_name.unwrap()));
            next_token = output.next_token;
            if next_token.is_none() {
                break;
            }
        }
        let mut expected = ["s", "d", "c", "b", "a"];
        if descending {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn tokens_lead_both_ways_and_hold_still_at_the_end() {
    let cloud = cloud().await;
    put(&cloud, "s", &[(NOW, "a"), (NOW, "b"), (NOW, "c")]).await.unwrap();
    let (messages, forward, _) = got(&cloud, GetLogEvents { limit: Some(2), ..getting() }).await;
    assert_eq!(messages, ["a", "b"]);
    let (messages, forward, _) = got(&cloud, GetLogEvents { next_token: Some(forward), ..getting() }).await;
    assert_eq!(messages, ["c"]);
    let (messages, end, backward) = got(&cloud, GetLogEvents { next_token: Some(forward.clone()), ..getting() }).await;
    assert_eq!((messages.len(), &end), (0, &forward));
    let (messages, _, _) = got(&cloud, GetLogEvents { next_token: Some(backward), ..getting() }).await;
    assert_eq!(messages, ["a", "b", "c"]);

    put(&cloud, "s", &[(NOW, "d")]).await.unwrap();
    let (messages, _, _) = got(&cloud, GetLogEvents { next_token: Some(end), ..getting() }).await;
    assert_eq!(messages, ["d"]);
    let latest = GetLogEvents { start_from_head: None, limit: Some(2), ..getting() };
    assert_eq!(got(&cloud, latest).await.0, ["c", "d"]);
    let refused = cloud.call(GetLogEvents { next_token: Some("x".to_owned()), ..getting() }).await.unwrap_err();
    assert_eq!(refused.to_string(), "InvalidParameterException: The specified nextToken is invalid.");
}

#[tokio::test]
async fn an_empty_stream_can_be_waited_on() {
    let cloud = cloud().await;
    let (messages, forward, backward) = got(&cloud, getting()).await;
    assert!(messages.is_empty() && forward.starts_with("f/") && backward.starts_with("b/"));
    put(&cloud, "s", &[(NOW, "a")]).await.unwrap();
    assert_eq!(got(&cloud, GetLogEvents { next_token: Some(forward), ..getting() }).await.0, ["a"]);
}

#[tokio::test]
async fn the_end_of_a_time_range_is_exclusive_for_a_stream_and_inclusive_for_a_group() {
    let cloud = cloud().await;
    put(&cloud, "s", &[(NOW - 2, "a"), (NOW - 1, "b"), (NOW, "c")]).await.unwrap();
    let (start_time, end_time) = (Some(NOW - 2), Some(NOW - 1));
    assert_eq!(got(&cloud, GetLogEvents { start_time, end_time, ..getting() }).await.0, ["a"]);
    assert_eq!(filtered(&cloud, FilterLogEvents { start_time, end_time, ..filtering() }).await, ["a", "b"]);
}

#[tokio::test]
async fn filtering_merges_streams_by_time_and_pages_without_a_gap() {
    let cloud = cloud().await;
    create_stream(&cloud, "g", "t").await.unwrap();
    let mut expected = Vec::new();
    for index in 0..40 {
        let message = format!("{index:02}");
        let stream = if index % 3 == 0 { "s" } else { "t" };
        put(&cloud, stream, &[(NOW + index, &message)]).await.unwrap();
        expected.push(message);
    }
    let both = Some(vec!["s".to_owned(), "t".to_owned()]);
    for input in [filtering(), FilterLogEvents { log_stream_names: both, ..filtering() }] {
        let (mut seen, mut ids, mut next_token) = (Vec::new(), std::collections::BTreeSet::new(), None);
        loop {
            let page = FilterLogEvents { limit: Some(7), next_token, ..input.clone() };
            let output = cloud.call(page).await.unwrap();
            for it in output.events.unwrap() {
                seen.push(it.message.unwrap());
                assert!(ids.insert(it.event_id.unwrap()), "an event id came twice");
            }
            next_token = output.next_token;
            if next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
    let one = FilterLogEvents { log_stream_name_prefix: Some("s".to_owned()), limit: Some(2), ..filtering() };
    assert_eq!(filtered(&cloud, one).await, ["00", "03"]);
    let arn = Some("arn:aws:logs:us-east-1:000000000000:log-group:g".to_owned());
    let by_arn = FilterLogEvents { log_group_name: None, log_group_identifier: arn, limit: Some(1), ..filtering() };
    assert_eq!(filtered(&cloud, by_arn).await, ["00"]);
}

#[tokio::test]
async fn patterns_select_and_bad_ones_are_refused() {
    let cloud = cloud().await;
    put(&cloud, "s", &[(NOW, "ERROR one"), (NOW, r#"{"level": "ERROR", "took": 7}"#)]).await.unwrap();
    let pattern = |it: &str| FilterLogEvents { filter_pattern: Some(it.to_owned()), ..filtering() };
    assert_eq!(filtered(&cloud, pattern("ERROR one")).await, ["ERROR one"]);
    assert_eq!(filtered(&cloud, pattern("{ $.took > 6 }")).await.len(), 1);
    let refused = cloud.call(pattern("{ $.took > }")).await.unwrap_err();
    assert_eq!(refused.to_string(), "InvalidParameterException: Invalid filter pattern");
}

#[tokio::test]
async fn events_outside_the_accepted_time_are_named_and_the_others_kept() {
    let cloud = cloud().await;
    let events = [(NOW - 15 * DAY, "old"), (NOW, "now"), (NOW + 3 * HOUR, "new")];
    let rejected = put(&cloud, "s", &events).await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!((rejected.too_old_log_event_end_index, rejected.too_new_log_event_start_index), (Some(1), Some(2)));
    assert_eq!(rejected.expired_log_event_end_index, None);
    assert_eq!(filtered(&cloud, filtering()).await, ["now"]);
    let retention = PutRetentionPolicy { log_group_name: "g".to_owned(), retention_in_days: 1 };
    cloud.call(retention).await.unwrap();
    let rejected = put(&cloud, "s", &[(NOW - 2 * DAY, "expired")]).await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!((rejected.too_old_log_event_end_index, rejected.expired_log_event_end_index), (None, Some(1)));
}

#[tokio::test]
async fn batches_that_aws_refuses_are_refused() {
    let cloud = cloud().await;
    let refused = put(&cloud, "s", &[(NOW, "b"), (NOW - 1, "a")]).await.unwrap_err();
    assert_eq!(refused.message(), "Log events in a single PutLogEvents request must be in chronological order.");
    let refused = put(&cloud, "s", &[(NOW - 25 * HOUR, "a"), (NOW, "b")]).await.unwrap_err();
    let span = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
    assert_eq!(refused.message(), span);
    let refused = put(&cloud, "s", &[(NOW, &"x".repeat(1_048_551))]).await.unwrap_err();
    assert_eq!(refused.message(), "Upload too large: 1048577 bytes exceeds limit of 1048576");
    put(&cloud, "s", &[(NOW, &"x".repeat(1_048_550))]).await.unwrap();
    let refused = put(&cloud, "none", &[(NOW, "a")]).await.unwrap_err();
    assert_eq!(refused.to_string(), "ResourceNotFoundException: The specified log stream does not exist.");
}

#[tokio::test]
async fn retention_hides_at_once_and_deletes_by_the_clock() {
    let cloud = cloud().await;
    cloud.kernel().start();
    put(&cloud, "s", &[(NOW, "a"), (NOW + HOUR, "b")]).await.unwrap();
    let retention = |days| PutRetentionPolicy { log_group_name: "g".to_owned(), retention_in_days: days };
    cloud.call(retention(1)).await.unwrap();
    assert_eq!(group(&cloud, "g").await.unwrap().retention_in_days, Some(1));
    let refused = cloud.call(retention(2)).await.unwrap_err();
    assert_eq!(refused.code(), "InvalidParameterException");

    cloud.kernel().clock.advance(Duration::from_millis(DAY as u64));
    assert_eq!(filtered(&cloud, filtering()).await, ["b"]);
    assert_eq!(got(&cloud, getting()).await.0, ["b"]);
    eventually(async || group(&cloud, "g").await.unwrap().stored_bytes == Some(27)).await;
    cloud.kernel().clock.advance(Duration::from_millis(HOUR as u64));
    eventually(async || group(&cloud, "g").await.unwrap().stored_bytes == Some(0)).await;
}

#[tokio::test]
async fn a_shorter_retention_deletes_at_once_what_is_past_it() {
    let cloud = cloud().await;
    cloud.kernel().start();
    let retention = |days| PutRetentionPolicy { log_group_name: "g".to_owned(), retention_in_days: days };
    cloud.call(retention(30)).await.unwrap();
    put(&cloud, "s", &[(NOW - 5 * DAY, "old")]).await.unwrap();
    put(&cloud, "s", &[(NOW, "new")]).await.unwrap();
    cloud.call(retention(3)).await.unwrap();
    assert_eq!(filtered(&cloud, filtering()).await, ["new"]);
    eventually(async || group(&cloud, "g").await.unwrap().stored_bytes == Some(29)).await;
    // And what is left goes when its time comes, by the new retention.
    cloud.kernel().clock.advance(Duration::from_millis((3 * DAY) as u64));
    eventually(async || group(&cloud, "g").await.unwrap().stored_bytes == Some(0)).await;
}

#[tokio::test]
async fn a_deleted_stream_is_gone_at_once_and_its_name_is_free() {
    let cloud = cloud().await;
    put(&cloud, "s", &[(NOW, "a")]).await.unwrap();
    let input = DeleteLogStream { log_group_name: "g".to_owned(), log_stream_name: "s".to_owned() };
    cloud.call(input).await.unwrap();
    assert!(filtered(&cloud, filtering()).await.is_empty());
    create_stream(&cloud, "g", "s").await.unwrap();
    put(&cloud, "s", &[(NOW, "b")]).await.unwrap();
    assert_eq!(got(&cloud, getting()).await.0, ["b"]);
    cloud.kernel().start();
    eventually(async || group(&cloud, "g").await.unwrap().stored_bytes == Some(27)).await;
    assert_eq!(filtered(&cloud, filtering()).await, ["b"]);
}

#[tokio::test]
async fn a_deleted_group_leaves_nothing_behind() {
    let cloud = cloud().await;
    cloud.kernel().start();
    put(&cloud, "s", &[(NOW, "a")]).await.unwrap();
    cloud.call(DeleteLogGroup { log_group_name: "g".to_owned() }).await.unwrap();
    let refused = put(&cloud, "s", &[(NOW, "b")]).await.unwrap_err();
    assert_eq!(refused.to_string(), "ResourceNotFoundException: The specified log group does not exist.");
    let rows = async || {
        cloud.read(|cx| {
            cx.everywhere::<(u64, i64, u64), _>(&crate::event::EVENTS).len()
                + cx.everywhere::<(u64, i64, u64), _>(&crate::event::POSITIONS).len()
                + cx.everywhere::<(u64, String), _>(&crate::stream::STREAMS).len()
                + cx.everywhere::<(u64, i64, String), _>(&crate::stream::BY_LAST_EVENT).len()
                + cx.everywhere::<u64, _>(&crate::stream::NAMES).len()
                + cx.everywhere::<(u64, u64), _>(&crate::event::ARRIVALS).len()
        }) == 0
    };
    eventually(rows).await;
}

#[tokio::test]
async fn the_policy_of_the_example_lets_its_role_write_and_nothing_else() {
    let kernel = kernel();
    let owner = root(&kernel);
    create_group(&owner, GROUP).await;
    create_group(&owner, "other").await;
    let function = owner.acting_as(Principal::Session {
        account: "000000000000".to_owned(),
        path: "/".to_owned(),
        role: "r".to_owned(),
        role_id: "AROA".to_owned(),
        session: "f".to_owned(),
    });
    create_stream(&function, GROUP, "s").await.unwrap();
    put_to(&function, GROUP, "s", &[(NOW, "a")]).await.unwrap();
    assert_eq!(create_stream(&function, "other", "s").await.unwrap_err().code(), "AccessDeniedException");
    let refused = function.call(DescribeLogGroups::default()).await.unwrap_err();
    let resource = "logs:DescribeLogGroups on resource: arn:aws:logs:us-east-1:000000000000:log-group::log-stream:";
    assert!(refused.message().contains(resource), "{refused}");
}
