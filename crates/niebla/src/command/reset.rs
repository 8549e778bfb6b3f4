//! `niebla reset`.

use crate::failure::Result;
use crate::instance::{self, Claim};
use crate::{client, folder, terminal};
use serde_json::Value;
use std::path::Path;

pub fn run(data_dir: &Path) -> Result<()> {
    match instance::running(data_dir) {
        Some(_) => {
            let server = instance::demand(data_dir)?;
            let asked = client::post(&server, "/_niebla/reset", &Value::Null)?;
            super::snapshot::next_round(&server, &asked)?;
        }
        None => {
            let _claim = Claim::take(data_dir, false)?;
            folder::empty(data_dir)?;
        }
    }
    terminal::say(format_args!("Niebla is empty (data in {})", data_dir.display()));
    Ok(())
}
