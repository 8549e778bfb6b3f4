//! A conversation as `POST /chat/completions` has it.

use crate::chat::{Chat, Choice, Part, Role, Turn};
use serde_json::{Map, Value as Json, json};

pub fn body(name: &str, chat: &Chat) -> Json {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(name));
    let mut messages = Vec::new();
    if !chat.system.is_empty() {
        messages.push(json!({"role": "system", "content": chat.system.join("\n\n")}));
    }
    chat.turns.iter().for_each(|turn| add(turn, &mut messages));
    body.insert("messages".to_owned(), messages.into());
    let limits = &chat.limits;
    let mut set = |name: &str, value: Option<Json>| value.and_then(|it| body.insert(name.to_owned(), it));
    set("max_tokens", limits.most_tokens.map(Json::from));
    set("temperature", limits.temperature.map(Json::from));
    set("top_p", limits.top_p.map(Json::from));
    set("top_k", limits.top_k.map(Json::from));
    set("stop", (!limits.stops.is_empty()).then(|| json!(limits.stops)));
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(|it| {
            let mut function = json!({"name": it.name, "parameters": it.schema});
            if let Some(description) = &it.description {
                function["description"] = json!(description);
            }
            json!({"type": "function", "function": function})
        });
        set("tools", Some(tools.collect()));
        set(
            "tool_choice",
            Some(match &chat.choice {
                Choice::Auto => json!("auto"),
                Choice::Any => json!("required"),
                Choice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
            }),
        );
    }
    Json::Object(body)
}

fn add(turn: &Turn, messages: &mut Vec<Json>) {
    // Each result of a tool is a message of its own, and they come first: the calls are in the message before.
    for part in &turn.parts {
        if let Part::ToolResult { id, text } = part {
            messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
        }
    }
    match turn.role {
        Role::User => messages.extend(user(&turn.parts)),
        Role::Assistant => messages.push(assistant(&turn.parts)),
    }
}

fn user(parts: &[Part]) -> Option<Json> {
    let has_images = parts.iter().any(|it| matches!(it, Part::Image { .. }));
    let content: Vec<Json> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(json!({"type": "text", "text": text})),
            Part::Image { format, base64 } => {
                let url = format!("data:image/{format};base64,{base64}");
                Some(json!({"type": "image_url", "image_url": {"url": url}}))
            }
            Part::ToolUse { .. } | Part::ToolResult { .. } => None,
        })
        .collect();
    match (content.is_empty(), has_images) {
        (true, _) => None,
        (false, true) => Some(json!({"role": "user", "content": content})),
        // Many servers know a plain text alone.
        (false, false) => Some(json!({"role": "user", "content": texts(parts)})),
    }
}

fn assistant(parts: &[Part]) -> Json {
    let text = texts(parts);
    let content = if text.is_empty() { Json::Null } else { Json::from(text) };
    let mut message = json!({"role": "assistant", "content": content});
    let calls: Vec<Json> = parts
        .iter()
        .filter_map(|part| match part {
            Part::ToolUse { id, name, input } => {
                let function = json!({"name": name, "arguments": input.to_string()});
                Some(json!({"id": id, "type": "function", "function": function}))
            }
            Part::Text(_) | Part::Image { .. } | Part::ToolResult { .. } => None,
        })
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

fn texts(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image { .. } | Part::ToolUse { .. } | Part::ToolResult { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
