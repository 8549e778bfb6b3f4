//! Anthropic Claude's Messages API (Inference request parameters and response fields, in the Bedrock user guide).

use super::{Dialect, Narrator, Opening};
use crate::chat::{Block, Blocks, Chat, Choice, Limits, Part, Piece, Reply, Role, Step, Tool, Turn};
use crate::identifier::lacking;
use crate::schema::{self, Object};
use api::bedrock_runtime::error;
use foundation::Model;
use model::{Error, Result};
use serde_json::{Value as Json, json};

pub const DIALECT: Dialect = Dialect { read, whole, narrator };

const VERSION: &str = "bedrock-2023-05-31";
/// More than any of the models allows; a server behind it may allow less.
const LONGEST_OUTPUT: i64 = 200_000;

fn read(body: &Json, _: &Model) -> Result<Chat> {
    schema::read(body, |it| {
        let version = it.required_text("anthropic_version");
        if version != VERSION && !version.is_empty() {
            it.violation("anthropic_version", format!("{version} is not a valid enum value"));
        }
        it.required("max_tokens");
        for name in ["anthropic_beta", "thinking", "metadata", "context_management", "output_config"] {
            if it.has(name) {
                return Err(lacking(&format!("{name} in a request to Claude")));
            }
        }
        let limits = Limits {
            most_tokens: it.integer("max_tokens", 1, LONGEST_OUTPUT),
            temperature: it.number("temperature", 0, 1),
            top_p: it.number("top_p", 0, 1),
            top_k: it.integer("top_k", 0, 500),
            stops: it.texts("stop_sequences"),
        };
        let system = it.get("system").map(|it| texts(it, "system")).transpose()?.unwrap_or_default();
        let mut chat = Chat { system, limits, ..Chat::default() };
        it.required("messages");
        for (index, message) in it.array("messages").into_iter().flatten().enumerate() {
            chat.turns.push(turn(message, index)?);
        }
        if it.has("messages") {
            check_order(&chat.turns)?;
        }
        chat.tools = it.array("tools").into_iter().flatten().map(tool).collect::<Result<_>>()?;
        choose(it, &mut chat)?;
        Ok(chat)
    })
}

fn check_order(turns: &[Turn]) -> Result<()> {
    match turns.first().map(|it| it.role) {
        None => Err(invalid("messages: at least one message is required")),
        Some(Role::Assistant) => Err(invalid("messages: first message must use the \"user\" role")),
        Some(Role::User) => Ok(()),
    }
}

fn turn(message: &Json, index: usize) -> Result<Turn> {
    let role = match message["role"].as_str() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return Err(invalid(&format!("messages.{index}.role: Input should be 'user' or 'assistant'"))),
    };
    let parts = match &message["content"] {
        Json::String(text) => vec![Part::Text(text.clone())],
        Json::Array(blocks) => blocks.iter().map(|it| part(it, index)).collect::<Result<_>>()?,
        _ => return Err(invalid(&format!("messages.{index}.content: Input should be a valid list"))),
    };
    Ok(Turn { role, parts })
}

fn part(block: &Json, index: usize) -> Result<Part> {
    let text = |it: &Json| it.as_str().unwrap_or_default().to_owned();
    Ok(match block["type"].as_str() {
        Some("text") => Part::Text(text(&block["text"])),
        Some("image") => {
            let source = &block["source"];
            if source["type"] != "base64" {
                return Err(lacking("images that are not of the type base64"));
            }
            let media = source["media_type"].as_str().unwrap_or_default();
            let format = media.strip_prefix("image/").unwrap_or_default().to_owned();
            Part::Image { format, base64: text(&source["data"]) }
        }
        Some("tool_use") => {
            let (id, name, input) = (text(&block["id"]), text(&block["name"]), block["input"].clone());
            Part::ToolUse { id, name, input }
        }
        Some("tool_result") => {
            let parts = if block["content"].is_null() { Vec::new() } else { texts(&block["content"], "tool_result")? };
            Part::ToolResult { id: text(&block["tool_use_id"]), text: parts.join("\n") }
        }
        Some(other) => return Err(lacking(&format!("content of the type {other}"))),
        None => return Err(invalid(&format!("messages.{index}.content: a block has no type"))),
    })
}

/// A text, or a list of blocks of text.
fn texts(json: &Json, of: &str) -> Result<Vec<String>> {
    match json {
        Json::String(text) => Ok(vec![text.clone()]),
        Json::Array(blocks) => {
            let text = |it: &Json| it["text"].as_str().map(str::to_owned);
            blocks
                .iter()
                .map(|it| text(it).ok_or_else(|| lacking(&format!("other content than text in {of}"))))
                .collect()
        }
        _ => Err(invalid(&format!("{of}: Input should be a valid string"))),
    }
}

fn tool(json: &Json) -> Result<Tool> {
    let Some(name) = json["name"].as_str() else { return Err(invalid("tools: a tool has no name")) };
    if !json["input_schema"].is_object() {
        let kind = json["type"].as_str().unwrap_or(name);
        return Err(lacking(&format!("the tool {kind}, which has no input_schema,")));
    }
    let description = json["description"].as_str().map(str::to_owned);
    Ok(Tool { name: name.to_owned(), description, schema: json["input_schema"].clone() })
}

fn choose(it: &Object, chat: &mut Chat) -> Result<()> {
    let Some(choice) = it.get("tool_choice") else { return Ok(()) };
    match choice["type"].as_str() {
        Some("auto") => {}
        Some("any") => chat.choice = Choice::Any,
        Some("none") => chat.tools.clear(),
        Some("tool") => chat.choice = Choice::Tool(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => return Err(invalid("tool_choice: Input tag should be one of: 'auto', 'any', 'tool', 'none'")),
    }
    Ok(())
}

fn whole(reply: &Reply) -> Json {
    let content: Vec<Json> = reply
        .blocks
        .iter()
        .map(|it| match it {
            Block::Text(text) => json!({"type": "text", "text": text}),
            Block::ToolUse { id, name, input } => json!({"type": "tool_use", "id": id, "name": name, "input": input}),
        })
        .collect();
    let why = &reply.end.why;
    json!({
        "id": message_id(&reply.id),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": why.name(),
        "stop_sequence": why.sequence(),
        "usage": {"input_tokens": reply.end.input_tokens, "output_tokens": reply.end.output_tokens},
    })
}

fn message_id(uuid: &str) -> String {
    format!("msg_bdrk_{}", uuid.replace('-', ""))
}

struct Teller {
    opening: Option<Opening>,
    blocks: Blocks,
}

fn narrator(opening: Opening) -> Box<dyn Narrator> {
    Box::new(Teller { opening: Some(opening), blocks: Blocks::default() })
}

impl Narrator for Teller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        let mut events: Vec<Json> = self.opening.take().map(|it| started(&it)).into_iter().collect();
        for step in self.blocks.tell(piece) {
            match step {
                Step::OpenText(index) => events.push(opened(index, &json!({"type": "text", "text": ""}))),
                Step::OpenTool { index, id, name } => {
                    events.push(opened(index, &json!({"type": "tool_use", "id": id, "name": name, "input": {}})));
                }
                Step::Text(index, text) => events.push(delta(index, &json!({"type": "text_delta", "text": text}))),
                Step::Input(index, json) => {
                    events.push(delta(index, &json!({"type": "input_json_delta", "partial_json": json})));
                }
                Step::Close(index) => events.push(json!({"type": "content_block_stop", "index": index})),
                Step::End(end) => {
                    let delta = json!({"stop_reason": end.why.name(), "stop_sequence": end.why.sequence()});
                    let usage = json!({"output_tokens": end.output_tokens});
                    events.push(json!({"type": "message_delta", "delta": delta, "usage": usage}));
                    events.push(json!({"type": "message_stop"}));
                }
            }
        }
        events
    }
}

fn started(opening: &Opening) -> Json {
    let message = json!({
        "id": message_id(&opening.id),
        "type": "message",
        "role": "assistant",
        "model": opening.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {"input_tokens": opening.input_tokens, "output_tokens": 1},
    });
    json!({"type": "message_start", "message": message})
}

fn opened(index: usize, block: &Json) -> Json {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: usize, delta: &Json) -> Json {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn invalid(sentence: &str) -> Error {
    error::VALIDATION.with(sentence)
}
