//! Tools: one is used where it has to be, or where the user says a word of its name. Its input is filled from the text.

use super::text::{stem, words};
use super::{extract, language::is_content};
use crate::chat::{Chat, Choice, Part, Tool};
use serde_json::{Map, Value as Json, json};

/// A schema within a schema within … goes no deeper.
const DEEPEST: usize = 8;

/// The tool to be used now, and its input.
pub fn wanted(chat: &Chat, said: &[Part]) -> Option<(String, Json)> {
    // What a tool found is to be answered with, not to be asked for again.
    let has_results = said.iter().any(|it| matches!(it, Part::ToolResult { .. }));
    let text: Vec<&str> = said
        .iter()
        .filter_map(|it| match it {
            Part::Text(text) => Some(text.as_str()),
            Part::Image { .. } | Part::ToolUse { .. } | Part::ToolResult { .. } => None,
        })
        .collect();
    let text = text.join("\n");
    let tool = match &chat.choice {
        Choice::Tool(name) => chat.tools.iter().find(|it| it.name == *name),
        Choice::Any => chat.tools.iter().find(|it| is_meant(it, &text)).or(chat.tools.first()),
        Choice::Auto if has_results => None,
        Choice::Auto => chat.tools.iter().find(|it| is_meant(it, &text)),
    }?;
    Some((tool.name.clone(), filled(&tool.schema, &text, 0)))
}

/// `get_weather`, `GetWeather`: whether the text has a word of it that says something by itself.
fn is_meant(tool: &Tool, text: &str) -> bool {
    let mut spaced = String::new();
    for it in tool.name.chars() {
        if it.is_uppercase() || !it.is_alphanumeric() {
            spaced.push(' ');
        }
        spaced.push(if it.is_alphanumeric() { it } else { ' ' });
    }
    let said = words(text);
    let named = words(&spaced);
    named.iter().filter(|it| it.len() > 3 && is_content(it)).any(|name| said.iter().any(|it| stem(it) == stem(name)))
}

/// A value that fits a schema, with what the text holds.
fn filled(schema: &Json, text: &str, depth: usize) -> Json {
    if let Some(allowed) = schema["enum"].as_array().filter(|it| !it.is_empty()) {
        let lower = text.to_lowercase();
        let said = allowed.iter().find(|it| it.as_str().is_some_and(|it| lower.contains(&it.to_lowercase())));
        return said.unwrap_or(&allowed[0]).clone();
    }
    match schema["type"].as_str() {
        _ if depth > DEEPEST => Json::Null,
        Some("object") => object(schema, text, depth),
        Some("array") => json!([filled(&schema["items"], text, depth + 1)]),
        Some("integer") => json!(number(text).unwrap_or_default() as i64),
        Some("number") => json!(number(text).unwrap_or_default()),
        Some("boolean") => json!(!text.to_lowercase().contains("not")),
        Some("null") => Json::Null,
        _ if schema["properties"].is_object() => object(schema, text, depth),
        _ => json!(phrase(text)),
    }
}

/// What is required, and what the text speaks of by its name.
fn object(schema: &Json, text: &str, depth: usize) -> Json {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it == name));
    let mut object = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        if is_required(name) || text.to_lowercase().contains(&name.to_lowercase()) {
            object.insert(name.clone(), filled(member, text, depth + 1));
        }
    }
    Json::Object(object)
}

fn number(text: &str) -> Option<f64> {
    let parts = text.split(|it: char| !it.is_ascii_digit() && it != '.' && it != '-');
    parts.filter_map(|it| it.trim_end_matches('.').parse().ok()).next()
}

/// The last name, number or address that the text holds, else the text itself: questions end with what they are about.
fn phrase(text: &str) -> String {
    extract::of(text).pop().unwrap_or_else(|| text.trim().to_owned())
}
