//! Answers of `POST /chat/completions`: whole, and as server-sent events.

use crate::chat::{Chat, End, Piece, Why};
use crate::offline;
use api::bedrock_runtime::error;
use kernel::driver::HttpStream;
use model::{Error, ErrorShape, Result};
use serde_json::Value as Json;
use std::collections::VecDeque;

/// Not in the list of errors that operations state: it ends streams.
const STREAM_ERROR: ErrorShape = ErrorShape::sender("ModelStreamErrorException").status(424);

/// A whole answer, as pieces.
pub fn whole(answer: &Json, chat: &Chat) -> Result<Vec<Piece>> {
    let choice = &answer["choices"][0];
    if !choice["message"].is_object() {
        return Err(error::MODEL_ERROR.with("The model server's answer holds no message."));
    }
    let mut reading = Reading::new(chat);
    let mut pieces = Vec::new();
    reading.read(&choice["message"], &mut pieces);
    reading.note(answer);
    pieces.push(Piece::End(reading.end()));
    Ok(pieces)
}

/// An answer under way.
pub struct Told {
    answer: HttpStream,
    /// Bytes of a line that is not complete yet.
    line: Vec<u8>,
    ready: VecDeque<Piece>,
    reading: Reading,
    ended: bool,
    /// Told after what came before it.
    failure: Option<Error>,
}

impl Told {
    pub fn new(answer: HttpStream, chat: &Chat) -> Told {
        Told {
            answer,
            line: Vec::new(),
            ready: VecDeque::new(),
            reading: Reading::new(chat),
            ended: false,
            failure: None,
        }
    }

    pub async fn next(&mut self) -> Result<Option<Piece>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if let Some(error) = self.failure.take() {
                self.ended = true;
                return Err(error);
            }
            if self.ended {
                return Ok(None);
            }
            match self.answer.body.next().await {
                Ok(Some(bytes)) => self.failure = self.take(&bytes).err(),
                // Some servers leave out `[DONE]`, but none the reason why it ended.
                Ok(None) if self.reading.why.is_some() => self.finish(),
                Ok(None) => return Err(broken("it ended before its end")),
                Err(why) => return Err(broken(&why)),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.line.extend_from_slice(bytes);
        while let Some(at) = self.line.iter().position(|it| *it == b'\n') {
            let line: Vec<u8> = self.line.drain(..=at).collect();
            let Some(data) = line.trim_ascii().strip_prefix(b"data:") else { continue };
            match data.trim_ascii() {
                b"[DONE]" => self.finish(),
                data => self.event(data)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, data: &[u8]) -> Result<()> {
        let event: Json = serde_json::from_slice(data).map_err(|why| broken(&format!("an event is no JSON: {why}")))?;
        if !event["error"].is_null() {
            let message = event["error"]["message"].as_str().or(event["error"].as_str()).unwrap_or_default();
            return Err(STREAM_ERROR.with(message).field("originalMessage", message.to_owned()));
        }
        let mut pieces = Vec::new();
        self.reading.read(&event["choices"][0]["delta"], &mut pieces);
        self.reading.note(&event);
        self.ready.extend(pieces);
        Ok(())
    }

    fn finish(&mut self) {
        if !self.ended {
            self.ended = true;
            self.ready.push_back(Piece::End(self.reading.end()));
        }
    }
}

/// What was read so far.
struct Reading {
    stops: Vec<String>,
    /// Where the server does not count, this does.
    input_tokens: i64,
    said: usize,
    /// The number of the tool call that is being read.
    call: Option<i64>,
    why: Option<Why>,
    usage: Option<(i64, i64)>,
}

impl Reading {
    fn new(chat: &Chat) -> Reading {
        let (stops, input_tokens) = (chat.limits.stops.clone(), chat.tokens());
        Reading { stops, input_tokens, said: 0, call: None, why: None, usage: None }
    }

    /// A message, or what is new of one.
    fn read(&mut self, message: &Json, pieces: &mut Vec<Piece>) {
        if let Some(text) = message["content"].as_str().filter(|it| !it.is_empty()) {
            self.said += offline::count(text);
            pieces.push(Piece::Text(text.to_owned()));
        }
        for (at, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let number = call["index"].as_i64().unwrap_or(at as i64);
            let function = &call["function"];
            // Only the first piece of a call names it.
            if let Some(name) = function["name"].as_str().filter(|it| !it.is_empty() && self.call != Some(number)) {
                self.call = Some(number);
                let id =
                    call["id"].as_str().filter(|it| is_id(it)).map_or_else(|| format!("call_{number}"), str::to_owned);
                pieces.push(Piece::ToolUse { id, name: name.to_owned() });
            }
            if let Some(input) = function["arguments"].as_str().filter(|it| !it.is_empty()) {
                self.said += offline::count(input);
                pieces.push(Piece::ToolInput(input.to_owned()));
            }
        }
    }

    fn note(&mut self, answer: &Json) {
        let choice = &answer["choices"][0];
        self.why = match choice["finish_reason"].as_str() {
            Some("length") => Some(Why::TooLong),
            Some("tool_calls" | "function_call") => Some(Why::ToolUse),
            Some("content_filter") => Some(Why::Filtered),
            // vLLM says at which sequence; others do not tell an end from a stop.
            Some(_) if self.call.is_some() => Some(Why::ToolUse),
            Some(_) => match choice["stop_reason"].as_str().filter(|it| self.stops.iter().any(|stop| stop == it)) {
                Some(sequence) => Some(Why::Stopped(Some(sequence.to_owned()))),
                None => Some(Why::Finished),
            },
            None => self.why.take(),
        };
        let usage = &answer["usage"];
        if let (Some(input), Some(output)) = (usage["prompt_tokens"].as_i64(), usage["completion_tokens"].as_i64()) {
            self.usage = Some((input, output));
        }
    }

    fn end(&mut self) -> End {
        let (input_tokens, output_tokens) = self.usage.unwrap_or((self.input_tokens, self.said as i64));
        End { why: self.why.take().unwrap_or(Why::Finished), input_tokens, output_tokens }
    }
}

/// As Bedrock's model constrains the ids of tool uses.
fn is_id(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b':' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn broken(why: &str) -> Error {
    STREAM_ERROR.with(format!("The model server's answer broke off: {why}")).field("originalMessage", why.to_owned())
}
