//! InvokeModel and its stream: each family of models, with the offline model behind.

use super::{ask, cloud, events, input};
use api::bedrock_runtime::{InvokeModel, InvokeModelOutput, InvokeModelWithResponseStream};
use kernel::Principal;
use model::{Error, Value};
use serde_json::{Value as Json, json};

const EXPRESS: &str = "amazon.titan-text-express-v1";
const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";

async fn invoke(input: InvokeModel) -> Result<InvokeModelOutput, Error> {
    cloud().call(input).await
}

/// The chunks of a stream, as JSON.
async fn chunks(model: &str, body: Json) -> Result<Vec<Json>, Error> {
    let body = Some(body.to_string().into_bytes().into());
    let input = InvokeModelWithResponseStream { model_id: model.to_owned(), body, ..Default::default() };
    let (events, error) = events(&cloud(), input).await?;
    assert_eq!(error, None);
    let chunk = |event: Value| {
        let Some(Value::Blob(bytes)) = event.get("chunk").and_then(|it| it.get("bytes")).cloned() else {
            panic!("{event:?} is no chunk")
        };
        serde_json::from_slice(&bytes).unwrap()
    };
    Ok(events.into_iter().map(chunk).collect())
}

#[tokio::test]
async fn titan_answers_with_its_documented_fields() {
    let body = json!({"inputText": "User: What is fog?\nBot:", "textGenerationConfig": {"maxTokenCount": 5, "temperature": 0, "topP": 1}});
    let arn = format!("arn:aws:bedrock:us-east-1::foundation-model/{EXPRESS}");
    for model in [EXPRESS, "amazon.titan-text-lite-v1", "amazon.titan-text-premier-v1:0", &arn] {
        let output = invoke(input(model, &body.to_string())).await.unwrap();
        assert_eq!(output.content_type, "application/json");
        let answer: Json = serde_json::from_slice(&output.body).unwrap();
        assert_eq!(answer["inputTextTokenCount"], 8);
        let result = &answer["results"][0];
        assert_eq!((&result["tokenCount"], &result["completionReason"]), (&json!(5), &json!("LENGTH")));
        assert_eq!(result["outputText"], "The input says nothing");
    }
}

#[tokio::test]
async fn a_malformed_body_is_refused_in_the_words_of_aws() {
    for (body, why) in [
        ("not JSON", ""),
        ("", ""),
        ("[]", ": #: expected type: JSONObject, found: JSONArray"),
        ("{}", ": #: required key [inputText] not found"),
        (r#"{"inputText": 7}"#, ": #/inputText: expected type: String, found: Integer"),
        (r#"{"inputText": "a", "foo": 1}"#, ": #: extraneous key [foo] is not permitted"),
        (
            r#"{"inputText": "a", "textGenerationConfig": {"temperature": 2}}"#,
            ": #/textGenerationConfig/temperature: 2 is not less or equal to 1",
        ),
        (
            r#"{"inputText": "a", "textGenerationConfig": {"maxTokenCount": 8193}}"#,
            ": #/textGenerationConfig/maxTokenCount: 8193 is not less or equal to 8192",
        ),
        (
            r#"{"inputText": "a", "textGenerationConfig": {"stopSequences": "x", "topP": -1}}"#,
            ": #/textGenerationConfig/stopSequences: expected type: JSONArray, found: String#/textGenerationConfig/topP: -1 is not greater or equal to 0",
        ),
    ] {
        let refused = invoke(input(EXPRESS, body)).await.unwrap_err();
        let expected = format!("Malformed input request{why}, please reformat your input and try again.");
        assert_eq!((refused.code(), refused.message()), ("ValidationException", expected.as_str()), "{body}");
    }
}

#[tokio::test]
async fn models_that_do_not_exist_and_those_that_niebla_lacks() {
    let body = r#"{"inputText": "a"}"#;
    for unknown in
        ["amazon.no-such-model-v1", "x", "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-text-lite-v1"]
    {
        let refused = invoke(input(unknown, body)).await.unwrap_err();
        assert_eq!(refused.to_string(), "ValidationException: The provided model identifier is invalid.");
    }
    let custom = "arn:aws:bedrock:us-east-1:000000000000:custom-model-deployment/abcdefghijkl";
    let refused = invoke(input(custom, body)).await.unwrap_err();
    assert!(refused.message().contains("does not support the resource arn:aws:bedrock"), "{refused}");
}

#[tokio::test]
async fn what_niebla_lacks_is_refused_by_name() {
    let plain = || input(EXPRESS, r#"{"inputText": "a"}"#);
    let some = |it: &str| Some(it.to_owned());
    for (input, name) in [
        (InvokeModel { guardrail_identifier: some("g"), ..plain() }, "guardrailIdentifier"),
        (InvokeModel { trace: some("ENABLED"), ..plain() }, "trace"),
        (InvokeModel { performance_config_latency: some("optimized"), ..plain() }, "performanceConfigLatency"),
        (InvokeModel { content_type: some("text/plain"), ..plain() }, "Content Type"),
        (InvokeModel { accept: some("image/png"), ..plain() }, "Accept"),
    ] {
        let refused = invoke(input).await.unwrap_err();
        assert_eq!(refused.code(), "ValidationException");
        assert!(refused.message().contains(name), "{refused}");
    }
    invoke(InvokeModel { accept: some("*/*"), content_type: some("application/json"), ..plain() }).await.unwrap();
}

#[tokio::test]
async fn claude_answers_in_messages() {
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "system": "Classify the sentiment.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "I love it."}]}]});
    let answer = ask(&cloud(), HAIKU, body.clone()).await.unwrap();
    assert_eq!(answer["content"], json!([{"type": "text", "text": "Sentiment: positive (love)"}]));
    assert_eq!((&answer["type"], &answer["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!((&answer["model"], &answer["stop_reason"]), (&json!("niebla-offline"), &json!("end_turn")));
    assert!(answer["id"].as_str().unwrap().starts_with("msg_bdrk_"), "{answer}");
    assert!(answer["usage"]["input_tokens"].as_i64() > Some(5), "{answer}");

    let told = chunks(HAIKU, body).await.unwrap();
    let types: Vec<&str> = told.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["message_start", "content_block_start"]);
    assert_eq!(types[types.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    let text: String = told.iter().filter_map(|it| it["delta"]["text"].as_str()).collect();
    assert_eq!(text, "Sentiment: positive (love)");
    let metrics = &told.last().unwrap()["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["inputTokenCount"], answer["usage"]["input_tokens"]);
    assert_eq!(metrics["outputTokenCount"], answer["usage"]["output_tokens"]);
}

#[tokio::test]
async fn claude_uses_a_tool_and_answers_with_what_it_found() {
    let tool = json!({"name": "get_weather", "description": "Weather of a city", "input_schema": {"type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]}}, "required": ["city"]}});
    let question = json!({"role": "user", "content": "What is the weather in Madrid?"});
    let body =
        json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "tools": [tool], "messages": [question]});
    let answer = ask(&cloud(), HAIKU, body.clone()).await.unwrap();
    let used = &answer["content"][0];
    assert_eq!((&answer["stop_reason"], &used["name"]), (&json!("tool_use"), &json!("get_weather")));
    assert_eq!(used["input"], json!({"city": "Madrid"}));
    let told = chunks(HAIKU, body.clone()).await.unwrap();
    let input: String = told.iter().filter_map(|it| it["delta"]["partial_json"].as_str()).collect();
    assert_eq!(serde_json::from_str::<Json>(&input).unwrap(), used["input"]);
    assert_eq!(told[1]["content_block"]["type"], "tool_use");

    let mut body = body;
    let result = json!({"type": "tool_result", "tool_use_id": used["id"], "content": "It is foggy."});
    body["messages"] =
        json!([question, {"role": "assistant", "content": [used]}, {"role": "user", "content": [result]}]);
    let answer = ask(&cloud(), HAIKU, body).await.unwrap();
    assert_eq!(answer["stop_reason"], "end_turn");
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("foggy"), "{answer}");
}

#[tokio::test]
async fn llama_mistral_and_nova_answer_in_their_own_forms() {
    let prompt = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nKeywords: fog and fog<|eot_id|>";
    let llama = "meta.llama3-8b-instruct-v1:0";
    let answer =
        ask(&cloud(), llama, json!({"prompt": prompt, "max_gen_len": 10, "temperature": 0.5, "top_p": 0.9})).await;
    let answer = answer.unwrap();
    assert_eq!((&answer["generation"], &answer["stop_reason"]), (&json!("fog"), &json!("stop")));
    assert_eq!((&answer["prompt_token_count"], &answer["generation_token_count"]), (&json!(6), &json!(1)));
    let told = chunks(llama, json!({"prompt": prompt})).await.unwrap();
    assert_eq!((&told[0]["generation"], &told[0]["prompt_token_count"]), (&json!("fog"), &json!(6)));
    assert_eq!(told.last().unwrap()["stop_reason"], "stop");

    let mistral = "mistral.mistral-7b-instruct-v0:2";
    let prompt = "<s>[INST] Keywords: fog and fog [/INST]";
    let answer = ask(&cloud(), mistral, json!({"prompt": prompt, "max_tokens": 10, "top_k": 50})).await.unwrap();
    assert_eq!(answer, json!({"outputs": [{"text": "fog", "stop_reason": "stop"}]}));
    let told = chunks(mistral, json!({"prompt": prompt})).await.unwrap();
    assert_eq!(told[0]["outputs"][0], json!({"text": "fog", "stop_reason": null}));

    let large = "mistral.mistral-large-2407-v1:0";
    let body = json!({"messages": [{"role": "user", "content": "Keywords: fog and fog"}], "max_tokens": 10});
    let answer = ask(&cloud(), large, body.clone()).await.unwrap();
    assert_eq!(answer["choices"][0]["message"], json!({"role": "assistant", "content": "fog"}));
    assert_eq!((&answer["model"], &answer["usage"]["completion_tokens"]), (&json!("niebla-offline"), &json!(1)));
    assert_eq!(chunks(large, body).await.unwrap()[0]["choices"][0]["message"]["content"], "fog");

    let nova = "us.amazon.nova-lite-v1:0";
    let body = json!({"schemaVersion": "messages-v1", "system": [{"text": "Be brief."}], "inferenceConfig": {"maxTokens": 10, "topK": 20},
        "messages": [{"role": "user", "content": [{"text": "Keywords: fog and fog"}]}]});
    let answer = ask(&cloud(), nova, body.clone()).await.unwrap();
    assert_eq!(answer["output"]["message"], json!({"role": "assistant", "content": [{"text": "fog"}]}));
    assert_eq!((&answer["stopReason"], &answer["usage"]["outputTokens"]), (&json!("end_turn"), &json!(1)));
    let told = chunks(nova, body).await.unwrap();
    assert_eq!(told[0], json!({"messageStart": {"role": "assistant"}}));
    assert_eq!(told[1]["contentBlockDelta"]["delta"]["text"], "fog");
}

#[tokio::test]
async fn titan_streams_its_answer() {
    let told = chunks(EXPRESS, json!({"inputText": "Keywords: fog and fog"})).await.unwrap();
    assert_eq!((&told[0]["outputText"], &told[0]["completionReason"]), (&json!("fog"), &Json::Null));
    let last = told.last().unwrap();
    assert_eq!((&last["completionReason"], &last["totalOutputTextTokenCount"]), (&json!("FINISH"), &json!(1)));
    assert_eq!(last["amazon-bedrock-invocationMetrics"]["outputTokenCount"], 1);
    let refused = chunks("amazon.titan-embed-text-v2:0", json!({"inputText": "a"})).await.unwrap_err();
    assert_eq!(refused.to_string(), "ValidationException: The model is unsupported for streaming");
}

#[tokio::test]
async fn embeddings_have_the_length_that_was_asked_for() {
    let one = ask(&cloud(), "amazon.titan-embed-text-v1", json!({"inputText": "fog at sea"})).await.unwrap();
    assert_eq!((one["embedding"].as_array().unwrap().len(), &one["inputTextTokenCount"]), (1536, &json!(3)));
    let two = "amazon.titan-embed-text-v2:0";
    for (body, length) in [(json!({"inputText": "fog"}), 1024), (json!({"inputText": "fog", "dimensions": 256}), 256)] {
        let answer = ask(&cloud(), two, body).await.unwrap();
        let vector: Vec<f64> = answer["embedding"].as_array().unwrap().iter().filter_map(Json::as_f64).collect();
        assert_eq!(vector.len(), length);
        assert!((vector.iter().map(|it| it * it).sum::<f64>() - 1.0).abs() < 1e-5);
        assert_eq!(answer["embeddingsByType"]["float"], answer["embedding"]);
    }
    let body = json!({"inputText": "fog", "normalize": false, "embeddingTypes": ["binary"]});
    let binary = ask(&cloud(), two, body).await.unwrap();
    assert_eq!(binary.get("embedding"), None);
    assert!(binary["embeddingsByType"]["binary"].as_array().unwrap().iter().all(|it| it == 0 || it == 1));
    let refused = ask(&cloud(), two, json!({"inputText": "fog", "dimensions": 7})).await.unwrap_err();
    assert!(refused.message().contains("#/dimensions: 7 is not a valid enum value"), "{refused}");
    let refused = ask(&cloud(), two, json!({"inputText": "x".repeat(50_001)})).await.unwrap_err();
    assert!(refused.message().contains("#/inputText: expected maxLength: 50000, actual: 50001"), "{refused}");
}

#[tokio::test]
async fn what_each_family_asks_for() {
    let user = json!([{"role": "user", "content": "a"}]);
    let claude = |more: Json| {
        let mut body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": user});
        body.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        body
    };
    for (model, body, sentence) in [
        (HAIKU, json!({"max_tokens": 9, "messages": user}), "#: required key [anthropic_version] not found"),
        (
            HAIKU,
            json!({"anthropic_version": "bedrock-2023-05-31", "messages": user}),
            "#: required key [max_tokens] not found",
        ),
        (HAIKU, claude(json!({"messages": []})), "messages: at least one message is required"),
        (
            HAIKU,
            claude(json!({"messages": [{"role": "assistant", "content": "a"}]})),
            "first message must use the \"user\" role",
        ),
        (HAIKU, claude(json!({"max_tokens": 0})), "#/max_tokens: 0 is not greater or equal to 1"),
        (HAIKU, claude(json!({"temperature": 2})), "#/temperature: 2 is not less or equal to 1"),
        (HAIKU, claude(json!({"colour": 1})), "#: extraneous key [colour] is not permitted"),
        (HAIKU, claude(json!({"thinking": {"type": "enabled"}})), "Niebla does not support thinking"),
        (
            HAIKU,
            claude(json!({"tools": [{"type": "bash_20250124", "name": "bash"}]})),
            "Niebla does not support the tool bash_20250124",
        ),
        ("meta.llama3-8b-instruct-v1:0", json!({}), "#: required key [prompt] not found"),
        ("meta.llama3-8b-instruct-v1:0", json!({"prompt": "a", "max_gen_len": 0}), "#/max_gen_len: 0 is not greater"),
        (
            "mistral.mistral-7b-instruct-v0:2",
            json!({"prompt": "a", "stop": 1}),
            "#/stop: expected type: JSONArray, found: Integer",
        ),
        ("amazon.nova-lite-v1:0", json!({"system": []}), "#: required key [messages] not found"),
        (
            "cohere.command-r-v1:0",
            json!({"message": "a"}),
            "Niebla does not support InvokeModel for the model cohere.command-r-v1:0",
        ),
        ("amazon.titan-embed-image-v1", json!({"inputText": "a"}), "Niebla does not support InvokeModel"),
    ] {
        let refused = ask(&cloud(), model, body.clone()).await.unwrap_err();
        assert_eq!(refused.code(), "ValidationException", "{body}");
        assert!(refused.message().contains(sentence), "{refused}");
    }
}

#[tokio::test]
async fn newer_models_are_called_by_inference_profiles() {
    let id = "anthropic.claude-haiku-4-5-20251001-v1:0";
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]});
    let refused = ask(&cloud(), id, body.clone()).await.unwrap_err();
    let sentence = format!(
        "Invocation of model ID {id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
    );
    assert_eq!(refused.message(), sentence);
    for profile in [
        format!("us.{id}"),
        format!("global.{id}"),
        format!("arn:aws:bedrock:us-east-1:000000000000:inference-profile/eu.{id}"),
    ] {
        ask(&cloud(), &profile, body.clone()).await.unwrap();
    }
    let refused = ask(&cloud(), &format!("us.{EXPRESS}"), json!({"inputText": "a"})).await.unwrap_err();
    assert_eq!(refused.message(), "The provided model identifier is invalid.");
}

#[tokio::test]
async fn a_policy_names_the_foundation_model() {
    let function = cloud().acting_as(Principal::Session {
        account: "000000000000".to_owned(),
        path: "/".to_owned(),
        role: "r".to_owned(),
        role_id: "AROA".to_owned(),
        session: "f".to_owned(),
    });
    let body = r#"{"inputText": "a"}"#;
    function.call(input(EXPRESS, body)).await.unwrap();
    let refused = function.call(input("amazon.titan-text-lite-v1", body)).await.unwrap_err();
    assert_eq!(refused.code(), "AccessDeniedException");
    let streamed = InvokeModelWithResponseStream { model_id: EXPRESS.to_owned(), ..Default::default() };
    let refused = function.call(streamed).await.unwrap_err();
    assert!(refused.message().contains("bedrock:InvokeModelWithResponseStream"), "{refused}");
}
