//! JSON templates. The depth is bounded by the parser, at 128 levels.

use super::invalid;
use model::Result;
use serde_json::Value as Json;

pub fn parse(body: &str) -> Result<Json> {
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        invalid(format!("Template format error: JSON not well-formed. (line {line}, column {column})"))
    })
}
