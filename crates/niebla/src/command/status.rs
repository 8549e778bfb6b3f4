//! `niebla status`.

use crate::failure::Result;
use crate::{client, instance, terminal, time};
use std::path::Path;

pub fn run(data_dir: &Path) -> Result<()> {
    let server = instance::demand(data_dir)?;
    let status = client::get(&server, "/_niebla/status")?;
    terminal::say(format_args!("Niebla {} is running on {}", server.version, server.url));
    let data = if server.ephemeral { "in memory".to_owned() } else { data_dir.display().to_string() };
    terminal::fact("data", data);
    terminal::fact("process", server.pid);
    terminal::fact("since", time::shown(status["started_at"].as_i64().unwrap_or_default()));
    let services = status["services"].as_array().into_iter().flatten().filter_map(|it| it.as_str());
    terminal::fact("services", services.collect::<Vec<_>>().join(", "));
    terminal::fact("clock", super::clock::shown(&status["clock"]));
    Ok(())
}
