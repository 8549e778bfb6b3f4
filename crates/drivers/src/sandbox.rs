//! A closed room for a program that is not trusted: a function of a user.
//!
//! Inside, the program sees the operating system's programs and libraries, the folders that it was given, its own
//! `/tmp`, its own processes, and nothing else of the machine. The network is the host's, for a function must reach
//! Niebla and the internet. It cannot gain privileges, and its memory, processes, files and processor time are bounded.
//!
//! Where the machine permits no namespaces it is a plain process, bounded by resource limits only; [`isolation`] says
//! so, for the caller to log aloud.

use crate::keeper::{Kept, Limits, Order, Outputs, Room, Root, cgroup};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::sync::OnceCell;

pub use crate::keeper::Exit;

/// AWS's bounds for a function: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const OPEN_FILES: u64 = 1024;
pub const PROCESSES: u64 = 1024;
/// Memory that brings one processor: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>.
pub const MB_PER_PROCESSOR: f64 = 1769.0;
/// How long the question whether namespaces work may take.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// How a sandbox is kept apart from the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Isolation {
    Namespaces,
    /// Not at all, for the reason given.
    Process {
        reason: String,
    },
}

/// What to run in a sandbox.
#[derive(Debug, Clone)]
pub struct Spec {
    /// An absolute path, as seen inside.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
    /// Host path → path inside; read-only. Without namespaces they have no effect.
    pub binds: Vec<(PathBuf, PathBuf)>,
    pub hostname: String,
    pub memory_bytes: u64,
    pub tmp_bytes: u64,
}

/// A program in its sandbox. Dropping it ends all its processes.
pub struct Sandbox {
    kept: Kept,
}

/// How sandboxes are kept apart on this machine. Tried once per process; the first call takes some milliseconds.
pub async fn isolation() -> &'static Isolation {
    static TRIED: OnceCell<Isolation> = OnceCell::const_new();
    TRIED.get_or_init(probe).await
}

impl Sandbox {
    /// Starts a program. Its exit tells if that failed. Both outputs go where they are told.
    pub async fn start(spec: Spec, stdout: Stdio, stderr: Stdio) -> io::Result<Sandbox> {
        let room = match isolation().await {
            Isolation::Namespaces => Room::Closed(Root {
                hostname: spec.hostname.clone(),
                tmp_bytes: spec.tmp_bytes,
                binds: spec.binds.clone(),
            }),
            Isolation::Process { .. } => Room::Open,
        };
        let order = order(spec, room);
        Ok(Sandbox { kept: Kept::start(&order, Outputs { stdout, stderr }).await? })
    }

    /// The host's number of the init process, or of the program where there are no namespaces.
    pub fn pid(&self) -> Option<i32> {
        self.kept.pid()
    }

    /// Waits until the program is about to run. False: it failed to; the exit tells why.
    pub async fn started(&mut self) -> bool {
        self.kept.started().await
    }

    /// Waits until nothing is left of the program. Cancel safe.
    pub async fn ended(&mut self) -> Exit {
        self.kept.ended().await
    }

    /// Ends all its processes at once. `ended` tells when it is done.
    pub fn kill(&self) {
        self.kept.kill();
    }

    /// Says that the program has started: until then it has more weight on a busy processor.
    pub fn settle(&self) {
        self.kept.settle();
    }

    /// Asks the program to end, with SIGTERM.
    pub fn terminate(&self) {
        self.kept.terminate();
    }
}

fn order(spec: Spec, room: Room) -> Order {
    let limits = Limits {
        open_files: Some(OPEN_FILES),
        // Without a user of its own, a program's processes count together with all others of ours.
        processes: matches!(room, Room::Closed(_)).then_some(PROCESSES),
        memory_bytes: Some(spec.memory_bytes),
        processors: Some(spec.memory_bytes as f64 / f64::from(1 << 20) / MB_PER_PROCESSOR),
        cgroups: cgroup::Places::find().clone(),
    };
    Order { program: spec.program, args: spec.args, env: spec.env, cwd: spec.cwd, room, limits }
}

async fn probe() -> Isolation {
    if !cfg!(target_os = "linux") {
        return Isolation::Process { reason: "this system has no namespaces".to_owned() };
    }
    let spec = Spec {
        program: PathBuf::from("/bin/sh"),
        args: vec!["-c".to_owned(), "exit 0".to_owned()],
        env: Vec::new(),
        cwd: PathBuf::from("/"),
        binds: Vec::new(),
        hostname: "probe".to_owned(),
        memory_bytes: 64 << 20,
        tmp_bytes: 1 << 20,
    };
    let room = Room::Closed(Root { hostname: "probe".to_owned(), tmp_bytes: spec.tmp_bytes, binds: Vec::new() });
    let outputs = Outputs { stdout: Stdio::null(), stderr: Stdio::null() };
    let tried = async {
        let mut kept = Kept::start(&order(spec, room), outputs).await.map_err(|it| it.to_string())?;
        match kept.ended().await {
            exit if exit.status == Some(0) => Ok(()),
            exit => Err(exit.to_string()),
        }
    };
    match tokio::time::timeout(PROBE_PATIENCE, tried).await {
        Ok(Ok(())) => Isolation::Namespaces,
        Ok(Err(reason)) => Isolation::Process { reason },
        Err(_) => Isolation::Process { reason: "setting up namespaces took too long".to_owned() },
    }
}
