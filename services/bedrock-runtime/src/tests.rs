//! Scenarios through the door.

use api::bedrock_runtime::{InvokeModel, InvokeModelOutput};
use kernel::driver::{Drivers, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, LogSink, Sandbox, StartError};
use kernel::{BoxFuture, Caller, Clock, Cloud, Entropy, Identity, Kernel, Principal, Service, Settings};
use model::{Error, Timestamp};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Store;

const EXPRESS: &str = "amazon.titan-text-express-v1";
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:InvokeModel",
    "Resource": "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-express-v1"}]}"#;

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

fn cloud() -> Cloud {
    let drivers = Drivers { functions: Arc::new(NoDrivers), http: Arc::new(NoDrivers) };
    let settings = Settings { endpoint: "http://127.0.0.1:4566".to_owned(), version: "test", ..Settings::default() };
    let iam = Service::new("iam")
        .identities(|_, _| Identity { policies: vec![("inline".to_owned(), POLICY.to_owned())], boundary: None });
    let clock = Clock::frozen(Timestamp(1_800_000_000_000));
    let services = vec![crate::service(), iam];
    let kernel = Kernel::new(Store::ephemeral(), clock, Entropy::seeded(1), drivers, settings, services);
    kernel.cloud(Arc::new(Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned())))
}

fn input(model: &str, body: &str) -> InvokeModel {
    let body = Some(body.to_owned().into_bytes().into());
    InvokeModel { model_id: model.to_owned(), body, ..InvokeModel::default() }
}

async fn invoke(input: InvokeModel) -> Result<InvokeModelOutput, Error> {
    cloud().call(input).await
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
    for lacking in ["anthropic.claude-3-haiku-20240307-v1:0", "us.amazon.nova-lite-v1:0"] {
        let refused = invoke(input(lacking, body)).await.unwrap_err();
        assert!(refused.message().contains(lacking), "{refused}");
    }
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
    assert!(
        refused.message().contains(
            "bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1"
        ),
        "{refused}"
    );
}
