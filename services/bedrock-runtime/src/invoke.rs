//! InvokeModel: a model's own request in, its own answer out.

use crate::{identifier, titan};
use api::bedrock_runtime::{InvokeModel, InvokeModelOutput, error};
use kernel::Cx;
use model::{Result, Value};
use serde_json::Value as Json;

const JSON: &str = "application/json";

pub fn invoke(cx: &Cx, input: InvokeModel) -> Result<InvokeModelOutput> {
    let model = identifier::find(cx, &input.model_id)?;
    check_media(&input)?;
    check_options(&input)?;
    let body = titan::answer(model, &input.body.unwrap_or_default())?;
    Ok(InvokeModelOutput {
        body: body.into(),
        content_type: JSON.to_owned(),
        performance_config_latency: None,
        service_tier: None,
    })
}

/// AWS counts the tokens of every answer in its headers too (Monitor the performance of Amazon Bedrock).
pub fn headers(output: &Value) -> Vec<(&'static str, String)> {
    let Some(Value::Blob(body)) = output.get("body") else { return Vec::new() };
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    vec![
        ("x-amzn-bedrock-input-token-count", body["inputTextTokenCount"].to_string()),
        ("x-amzn-bedrock-output-token-count", body["results"][0]["tokenCount"].to_string()),
    ]
}

/// Parameters of media types are left aside: `application/json; charset=utf-8`.
fn check_media(input: &InvokeModel) -> Result<()> {
    let bare =
        |it: &Option<String>| it.as_ref().map(|it| it.split(';').next().unwrap_or_default().trim().to_lowercase());
    if bare(&input.content_type).is_some_and(|it| it != JSON && !it.is_empty()) {
        return Err(error::VALIDATION.with("The provided Content Type is invalid or not supported for this model"));
    }
    if bare(&input.accept).is_some_and(|it| it != JSON && it != "*/*" && !it.is_empty()) {
        return Err(error::VALIDATION.with("The provided Accept Type is invalid or not supported for this model"));
    }
    Ok(())
}

/// What changes nothing when it is at its default is taken at its default only.
fn check_options(input: &InvokeModel) -> Result<()> {
    let options = [
        ("guardrailIdentifier", &input.guardrail_identifier, ""),
        ("guardrailVersion", &input.guardrail_version, ""),
        ("trace", &input.trace, "DISABLED"),
        ("performanceConfigLatency", &input.performance_config_latency, "standard"),
        ("serviceTier", &input.service_tier, "default"),
        ("requestMetadata", &input.request_metadata, ""),
    ];
    for (name, value, default) in options {
        if let Some(value) = value.as_ref().filter(|it| it.as_str() != default) {
            return Err(identifier::lacking(&format!("{name} {value}")));
        }
    }
    Ok(())
}
