//! The keeper: a small process between the server and each program that it starts.
//!
//! The server runs its own executable again, with [`ENTRY`] as first argument and one end of a socket as standard
//! input. The keeper reads an [`Order`] from it, starts the program, and waits for whichever comes first: the program's
//! end, or the end of the socket. The kernel closes the server's end even when the server is killed with SIGKILL, so
//! the program and all that descends from it die with the server. No thread of the server needs to live for that, as it
//! would with PR_SET_PDEATHSIG alone.
//!
//! Where namespaces are permitted there is an init process between the keeper and the program: when it ends, the kernel
//! ends everything in its process namespace. Elsewhere the keeper is a subreaper, to which orphans return to be ended.

pub(crate) mod cgroup;
mod init;
mod root;
mod sys;
mod watch;

use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The first argument that makes this executable a keeper.
pub const ENTRY: &str = "__keep";

/// To be called first in `main`: never returns when this process was started to be a keeper.
pub fn enter_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|it| it == ENTRY) {
        watch::keep();
    }
}

/// What a keeper is told to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// An absolute path, as seen from within the room.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
    pub room: Room,
    pub limits: Limits,
}

/// What the program sees of the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Room {
    /// Everything that the server sees.
    Open,
    /// The same files, but a process namespace of its own; `Open` where that is not permitted.
    OwnProcesses,
    /// Only what is listed.
    Closed(Root),
}

/// The files of a closed room, besides those of the operating system that every program needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Root {
    pub hostname: String,
    pub tmp_bytes: u64,
    /// Host path → path inside, read-only, recursively.
    pub binds: Vec<(PathBuf, PathBuf)>,
}

/// The most that the program and its descendants may use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub open_files: Option<u64>,
    pub processes: Option<u64>,
    pub memory_bytes: Option<u64>,
    /// In processors: 0.5 is half of one.
    pub processors: Option<f64>,
    /// Where cgroups can be made, and which.
    pub cgroups: cgroup::Places,
}

/// How a program ended. The last word of its keeper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status, when it ended by itself.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was ended because it passed its memory limit.
    pub out_of_memory: bool,
    /// The most memory that it and its descendants held at once, where that could be measured.
    pub peak_memory_bytes: Option<u64>,
    /// Why it could not even be started.
    pub not_started: Option<String>,
}

impl std::fmt::Display for Exit {
    /// As AWS writes it in `Runtime exited with error: …`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.not_started, self.signal, self.status) {
            (Some(why), ..) => write!(f, "not started: {why}"),
            (_, Some(libc::SIGKILL), _) => write!(f, "signal: killed"),
            (_, Some(libc::SIGSEGV), _) => write!(f, "signal: segmentation fault"),
            (_, Some(libc::SIGABRT), _) => write!(f, "signal: aborted"),
            (_, Some(libc::SIGTERM), _) => write!(f, "signal: terminated"),
            (_, Some(signal), _) => write!(f, "signal: {signal}"),
            (_, None, Some(status)) => write!(f, "exit status {status}"),
            (_, None, None) => write!(f, "signal: killed"),
        }
    }
}

/// What a keeper tells the server, one JSON line each.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    /// The process was made (not yet: the program runs). The id is that of the init process, or of the program.
    Started {
        pid: i32,
    },
    Ended(Exit),
}

/// A keeper's work, seen from the server. Dropping it ends the program and all its descendants.
pub(crate) struct Kept {
    keeper: tokio::process::Child,
    socket: BufReader<UnixStream>,
    pid: Option<i32>,
    exit: Option<Exit>,
}

/// The program's outputs go where these say.
pub(crate) struct Outputs {
    pub stdout: Stdio,
    pub stderr: Stdio,
}

impl Kept {
    /// Starts a keeper and hands it the order. Errors are those of starting the keeper; the program's come with its exit.
    pub async fn start(order: &Order, outputs: Outputs) -> io::Result<Kept> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let keeper = tokio::process::Command::new(own_executable()?)
            .arg(ENTRY)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(outputs.stdout)
            .stderr(outputs.stderr)
            .spawn()?;
        let mut socket = BufReader::new(UnixStream::from_std(ours)?);
        let body = serde_json::to_vec(order).expect("an order has only string keys");
        socket.write_all(&(body.len() as u32).to_le_bytes()).await?;
        socket.write_all(&body).await?;
        Ok(Kept { keeper, socket, pid: None, exit: None })
    }

    /// The host's id of the init process (in a room of its own) or of the program.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Waits until the process exists. False: it already ended, or never came to be; `ended` says why. Cancel safe.
    pub async fn started(&mut self) -> bool {
        while self.pid.is_none() && self.exit.is_none() {
            self.listen().await;
        }
        self.pid.is_some()
    }

    /// Waits for the end, when nothing of the program is left. Cancel safe.
    pub async fn ended(&mut self) -> Exit {
        while self.exit.is_none() {
            self.listen().await;
        }
        let _ = self.keeper.wait().await;
        self.exit.clone().expect("the loop ends with it")
    }

    /// Asks the program to end, with SIGTERM.
    pub fn terminate(&self) {
        // A byte always fits into the socket's buffer; when the keeper is gone there is nobody left to ask.
        let _ = self.socket.get_ref().try_write(b"t");
    }

    /// Says that the program has started, so that it competes for the processor as its limits say.
    pub fn settle(&self) {
        let _ = self.socket.get_ref().try_write(b"s");
    }

    /// Ends the program and all its descendants, with SIGKILL. Does not wait; `ended` does.
    pub fn kill(&self) {
        let _ = self.socket.get_ref().try_write(b"k");
    }

    async fn listen(&mut self) {
        let mut line = String::new();
        // A cancelled `read_line` may lose a partial line; the keeper writes each whole, in one call, so that none is.
        let read = self.socket.read_line(&mut line).await;
        match read.ok().filter(|n| *n > 0).and_then(|_| serde_json::from_str(&line).ok()) {
            Some(Told::Started { pid }) => self.pid = Some(pid),
            Some(Told::Ended(exit)) => self.exit = Some(exit),
            None => self.exit = Some(Exit { not_started: Some("its keeper died".to_owned()), ..Exit::default() }),
        }
    }
}

/// Still this executable when the file was replaced by a newer version meanwhile.
#[cfg(target_os = "linux")]
fn own_executable() -> io::Result<PathBuf> {
    Ok(PathBuf::from("/proc/self/exe"))
}

#[cfg(not(target_os = "linux"))]
fn own_executable() -> io::Result<PathBuf> {
    std::env::current_exe()
}
