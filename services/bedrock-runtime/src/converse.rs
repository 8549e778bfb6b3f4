//! Converse and ConverseStream: one form for every model.

use crate::chat::{Chat, Piece, Reply};
use crate::dialect::{self, Opening, nova};
use crate::identifier::{self, lacking};
use crate::voice::{self, Manner, Voice};
use api::bedrock_runtime::{
    Converse, ConverseOutput, ConverseStream, ConverseStreamOutput, ConverseStreamOutputShape, error,
};
use foundation::{Modality, Model};
use kernel::{Cloud, Sink, Streamed};
use model::typed::{Operation, Typed};
use model::wire::{read_json, write_json};
use model::{Result, ShapeId, Timestamp, Value};
use serde_json::{Map, Value as Json, json};

pub async fn whole(cloud: Cloud, input: Converse) -> Result<ConverseOutput> {
    let began = cloud.now();
    let model = find(&cloud, &input.model_id)?;
    let body = body_of(input);
    let chat = read(&body)?;
    let reply = voice::ask(&cloud, model.id, &chat, Manner::Whole).await?.whole().await?;
    let (input_tokens, output_tokens) = (reply.end.input_tokens, reply.end.output_tokens);
    let mut output = json!({
        "output": {"message": nova::message(&reply)},
        "stopReason": reply.end.why.name(),
        "usage": nova::usage(input_tokens, output_tokens),
        "metrics": {"latencyMs": since(&cloud, began)},
    });
    if let Some(fields) = native_fields(&body["additionalModelResponseFieldPaths"], model, &reply)? {
        output["additionalModelResponseFields"] = fields;
    }
    let shape = operation("Converse").output.expect("Converse has an output");
    Ok(ConverseOutput::from_value(value_of(shape, &output)))
}

pub async fn streamed(cloud: Cloud, input: ConverseStream) -> Result<Streamed<ConverseStreamOutput>> {
    let began = cloud.now();
    let model = find(&cloud, &input.model_id)?;
    let body = body_of(input);
    let chat = read(&body)?;
    if body.get("additionalModelResponseFieldPaths").is_some() {
        return Err(lacking("additionalModelResponseFieldPaths of ConverseStream"));
    }
    let voice = voice::ask(&cloud, model.id, &chat, Manner::Streamed).await?;
    Ok(Streamed::new(ConverseStreamOutput::default(), move |sink| tell(cloud, began, chat, voice, sink)))
}

async fn tell(cloud: Cloud, began: Timestamp, chat: Chat, mut voice: Voice, sink: Sink) -> Result<()> {
    let union = operation("ConverseStream").output;
    let union = service().event_stream(union).expect("ConverseStream has a stream").shape;
    let opening = Opening { model: voice.model.clone(), id: voice.id.clone(), input_tokens: chat.tokens() };
    let mut narrator = nova::narrator(opening);
    while let Some(piece) = voice.next().await? {
        for mut event in narrator.tell(&piece) {
            if let Some(metadata) = event.get_mut("metadata") {
                metadata["metrics"] = json!({"latencyMs": since(&cloud, began)});
            }
            sink.send(ConverseStreamOutputShape::from_value(value_of(union, &event))).await;
        }
        if matches!(piece, Piece::End(_)) {
            break;
        }
    }
    Ok(())
}

/// What a conversation asks, and within which limits.
pub fn read(body: &Json) -> Result<Chat> {
    check_options(body)?;
    let mut chat = nova::chat(body)?;
    chat.limits = nova::limits(&body["inferenceConfig"]);
    for (name, value) in body["additionalModelRequestFields"].as_object().into_iter().flatten() {
        let of_nova = value.as_object().filter(|it| name == "inferenceConfig" && it.len() == 1);
        match (name.as_str(), value.as_i64(), of_nova.and_then(|it| it["topK"].as_i64())) {
            ("top_k" | "topK" | "k", Some(k), _) | (_, _, Some(k)) => chat.limits.top_k = Some(k),
            _ => return Err(lacking(&format!("{name} in additionalModelRequestFields"))),
        }
    }
    Ok(chat)
}

/// An input as JSON, in the names of its shape.
pub fn body_of<I: Operation>(input: I) -> Json {
    let shape = operation(I::NAME).input.expect("these operations have an input");
    let mut bytes = Vec::new();
    write_json(service(), shape, &input.into_value(), &mut bytes);
    serde_json::from_slice(&bytes).expect("what was written is JSON")
}

fn find(cloud: &Cloud, identifier: &str) -> Result<&'static Model> {
    let model = identifier::find(&cloud.caller().region, identifier)?;
    if !model.answers_in(Modality::Text) {
        return Err(error::VALIDATION.with(
            "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
        ));
    }
    Ok(model)
}

/// What changes nothing when it is at its default is taken at its default only.
fn check_options(body: &Json) -> Result<()> {
    for name in ["guardrailConfig", "promptVariables", "requestMetadata", "outputConfig"] {
        if body.get(name).is_some_and(|it| it.as_object().is_some_and(|it| !it.is_empty())) {
            return Err(lacking(name));
        }
    }
    for (value, default, name) in [
        (&body["performanceConfig"]["latency"], "standard", "performanceConfig"),
        (&body["serviceTier"]["type"], "default", "serviceTier"),
    ] {
        if let Some(value) = value.as_str().filter(|it| *it != default) {
            return Err(lacking(&format!("{name} {value}")));
        }
    }
    Ok(())
}

/// Parts of the model's own answer; those that it does not have are left out (Converse in the API reference).
fn native_fields(paths: &Json, model: &Model, reply: &Reply) -> Result<Option<Json>> {
    let Some(paths) = paths.as_array().filter(|it| !it.is_empty()) else { return Ok(None) };
    let native = dialect::of(model).map_or(Json::Null, |it| (it.whole)(reply));
    let mut found = Json::Object(Map::new());
    for path in paths.iter().filter_map(Json::as_str) {
        if !path.starts_with('/') {
            return Err(error::VALIDATION
                .with(format!("The JSON Pointer {path} in additionalModelResponseFieldPaths is malformed.")));
        }
        let Some(value) = native.pointer(path) else { continue };
        let mut place = &mut found;
        for name in path.split('/').skip(1) {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[name.replace("~1", "/").replace("~0", "~")];
        }
        *place = value.clone();
    }
    Ok(Some(found))
}

fn since(cloud: &Cloud, began: Timestamp) -> i64 {
    (cloud.now().0 - began.0).max(0)
}

fn service() -> &'static model::Service {
    model::service("bedrock-runtime").expect("the model is there")
}

fn operation(name: &str) -> &'static model::Operation {
    service().operation(name).expect("the model has it")
}

fn value_of(shape: ShapeId, json: &Json) -> Value {
    read_json(service(), shape, json.to_string().as_bytes()).expect("made in the names of the shape")
}
