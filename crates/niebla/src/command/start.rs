//! `niebla start`.

use crate::config::{Config, Flags};
use crate::failure::{Failure, Result, reason};
use crate::server::Server;
use crate::{VERSION, folder};
use clap::Args;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tracing_subscriber::EnvFilter;

#[derive(Args)]
pub struct Start {
    #[command(flatten)]
    pub flags: Flags,
    /// Return when Niebla is ready, and leave it running in the background
    #[arg(long)]
    detach: bool,
    /// This is the process in the background
    #[arg(long, hide = true)]
    background: bool,
}

impl Start {
    pub fn run(&self, config: Config) -> Result<()> {
        if self.detach {
            return detach(&config);
        }
        if self.background {
            // Away from the terminal, which may be closed. It fails only if we are away already.
            let _ = rustix::process::setsid();
        }
        log_to_standard_error(&config.log)?;
        let data = if config.ephemeral { "memory".to_owned() } else { config.data_dir.display().to_string() };
        Server::prepare(config)?.run(|url| {
            // Whoever waits for this line may be gone; that ends nothing.
            let mut out = std::io::stdout();
            let _ = writeln!(out, "Niebla {VERSION} is ready on {url} (data in {data})");
            let _ = out.flush();
        })
    }
}

fn log_to_standard_error(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(format!("`{filter}` is no filter for the log: {error}"))
            .next("Say off, error, warn, info or debug.")
    })?;
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).init();
    Ok(())
}

/// Starts the same program in the background, and passes on its line, or its failure.
fn detach(config: &Config) -> Result<()> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|error| Failure::file("make the data folder", &config.data_dir, &error))?;
    let path = folder::log(&config.data_dir);
    let mut log = OpenOptions::new().create(true).append(true).read(true).open(&path);
    let log = log.as_mut().map_err(|error| Failure::file("write", &path, error))?;
    let before = log.seek(SeekFrom::End(0)).unwrap_or(0);

    let mut child = background(config, log)
        .map_err(|error| Failure::new(format!("Niebla cannot start itself: {}", reason(&error))))?;
    let mut line = String::new();
    let out = child.stdout.take().expect("it was piped");
    let read = BufReader::new(out).read_line(&mut line);
    if read.is_ok_and(|it| it > 0) {
        print!("{line}");
        return Ok(());
    }
    // Its end is what is waited for; how it ended stands in the log.
    let _ = child.wait();
    Err(said_since(log, before, &path))
}

fn background(config: &Config, log: &File) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["start", "--background", "--listen", &config.listen.to_string(), "--log", &config.log])
        .arg(format!("--ephemeral={}", config.ephemeral))
        .arg("--data-dir")
        .arg(&config.data_dir)
        .arg("--cache-dir")
        .arg(&config.cache_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.try_clone()?)
        .spawn()
}

/// The failure that the process in the background wrote before it ended.
fn said_since(log: &mut File, before: u64, path: &Path) -> Failure {
    let mut text = String::new();
    let _ = log.seek(SeekFrom::Start(before)).and_then(|_| log.read_to_string(&mut text));
    failure_in(&text).unwrap_or_else(|| {
        Failure::new("Niebla ended before it was ready").next(format!("Its log is {}", path.display()))
    })
}

fn failure_in(text: &str) -> Option<Failure> {
    let (_, said) = text.rsplit_once("error: ")?;
    let mut lines = said.lines();
    let failure = Failure::new(lines.next()?);
    Some(match lines.next() {
        Some(advice) => failure.next(advice.trim_start()),
        None => failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_the_background_is_found_in_its_log() {
        let failure = failure_in("WARN something\nerror: port 1 is in use\n       Stop it.\n").unwrap();
        assert_eq!((failure.what(), failure.advice()), ("port 1 is in use", Some("Stop it.")));
        assert!(failure_in("thread panicked").is_none());
    }
}
