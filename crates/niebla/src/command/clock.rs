//! `niebla clock`: shows and moves the clock that every service goes by.

use crate::failure::Result;
use crate::{client, instance, terminal, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Args)]
pub struct Clock {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Show the time that Niebla has
    Show,
    /// Move forward; what becomes due is done at once
    Advance {
        /// How far: 90s, 15m, 1h30m, 30d, 2w
        #[arg(value_name = "DURATION")]
        by: String,
    },
    /// Move to a time
    Set {
        /// 2026-01-31T12:00:00Z, 2026-01-31, seconds since 1970, or `now` for the machine's time
        #[arg(value_name = "TIME")]
        to: String,
    },
    /// Let time stand still until it is moved or resumed
    Freeze,
    /// Let time go on from where it stands
    Resume,
}

impl Clock {
    pub fn run(&self, data_dir: &Path) -> Result<()> {
        let change = match self.action.as_ref().unwrap_or(&Action::Show) {
            Action::Show => None,
            Action::Advance { by } => Some(json!({ "advance_ms": time::duration_ms(by)? })),
            Action::Set { to } if to == "now" => Some(json!({ "set": "now" })),
            Action::Set { to } => Some(json!({ "set_ms": time::moment_ms(to)? })),
            Action::Freeze => Some(json!({ "freeze": true })),
            Action::Resume => Some(json!({ "freeze": false })),
        };
        let server = instance::demand(data_dir)?;
        let clock = match change {
            Some(change) => client::post(&server, "/_niebla/clock", &change)?,
            None => client::get(&server, "/_niebla/clock")?,
        };
        terminal::say(shown(&clock));
        Ok(())
    }
}

/// `2026-01-31T12:00:00.000Z (30d ahead, frozen)`.
pub fn shown(clock: &Value) -> String {
    let offset = clock["offset_ms"].as_i64().unwrap_or_default();
    let mut notes = Vec::new();
    // A frozen clock falls behind by the moment that asking takes; that is not worth a word.
    if offset.abs() >= 1_000 {
        notes.push(format!("{} {}", rough(offset.unsigned_abs()), if offset > 0 { "ahead" } else { "behind" }));
    }
    if clock["frozen"] == true {
        notes.push("frozen".to_owned());
    }
    let now = time::shown(clock["now_ms"].as_i64().unwrap_or_default());
    if notes.is_empty() { now } else { format!("{now} ({})", notes.join(", ")) }
}

/// The two largest units: `30d 2h`.
fn rough(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let from_first = parts.into_iter().skip_while(|(count, _)| *count == 0).take(2).filter(|(count, _)| *count > 0);
    from_first.map(|(count, unit)| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_shown_with_what_is_special_about_it() {
        for (offset, frozen, expected) in [
            (0, false, "1970-01-01T00:00:00.000Z"),
            (30 * 86_400_000_i64, false, "1970-01-01T00:00:00.000Z (30d ahead)"),
            (-5_400_000, false, "1970-01-01T00:00:00.000Z (1h 30m behind)"),
            (0, true, "1970-01-01T00:00:00.000Z (frozen)"),
        ] {
            let clock = json!({ "now_ms": 0, "offset_ms": offset, "frozen": frozen });
            assert_eq!(shown(&clock), expected);
        }
    }
}
