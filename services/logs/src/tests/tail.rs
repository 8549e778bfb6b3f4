//! StartLiveTail, on a clock that is moved by hand.

use super::{HOUR, NOW, cloud, create_group, create_stream, put, put_to};
use api::logs::*;
use kernel::{Answer, Cloud, EventStream};
use model::Error;
use model::typed::{Operation, Typed};
use std::time::Duration;

const ARN: &str = "arn:aws:logs:us-east-1:000000000000:log-group:g";

fn tailing() -> StartLiveTail {
    StartLiveTail { log_group_identifiers: vec![ARN.to_owned()], ..StartLiveTail::default() }
}

async fn start(cloud: &Cloud, input: StartLiveTail) -> Result<EventStream, Error> {
    let named = cloud.kernel().entry("logs", StartLiveTail::NAME)?;
    let Answer::Stream(mut tail) =
        cloud.kernel().answer(cloud.caller().clone(), &named, input.into_value(), None).await?
    else {
        panic!("StartLiveTail streams")
    };
    let first = StartLiveTailResponseStream::from_value(tail.next().await.unwrap()?);
    assert!(first.session_start.unwrap().session_id.is_some());
    Ok(tail)
}

/// The messages of the next update, a second later.
async fn next(cloud: &Cloud, tail: &mut EventStream) -> Vec<String> {
    let update = update(cloud, tail).await;
    update.session_results.unwrap().into_iter().map(|it| it.message.unwrap()).collect()
}

async fn update(cloud: &Cloud, tail: &mut EventStream) -> LiveTailSessionUpdate {
    let clock = async {
        tokio::task::yield_now().await;
        cloud.kernel().clock.advance(Duration::from_secs(1));
    };
    let (event, ()) = tokio::join!(tail.next(), clock);
    StartLiveTailResponseStream::from_value(event.unwrap().unwrap()).session_update.expect("an update")
}

#[tokio::test]
async fn every_second_tells_what_came_in_it() {
    let cloud = cloud().await;
    put(&cloud, "s", &[(NOW, "before")]).await.unwrap();
    let mut tail = start(&cloud, tailing()).await.unwrap();
    assert!(next(&cloud, &mut tail).await.is_empty());
    // However old they are.
    put(&cloud, "s", &[(NOW - HOUR, "a"), (NOW, "b")]).await.unwrap();
    put(&cloud, "s", &[(NOW - HOUR, "c")]).await.unwrap();
    let update = update(&cloud, &mut tail).await;
    let results = update.session_results.unwrap();
    let messages: Vec<_> = results.iter().filter_map(|it| it.message.as_deref()).collect();
    assert_eq!(messages, ["a", "b", "c"]);
    assert_eq!((results[0].log_stream_name.as_deref(), results[0].timestamp), (Some("s"), Some(NOW - HOUR)));
    assert_eq!(results[0].log_group_identifier.as_deref(), Some(ARN));
    assert_eq!(update.session_metadata.unwrap().sampled, Some(false));
    assert!(next(&cloud, &mut tail).await.is_empty());
}

#[tokio::test]
async fn streams_and_a_pattern_choose() {
    let cloud = cloud().await;
    create_stream(&cloud, "g", "other").await.unwrap();
    let named = StartLiveTail { log_stream_names: Some(vec!["s".to_owned()]), ..tailing() };
    let prefixed = StartLiveTail { log_stream_name_prefixes: Some(vec!["ot".to_owned()]), ..tailing() };
    let matching = StartLiveTail { log_event_filter_pattern: Some("?ERROR ?WARN".to_owned()), ..tailing() };
    for (input, expected) in
        [(named, &["ERROR 1", "fine"][..]), (prefixed, &["WARN 2"]), (matching, &["ERROR 1", "WARN 2"])]
    {
        let mut tail = start(&cloud, input).await.unwrap();
        put(&cloud, "s", &[(NOW, "ERROR 1"), (NOW, "fine")]).await.unwrap();
        put(&cloud, "other", &[(NOW, "WARN 2")]).await.unwrap();
        assert_eq!(next(&cloud, &mut tail).await, expected);
    }
}

#[tokio::test]
async fn several_groups_are_followed_and_many_events_sampled() {
    let cloud = cloud().await;
    create_group(&cloud, "h").await;
    create_stream(&cloud, "h", "s").await.unwrap();
    let log_group_identifiers = vec![ARN.to_owned(), ARN.replace(":g", ":h")];
    let mut tail = start(&cloud, StartLiveTail { log_group_identifiers, ..tailing() }).await.unwrap();
    put_to(&cloud, "h", "s", &[(NOW, "h")]).await.unwrap();
    put(&cloud, "s", &[(NOW, "g")]).await.unwrap();
    assert_eq!(next(&cloud, &mut tail).await, ["g", "h"]);
    let many: Vec<_> = (0..1_200).map(|_| (NOW, "x")).collect();
    put(&cloud, "s", &many).await.unwrap();
    let update = update(&cloud, &mut tail).await;
    assert_eq!((update.session_results.unwrap().len(), update.session_metadata.unwrap().sampled), (500, Some(true)));
}

#[tokio::test]
async fn a_session_ends_after_three_hours_or_with_the_server() {
    let cloud = cloud().await;
    let mut tail = start(&cloud, tailing()).await.unwrap();
    let clock = async { cloud.kernel().clock.advance(Duration::from_secs(3 * 60 * 60)) };
    let (ended, ()) = tokio::join!(tail.next(), clock);
    assert_eq!(ended.unwrap().unwrap_err().code(), "SessionTimeoutException");
    assert!(tail.next().await.is_none());
    let mut tail = start(&cloud, tailing()).await.unwrap();
    cloud.kernel().announce_stop();
    assert!(tail.next().await.is_none());
}

#[tokio::test]
async fn what_a_live_tail_refuses() {
    let cloud = cloud().await;
    let of = |it: &[&str]| StartLiveTail {
        log_group_identifiers: it.iter().map(|it| (*it).to_owned()).collect(),
        ..tailing()
    };
    let names = || Some(vec!["s".to_owned()]);
    let missing = ARN.replace(":g", ":none");
    let starred = format!("{ARN}:*");
    for (input, code) in [
        (of(&["g"]), "InvalidParameterException"),
        (of(&[&starred]), "InvalidParameterException"),
        (of(&[]), "InvalidParameterException"),
        (of(&[&missing]), "ResourceNotFoundException"),
        (StartLiveTail { log_stream_names: names(), ..of(&[ARN, ARN]) }, "InvalidParameterException"),
        (
            StartLiveTail { log_stream_names: names(), log_stream_name_prefixes: names(), ..tailing() },
            "InvalidParameterException",
        ),
        (StartLiveTail { log_event_filter_pattern: Some("{".to_owned()), ..tailing() }, "InvalidParameterException"),
    ] {
        let refused = start(&cloud, input.clone()).await.err().unwrap_or_else(|| panic!("{input:?} is taken"));
        assert_eq!(refused.code(), code, "{refused}");
    }
    let mut open = Vec::new();
    for _ in 0..15 {
        open.push(start(&cloud, tailing()).await.unwrap());
    }
    assert_eq!(start(&cloud, tailing()).await.err().unwrap().code(), "LimitExceededException");
    open.pop();
    start(&cloud, tailing()).await.unwrap();
}

#[tokio::test]
async fn arrivals_of_more_than_a_minute_ago_are_forgotten() {
    let cloud = cloud().await;
    for _ in 0..20 {
        put(&cloud, "s", &[(NOW, "x")]).await.unwrap();
        cloud.kernel().clock.advance(Duration::from_secs(10));
    }
    let kept = cloud.read(|cx| cx.everywhere::<(u64, u64), _>(&crate::event::ARRIVALS).len());
    assert!(kept <= 8, "{kept} are kept");
}
