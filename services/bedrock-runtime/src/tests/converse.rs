//! Converse, ConverseStream and CountTokens.

use super::{cloud, events, from_json, to_json};
use api::bedrock_runtime::{ConverseStream, CountTokens};
use serde_json::{Value as Json, json};

fn check(script: &str) {
    sim::check(|| vec![crate::service()], script);
}

#[test]
fn a_conversation_is_answered() {
    check(
        r#"
        bedrock-runtime converse modelId=us.amazon.nova-lite-v1:0 system=[{"text":"Classify"}] messages=[{"role":"user","content":[{"text":"I love it."}]}] => output.message.role=assistant output.message.content[0].text="Sentiment: positive (love)" stopReason=end_turn usage.inputTokens=6 usage.outputTokens=* usage.totalTokens=* metrics.latencyMs=0
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"Keywords: fog, tide"}]}] inferenceConfig={"maxTokens":1,"temperature":0.5,"topP":0.9} => stopReason=max_tokens output.message.content[0].text=fog usage.outputTokens=1
        bedrock-runtime converse modelId=anthropic.claude-3-haiku-20240307-v1:0 messages=[{"role":"user","content":[{"text":"Keywords: fog, tide"}]}] inferenceConfig={"stopSequences":[", "]} additionalModelResponseFieldPaths=["/stop_sequence","/nothing"] => stopReason=stop_sequence output.message.content[0].text=fog additionalModelResponseFields.stop_sequence=", " additionalModelResponseFields.nothing=absent
        bedrock-runtime converse modelId=cohere.command-r-v1:0 messages=[{"role":"user","content":[{"text":"Where is the cat?"},{"document":{"format":"txt","name":"notes","source":{"bytes":"VGhlIGNhdCBpcyBhc2xlZXAu"}}}]}] additionalModelRequestFields={"k":40} => output.message.content[0].text="*cat is asleep."
    "#,
    );
}

#[test]
fn tools_are_used_and_their_results_are_read() {
    check(
        r#"
        bedrock-runtime converse modelId=anthropic.claude-3-haiku-20240307-v1:0 messages=[{"role":"user","content":[{"text":"What is the weather in Madrid?"}]}] toolConfig={"tools":[{"toolSpec":{"name":"get_weather","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}}]} => stopReason=tool_use output.message.content[0].toolUse.name=get_weather output.message.content[0].toolUse.input.city=Madrid output.message.content[0].toolUse.toolUseId=tooluse_*
        bedrock-runtime converse modelId=anthropic.claude-3-haiku-20240307-v1:0 messages=[{"role":"user","content":[{"text":"Hello"}]}] toolConfig={"toolChoice":{"any":{}},"tools":[{"toolSpec":{"name":"note","inputSchema":{"json":{"type":"object","properties":{"count":{"type":"integer"}},"required":["count"]}}}}]} => output.message.content[0].toolUse.input.count=0
        bedrock-runtime converse modelId=anthropic.claude-3-haiku-20240307-v1:0 messages=[{"role":"user","content":[{"text":"How is the weather?"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"get_weather","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"There is fog."}],"status":"success"}}]}] toolConfig={"tools":[{"toolSpec":{"name":"get_weather","inputSchema":{"json":{}}}}]} => stopReason=end_turn output.message.content[0].text=*fog*
    "#,
    );
}

#[test]
fn what_converse_refuses() {
    check(
        r#"
        bedrock-runtime converse modelId=amazon.no-such-model-v1 messages=[{"role":"user","content":[{"text":"a"}]}] => error ValidationException The provided model identifier is invalid.
        bedrock-runtime converse modelId=amazon.titan-embed-text-v1 messages=[{"role":"user","content":[{"text":"a"}]}] => error ValidationException This action doesn't support the model*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[] => error ValidationException A conversation must start with a user message.*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"assistant","content":[{"text":"a"}]}] => error ValidationException A conversation must start with a user message.*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":"b"}]}] => error ValidationException A conversation must alternate between user and assistant roles.*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":" "}]}] => error ValidationException The text field in the ContentBlock object at messages.0.content.0 is blank.*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[]}] => error ValidationException *messages.0 is empty.*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]}] guardrailConfig={"guardrailIdentifier":"g","guardrailVersion":"1"} => error ValidationException Niebla does not support guardrailConfig*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]}] promptVariables={"a":{"text":"b"}} => error ValidationException Niebla does not support promptVariables*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]}] performanceConfig={"latency":"optimized"} => error ValidationException Niebla does not support performanceConfig optimized*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]}] additionalModelRequestFields={"thinking":{}} => error ValidationException Niebla does not support thinking*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"AAAA"}}}]}] => error ValidationException Niebla does not support images for its model niebla-offline*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"document":{"format":"pdf","name":"a","source":{"bytes":"AAAA"}}}]}] => error ValidationException Niebla does not support documents in the format pdf*
        bedrock-runtime converse modelId=amazon.titan-text-lite-v1 messages=[{"role":"user","content":[{"text":"a"}]}] inferenceConfig={"temperature":2} => error ValidationException *temperature*
        bedrock-runtime converse modelId=arn:aws:bedrock:us-east-1:000000000000:prompt/ABCDEFGHIJ:1 => error ValidationException Niebla does not support the resource*
        bedrock-runtime converse-stream modelId=amazon.titan-text-lite-v1 messages=[] => error ValidationException A conversation must start*
    "#,
    );
}

#[test]
fn tokens_are_counted_without_an_answer() {
    check(
        r#"
        bedrock-runtime count-tokens modelId=anthropic.claude-3-haiku-20240307-v1:0 input={"converse":{"messages":[{"role":"user","content":[{"text":"fog at sea"}]}],"system":[{"text":"brief"}]}} => inputTokens=4
        bedrock-runtime count-tokens modelId=amazon.titan-embed-text-v1 input={"converse":{}} => error ValidationException The provided model doesn't support counting tokens.
        bedrock-runtime count-tokens modelId=anthropic.no-such-v1 input={"converse":{}} => error ValidationException The provided model identifier is invalid.
    "#,
    );
}

#[tokio::test]
async fn a_native_body_is_counted_too() {
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "fog at sea"}]});
    let input = api::bedrock_runtime::CountTokensInput {
        invoke_model: Some(api::bedrock_runtime::InvokeModelTokensRequest {
            body: body.to_string().into_bytes().into(),
        }),
        ..Default::default()
    };
    let model_id = "anthropic.claude-3-haiku-20240307-v1:0".to_owned();
    assert_eq!(cloud().call(CountTokens { model_id, input }).await.unwrap().input_tokens, 3);
}

#[tokio::test]
async fn a_streamed_conversation_comes_in_events() {
    let request = |more: Json| {
        let mut request = json!({"modelId": "us.amazon.nova-lite-v1:0",
            "messages": [{"role": "user", "content": [{"text": "Keywords: fog, tide, boats, sails, wind, waves"}]}]});
        request.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        from_json::<ConverseStream>(&request)
    };
    let (events, error) = events(&cloud(), request(json!({}))).await.unwrap();
    assert_eq!(error, None);
    let events: Vec<Json> = events.iter().map(to_json).collect();
    assert_eq!(events[0], json!({"messageStart": {"role": "assistant"}}));
    let texts: Vec<&str> = events.iter().filter_map(|it| it["contentBlockDelta"]["delta"]["text"].as_str()).collect();
    assert!(texts.len() > 1, "{texts:?}");
    assert_eq!(texts.concat(), "fog, tide, boats, sails, wind, waves");
    let end = &events[events.len() - 3..];
    assert_eq!(end[0], json!({"contentBlockStop": {"contentBlockIndex": 0}}));
    assert_eq!(end[1], json!({"messageStop": {"stopReason": "end_turn"}}));
    assert_eq!(end[2]["metadata"]["usage"]["outputTokens"], 11);
    assert_eq!(end[2]["metadata"]["metrics"]["latencyMs"], 0);
}
