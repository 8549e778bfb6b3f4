//! A server that speaks the protocol of OpenAI: what it is asked, what it answers, how it fails.

mod answer;
mod request;

pub use answer::Told;

use crate::chat::{Chat, Piece};
use api::bedrock_runtime::error;
use bytes::Bytes;
use kernel::Cloud;
use kernel::driver::{HttpCall, HttpStream, ModelServer};
use model::{Error, ErrorShape, Result};
use serde_json::{Value as Json, json};

/// A model on a slow machine takes long to read a long prompt; Bedrock itself waits for up to an hour.
const LONGEST_SILENCE_MS: u64 = 60 * 60 * 1000;
/// What is kept of an error that is not JSON.
const LONGEST_MESSAGE: usize = 2_000;

/// The whole answer, as pieces.
pub async fn ask(cloud: &Cloud, server: &ModelServer, name: &str, chat: &Chat) -> Result<Vec<Piece>> {
    let body = request::body(name, chat);
    let answer = post(cloud, server, name, "/chat/completions", &body).await?;
    answer::whole(&json_of(answer).await?, chat)
}

/// The answer as it comes.
pub async fn listen(cloud: &Cloud, server: &ModelServer, name: &str, chat: &Chat) -> Result<Told> {
    let mut body = request::body(name, chat);
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let answer = post(cloud, server, name, "/chat/completions", &body).await?;
    Ok(Told::new(answer, chat))
}

/// A vector, and how many tokens the text had where the server says so.
pub async fn embed(cloud: &Cloud, server: &ModelServer, name: &str, text: &str) -> Result<(Vec<f64>, Option<i64>)> {
    let body = json!({"model": name, "input": text, "encoding_format": "float"});
    let answer = json_of(post(cloud, server, name, "/embeddings", &body).await?).await?;
    let vector = answer["data"][0]["embedding"].as_array();
    let vector: Option<Vec<f64>> = vector.and_then(|it| it.iter().map(Json::as_f64).collect());
    match vector.filter(|it| !it.is_empty()) {
        Some(vector) => Ok((vector, answer["usage"]["prompt_tokens"].as_i64())),
        None => Err(error::MODEL_ERROR.with(format!("The answer of {} holds no embedding.", server.url))),
    }
}

async fn post(cloud: &Cloud, server: &ModelServer, name: &str, path: &str, body: &Json) -> Result<HttpStream> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(server.key.as_ref().map(|key| ("authorization".to_owned(), format!("Bearer {key}"))));
    let call = HttpCall {
        method: "POST".to_owned(),
        url: format!("{}{path}", server.url),
        headers,
        body: body.to_string().into(),
        timeout_ms: LONGEST_SILENCE_MS,
    };
    let answer = cloud.kernel().drivers.http.stream(call).await;
    let answer = answer.map_err(|why| {
        error::SERVICE_UNAVAILABLE
            .with(format!("The model server that Niebla is configured with is out of reach: {why}"))
    })?;
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let status = answer.status;
    Err(failure(status, name, &message_of(&collect(answer).await.unwrap_or_default())))
}

/// What Bedrock answers when a model's server answers this.
fn failure(status: u16, name: &str, message: &str) -> Error {
    let plain: Option<ErrorShape> = match status {
        400 | 413 | 422 => Some(error::VALIDATION),
        408 | 504 => Some(error::MODEL_TIMEOUT),
        429 => Some(error::THROTTLING),
        503 => Some(error::SERVICE_UNAVAILABLE),
        _ => None,
    };
    match plain {
        Some(shape) if shape.code == error::VALIDATION.code => {
            shape.with(format!("The model returned the following errors: {message}"))
        }
        Some(shape) => shape.with(message),
        None => error::MODEL_ERROR
            .with(message)
            .field("originalStatusCode", i64::from(status))
            .field("resourceName", name.to_owned()),
    }
}

async fn collect(mut answer: HttpStream) -> Result<Bytes> {
    let mut whole = Vec::new();
    loop {
        match answer.body.next().await {
            Ok(Some(piece)) => whole.extend_from_slice(&piece),
            Ok(None) => return Ok(whole.into()),
            Err(why) => return Err(error::MODEL_ERROR.with(format!("The model server's answer broke off: {why}"))),
        }
    }
}

async fn json_of(answer: HttpStream) -> Result<Json> {
    let body = collect(answer).await?;
    serde_json::from_slice(&body)
        .map_err(|why| error::MODEL_ERROR.with(format!("The model server's answer is no JSON: {why}")))
}

/// OpenAI's `{"error": {"message": …}}`, Ollama's `{"error": …}`, or the text itself.
fn message_of(body: &[u8]) -> String {
    let json: Json = serde_json::from_slice(body).unwrap_or_default();
    let stated = [&json["error"]["message"], &json["error"], &json["message"], &json["detail"]];
    let stated = stated.into_iter().find_map(Json::as_str).map(str::to_owned);
    stated.unwrap_or_else(|| String::from_utf8_lossy(body).trim().chars().take(LONGEST_MESSAGE).collect())
}
