//! Who answers: a server that the configuration names for the model, or the offline model.

use crate::chat::{Block, Chat, Piece, Reply};
use crate::offline;
use crate::server::{self, Told};
use api::bedrock_runtime::error;
use kernel::Cloud;
use kernel::driver::ModelServer;
use model::Result;
use serde_json::Value as Json;
use std::collections::VecDeque;

/// An answer under way.
pub struct Voice {
    /// As the answer names what makes it.
    pub model: String,
    pub id: String,
    source: Source,
}

enum Source {
    /// All of it is there already.
    Said(VecDeque<Piece>),
    Told(Box<Told>),
}

/// How the answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Whole,
    Streamed,
}

/// Asks. What is wrong before the first word is an error of this.
pub async fn ask(cloud: &Cloud, model: &str, chat: &Chat, manner: Manner) -> Result<Voice> {
    let id = cloud.kernel().entropy.uuid();
    let Some((server, name)) = server_of(cloud, model) else {
        let said = offline::converse(chat, &id)?;
        return Ok(Voice { model: offline::NAME.to_owned(), id, source: Source::Said(said.into()) });
    };
    let source = match manner {
        Manner::Whole => Source::Said(server::ask(cloud, server, name, chat).await?.into()),
        Manner::Streamed => Source::Told(Box::new(server::listen(cloud, server, name, chat).await?)),
    };
    Ok(Voice { model: name.to_owned(), id, source })
}

/// The server for a model and its name for it. The longest of the identifiers that fit decides.
pub fn server_of<'c>(cloud: &'c Cloud, model: &str) -> Option<(&'c ModelServer, &'c str)> {
    let server = cloud.kernel().settings.model_server.as_ref()?;
    let fits = |id: &str| match id.strip_suffix('*') {
        Some(start) => model.starts_with(start),
        None => model == id,
    };
    let named = server.models.iter().filter(|(id, _)| fits(id)).max_by_key(|(id, _)| id.len());
    named.map(|(_, name)| (server, name.as_str()))
}

impl Voice {
    /// None after the end.
    pub async fn next(&mut self) -> Result<Option<Piece>> {
        match &mut self.source {
            Source::Said(pieces) => Ok(pieces.pop_front()),
            Source::Told(told) => told.next().await,
        }
    }

    pub async fn whole(mut self) -> Result<Reply> {
        let (mut blocks, mut input) = (Vec::new(), String::new());
        while let Some(piece) = self.next().await? {
            if !matches!(piece, Piece::ToolInput(_)) {
                close(&mut blocks, &mut input)?;
            }
            match piece {
                Piece::Text(more) => match blocks.last_mut() {
                    Some(Block::Text(text)) => text.push_str(&more),
                    _ => blocks.push(Block::Text(more)),
                },
                Piece::ToolUse { id, name } => blocks.push(Block::ToolUse { id, name, input: Json::Null }),
                Piece::ToolInput(more) => input.push_str(&more),
                Piece::End(end) => return Ok(Reply { model: self.model, id: self.id, blocks, end }),
            }
        }
        Err(error::MODEL_ERROR.with("The model's answer has no end."))
    }
}

/// Reads the input of the tool that was named last.
fn close(blocks: &mut [Block], text: &mut String) -> Result<()> {
    if let Some(Block::ToolUse { name, input, .. }) = blocks.last_mut().filter(|_| !text.is_empty()) {
        *input = serde_json::from_str(text).map_err(|why| {
            error::MODEL_ERROR.with(format!("The model's input for the tool {name} is no JSON: {why}"))
        })?;
        text.clear();
    }
    if let Some(Block::ToolUse { input: input @ Json::Null, .. }) = blocks.last_mut() {
        *input = Json::Object(serde_json::Map::new());
    }
    Ok(())
}
