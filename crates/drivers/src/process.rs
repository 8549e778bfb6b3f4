//! Child processes: started, watched, restarted where asked, stopped, and none left behind.
//!
//! Each runs below a keeper (see `keeper`), so it and its descendants end with the server, also when that is killed.

use crate::keeper::{Kept, Limits, Order, Outputs, Room, cgroup};
use crate::lines;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub use crate::keeper::Exit;

/// How long a program may take to end after SIGTERM, unless told otherwise.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long to wait between two questions for a program's health while it starts.
const PROBE_EVERY: Duration = Duration::from_millis(20);
/// The first pause before a restart; it doubles with each, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// Which output a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Takes each line of output, without its end, at most [`lines::MAX_LINE`] bytes. Called in order per stream; must not block.
pub type OnLine = Arc<dyn Fn(Stream, &str) + Send + Sync>;

/// A question whether a program is ready to serve.
#[derive(Clone)]
pub enum Health {
    /// It is, once it runs.
    Running,
    /// It is, once something accepts connections at this port of 127.0.0.1.
    Port(u16),
    /// It is, once this answers true.
    Probe(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>),
}

/// What happens when a program ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    Never,
    /// It is started again after a growing pause, this many times in a row at most.
    OnFailure {
        at_most: u32,
    },
}

/// A program to run.
#[derive(Clone)]
pub struct Program {
    /// An absolute path.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
    pub memory_bytes: Option<u64>,
    pub open_files: Option<u64>,
    pub on_line: OnLine,
    pub health: Health,
    pub restart: Restart,
    pub grace: Duration,
}

impl Program {
    /// A program without arguments, environment, limits or restart, in `/`, whose lines nobody reads.
    pub fn new(program: impl Into<PathBuf>) -> Program {
        Program {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            memory_bytes: None,
            open_files: None,
            on_line: Arc::new(|_, _| {}),
            health: Health::Running,
            restart: Restart::Never,
            grace: GRACE,
        }
    }
}

/// What a supervised program is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Starting,
    /// The host's number of its process, or of the init process above it.
    Running {
        pid: i32,
    },
    Ended(Exit),
}

/// A supervised program. Dropping it ends the program and its descendants.
pub struct Process {
    stop: mpsc::Sender<()>,
    state: watch::Receiver<State>,
    supervisor: JoinHandle<()>,
}

/// A port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Process {
    /// Starts a program. Errors are those of starting its keeper; whether the program itself could start, `state` tells.
    pub async fn start(program: Program) -> io::Result<Process> {
        let first = begin(&program).await?;
        let (stop, stopped) = mpsc::channel(1);
        let (told, state) = watch::channel(State::Starting);
        let supervisor = tokio::spawn(supervise(program, first, stopped, told));
        Ok(Process { stop, state, supervisor })
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until the program is ready to serve. An error when it ended before, or was not ready in time.
    pub async fn ready(&self, within: Duration) -> io::Result<()> {
        match timeout(within, self.running()).await {
            Ok(None) => Ok(()),
            Ok(Some(exit)) => Err(io::Error::other(format!("it ended before it was ready: {exit}"))),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it was not ready in time")),
        }
    }

    /// Waits for the program's end, after which it is not started again. Cancel safe.
    pub async fn ended(&self) -> Exit {
        let mut state = self.state.clone();
        let ended = state.wait_for(|it| matches!(it, State::Ended(_))).await;
        match ended.as_deref() {
            Ok(State::Ended(exit)) => exit.clone(),
            _ => Exit::default(),
        }
    }

    /// SIGTERM, then SIGKILL after the grace. Returns when nothing of the program is left.
    pub async fn stop(&self) -> Exit {
        // A full channel means that it is being stopped.
        let _ = self.stop.try_send(());
        self.ended().await
    }

    async fn running(&self) -> Option<Exit> {
        let mut state = self.state.clone();
        match state.wait_for(|it| *it != State::Starting).await.as_deref() {
            Ok(State::Running { .. }) => None,
            Ok(State::Ended(exit)) => Some(exit.clone()),
            _ => Some(Exit::default()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

struct Running {
    kept: Kept,
    readers: [JoinHandle<()>; 2],
}

async fn begin(program: &Program) -> io::Result<Running> {
    let order = Order {
        program: program.program.clone(),
        args: program.args.clone(),
        env: program.env.clone(),
        cwd: program.cwd.clone(),
        room: Room::OwnProcesses,
        limits: Limits {
            open_files: program.open_files,
            processes: None,
            memory_bytes: program.memory_bytes,
            processors: None,
            cgroups: if program.memory_bytes.is_some() { cgroup::Places::find().clone() } else { Default::default() },
        },
    };
    let (stdout, stdout_of_program) = pipe()?;
    let (stderr, stderr_of_program) = pipe()?;
    let outputs = Outputs { stdout: stdout_of_program, stderr: stderr_of_program };
    let kept = Kept::start(&order, outputs).await?;
    let read = |from, stream, on_line: &OnLine| {
        let on_line = on_line.clone();
        tokio::spawn(lines::pump(from, move |it: &str| on_line(stream, it)))
    };
    let readers = [read(stdout, Stream::Stdout, &program.on_line), read(stderr, Stream::Stderr, &program.on_line)];
    Ok(Running { kept, readers })
}

fn pipe() -> io::Result<(tokio::net::unix::pipe::Receiver, Stdio)> {
    let (theirs, ours) = tokio::net::unix::pipe::pipe()?;
    Ok((ours, Stdio::from(theirs.into_blocking_fd()?)))
}

async fn supervise(program: Program, first: Running, mut stop: mpsc::Receiver<()>, state: watch::Sender<State>) {
    let (mut running, mut pause, mut restarts) = (first, FIRST_PAUSE, 0);
    loop {
        let (exit, asked) = attend(&program, &mut running, &mut stop, &state).await;
        for it in running.readers {
            let _ = it.await;
        }
        let again = matches!(program.restart, Restart::OnFailure { at_most } if restarts < at_most);
        if asked || !again || exit.status == Some(0) {
            state.send_replace(State::Ended(exit));
            return;
        }
        restarts += 1;
        state.send_replace(State::Starting);
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.recv() => {
                state.send_replace(State::Ended(exit));
                return;
            }
        }
        pause = (pause * 2).min(LAST_PAUSE);
        running = match begin(&program).await {
            Ok(it) => it,
            Err(it) => {
                let exit = Exit { not_started: Some(it.to_string()), ..Exit::default() };
                state.send_replace(State::Ended(exit));
                return;
            }
        };
    }
}

/// Until the program ends: how, and whether it was asked to.
async fn attend(
    program: &Program,
    running: &mut Running,
    stop: &mut mpsc::Receiver<()>,
    state: &watch::Sender<State>,
) -> (Exit, bool) {
    if running.kept.started().await {
        let pid = running.kept.pid().expect("it started");
        tokio::select! {
            exit = running.kept.ended() => return (exit, false),
            () = healthy(&program.health) => { state.send_replace(State::Running { pid }); }
            _ = stop.recv() => return (end(&mut running.kept, program.grace).await, true),
        }
    }
    tokio::select! {
        exit = running.kept.ended() => (exit, false),
        _ = stop.recv() => (end(&mut running.kept, program.grace).await, true),
    }
}

async fn end(kept: &mut Kept, grace: Duration) -> Exit {
    kept.terminate();
    match timeout(grace, kept.ended()).await {
        Ok(exit) => exit,
        Err(_) => {
            kept.kill();
            kept.ended().await
        }
    }
}

async fn healthy(health: &Health) {
    loop {
        let asked = Instant::now();
        let well = match health {
            Health::Running => true,
            Health::Port(port) => tokio::net::TcpStream::connect(("127.0.0.1", *port)).await.is_ok(),
            Health::Probe(ask) => ask().await,
        };
        if well {
            return;
        }
        tokio::time::sleep_until(asked + PROBE_EVERY).await;
    }
}
