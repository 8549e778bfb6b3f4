//! The requests and answers of each family of models.

mod claude;
mod llama;
mod mistral;
pub mod nova;
mod prompt;
mod titan;

use crate::chat::{Chat, Piece, Reply};
use foundation::{Modality, Model};
use model::Result;
use serde_json::Value as Json;

/// How a family of models is spoken to.
pub struct Dialect {
    pub read: fn(&Json, &Model) -> Result<Chat>,
    pub whole: fn(&Reply) -> Json,
    pub narrator: fn(Opening) -> Box<dyn Narrator>,
}

/// What is known of an answer before its first piece.
pub struct Opening {
    pub model: String,
    /// A UUID.
    pub id: String,
    /// About, since only the end says for sure.
    pub input_tokens: i64,
}

/// Tells an answer in the chunks of a family.
pub trait Narrator: Send {
    fn tell(&mut self, piece: &Piece) -> Vec<Json>;
}

/// The dialect of a model; none for those that InvokeModel does not serve here.
pub fn of(model: &Model) -> Option<Dialect> {
    if !model.answers_in(Modality::Text) {
        return None;
    }
    let begins = |start: &str| model.id.starts_with(start);
    Some(match () {
        () if begins("amazon.titan-text-") => titan::DIALECT,
        () if begins("amazon.nova-") => nova::DIALECT,
        () if begins("anthropic.claude-") => claude::DIALECT,
        () if begins("meta.llama") => llama::DIALECT,
        () if mistral::takes_messages(model.id) => mistral::CHAT,
        () if begins("mistral.") => mistral::TEXT,
        () => return None,
    })
}
