//! The request and the answer of Amazon Titan Text models, as the Bedrock user guide describes them.

use crate::identifier::TitanText;
use crate::offline::{self, Ended};
use crate::schema::{self, Violations};
use api::bedrock_runtime::error;
use model::Result;
use serde_json::{Map, Value as Json, json};

struct Request {
    text: String,
    most_tokens: usize,
    stops: Vec<String>,
}

const DEFAULT_MOST_TOKENS: usize = 512;

/// The answer's body. `temperature` and `topP` say how far sampling may stray; the offline model never samples, which
/// every value of theirs allows.
pub fn answer(model: &TitanText, body: &[u8]) -> Result<Vec<u8>> {
    let request = read(model, &schema::parse(body)?)?;
    let input_tokens = offline::count(&request.text);
    if input_tokens > model.longest_input {
        return Err(error::VALIDATION.with(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {}, request input token count: {input_tokens}",
            model.longest_input
        )));
    }
    let completion = offline::complete(&request.text, request.most_tokens, &request.stops);
    let reason = match completion.ended {
        Ended::Finished => "FINISH",
        Ended::TooLong => "LENGTH",
        Ended::Stopped => "STOP_CRITERIA_MET",
    };
    let result = json!({"tokenCount": completion.tokens, "outputText": completion.text, "completionReason": reason});
    let answer = json!({"inputTextTokenCount": input_tokens, "results": [result]});
    Ok(answer.to_string().into_bytes())
}

fn read(model: &TitanText, body: &Json) -> Result<Request> {
    let mut violations = Violations::default();
    let empty = Map::new();
    let object = body.as_object().unwrap_or_else(|| {
        violations.expected("#", "JSONObject", body);
        &empty
    });
    let mut text = "";
    match object.get("inputText") {
        None if body.is_object() => violations.add("#", "required key [inputText] not found"),
        None => {}
        Some(Json::String(it)) if it.is_empty() => violations.add("#/inputText", "expected minLength: 1, actual: 0"),
        Some(Json::String(it)) => text = it,
        Some(other) => violations.expected("#/inputText", "String", other),
    }
    violations.extraneous("#", object, &["inputText", "textGenerationConfig"]);
    let config = match object.get("textGenerationConfig") {
        None => &empty,
        Some(Json::Object(it)) => it,
        Some(other) => {
            violations.expected("#/textGenerationConfig", "JSONObject", other);
            &empty
        }
    };
    let request = Request {
        text: text.to_owned(),
        most_tokens: most_tokens(model, config, &mut violations),
        stops: stops(config, &mut violations),
    };
    check_fractions(config, &mut violations);
    let known = ["maxTokenCount", "stopSequences", "temperature", "topP"];
    violations.extraneous("#/textGenerationConfig", config, &known);
    violations.check().map(|()| request)
}

fn most_tokens(model: &TitanText, config: &Map<String, Json>, violations: &mut Violations) -> usize {
    let pointer = "#/textGenerationConfig/maxTokenCount";
    match config.get("maxTokenCount") {
        None => DEFAULT_MOST_TOKENS,
        Some(it) if it.is_i64() || it.is_u64() => {
            violations.range(pointer, it, 0, model.longest_output);
            it.as_u64().unwrap_or_default() as usize
        }
        Some(other) => {
            violations.expected(pointer, "Integer", other);
            0
        }
    }
}

fn stops(config: &Map<String, Json>, violations: &mut Violations) -> Vec<String> {
    let pointer = "#/textGenerationConfig/stopSequences";
    let mut stops = Vec::new();
    match config.get("stopSequences") {
        None => {}
        Some(Json::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                match item {
                    Json::String(it) => stops.push(it.clone()),
                    other => violations.expected(&format!("{pointer}/{index}"), "String", other),
                }
            }
        }
        Some(other) => violations.expected(pointer, "JSONArray", other),
    }
    stops
}

fn check_fractions(config: &Map<String, Json>, violations: &mut Violations) {
    for name in ["temperature", "topP"] {
        let pointer = format!("#/textGenerationConfig/{name}");
        match config.get(name) {
            None => {}
            Some(it @ Json::Number(_)) => violations.range(&pointer, it, 0, 1),
            Some(other) => violations.expected(&pointer, "Number", other),
        }
    }
}
