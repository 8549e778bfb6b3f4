//! The binary as a user runs it: what it says, and what becomes of bad input.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A folder for data, and the commands on it.
struct Place {
    folder: TempDir,
}

/// A server that is stopped in the end.
struct Running {
    child: Child,
    line: String,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_niebla"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NIEBLA_")) {
            command.env_remove(name);
        }
        command.args(args).env("HOME", self.folder.path()).env("NIEBLA_DATA_DIR", self.data()).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command says when it succeeds.
    fn says(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What a command says when it fails: the sentence, and what to do next.
    fn refuses(&self, args: &[&str]) -> (String, String) {
        let done = self.run(args);
        assert_eq!(done.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&done.stdout));
        assert!(done.stdout.is_empty(), "{args:?}");
        let said = String::from_utf8(done.stderr).unwrap();
        let (what, next) = said.strip_prefix("error: ").unwrap().split_once('\n').unwrap();
        (what.to_owned(), next.trim().to_owned())
    }

    fn start(&self, args: &[&str]) -> Running {
        let mut child = self
            .command(&[&["start", "--listen", "127.0.0.1:0"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("is ready on http://127.0.0.1:"), "{line}");
        Running { child, line }
    }
}

impl Running {
    fn port(&self) -> u16 {
        let (_, rest) = self.line.split_once("127.0.0.1:").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_is_found_asked_and_stopped() {
    let place = Place::new();
    let mut server = place.start(&[]);
    let ready = format!("(data in {})\n", place.data().display());
    assert!(server.line.starts_with("Niebla 0.") && server.line.ends_with(&ready), "{}", server.line);
    let url = format!("http://127.0.0.1:{}", server.port());

    let status = place.says(&["status"]);
    assert!(status.contains(&url) && status.contains(&server.child.id().to_string()), "{status}");
    assert!(place.says(&["env"]).contains(&format!("export AWS_ENDPOINT_URL={url}\n")));
    assert!(place.says(&["env", "--shell", "fish"]).contains(&format!("set -gx AWS_ENDPOINT_URL {url}\n")));

    assert!(place.says(&["stop"]).starts_with("Niebla has stopped"));
    assert!(server.child.wait().unwrap().success());
    for command in ["status", "stop", "clock"] {
        let (what, next) = place.refuses(&[command]);
        assert!(what.starts_with("Niebla is not running") && next.contains("--data-dir"), "{command}: {what} {next}");
    }
}

#[test]
fn in_the_background() {
    let place = Place::new();
    let said = place.says(&["start", "--detach", "--listen", "127.0.0.1:0"]);
    assert!(said.starts_with("Niebla 0.") && said.contains("is ready on http://127.0.0.1:"), "{said}");
    assert!(place.says(&["status"]).contains("is running on"));
    assert!(place.data().join("niebla.log").exists());

    let (what, next) = place.refuses(&["start", "--detach", "--listen", "127.0.0.1:0"]);
    assert!(what.contains("is in use by another Niebla, process "), "{what}");
    assert!(next.contains("niebla stop"), "{next}");
    place.says(&["stop"]);
}

#[test]
fn a_folder_has_one_owner() {
    let place = Place::new();
    let server = place.start(&[]);
    let (what, next) = place.refuses(&["start", "--listen", "127.0.0.1:0"]);
    let owner = format!("process {} on http://127.0.0.1:{}", server.child.id(), server.port());
    assert!(what.contains(&place.data().display().to_string()) && what.contains(&owner), "{what}");
    assert!(next.contains("niebla stop") && next.contains("--data-dir"), "{next}");
}

#[test]
fn a_killed_server_owns_nothing() {
    let place = Place::new();
    drop(place.start(&[]));
    assert!(place.refuses(&["status"]).0.starts_with("Niebla is not running"));
    drop(place.start(&[]));
}

#[test]
fn a_port_in_use() {
    let (place, other) = (Place::new(), Place::new());
    let server = other.start(&[]);
    let (what, next) = place.refuses(&["start", "--listen", &format!("127.0.0.1:{}", server.port())]);
    assert!(what.starts_with(&format!("127.0.0.1:{} is in use by another Niebla (0.", server.port())), "{what}");
    assert!(next.contains("niebla stop") && next.contains("--listen"), "{next}");

    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let (what, next) = place.refuses(&["start", "--listen", &port.to_string()]);
    assert_eq!(what, format!("127.0.0.1:{port} is in use by another program"));
    assert!(next.contains("--listen"), "{next}");
    // It has not taken the folder.
    drop(place.start(&[]));
}

#[test]
fn a_configuration_that_is_none() {
    let place = Place::new();
    let file = place.folder.path().join("niebla.toml");
    for (text, expected) in
        [("listn = 1\n", "unknown field `listn`"), ("[", "line 1"), ("listen = \"here\"\n", "`here` is no address")]
    {
        std::fs::write(&file, text).unwrap();
        let (what, _) = place.refuses(&["start", "--config", &file.display().to_string()]);
        assert!(what.contains(expected), "{what}");
    }
    let (what, next) = place.refuses(&["start", "--config", "/nowhere"]);
    assert!(what.contains("/nowhere") && next.contains("--config"), "{what} {next}");
    let (what, _) = place.refuses(&["start", "--log", "a=b=c", "--listen", "0"]);
    assert!(what.contains("a=b=c"), "{what}");
}

#[test]
fn the_file_is_read_and_variables_come_before_it() {
    let place = Place::new();
    let file = place.folder.path().join("niebla.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndata_dir = \"/nowhere\"\nephemeral = true\n").unwrap();
    let mut child = place.command(&["start"]).env("NIEBLA_CONFIG", &file).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let server = Running { child, line };
    assert!(server.line.ends_with("(data in memory)\n"), "{}", server.line);
    assert!(place.says(&["status"]).contains("in memory"));
    let (what, next) = place.refuses(&["snapshot", "load", "/some/file"]);
    assert!(what.contains("in memory") && next.contains("--ephemeral"), "{what} {next}");
}

#[test]
fn a_data_folder_that_cannot_be_used() {
    let place = Place::new();
    drop(place.start(&[]));
    let format = place.data().join("store/format");
    std::fs::write(&format, "niebla store 999\n").unwrap();
    let (what, next) = place.refuses(&["start", "--listen", "127.0.0.1:0"]);
    assert!(what.contains("999") && what.contains("newer"), "{what}");
    assert!(next.contains("--data-dir"), "{next}");
    assert_eq!(std::fs::read_to_string(format).unwrap(), "niebla store 999\n");

    let file = place.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (what, _) = place.refuses(&["start", "--data-dir", &file.display().to_string()]);
    assert!(what.contains(&file.display().to_string()), "{what}");
}

#[test]
fn the_clock_goes_on_where_it_was() {
    let place = Place::new();
    let server = place.start(&[]);
    assert!(place.says(&["clock", "advance", "30d"]).ends_with("Z (30d ahead)\n"));
    drop(server);
    let server = place.start(&[]);
    assert!(place.says(&["clock"]).ends_with("Z (30d ahead)\n"));
    place.says(&["clock", "set", "2030-01-31T12:00:00Z"]);
    place.says(&["clock", "freeze"]);
    drop(server);
    let _server = place.start(&[]);
    let shown = place.says(&["clock", "show"]);
    assert!(shown.starts_with("2030-01-31T12:0") && shown.ends_with(", frozen)\n"), "{shown}");
    assert!(!place.says(&["clock", "resume"]).contains("frozen"));
    assert!(!place.says(&["clock", "set", "now"]).contains('('));
    assert!(place.refuses(&["clock", "advance", "soon"]).0.contains("`soon` is no duration"));
}

/// The clock's row is enough to see what is kept.
#[test]
fn snapshots_and_reset_with_and_without_a_server() {
    let place = Place::new();
    let file = place.folder.path().join("snapshot");
    let file = file.display().to_string();
    let ahead = |place: &Place| place.says(&["clock"]).contains("7d ahead");

    let server = place.start(&[]);
    place.says(&["clock", "advance", "7d"]);
    place.says(&["snapshot", "save", &file]);
    place.says(&["reset"]);
    assert!(!ahead(&place));
    place.says(&["snapshot", "load", &file]);
    assert!(ahead(&place));
    assert!(place.says(&["status"]).contains(&server.child.id().to_string()));
    place.says(&["stop"]);

    place.says(&["reset"]);
    let server = place.start(&[]);
    assert!(!ahead(&place));
    place.says(&["stop"]);
    drop(server);

    place.says(&["snapshot", "load", &file]);
    let second = format!("{file}-2");
    place.says(&["snapshot", "save", &second]);
    let _server = place.start(&[]);
    assert!(ahead(&place));
    assert!(Path::new(&second).exists());

    std::fs::write(&second, "not a snapshot").unwrap();
    for (name, expected) in [(second.as_str(), second.as_str()), ("/nowhere/missing", "/nowhere/missing")] {
        let (what, next) = place.refuses(&["snapshot", "load", name]);
        assert!(what.contains(expected) && next.contains("Nothing has been changed"), "{what} {next}");
    }
    assert!(ahead(&place));
}

#[test]
fn what_changes_something_needs_the_token() {
    let place = Place::new();
    let server = place.start(&[]);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let request = "POST /_niebla/reset HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("niebla.json"), "{answer}");
}
