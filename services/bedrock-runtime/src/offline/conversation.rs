//! A conversation, answered: what the user said last, with what was said before as what it may be about.

use super::{Ended, complete, count, task, token, tool};
use crate::chat::{Chat, End, Part, Piece, Role, Why};
use crate::identifier::lacking;
use model::Result;

/// Where nobody says how long an answer may be.
const DEFAULT_MOST_TOKENS: usize = 4_096;
/// A piece of a streamed answer, in tokens.
const PIECE: usize = 4;

/// The answer as pieces; `id` is unique, and names a use of a tool.
pub fn converse(chat: &Chat, id: &str) -> Result<Vec<Piece>> {
    let parts = chat.turns.iter().flat_map(|it| &it.parts);
    if parts.clone().any(|it| matches!(it, Part::Image { .. })) {
        return Err(lacking(&format!("images for its model {}, which reads text alone, as a part", super::NAME)));
    }
    let input_tokens = chat.tokens();
    let last = chat.turns.iter().rposition(|it| it.role == Role::User).unwrap_or_default();
    let said = chat.turns.get(last).map_or(&[][..], |it| it.parts.as_slice());
    if let Some((name, input)) = tool::wanted(chat, said) {
        let (id, input) = (format!("tooluse_{}", id.replace('-', "")), input.to_string());
        let output_tokens = (count(&name) + count(&input)) as i64;
        let end = End { why: Why::ToolUse, input_tokens, output_tokens };
        return Ok(vec![Piece::ToolUse { id, name }, Piece::ToolInput(input), Piece::End(end)]);
    }
    let prompt = text_of(said);
    let earlier: Vec<String> = chat.turns.iter().take(last).map(|it| text_of(&it.parts)).collect();
    let whole = task::respond_within(&chat.system.join("\n"), &earlier.join("\n"), &prompt);
    let most = chat.limits.most_tokens.map_or(DEFAULT_MOST_TOKENS, |it| usize::try_from(it).unwrap_or_default());
    let completion = complete(&whole, most, &chat.limits.stops);
    let why = match completion.ended {
        Ended::Finished => Why::Finished,
        Ended::TooLong => Why::TooLong,
        Ended::Stopped(sequence) => Why::Stopped(Some(sequence)),
    };
    let mut pieces = Vec::new();
    let mut rest = completion.text.as_str();
    while !rest.is_empty() {
        let (piece, _) = token::cut(rest, PIECE);
        let piece = if piece.is_empty() { rest } else { piece };
        pieces.push(Piece::Text(piece.to_owned()));
        rest = &rest[piece.len()..];
    }
    pieces.push(Piece::End(End { why, input_tokens, output_tokens: completion.tokens as i64 }));
    Ok(pieces)
}

/// What tools found counts as said.
fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::ToolResult { text, .. } => Some(text.as_str()),
        Part::Image { .. } | Part::ToolUse { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
