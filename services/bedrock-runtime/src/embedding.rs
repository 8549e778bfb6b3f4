//! Amazon Titan Embeddings, version 1 and 2 (Inference request parameters and response fields, in the Bedrock user guide).

use crate::identifier::lacking;
use crate::voice::server_of;
use crate::{offline, schema, server};
use api::bedrock_runtime::error;
use foundation::Model;
use kernel::Cloud;
use model::Result;
use serde_json::{Map, Value as Json, json};

struct Request {
    text: String,
    dimensions: usize,
    normalized: bool,
    /// `float`, `binary`.
    types: Vec<String>,
}

const VERSION_1: &str = "amazon.titan-embed-text-v1";
const VERSION_2: &str = "amazon.titan-embed-text-v2:0";
const LONGEST_INPUT_TOKENS: usize = 8_192;
const LONGEST_INPUT: usize = 50_000;
const DIMENSIONS_1: usize = 1_536;
const DIMENSIONS_2: [i64; 3] = [1_024, 512, 256];

pub async fn answer(cloud: &Cloud, model: &Model, body: &Json) -> Result<Json> {
    if ![VERSION_1, VERSION_2].contains(&model.id) {
        return Err(lacking(&format!("InvokeModel for the model {}", model.id)));
    }
    let request = read(model, body)?;
    let mut tokens = offline::count(&request.text) as i64;
    if tokens > LONGEST_INPUT_TOKENS as i64 {
        return Err(error::VALIDATION.with(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {LONGEST_INPUT_TOKENS}, request input token count: {tokens}"
        )));
    }
    let vector = match server_of(cloud, model.id) {
        Some((server, name)) => {
            let (vector, counted) = server::embed(cloud, server, name, &request.text).await?;
            tokens = counted.unwrap_or(tokens);
            fitted(vector, request.dimensions)
        }
        None => offline::embed(&request.text, request.dimensions),
    };
    Ok(written(model, &request, vector, tokens))
}

fn read(model: &Model, body: &Json) -> Result<Request> {
    schema::read(body, |it| {
        let text = it.required_text("inputText").to_owned();
        let length = text.chars().count();
        if length > LONGEST_INPUT {
            it.violation("inputText", format!("expected maxLength: {LONGEST_INPUT}, actual: {length}"));
        }
        if model.id == VERSION_1 {
            return Ok(Request { text, dimensions: DIMENSIONS_1, normalized: false, types: Vec::new() });
        }
        let dimensions = it.integer("dimensions", i64::MIN, i64::MAX).unwrap_or(DIMENSIONS_2[0]);
        if !DIMENSIONS_2.contains(&dimensions) {
            it.violation("dimensions", format!("{dimensions} is not a valid enum value"));
        }
        let normalized = it.flag("normalize").unwrap_or(true);
        let mut types = it.texts("embeddingTypes");
        for other in types.iter().filter(|it| !["float", "binary"].contains(&it.as_str())) {
            it.violation("embeddingTypes", format!("{other} is not a valid enum value"));
        }
        if types.is_empty() {
            types.push("float".to_owned());
        }
        Ok(Request { text, dimensions: dimensions as usize, normalized, types })
    })
}

fn written(model: &Model, request: &Request, vector: Vec<f64>, tokens: i64) -> Json {
    if model.id == VERSION_1 {
        return json!({"embedding": floats(&vector), "inputTextTokenCount": tokens});
    }
    let vector = if request.normalized { normalized(vector) } else { vector };
    let mut answer = json!({"inputTextTokenCount": tokens});
    let mut by_type = Map::new();
    for kind in &request.types {
        if kind == "binary" {
            by_type.insert(kind.clone(), vector.iter().map(|it| i64::from(*it > 0.0)).collect());
        } else {
            answer["embedding"] = floats(&vector);
            by_type.insert(kind.clone(), floats(&vector));
        }
    }
    answer["embeddingsByType"] = Json::Object(by_type);
    answer
}

/// The model behind us makes vectors of its own length. Zeros at the end change no distance; what is cut off does, the
/// less the more of the meaning its training put first.
fn fitted(mut vector: Vec<f64>, dimensions: usize) -> Vec<f64> {
    vector.resize(dimensions, 0.0);
    vector
}

fn normalized(mut vector: Vec<f64>) -> Vec<f64> {
    let length = vector.iter().map(|it| it * it).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|it| *it /= length);
    }
    vector
}

/// With the digits of single precision, as AWS's have.
fn floats(vector: &[f64]) -> Json {
    let rounded = |it: &f64| (*it as f32).to_string().parse::<f64>().unwrap_or_default();
    vector.iter().map(rounded).map(Json::from).collect()
}
