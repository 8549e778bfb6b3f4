//! Amazon Nova's own format, which is that of Converse: content blocks, tools, events (Complete request schema, in the
//! Nova user guide; Converse and ConverseStream, in the API reference).

use super::{Dialect, Narrator, Opening};
use crate::chat::{Block, Blocks, Chat, Choice, Limits, Part, Piece, Reply, Role, Step, Tool, Turn};
use crate::identifier::lacking;
use crate::schema;
use api::bedrock_runtime::error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use foundation::Model;
use model::{Error, Result};
use serde_json::{Value as Json, json};

pub const DIALECT: Dialect = Dialect { read, whole, narrator };

/// Documents that are text; the others would have to be read by the model itself.
const TEXTS: [&str; 4] = ["txt", "md", "csv", "html"];

fn read(body: &Json, _: &Model) -> Result<Chat> {
    schema::read(body, |it| {
        it.text("schemaVersion");
        it.required("messages");
        let limits = it.object("inferenceConfig", |it| {
            let most_tokens = it.integer("maxTokens", 1, 65_535).or(it.integer("max_new_tokens", 1, 65_535));
            Ok(Limits {
                most_tokens,
                temperature: it.number("temperature", 0, 1),
                top_p: it.number("topP", 0, 1).or(it.number("top_p", 0, 1)),
                top_k: it.integer("topK", 0, 128).or(it.integer("top_k", 0, 128)),
                stops: it.texts("stopSequences"),
            })
        })?;
        for name in ["system", "toolConfig"] {
            it.get(name);
        }
        let limits = limits.unwrap_or_default();
        if it.has("messages") { Ok(Chat { limits, ..chat(body)? }) } else { Ok(Chat::default()) }
    })
}

/// All of a request but its limits.
pub fn chat(body: &Json) -> Result<Chat> {
    let mut chat = Chat::default();
    for block in body["system"].as_array().into_iter().flatten() {
        match (block["text"].as_str(), block.get("cachePoint")) {
            (Some(text), _) => chat.system.push(text.to_owned()),
            (None, Some(_)) => {}
            (None, None) => return Err(lacking("other system prompts than text")),
        }
    }
    for (index, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        chat.turns.push(turn(message, index)?);
    }
    check_order(&chat.turns)?;
    let config = &body["toolConfig"];
    for tool in config["tools"].as_array().into_iter().flatten() {
        if tool.get("cachePoint").is_none() {
            chat.tools.push(self::tool(tool)?);
        }
    }
    let choice = &config["toolChoice"];
    if let Some(name) = choice["tool"]["name"].as_str() {
        chat.choice = Choice::Tool(name.to_owned());
    } else if choice.get("any").is_some() {
        chat.choice = Choice::Any;
    }
    Ok(chat)
}

pub fn limits(config: &Json) -> Limits {
    Limits {
        most_tokens: config["maxTokens"].as_i64(),
        temperature: config["temperature"].as_f64(),
        top_p: config["topP"].as_f64(),
        top_k: None,
        stops: config["stopSequences"].as_array().into_iter().flatten().filter_map(owned).collect(),
    }
}

fn check_order(turns: &[Turn]) -> Result<()> {
    if turns.first().is_none_or(|it| it.role != Role::User) {
        return Err(invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        ));
    }
    if turns.windows(2).any(|pair| pair[0].role == pair[1].role) {
        return Err(invalid(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
        ));
    }
    Ok(())
}

fn turn(message: &Json, index: usize) -> Result<Turn> {
    let role = match message["role"].as_str() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        other => return Err(lacking(&format!("messages of the role {}", other.unwrap_or("null")))),
    };
    let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    if blocks.is_empty() {
        return Err(invalid(&format!(
            "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
        )));
    }
    let mut parts = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        parts.extend(part(block, &format!("messages.{index}.content.{at}"))?);
    }
    Ok(Turn { role, parts })
}

/// A cache point says nothing: prompts as short as those that Bedrock does not cache are what there is here.
fn part(block: &Json, at: &str) -> Result<Option<Part>> {
    let text = |it: &Json| it.as_str().unwrap_or_default().to_owned();
    let Some((kind, value)) = block.as_object().and_then(|it| it.iter().next()) else {
        return Err(invalid(&format!("The ContentBlock object at {at} must set one of its members.")));
    };
    Ok(Some(match kind.as_str() {
        "text" if text(value).trim().is_empty() => {
            return Err(invalid(&format!(
                "The text field in the ContentBlock object at {at} is blank. Add text to the text field, and try again."
            )));
        }
        "text" => Part::Text(text(value)),
        "image" => match value["source"]["bytes"].as_str() {
            Some(base64) => Part::Image { format: text(&value["format"]), base64: base64.to_owned() },
            None => return Err(lacking("images that are not in the request")),
        },
        "document" => Part::Text(document(value)?),
        "toolUse" => {
            let (id, name) = (text(&value["toolUseId"]), text(&value["name"]));
            Part::ToolUse { id, name, input: value["input"].clone() }
        }
        "toolResult" => Part::ToolResult { id: text(&value["toolUseId"]), text: result(&value["content"])? },
        "cachePoint" => return Ok(None),
        other => return Err(lacking(&format!("content of the type {other}"))),
    }))
}

fn document(value: &Json) -> Result<String> {
    let (name, format) = (value["name"].as_str().unwrap_or_default(), value["format"].as_str().unwrap_or("txt"));
    let source = &value["source"];
    if let Some(text) = source["text"].as_str() {
        return Ok(format!("{name}:\n{text}"));
    }
    let Some(base64) = source["bytes"].as_str() else { return Err(lacking("documents that are not in the request")) };
    if !TEXTS.contains(&format) {
        return Err(lacking(&format!("documents in the format {format}")));
    }
    let text = BASE64.decode(base64).ok().and_then(|it| String::from_utf8(it).ok());
    let text = text.ok_or_else(|| invalid(&format!("The document {name} is not text.")))?;
    Ok(format!("{name}:\n{text}"))
}

fn result(content: &Json) -> Result<String> {
    let mut texts = Vec::new();
    for block in content.as_array().into_iter().flatten() {
        match (block["text"].as_str(), block.get("json")) {
            (Some(text), _) => texts.push(text.to_owned()),
            (None, Some(json)) => texts.push(json.to_string()),
            (None, None) => return Err(lacking("other results of tools than text and JSON")),
        }
    }
    Ok(texts.join("\n"))
}

fn tool(tool: &Json) -> Result<Tool> {
    let spec = &tool["toolSpec"];
    let Some(name) = spec["name"].as_str() else { return Err(lacking("tools without a toolSpec")) };
    let description = spec["description"].as_str().map(str::to_owned);
    Ok(Tool { name: name.to_owned(), description, schema: spec["inputSchema"]["json"].clone() })
}

pub fn message(reply: &Reply) -> Json {
    let content = reply.blocks.iter().map(|it| match it {
        Block::Text(text) => json!({"text": text}),
        Block::ToolUse { id, name, input } => json!({"toolUse": {"toolUseId": id, "name": name, "input": input}}),
    });
    json!({"role": "assistant", "content": content.collect::<Vec<_>>()})
}

pub fn usage(input_tokens: i64, output_tokens: i64) -> Json {
    json!({"inputTokens": input_tokens, "outputTokens": output_tokens, "totalTokens": input_tokens + output_tokens})
}

fn whole(reply: &Reply) -> Json {
    json!({
        "output": {"message": message(reply)},
        "stopReason": reply.end.why.name(),
        "usage": usage(reply.end.input_tokens, reply.end.output_tokens),
    })
}

#[derive(Default)]
struct Teller {
    begun: bool,
    blocks: Blocks,
}

pub fn narrator(_: Opening) -> Box<dyn Narrator> {
    Box::new(Teller::default())
}

impl Narrator for Teller {
    fn tell(&mut self, piece: &Piece) -> Vec<Json> {
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            events.push(json!({"messageStart": {"role": "assistant"}}));
        }
        for step in self.blocks.tell(piece) {
            match step {
                // A text begins with its first piece.
                Step::OpenText(_) => {}
                Step::OpenTool { index, id, name } => {
                    let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                    events.push(json!({"contentBlockStart": {"start": start, "contentBlockIndex": index}}));
                }
                Step::Text(index, text) => events.push(delta(index, &json!({"text": text}))),
                Step::Input(index, json) => events.push(delta(index, &json!({"toolUse": {"input": json}}))),
                Step::Close(index) => events.push(json!({"contentBlockStop": {"contentBlockIndex": index}})),
                Step::End(end) => {
                    events.push(json!({"messageStop": {"stopReason": end.why.name()}}));
                    let usage = usage(end.input_tokens, end.output_tokens);
                    events.push(json!({"metadata": {"usage": usage, "metrics": {}, "trace": {}}}));
                }
            }
        }
        events
    }
}

fn delta(index: usize, delta: &Json) -> Json {
    json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}})
}

fn owned(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn invalid(sentence: &str) -> Error {
    error::VALIDATION.with(sentence)
}
