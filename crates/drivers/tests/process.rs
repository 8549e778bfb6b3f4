//! Child processes: output, health, restart, stop, and that none is left behind.

mod common;

use common::{processes_with, until};
use drivers::process::{Health, Process, Program, Restart, State, Stream, free_port};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn main() {
    drivers::enter_if_asked();
    if let Some(word) = std::env::args().nth(1).filter(|it| it.starts_with("server-")) {
        return serve(&word);
    }
    common::run(tests![
        lines_come_from_both_streams,
        the_exit_says_how_it_ended,
        a_program_that_is_not_there_says_so,
        a_port_tells_that_it_is_ready,
        a_probe_tells_that_it_is_ready,
        sigterm_is_passed_on,
        what_ignores_sigterm_is_killed_after_the_grace,
        grandchildren_end_with_the_program,
        a_failing_program_is_started_again,
        dropping_ends_it,
        kill_9_of_the_server_leaves_nothing_behind,
        memory_is_limited,
    ]);
}

/// A server that starts programs with children of their own and then waits to be killed.
fn serve(word: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let child = format!("sh -c 'trap : TERM; : {word}; while :; do sleep 1; done'");
        let script = format!("trap : TERM; setsid {child} & {child} & while :; do sleep 1; done");
        let _kept = Process::start(sh(&script)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
    });
}

fn sh(script: &str) -> Program {
    let mut program = Program::new("/bin/sh");
    program.args = vec!["-c".to_owned(), script.to_owned()];
    program.env = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    program
}

type Log = Arc<Mutex<Vec<String>>>;

fn logged(mut program: Program) -> (Program, Log) {
    let log = Log::default();
    let to = log.clone();
    program.on_line = Arc::new(move |stream, line| {
        let mark = if stream == Stream::Stdout { "out" } else { "err" };
        to.lock().unwrap().push(format!("{mark}: {line}"));
    });
    (program, log)
}

async fn lines_come_from_both_streams() {
    let (program, log) =
        logged(sh("echo one; echo two >&2; printf three; test -z \"$HOME\" && ls /proc/self/fd | wc -l"));
    let exit = Process::start(program).await.unwrap().ended().await;
    assert_eq!(exit.status, Some(0));
    let mut log = log.lock().unwrap().clone();
    log.sort();
    // 0, 1, 2 and the folder being read: nothing of the server's or the keeper's is inherited.
    assert_eq!(log, ["err: two", "out: one", "out: three4"]);
}

async fn the_exit_says_how_it_ended() {
    for (script, expected) in
        [("exit 3", "exit status 3"), ("kill -9 $$", "signal: killed"), ("kill -SEGV $$", "signal: segmentation fault")]
    {
        assert_eq!(Process::start(sh(script)).await.unwrap().ended().await.to_string(), expected);
    }
}

async fn a_program_that_is_not_there_says_so() {
    let process = Process::start(Program::new("/no/such/program")).await.unwrap();
    let why = process.ended().await.not_started.unwrap();
    assert_eq!(why, "/no/such/program: No such file or directory (os error 2)");
}

async fn a_port_tells_that_it_is_ready() {
    let port = free_port().unwrap();
    let mut program = Program::new("/usr/bin/python3");
    let script =
        format!("import socket,time; time.sleep(.2); s=socket.create_server(('127.0.0.1',{port})); time.sleep(100)");
    program.args = vec!["-c".to_owned(), script];
    program.health = Health::Port(port);
    let process = Process::start(program).await.unwrap();
    process.ready(Duration::from_secs(10)).await.unwrap();
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    assert!(matches!(process.state(), State::Running { .. }));
    assert_eq!(process.stop().await.signal, Some(15));
}

async fn a_probe_tells_that_it_is_ready() {
    let asked = Arc::new(Mutex::new(0));
    let mut program = sh("sleep 100");
    program.health = Health::Probe(Arc::new({
        let asked = asked.clone();
        move || {
            *asked.lock().unwrap() += 1;
            let well = *asked.lock().unwrap() > 3;
            Box::pin(async move { well })
        }
    }));
    let process = Process::start(program).await.unwrap();
    process.ready(Duration::from_secs(10)).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 4);
    let dies = Process::start(Program { health: Health::Port(1), ..sh("exit 7") }).await.unwrap();
    let error = dies.ready(Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(error.to_string(), "it ended before it was ready: exit status 7");
}

async fn sigterm_is_passed_on() {
    let (program, log) = logged(sh("trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05; done"));
    let process = Process::start(program).await.unwrap();
    until(|| !log.lock().unwrap().is_empty()).await;
    assert_eq!(process.stop().await.status, Some(4));
    assert_eq!(*log.lock().unwrap(), ["out: up", "out: bye"]);
}

async fn what_ignores_sigterm_is_killed_after_the_grace() {
    let (mut program, log) = logged(sh("trap '' TERM; echo up; while :; do sleep 0.05; done"));
    program.grace = Duration::from_millis(200);
    let process = Process::start(program).await.unwrap();
    until(|| !log.lock().unwrap().is_empty()).await;
    let began = Instant::now();
    assert_eq!(process.stop().await.signal, Some(9));
    assert!(began.elapsed() >= Duration::from_millis(200));
}

async fn grandchildren_end_with_the_program() {
    let word = format!("grandchild-{}", std::process::id());
    let process =
        Process::start(sh(&format!("setsid sh -c ': {word}; sleep 1000; :' & sleep 0.2; exit 0"))).await.unwrap();
    until(|| !processes_with(&word).is_empty()).await;
    assert_eq!(process.ended().await.status, Some(0));
    assert!(processes_with(&word).is_empty());
}

async fn a_failing_program_is_started_again() {
    let (mut program, log) = logged(sh("echo again; exit 1"));
    program.restart = Restart::OnFailure { at_most: 2 };
    assert_eq!(Process::start(program).await.unwrap().ended().await.status, Some(1));
    assert_eq!(log.lock().unwrap().len(), 3);
}

async fn dropping_ends_it() {
    let word = format!("dropped-{}", std::process::id());
    let process = Process::start(sh(&format!(": {word}; sleep 1000; :"))).await.unwrap();
    until(|| !processes_with(&word).is_empty()).await;
    drop(process);
    until(|| processes_with(&word).is_empty()).await;
}

async fn kill_9_of_the_server_leaves_nothing_behind() {
    let word = format!("server-{}", std::process::id());
    let mut server = std::process::Command::new(std::env::current_exe().unwrap()).arg(&word).spawn().unwrap();
    // The server itself, the program, its two children.
    until(|| processes_with(&word).len() >= 4).await;
    server.kill().unwrap();
    server.wait().unwrap();
    until(|| processes_with(&word).is_empty()).await;
}

async fn memory_is_limited() {
    let mut program = Program::new("/usr/bin/python3");
    program.args = vec!["-c".to_owned(), "x = []\nwhile 1: x.append(bytearray(1 << 20))".to_owned()];
    program.memory_bytes = Some(64 << 20);
    let exit = Process::start(program).await.unwrap().ended().await;
    assert!(exit.out_of_memory, "{exit:?}");
}
