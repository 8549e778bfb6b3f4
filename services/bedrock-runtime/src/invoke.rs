//! InvokeModel and InvokeModelWithResponseStream: a model's own request in, its own answer out.

use crate::chat::{Chat, Piece};
use crate::dialect::{self, Dialect, Opening};
use crate::identifier::{self, lacking};
use crate::voice::{self, Manner, Voice};
use crate::{embedding, offline, schema};
use api::bedrock_runtime::{
    InvokeModel, InvokeModelOutput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamOutput, PayloadPart,
    ResponseStream, error,
};
use foundation::Modality;
use kernel::{Cloud, Sink, Streamed};
use model::{Error, Result, Timestamp, Value};
use serde_json::{Value as Json, json};

const JSON: &str = "application/json";

pub async fn whole(cloud: Cloud, input: InvokeModel) -> Result<InvokeModelOutput> {
    let model = identifier::find(&cloud.caller().region, &input.model_id)?;
    check_media(&input.content_type, &input.accept)?;
    check_options(&input)?;
    let body = schema::parse(&input.body.unwrap_or_default())?;
    let answer = if model.answers_in(Modality::Embedding) {
        embedding::answer(&cloud, model, &body).await?
    } else {
        let dialect = dialect::of(model).ok_or_else(|| no_dialect(model.id))?;
        let chat = (dialect.read)(&body, model)?;
        let reply = voice::ask(&cloud, model.id, &chat, Manner::Whole).await?.whole().await?;
        (dialect.whole)(&reply)
    };
    Ok(InvokeModelOutput {
        body: answer.to_string().into_bytes().into(),
        content_type: JSON.to_owned(),
        performance_config_latency: None,
        service_tier: None,
    })
}

pub async fn streamed(
    cloud: Cloud,
    input: InvokeModelWithResponseStream,
) -> Result<Streamed<InvokeModelWithResponseStreamOutput>> {
    let began = cloud.now();
    let model = identifier::find(&cloud.caller().region, &input.model_id)?;
    // The same members, but for their places in the request.
    let input = InvokeModel {
        body: input.body,
        content_type: input.content_type,
        accept: input.accept,
        model_id: input.model_id,
        trace: input.trace,
        guardrail_identifier: input.guardrail_identifier,
        guardrail_version: input.guardrail_version,
        performance_config_latency: input.performance_config_latency,
        service_tier: input.service_tier,
        request_metadata: input.request_metadata,
    };
    check_media(&input.content_type, &input.accept)?;
    check_options(&input)?;
    if model.streaming != Some(true) {
        return Err(error::VALIDATION.with("The model is unsupported for streaming"));
    }
    let dialect = dialect::of(model).ok_or_else(|| no_dialect(model.id))?;
    let chat = (dialect.read)(&schema::parse(&input.body.unwrap_or_default())?, model)?;
    let voice = voice::ask(&cloud, model.id, &chat, Manner::Streamed).await?;
    let output = InvokeModelWithResponseStreamOutput {
        content_type: JSON.to_owned(),
        ..InvokeModelWithResponseStreamOutput::default()
    };
    Ok(Streamed::new(output, move |sink| tell(cloud, began, dialect, chat, voice, sink)))
}

async fn tell(
    cloud: Cloud,
    began: Timestamp,
    dialect: Dialect,
    chat: Chat,
    mut voice: Voice,
    sink: Sink,
) -> Result<()> {
    let opening = Opening { model: voice.model.clone(), id: voice.id.clone(), input_tokens: chat.tokens() };
    let mut narrator = (dialect.narrator)(opening);
    let since_began = || (cloud.now().0 - began.0).max(0);
    let mut first_byte = None;
    while let Some(piece) = voice.next().await? {
        let mut chunks = narrator.tell(&piece);
        first_byte.get_or_insert_with(since_began);
        if let (Piece::End(end), Some(last)) = (&piece, chunks.last_mut()) {
            last["amazon-bedrock-invocationMetrics"] = json!({
                "inputTokenCount": end.input_tokens,
                "outputTokenCount": end.output_tokens,
                "invocationLatency": since_began(),
                "firstByteLatency": first_byte,
            });
        }
        for chunk in chunks {
            let bytes = Some(chunk.to_string().into_bytes().into());
            sink.send(ResponseStream { chunk: Some(PayloadPart { bytes }), ..ResponseStream::default() }).await;
        }
        if matches!(piece, Piece::End(_)) {
            break;
        }
    }
    Ok(())
}

/// AWS counts the tokens of every answer in its headers too (Monitor the performance of Amazon Bedrock).
pub fn headers(input: &Value, output: &Value) -> Vec<(&'static str, String)> {
    let json = |it: &Value| match it.get("body") {
        Some(Value::Blob(body)) => serde_json::from_slice(body).unwrap_or_default(),
        _ => Json::Null,
    };
    let body: Json = json(output);
    let at = |paths: &[&str]| paths.iter().find_map(|it| body.pointer(it)?.as_i64());
    let input_tokens = at(&[
        "/inputTextTokenCount",
        "/usage/input_tokens",
        "/usage/inputTokens",
        "/usage/prompt_tokens",
        "/prompt_token_count",
    ]);
    let output_tokens = at(&[
        "/results/0/tokenCount",
        "/usage/output_tokens",
        "/usage/outputTokens",
        "/usage/completion_tokens",
        "/generation_token_count",
    ]);
    // Mistral's completions do not count.
    let counted = |it: &Json| it.as_str().map(|it| offline::count(it) as i64);
    let input_tokens = input_tokens.or_else(|| counted(json(input).pointer("/prompt")?));
    let output_tokens = output_tokens.or_else(|| counted(body.pointer("/outputs/0/text")?));
    let names =
        [("x-amzn-bedrock-input-token-count", input_tokens), ("x-amzn-bedrock-output-token-count", output_tokens)];
    names.into_iter().filter_map(|(name, count)| Some((name, count?.to_string()))).collect()
}

fn no_dialect(id: &str) -> Error {
    lacking(&format!("InvokeModel for the model {id} (Converse may do)"))
}

/// Parameters of media types are left aside: `application/json; charset=utf-8`.
fn check_media(content_type: &Option<String>, accept: &Option<String>) -> Result<()> {
    let bare =
        |it: &Option<String>| it.as_ref().map(|it| it.split(';').next().unwrap_or_default().trim().to_lowercase());
    if bare(content_type).is_some_and(|it| it != JSON && !it.is_empty()) {
        return Err(error::VALIDATION.with("The provided Content Type is invalid or not supported for this model"));
    }
    if bare(accept).is_some_and(|it| it != JSON && it != "*/*" && !it.is_empty()) {
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
            return Err(lacking(&format!("{name} {value}")));
        }
    }
    Ok(())
}
