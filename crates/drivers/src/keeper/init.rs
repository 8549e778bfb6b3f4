//! The init process of a room, and the program in it.
//!
//! Init has process number 1 in its namespace: it reaps what others leave, passes SIGTERM on to the program, and when it
//! ends the kernel ends everything else there.

use super::sys::{self, Pid};
use super::{Limits, Order, Room, root};
use std::ffi::CString;
use std::io::{self, Error};
use std::path::Path;

/// The user and group of a function on AWS, by number.
pub(super) const USER: u32 = 993;
pub(super) const GROUP: u32 = 990;

/// Who the program is to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Identity {
    /// The user that the keeper is.
    Same,
    /// Another one, whose numbers are these in the namespace.
    Other { user: u32, group: u32 },
}

/// Words from init or the program to the keeper.
pub(super) const READY: u8 = b'R';
pub(super) const ENDED: u8 = b'X';
pub(super) const FAILED: u8 = b'E';

/// Between the keeper and init.
pub(super) struct Pipes {
    /// A byte when the users are mapped, another when the process is in its control groups.
    pub go: i32,
    /// What init and the program say.
    pub word: i32,
}

/// Waits for the keeper's next leave to go on; without a keeper there is nothing to go on for.
pub(super) fn wait_for_leave(go: i32) {
    if sys::read(go, &mut [0]).ok() != Some(1) {
        sys::exit(1);
    }
}

/// The life of init.
pub(super) fn live(order: &Order, identity: Identity, rlimit_memory: bool, pipes: Pipes) -> ! {
    let Pipes { go, word } = pipes;
    // The keeper's death is ours; only SIGKILL reaches an init from outside.
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    // The program may be of the same user: it shall not trace or read us.
    let _ = sys::prctl(libc::PR_SET_DUMPABLE, 0);
    let entered = match &order.room {
        Room::Closed(room) => root::enter(room),
        Room::OwnProcesses => root::own_proc(),
        Room::Open => Ok(()),
    };
    if let Err(it) = entered {
        fail(word, &it);
    }
    let Ok(signals) = sys::signals(&[libc::SIGCHLD, libc::SIGTERM]) else { fail(word, &Error::last_os_error()) };
    // Only now: what the program will use shall count.
    wait_for_leave(go);
    let program = match sys::fork_into(0) {
        Ok(0) => become_program(order, identity, rlimit_memory, word),
        Ok(pid) => pid,
        Err(it) => fail(word, &it),
    };
    sys::write(word, &[READY]);
    let status = reap(program, signals);
    let mut last = vec![ENDED];
    last.extend(status.to_le_bytes());
    sys::write(word, &last);
    sys::exit(0)
}

/// Until the program ends: its raw wait status.
fn reap(program: Pid, signals: i32) -> i32 {
    loop {
        while let Ok(Some((pid, status))) = sys::wait(-1, libc::WNOHANG) {
            if pid == program {
                return status;
            }
        }
        let mut wanted = libc::pollfd { fd: signals, events: libc::POLLIN, revents: 0 };
        // SAFETY: one element, as said.
        unsafe { libc::poll(&mut wanted, 1, -1) };
        let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
        while sys::read(signals, &mut info).is_ok_and(|n| n == info.len()) {
            if i32::from_le_bytes([info[0], info[1], info[2], info[3]]) == libc::SIGTERM {
                sys::kill(program, libc::SIGTERM);
            }
        }
    }
}

/// Gives up what the program shall not have, and becomes it.
pub(super) fn become_program(order: &Order, identity: Identity, rlimit_memory: bool, word: i32) -> ! {
    let error = match prepare(order, identity, rlimit_memory) {
        Ok(()) => execute(order),
        Err(it) => it,
    };
    fail(word, &error)
}

fn prepare(order: &Order, identity: Identity, rlimit_memory: bool) -> io::Result<()> {
    // SAFETY: plain system call. A session of its own: no terminal.
    unsafe { libc::setsid() };
    lower(&order.limits, rlimit_memory)?;
    if let Room::Closed(_) = order.room {
        drop_privileges(identity)?;
    }
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    std::env::set_current_dir(&order.cwd)
        .map_err(|it| Error::new(it.kind(), format!("{}: {it}", order.cwd.display())))?;
    sys::default_signals();
    Ok(())
}

fn lower(limits: &Limits, rlimit_memory: bool) -> io::Result<()> {
    sys::limit(libc::RLIMIT_CORE, 0)?;
    if let Some(files) = limits.open_files {
        sys::limit(libc::RLIMIT_NOFILE, files)?;
    }
    if let Some(processes) = limits.processes {
        sys::limit(libc::RLIMIT_NPROC, processes)?;
    }
    // Only the data that a process may write counts, not what it reserves: V8 reserves gigabytes. Stacks of threads
    // count in full, hence the allowance; what is really used, the keeper watches.
    const STACKS: u64 = 512 << 20;
    match limits.memory_bytes {
        Some(bytes) if rlimit_memory => sys::limit(libc::RLIMIT_DATA, bytes + STACKS),
        _ => Ok(()),
    }
}

fn drop_privileges(identity: Identity) -> io::Result<()> {
    for capability in 0..64 {
        if sys::prctl(libc::PR_CAPBSET_DROP, capability).is_err() {
            break;
        }
    }
    let Identity::Other { user, group } = identity else { return Ok(()) };
    // SAFETY: plain system calls; an empty list needs no pointer.
    unsafe {
        // Refused where the namespace was made without privilege: there are no foreign groups then.
        libc::setgroups(0, std::ptr::null());
        sys::check(libc::setresgid(group, group, group).into())?;
        sys::check(libc::setresuid(user, user, user).into())?;
    }
    Ok(())
}

/// Returns only on failure.
fn execute(order: &Order) -> Error {
    let run = || -> io::Result<()> {
        let program = sys::path(&order.program)?;
        let mut words = vec![program.clone()];
        for it in &order.args {
            words.push(CString::new(it.as_str())?);
        }
        let mut env = Vec::new();
        for (name, value) in &order.env {
            env.push(CString::new(format!("{name}={value}"))?);
        }
        let (words, env) = (pointers(&words), pointers(&env));
        // SAFETY: both lists end in null, and their strings live until the call replaces this program.
        unsafe { libc::execve(program.as_ptr(), words.as_ptr(), env.as_ptr()) };
        Err(Error::last_os_error())
    };
    let error = run().expect_err("execve returns only on failure");
    Error::new(error.kind(), format!("{}: {error}", Path::display(&order.program)))
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|it| it.as_ptr()).chain([std::ptr::null()]).collect()
}

pub(super) fn fail(word: i32, error: &Error) -> ! {
    let mut text = vec![FAILED];
    text.extend(error.to_string().bytes());
    sys::write(word, &text);
    sys::exit(127)
}
