//! A server that speaks the protocol of OpenAI: what it is asked, and what its answers become.

use super::{Server, ask, events, from_json, served, to_json};
use api::bedrock_runtime::{Converse, ConverseStream};
use serde_json::{Value as Json, json};

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";

fn asked(server: &Server) -> (String, Json) {
    let (url, body, headers) = server.asked.lock().unwrap().take().expect("the server was asked");
    assert!(headers.contains(&("authorization".to_owned(), "Bearer k".to_owned())), "{headers:?}");
    (url, body)
}

fn conversation(model: &str) -> Json {
    json!({
        "modelId": model,
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [{"text": "Weather?"}, {"image": {"format": "png", "source": {"bytes": "AAAA"}}}]},
            {"role": "assistant", "content": [{"text": "I look."}, {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": "sky"}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"json": {"fog": true}}]}}, {"text": "And?"}]},
        ],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.25, "topP": 0.5, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 7},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "look", "description": "Looks", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"tool": {"name": "look"}},
        },
    })
}

#[tokio::test]
async fn a_conversation_is_asked_in_its_words() {
    let answer = json!({"choices": [{"message": {"role": "assistant", "content": "Foggy."}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 2}});
    let (cloud, server) = served(Ok((200, &answer.to_string())));
    let output = cloud.call(from_json::<Converse>(&conversation(HAIKU))).await.unwrap();
    assert_eq!((output.stop_reason.as_str(), output.usage.input_tokens), ("max_tokens", 40));
    assert_eq!(output.usage.total_tokens, 42);
    let (url, body) = asked(&server);
    assert_eq!(url, "http://models.test/v1/chat/completions");
    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let call = json!({"id": "t1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"sky\"}"}});
    let tool = json!({"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}}});
    assert_eq!(
        body,
        json!({
            "model": "big",
            "messages": [
                {"role": "system", "content": "Be brief.\n\nBe kind."},
                {"role": "user", "content": [{"type": "text", "text": "Weather?"}, picture]},
                {"role": "assistant", "content": "I look.", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "t1", "content": "{\"fog\":true}"},
                {"role": "user", "content": "And?"},
            ],
            "max_tokens": 50, "temperature": 0.25, "top_p": 0.5, "top_k": 7, "stop": ["END"],
            "tools": [tool],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
        })
    );
}

#[tokio::test]
async fn the_longest_fitting_name_decides_and_others_stay_offline() {
    let answer = json!({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]});
    let (cloud, server) = served(Ok((200, &answer.to_string())));
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]});
    let said = ask(&cloud, "us.anthropic.claude-haiku-4-5-20251001-v1:0", body).await.unwrap();
    assert_eq!((&said["model"], &said["content"][0]["text"]), (&json!("small"), &json!("Hi.")));
    assert_eq!(
        said["usage"],
        json!({"input_tokens": 1, "output_tokens": 2}),
        "counted here, where the server does not"
    );
    assert_eq!(asked(&server).1["model"], "small");
    ask(&cloud, "amazon.titan-text-lite-v1", json!({"inputText": "a"})).await.unwrap();
    assert!(server.asked.lock().unwrap().is_none());
}

#[tokio::test]
async fn tool_calls_come_back() {
    let call =
        json!({"id": "call_9", "type": "function", "function": {"name": "look", "arguments": "{\"at\": \"sea\"}"}});
    let answer =
        json!({"choices": [{"message": {"content": null, "tool_calls": [call]}, "finish_reason": "tool_calls"}]});
    let (cloud, _) = served(Ok((200, &answer.to_string())));
    let output = cloud.call(from_json::<Converse>(&conversation(HAIKU))).await.unwrap();
    let block = &output.output.message.as_ref().unwrap().content[0];
    let used = block.tool_use.as_ref().unwrap();
    assert_eq!(
        (output.stop_reason.as_str(), used.tool_use_id.as_str(), used.name.as_str()),
        ("tool_use", "call_9", "look")
    );
    assert_eq!(to_json(&used.input), json!({"at": "sea"}));
    let broken = answer.to_string().replace("sea", "sea\\\\");
    let (cloud, _) = served(Ok((200, &broken)));
    let refused = cloud.call(from_json::<Converse>(&conversation(HAIKU))).await.unwrap_err();
    assert_eq!(refused.code(), "ModelErrorException");
}

#[tokio::test]
async fn a_stream_is_passed_on() {
    let event = |delta: Json, why: Option<&str>| {
        format!("data: {}\r\n\r\n", json!({"choices": [{"delta": delta, "finish_reason": why}]}))
    };
    let call = |more: Json| json!({"tool_calls": [more]});
    let told = [
        ": a comment\n\n".to_owned(),
        event(json!({"role": "assistant", "content": ""}), None),
        event(json!({"content": "I "}), None),
        event(json!({"content": "look."}), None),
        event(call(json!({"index": 0, "id": "c1", "function": {"name": "look", "arguments": ""}})), None),
        event(call(json!({"index": 0, "function": {"arguments": "{\"at\":"}})), None),
        event(call(json!({"index": 0, "function": {"arguments": "1}"}})), None),
        event(call(json!({"index": 1, "id": "c2", "function": {"name": "look", "arguments": "{}"}})), None),
        event(json!({}), Some("tool_calls")),
        "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 30, \"completion_tokens\": 9}}\n\n".to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ];
    let (cloud, server) = served(Ok((200, &told.concat())));
    let (events, error) = events(&cloud, from_json::<ConverseStream>(&conversation(HAIKU))).await.unwrap();
    assert_eq!(error, None);
    let body = asked(&server).1;
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({"include_usage": true})));
    let delta = |index: i64, delta: Json| json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}});
    let stop = |index: i64| json!({"contentBlockStop": {"contentBlockIndex": index}});
    let start = |index: i64, id: &str| json!({"contentBlockStart": {"start": {"toolUse": {"toolUseId": id, "name": "look"}}, "contentBlockIndex": index}});
    let expected = [
        json!({"messageStart": {"role": "assistant"}}),
        delta(0, json!({"text": "I "})),
        delta(0, json!({"text": "look."})),
        stop(0),
        start(1, "c1"),
        delta(1, json!({"toolUse": {"input": "{\"at\":"}})),
        delta(1, json!({"toolUse": {"input": "1}"}})),
        stop(1),
        start(2, "c2"),
        delta(2, json!({"toolUse": {"input": "{}"}})),
        stop(2),
        json!({"messageStop": {"stopReason": "tool_use"}}),
        json!({"metadata": {"usage": {"inputTokens": 30, "outputTokens": 9, "totalTokens": 39}, "metrics": {"latencyMs": 0}, "trace": {}}}),
    ];
    assert_eq!(events.iter().map(to_json).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_exception() {
    let begun = "data: {\"choices\": [{\"delta\": {\"content\": \"I \"}}]}\n\n";
    for (end, sentence) in [
        ("", "it ended before its end"),
        ("data: {\"error\": {\"message\": \"out of memory\"}}\n\n", "out of memory"),
        ("data: nonsense\n\n", "an event is no JSON"),
    ] {
        let (cloud, _) = served(Ok((200, &format!("{begun}{end}"))));
        let (events, error) = events(&cloud, from_json::<ConverseStream>(&conversation(HAIKU))).await.unwrap();
        assert_eq!(events.len(), 2, "{events:?}");
        let error = error.expect("the stream fails");
        assert_eq!(error.code(), "ModelStreamErrorException");
        assert!(error.message().contains(sentence), "{error}");
    }
}

#[tokio::test]
async fn the_errors_of_a_server_become_those_of_bedrock() {
    for (answer, code, sentence) in [
        (
            Ok((400, r#"{"error": {"message": "context is full"}}"#)),
            "ValidationException",
            "The model returned the following errors: context is full",
        ),
        (
            Ok((404, r#"{"error": {"message": "model 'big' not found"}}"#)),
            "ModelErrorException",
            "model 'big' not found",
        ),
        (Ok((401, r#"{"error": "no key"}"#)), "ModelErrorException", "no key"),
        (Ok((408, "slow")), "ModelTimeoutException", "slow"),
        (Ok((429, r#"{"error": {"message": "later"}}"#)), "ThrottlingException", "later"),
        (Ok((500, "crashed")), "ModelErrorException", "crashed"),
        (Ok((503, r#"{"error": {"message": "loading"}}"#)), "ServiceUnavailableException", "loading"),
        (Ok((200, "nonsense")), "ModelErrorException", "is no JSON"),
        (Ok((200, "{}")), "ModelErrorException", "holds no message"),
        (Err("The connection was refused"), "ServiceUnavailableException", "The connection was refused"),
    ] {
        let (cloud, _) = served(answer);
        let refused = cloud.call(from_json::<Converse>(&conversation(HAIKU))).await.unwrap_err();
        assert_eq!(refused.code(), code, "{answer:?}");
        assert!(refused.message().contains(sentence), "{refused}");
    }
    let (cloud, _) = served(Ok((500, "crashed")));
    let refused = events(&cloud, from_json::<ConverseStream>(&conversation(HAIKU))).await.unwrap_err();
    assert_eq!(refused.code(), "ModelErrorException");
    let fields = [("originalStatusCode", 500.into()), ("resourceName", "big".into())];
    assert_eq!(refused.fields(), fields);
}

#[tokio::test]
async fn embeddings_are_fitted_to_the_length_of_titans() {
    let answer = json!({"data": [{"embedding": [3.0, 4.0]}], "usage": {"prompt_tokens": 5}});
    let (cloud, server) = served(Ok((200, &answer.to_string())));
    let said =
        ask(&cloud, "amazon.titan-embed-text-v2:0", json!({"inputText": "fog", "dimensions": 256})).await.unwrap();
    let vector = said["embedding"].as_array().unwrap();
    assert_eq!((vector.len(), &said["inputTextTokenCount"]), (256, &json!(5)));
    assert!((vector[0].as_f64().unwrap() - 0.6).abs() < 1e-6 && vector[2] == 0.0, "{vector:?}");
    let (url, body) = asked(&server);
    assert_eq!(url, "http://models.test/v1/embeddings");
    assert_eq!((&body["model"], &body["input"]), (&json!("vectors"), &json!("fog")));
    let (cloud, _) = served(Ok((200, "{\"data\": []}")));
    let refused = ask(&cloud, "amazon.titan-embed-text-v1", json!({"inputText": "fog"})).await.unwrap_err();
    assert_eq!(refused.code(), "ModelErrorException");
}
