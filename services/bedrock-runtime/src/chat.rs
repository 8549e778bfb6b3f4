//! A conversation and its answer, in no model's own words.

use crate::offline;
use serde_json::Value as Json;

#[derive(Clone, Debug, Default)]
pub struct Chat {
    pub system: Vec<String>,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub choice: Choice,
    pub limits: Limits,
}

#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub most_tokens: Option<i64>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<i64>,
    pub stops: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub role: Role,
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Image {
        /// `png`, `jpeg`, `gif`, `webp`.
        format: String,
        base64: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Json,
    },
    ToolResult {
        id: String,
        text: String,
    },
}

#[derive(Clone, Debug)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema.
    pub schema: Json,
}

/// Whether a tool has to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    Auto,
    Any,
    Tool(String),
}

/// A part of an answer, in the order in which it is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    /// A tool is used; its input follows, as pieces of JSON.
    ToolUse {
        id: String,
        name: String,
    },
    ToolInput(String),
    /// The last one.
    End(End),
}

#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub why: Why,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Finished,
    /// At a stop sequence, which is not part of the text, and which is not always known.
    Stopped(Option<String>),
    TooLong,
    ToolUse,
    Filtered,
}

/// An answer that is whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// As the answer names what made it.
    pub model: String,
    /// A UUID.
    pub id: String,
    pub blocks: Vec<Block>,
    pub end: End,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Text(String),
    ToolUse { id: String, name: String, input: Json },
}

impl Chat {
    /// One text from the user.
    pub fn of_prompt(text: &str) -> Chat {
        let turn = Turn { role: Role::User, parts: vec![Part::Text(text.to_owned())] };
        Chat { turns: vec![turn], ..Chat::default() }
    }

    /// About what a model counts of it.
    pub fn tokens(&self) -> i64 {
        let of_turns = self.turns.iter().flat_map(|it| &it.parts).map(|part| match part {
            Part::Text(text) | Part::ToolResult { text, .. } => offline::count(text),
            Part::ToolUse { name, input, .. } => offline::count(name) + offline::count(&input.to_string()),
            // What an image costs depends on its size; this is the least that Claude's documentation computes.
            Part::Image { .. } => 54,
        });
        let of_tools = self.tools.iter().map(|it| {
            offline::count(&it.name)
                + it.description.as_deref().map_or(0, offline::count)
                + offline::count(&it.schema.to_string())
        });
        let of_system = self.system.iter().map(|it| offline::count(it));
        of_turns.chain(of_tools).chain(of_system).sum::<usize>() as i64
    }
}

impl Reply {
    pub fn text(&self) -> String {
        let text = |it: &Block| match it {
            Block::Text(text) => Some(text.clone()),
            Block::ToolUse { .. } => None,
        };
        self.blocks.iter().filter_map(text).collect()
    }
}

impl Why {
    /// As Converse, Claude and Nova call it.
    pub fn name(&self) -> &'static str {
        match self {
            Why::Finished => "end_turn",
            Why::Stopped(_) => "stop_sequence",
            Why::TooLong => "max_tokens",
            Why::ToolUse => "tool_use",
            Why::Filtered => "content_filtered",
        }
    }

    pub fn sequence(&self) -> Option<&str> {
        match self {
            Why::Stopped(sequence) => sequence.as_deref(),
            Why::Finished | Why::TooLong | Why::ToolUse | Why::Filtered => None,
        }
    }
}

/// Pieces, told as the blocks of a message: opened, filled, closed.
#[derive(Default)]
pub struct Blocks {
    index: usize,
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Tool,
}

pub enum Step<'p> {
    OpenText(usize),
    OpenTool { index: usize, id: &'p str, name: &'p str },
    Text(usize, &'p str),
    Input(usize, &'p str),
    Close(usize),
    End(&'p End),
}

impl Blocks {
    pub fn tell<'p>(&mut self, piece: &'p Piece) -> Vec<Step<'p>> {
        let mut steps = Vec::new();
        let goes_on = match piece {
            Piece::Text(_) => self.open == Some(Open::Text),
            Piece::ToolInput(_) => true,
            Piece::ToolUse { .. } | Piece::End(_) => false,
        };
        if !goes_on && self.open.take().is_some() {
            steps.push(Step::Close(self.index));
            self.index += 1;
        }
        match piece {
            Piece::Text(text) => {
                if self.open.replace(Open::Text).is_none() {
                    steps.push(Step::OpenText(self.index));
                }
                steps.push(Step::Text(self.index, text));
            }
            Piece::ToolUse { id, name } => {
                self.open = Some(Open::Tool);
                steps.push(Step::OpenTool { index: self.index, id, name });
            }
            Piece::ToolInput(json) => steps.push(Step::Input(self.index, json)),
            Piece::End(end) => steps.push(Step::End(end)),
        }
        steps
    }
}
