//! Meta Llama models (Inference request parameters and response fields, in the Bedrock user guide).

use super::{Dialect, Narrator, Opening, prompt};
use crate::chat::{Chat, Limits, Piece, Reply, Why};
use crate::identifier::lacking;
use crate::schema;
use foundation::Model;
use model::Result;
use serde_json::{Value as Json, json};

pub const DIALECT: Dialect = Dialect { read, whole, narrator };

const DEFAULT_MOST_TOKENS: i64 = 512;
const LONGEST_OUTPUT: i64 = 8_192;

fn read(body: &Json, _: &Model) -> Result<Chat> {
    schema::read(body, |it| {
        let mut chat = prompt::read(it.required_text("prompt"));
        if it.has("images") {
            return Err(lacking("images in Llama's own format (Converse takes them)"));
        }
        chat.limits = Limits {
            most_tokens: Some(it.integer("max_gen_len", 1, LONGEST_OUTPUT).unwrap_or(DEFAULT_MOST_TOKENS)),
            temperature: it.number("temperature", 0, 1),
            top_p: it.number("top_p", 0, 1),
            ..Limits::default()
        };
        Ok(chat)
    })
}

fn whole(reply: &Reply) -> Json {
    json!({
        "generation": reply.text(),
        "prompt_token_count": reply.end.input_tokens,
        "generation_token_count": reply.end.output_tokens,
        "stop_reason": reason(&reply.end.why),
    })
}

fn reason(why: &Why) -> &'static str {
    match why {
        Why::TooLong => "length",
        Why::Finished | Why::Stopped(_) | Why::ToolUse | Why::Filtered => "stop",
    }
}

struct Teller {
    /// Said once, in the first chunk.
    input_tokens: Option<i64>,
    said: i64,
}

fn narrator(opening: Opening) -> Box<dyn Narrator> {
    Box::new(Teller { input_tokens: Some(opening.input_tokens), said: 0 })
}

impl Narrator for Teller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        let (text, why) = match piece {
            Piece::Text(text) => {
                self.said += crate::offline::count(text) as i64;
                (text.as_str(), None)
            }
            Piece::End(end) => {
                self.said = end.output_tokens;
                ("", Some(reason(&end.why)))
            }
            Piece::ToolUse { .. } | Piece::ToolInput(_) => return Vec::new(),
        };
        vec![json!({
            "generation": text,
            "prompt_token_count": self.input_tokens.take(),
            "generation_token_count": self.said,
            "stop_reason": why,
        })]
    }
}
