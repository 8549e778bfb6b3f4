//! Mistral AI models: text completion, and chat completion of the newer ones (Inference request parameters and response
//! fields, in the Bedrock user guide).

use super::{Dialect, Narrator, Opening, prompt};
use crate::chat::{Block, Chat, Choice, Limits, Part, Piece, Reply, Role, Tool, Turn, Why};
use crate::identifier::lacking;
use crate::schema::{self, Object};
use foundation::Model;
use model::Result;
use serde_json::{Value as Json, json};

pub const TEXT: Dialect = Dialect { read: read_text, whole: whole_text, narrator: text_narrator };
pub const CHAT: Dialect = Dialect { read: read_chat, whole: whole_chat, narrator: chat_narrator };

const DEFAULT_MOST_TOKENS: i64 = 512;
const LONGEST_OUTPUT: i64 = 8_192;

pub fn takes_messages(id: &str) -> bool {
    id.starts_with("mistral.mistral-large-2407") || id.starts_with("mistral.pixtral-")
}

fn read_text(body: &Json, _: &Model) -> Result<Chat> {
    schema::read(body, |it| {
        let mut chat = prompt::read(it.required_text("prompt"));
        chat.limits = limits(it);
        Ok(chat)
    })
}

fn limits(it: &Object) -> Limits {
    Limits {
        most_tokens: Some(it.integer("max_tokens", 1, LONGEST_OUTPUT).unwrap_or(DEFAULT_MOST_TOKENS)),
        stops: it.texts("stop"),
        temperature: it.number("temperature", 0, 1),
        top_p: it.number("top_p", 0, 1),
        top_k: it.integer("top_k", 0, 200),
    }
}

fn read_chat(body: &Json, _: &Model) -> Result<Chat> {
    schema::read(body, |it| {
        let mut chat = Chat { limits: limits(it), ..Chat::default() };
        it.required("messages");
        for message in it.array("messages").into_iter().flatten() {
            add(message, &mut chat)?;
        }
        for tool in it.array("tools").into_iter().flatten() {
            let function = &tool["function"];
            chat.tools.push(Tool {
                name: function["name"].as_str().unwrap_or_default().to_owned(),
                description: function["description"].as_str().map(str::to_owned),
                schema: function["parameters"].clone(),
            });
        }
        match it.text("tool_choice") {
            None | Some("auto") => {}
            Some("any") => chat.choice = Choice::Any,
            Some("none") => chat.tools.clear(),
            Some(other) => it.violation("tool_choice", format!("{other} is not a valid enum value")),
        }
        Ok(chat)
    })
}

fn add(message: &Json, chat: &mut Chat) -> Result<()> {
    let text = match &message["content"] {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Array(parts) if parts.iter().all(|it| it["type"] == "text") => {
            parts.iter().filter_map(|it| it["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => return Err(lacking("images in Mistral's own format (Converse takes them)")),
    };
    let mut parts = Vec::new();
    let role = match message["role"].as_str() {
        Some("system") => {
            chat.system.push(text);
            return Ok(());
        }
        Some("tool") => {
            let id = message["tool_call_id"].as_str().unwrap_or_default().to_owned();
            parts.push(Part::ToolResult { id, text });
            Role::User
        }
        Some("assistant") => {
            if !text.is_empty() {
                parts.push(Part::Text(text));
            }
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let (id, function) = (call["id"].as_str().unwrap_or_default().to_owned(), &call["function"]);
                let input = function["arguments"].as_str().and_then(|it| serde_json::from_str(it).ok());
                let name = function["name"].as_str().unwrap_or_default().to_owned();
                parts.push(Part::ToolUse { id, name, input: input.unwrap_or_else(|| json!({})) });
            }
            Role::Assistant
        }
        _ => {
            parts.push(Part::Text(text));
            Role::User
        }
    };
    chat.turns.push(Turn { role, parts });
    Ok(())
}

fn whole_text(reply: &Reply) -> Json {
    json!({"outputs": [{"text": reply.text(), "stop_reason": reason(&reply.end.why)}]})
}

fn whole_chat(reply: &Reply) -> Json {
    let calls = reply.blocks.iter().filter_map(|block| match block {
        Block::ToolUse { id, name, input } => {
            Some(json!({"id": id, "function": {"name": name, "arguments": input.to_string()}}))
        }
        Block::Text(_) => None,
    });
    let calls: Vec<Json> = calls.collect();
    let mut message = json!({"role": "assistant", "content": reply.text()});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let choice = json!({"index": 0, "message": message, "stop_reason": reason(&reply.end.why)});
    json!({
        "id": reply.id,
        "object": "chat.completion",
        "model": reply.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": reply.end.input_tokens,
            "completion_tokens": reply.end.output_tokens,
            "total_tokens": reply.end.input_tokens + reply.end.output_tokens,
        },
    })
}

fn reason(why: &Why) -> &'static str {
    match why {
        Why::TooLong => "length",
        Why::ToolUse => "tool_calls",
        Why::Finished | Why::Stopped(_) | Why::Filtered => "stop",
    }
}

struct TextTeller;

fn text_narrator(_: Opening) -> Box<dyn Narrator> {
    Box::new(TextTeller)
}

impl Narrator for TextTeller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        let (text, why) = match piece {
            Piece::Text(text) => (text.as_str(), None),
            Piece::End(end) => ("", Some(reason(&end.why))),
            Piece::ToolUse { .. } | Piece::ToolInput(_) => return Vec::new(),
        };
        vec![json!({"outputs": [{"text": text, "stop_reason": why}]})]
    }
}

struct ChatTeller {
    opening: Opening,
    call: Option<(String, String, String)>,
}

fn chat_narrator(opening: Opening) -> Box<dyn Narrator> {
    Box::new(ChatTeller { opening, call: None })
}

impl ChatTeller {
    fn chunk(&self, message: &Json, why: Option<&str>) -> Json {
        let choice = json!({"index": 0, "message": message, "stop_reason": why});
        let Opening { id, model, .. } = &self.opening;
        json!({"id": id, "object": "chat.completion.chunk", "model": model, "choices": [choice]})
    }

    /// A call is told whole, once its input is.
    fn called(&mut self) -> Option<Json> {
        let (id, name, input) = self.call.take()?;
        let calls = json!([{"id": id, "function": {"name": name, "arguments": input}}]);
        Some(self.chunk(&json!({"role": "assistant", "content": "", "tool_calls": calls}), None))
    }
}

impl Narrator for ChatTeller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        if let (Piece::ToolInput(more), Some((_, _, input))) = (piece, &mut self.call) {
            input.push_str(more);
            return Vec::new();
        }
        let mut chunks: Vec<Json> = self.called().into_iter().collect();
        match piece {
            Piece::Text(text) => chunks.push(self.chunk(&json!({"role": "assistant", "content": text}), None)),
            Piece::ToolUse { id, name } => self.call = Some((id.clone(), name.clone(), String::new())),
            Piece::ToolInput(_) => {}
            Piece::End(end) => {
                chunks.push(self.chunk(&json!({"role": "assistant", "content": ""}), Some(reason(&end.why))));
            }
        }
        chunks
    }
}
