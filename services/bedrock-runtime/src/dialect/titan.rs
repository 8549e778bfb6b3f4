//! Amazon Titan Text models (Inference request parameters and response fields, in the Bedrock user guide).

use super::{Dialect, Narrator, Opening};
use crate::chat::{Chat, Limits, Piece, Reply, Why};
use crate::schema;
use api::bedrock_runtime::error;
use foundation::Model;
use model::Result;
use serde_json::{Value as Json, json};

pub const DIALECT: Dialect = Dialect { read, whole, narrator };

const DEFAULT_MOST_TOKENS: i64 = 512;

/// (model, longest input, longest output), in tokens (Amazon Titan Text models, in the Bedrock user guide).
const LIMITS: [(&str, i64, i64); 3] = [
    ("amazon.titan-text-lite-v1", 4_096, 4_096),
    ("amazon.titan-text-express-v1", 8_192, 8_192),
    ("amazon.titan-text-premier-v1:0", 32_000, 3_072),
];

fn read(body: &Json, model: &Model) -> Result<Chat> {
    let limits = LIMITS.iter().find(|(id, ..)| *id == model.id);
    let (_, longest_input, longest_output) = *limits.expect("every Titan Text model has its limits");
    let chat = schema::read(body, |it| {
        let mut chat = Chat::of_prompt(it.required_text("inputText"));
        let limits = it.object("textGenerationConfig", |it| {
            Ok(Limits {
                most_tokens: it.integer("maxTokenCount", 0, longest_output),
                stops: it.texts("stopSequences"),
                temperature: it.number("temperature", 0, 1),
                top_p: it.number("topP", 0, 1),
                top_k: None,
            })
        })?;
        chat.limits = limits.unwrap_or_default();
        chat.limits.most_tokens.get_or_insert(DEFAULT_MOST_TOKENS);
        Ok(chat)
    })?;
    let tokens = chat.tokens();
    if tokens > longest_input {
        return Err(error::VALIDATION.with(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {longest_input}, request input token count: {tokens}"
        )));
    }
    Ok(chat)
}

fn whole(reply: &Reply) -> Json {
    let (text, end) = (reply.text(), &reply.end);
    let result = json!({"tokenCount": end.output_tokens, "outputText": text, "completionReason": reason(&end.why)});
    json!({"inputTextTokenCount": end.input_tokens, "results": [result]})
}

fn reason(why: &Why) -> &'static str {
    match why {
        Why::Finished | Why::ToolUse => "FINISH",
        Why::TooLong => "LENGTH",
        Why::Stopped(_) => "STOP_CRITERIA_MET",
        Why::Filtered => "CONTENT_FILTERED",
    }
}

struct Teller {
    input_tokens: i64,
    said: i64,
}

fn narrator(opening: Opening) -> Box<dyn Narrator> {
    Box::new(Teller { input_tokens: opening.input_tokens, said: 0 })
}

impl Narrator for Teller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        let (text, why) = match piece {
            Piece::Text(text) => {
                self.said += crate::offline::count(text) as i64;
                (text.as_str(), None)
            }
            Piece::End(end) => {
                (self.input_tokens, self.said) = (end.input_tokens, end.output_tokens);
                ("", Some(reason(&end.why)))
            }
            Piece::ToolUse { .. } | Piece::ToolInput(_) => return Vec::new(),
        };
        vec![json!({
            "index": 0,
            "inputTextTokenCount": self.input_tokens,
            "totalOutputTextTokenCount": self.said,
            "outputText": text,
            "completionReason": why,
        })]
    }
}
