//! Model identifiers: which model an input means, and what IAM is asked about.

use api::bedrock_runtime::error;
use kernel::Cx;
use model::{Error, Result};

/// A model that is served here, with its limits in tokens (Amazon Titan Text models, in the Bedrock user guide).
#[derive(Debug, PartialEq, Eq)]
pub struct TitanText {
    pub id: &'static str,
    pub longest_input: usize,
    pub longest_output: i64,
}

const SERVED: [TitanText; 3] = [
    TitanText { id: "amazon.titan-text-lite-v1", longest_input: 4_096, longest_output: 4_096 },
    TitanText { id: "amazon.titan-text-express-v1", longest_input: 8_192, longest_output: 8_192 },
    TitanText { id: "amazon.titan-text-premier-v1:0", longest_input: 32_000, longest_output: 3_072 },
];

/// What the identifiers of AWS's other models begin with: they are refused as lacking here rather than as unknown.
const KNOWN: [&str; 23] = [
    "ai21.j2-",
    "ai21.jamba-",
    "amazon.nova-",
    "amazon.rerank-",
    "amazon.titan-embed-",
    "amazon.titan-image-",
    "amazon.titan-tg1-",
    "anthropic.claude-",
    "cohere.command-",
    "cohere.embed-",
    "cohere.rerank-",
    "deepseek.",
    "google.gemma-",
    "luma.ray-",
    "meta.llama",
    "minimax.",
    "mistral.",
    "moonshot.",
    "openai.gpt-oss-",
    "qwen.qwen",
    "stability.",
    "twelvelabs.",
    "writer.palmyra-",
];

/// What the identifiers of inference profiles put before a model's.
const PROFILES: [&str; 7] = ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "global."];

const FOUNDATION_MODEL: &str = "foundation-model/";

/// The ARN of what is invoked; a model without an ARN of its own is a foundation model of the request's region.
pub fn arn(cx: &Cx, identifier: &str) -> String {
    if identifier.starts_with("arn:") {
        return identifier.to_owned();
    }
    format!("arn:{}:bedrock:{}::{FOUNDATION_MODEL}{identifier}", cx.partition(), cx.caller().region)
}

pub fn find(cx: &Cx, identifier: &str) -> Result<&'static TitanText> {
    let id = match identifier.starts_with("arn:") {
        true => of_arn(cx, identifier)?,
        false => identifier,
    };
    if let Some(served) = SERVED.iter().find(|it| it.id == id) {
        return Ok(served);
    }
    let bare = PROFILES.iter().find_map(|profile| id.strip_prefix(profile)).unwrap_or(id);
    if KNOWN.iter().any(|it| bare.starts_with(it)) { Err(lacking(&format!("the model {id}"))) } else { Err(invalid()) }
}

/// What Niebla lacks is named, not ignored.
pub fn lacking(what: &str) -> Error {
    let served: Vec<_> = SERVED.iter().map(|it| it.id).collect();
    error::VALIDATION.with(format!(
        "Niebla does not support {what} yet. Its offline model {} answers as {}.",
        crate::offline::NAME,
        served.join(", ")
    ))
}

fn of_arn<'a>(cx: &Cx, arn: &'a str) -> Result<&'a str> {
    let here = format!("arn:{}:bedrock:{}:", cx.partition(), cx.caller().region);
    let resource = arn.strip_prefix(here.as_str()).and_then(|rest| rest.split_once(':')).ok_or_else(invalid)?;
    match resource {
        ("", resource) => resource.strip_prefix(FOUNDATION_MODEL).ok_or_else(invalid),
        (_, resource) => Err(lacking(&format!("the resource {resource}"))),
    }
}

fn invalid() -> Error {
    error::VALIDATION.with("The provided model identifier is invalid.")
}
