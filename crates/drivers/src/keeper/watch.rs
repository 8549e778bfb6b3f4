//! The keeper itself: starts what it was ordered to, watches it, ends it.

use super::cgroup::Group;
use super::init::{self, Identity};
use super::sys::{self, Pid};
use super::{Exit, Order, Room, Told};
use std::fs;
use std::io::{self, Error};
use std::path::Path;

/// The socket to the server.
const SERVER: i32 = 3;
/// How often the memory is looked at where the kernel does not limit it for us.
const LOOK_MILLIS: i32 = 100;
/// Below this there is no use in raising a memory threshold again.
const STEP: u64 = 1 << 20;
/// The users of closed rooms on a host where we are root: this plus the keeper's process number, so that no two rooms
/// share one, and none has a file.
const FIRST_USER: u32 = 700_000_000;

/// The life of a keeper.
pub(super) fn keep() -> ! {
    let order = match receive() {
        Ok(order) => order,
        // No server, no order.
        Err(_) => sys::exit(1),
    };
    let mut group = Group::make(&order.limits);
    let exit = match start(order, &group) {
        Ok(running) => running.watch(&group),
        Err(it) => Exit { not_started: Some(it.to_string()), ..Exit::default() },
    };
    group.remove();
    tell(&Told::Ended(exit));
    sys::exit(0)
}

fn receive() -> io::Result<Order> {
    // SAFETY: plain system calls, before anything else of this process has a descriptor.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        sys::check(libc::dup3(0, SERVER, libc::O_CLOEXEC).into())?;
        // Whatever the server did not mark as its own alone.
        libc::syscall(libc::SYS_close_range, SERVER + 1, libc::c_uint::MAX, 0);
    }
    sys::redirect(sys::open(Path::new("/dev/null"), libc::O_RDONLY)?, 0)?;
    let mut length = [0; 4];
    if sys::read(SERVER, &mut length)? < length.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    sys::read(SERVER, &mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

fn tell(told: &Told) {
    let mut line = serde_json::to_vec(told).expect("what is told has only string keys");
    line.push(b'\n');
    sys::write(SERVER, &line);
}

struct Running {
    order: Order,
    /// Init, or in an open room the program.
    child: Pid,
    /// What init and the program say.
    word: i32,
    signals: i32,
}

fn start(mut order: Order, group: &Group) -> io::Result<Running> {
    let signals = sys::signals(&[libc::SIGCHLD])?;
    // In an open room, orphans come back to us, to be ended.
    sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    let (child, word) = match begin(&order, group) {
        Err(_) if matches!(order.room, Room::OwnProcesses) => {
            order.room = Room::Open;
            begin(&order, group)?
        }
        it => it?,
    };
    tell(&Told::Started { pid: child });
    Ok(Running { order, child, word, signals })
}

/// Makes the child and lets it go. For a room of its own, waits until it is furnished.
fn begin(order: &Order, group: &Group) -> io::Result<(Pid, i32)> {
    let (go, word) = (sys::pipe()?, sys::pipe()?);
    let (child, identity, mapped) = fork(order)?;
    if child == 0 {
        sys::close(SERVER);
        sys::close(go[1]);
        sys::close(word[0]);
        init::wait_for_leave(go[0]);
        if let Err(it) = group.join() {
            init::fail(word[1], &it);
        }
        let pipes = init::Pipes { go: go[0], word: word[1] };
        let rlimit_memory = !group.limits_memory();
        match order.room {
            Room::Open => {
                init::wait_for_leave(go[0]);
                init::become_program(order, identity, rlimit_memory, word[1])
            }
            Room::OwnProcesses | Room::Closed(_) => {
                if mapped == Mapped::WithRoot {
                    // The root of the namespace: may do there what the room needs, and nothing outside.
                    // SAFETY: plain system calls.
                    unsafe { libc::setresgid(0, 0, 0) };
                    unsafe { libc::setresuid(0, 0, 0) };
                }
                init::live(order, identity, rlimit_memory, pipes)
            }
        }
    }
    sys::close(go[0]);
    sys::close(word[1]);
    // Joining a group can take milliseconds, in which init furnishes the room.
    let released = map(child, mapped).and_then(|()| {
        sys::write(go[1], &[1]);
        group.admit(child)
    });
    if let Err(it) = released {
        sys::kill(child, libc::SIGKILL);
        let _ = sys::wait(child, 0);
        return Err(it);
    }
    sys::write(go[1], &[1]);
    sys::close(go[1]);
    if !matches!(order.room, Room::Open) {
        furnished(child, word[0])?;
    }
    Ok((child, word[0]))
}

fn furnished(child: Pid, word: i32) -> io::Result<()> {
    let mut first = [0];
    if sys::read(word, &mut first)? == 1 && first[0] == init::READY {
        return Ok(());
    }
    let why = rest(word);
    let _ = sys::wait(child, 0);
    Err(Error::other(if why.is_empty() { "the room's init process died".to_owned() } else { why }))
}

fn rest(word: i32) -> String {
    let mut text = [0; 1024];
    let n = sys::read(word, &mut text).unwrap_or(0);
    String::from_utf8_lossy(&text[..n]).into_owned()
}

/// How user numbers are translated between the namespace and the host.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mapped {
    /// No user namespace.
    No,
    /// We are root: root is root's shadow, the function's user is one that nobody has.
    WithRoot,
    /// We are not: there is one user within, and it is ours.
    Alone { user: u32, group: u32 },
}

fn fork(order: &Order) -> io::Result<(Pid, Identity, Mapped)> {
    // SAFETY: plain system calls.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let own = libc::CLONE_NEWNS | libc::CLONE_NEWPID;
    let closed = own | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    let inside = Identity::Other { user: init::USER, group: init::GROUP };
    match (&order.room, user) {
        (Room::Open, _) => Ok((sys::fork_into(0)?, Identity::Same, Mapped::No)),
        (Room::OwnProcesses, 0) => Ok((sys::fork_into(own)?, Identity::Same, Mapped::No)),
        (Room::OwnProcesses, _) => {
            let mapped = Mapped::Alone { user, group };
            Ok((sys::fork_into(own | libc::CLONE_NEWUSER)?, Identity::Same, mapped))
        }
        (Room::Closed(_), 0) => match sys::fork_into(closed | libc::CLONE_NEWUSER) {
            Ok(pid) => Ok((pid, inside, Mapped::WithRoot)),
            // User namespaces are turned off; root can do without.
            Err(_) => {
                Ok((sys::fork_into(closed)?, Identity::Other { user: stranger(), group: stranger() }, Mapped::No))
            }
        },
        (Room::Closed(_), _) => {
            let mapped = Mapped::Alone { user: init::USER, group: init::GROUP };
            Ok((sys::fork_into(closed | libc::CLONE_NEWUSER)?, Identity::Same, mapped))
        }
    }
}

fn stranger() -> u32 {
    FIRST_USER + std::process::id()
}

fn map(child: Pid, mapped: Mapped) -> io::Result<()> {
    // SAFETY: plain system calls.
    let (our_user, our_group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let (users, groups) = match mapped {
        Mapped::No => return Ok(()),
        Mapped::WithRoot => {
            let line = |inside: u32| format!("0 0 1\n{inside} {} 1\n", stranger());
            (line(init::USER), line(init::GROUP))
        }
        Mapped::Alone { user, group } => {
            // The kernel wants this before an unprivileged group map.
            fs::write(format!("/proc/{child}/setgroups"), "deny")?;
            (format!("{user} {our_user} 1\n"), format!("{group} {our_group} 1\n"))
        }
    };
    fs::write(format!("/proc/{child}/uid_map"), users)?;
    fs::write(format!("/proc/{child}/gid_map"), groups)
}

impl Running {
    /// Until nothing is left of the program: because it ended, the server told so, or the server is gone.
    fn watch(&self, group: &Group) -> Exit {
        let mut memory = Memory::new(group, self.order.limits.memory_bytes, self.tmp_bytes());
        let mut status = None;
        while status.is_none() {
            let mut wanted = [
                libc::pollfd { fd: SERVER, events: libc::POLLIN, revents: 0 },
                libc::pollfd { fd: self.signals, events: libc::POLLIN, revents: 0 },
                libc::pollfd { fd: memory.event, events: memory.interest, revents: 0 },
            ];
            let patience = if memory.looks { LOOK_MILLIS } else { -1 };
            // SAFETY: three elements, as said; a negative descriptor is skipped.
            unsafe { libc::poll(wanted.as_mut_ptr(), 3, patience) };
            if wanted[0].revents != 0 {
                self.obey(group);
            }
            if (wanted[2].revents != 0 || memory.looks) && memory.exceeded(self.child) {
                self.end();
            }
            status = self.reap();
        }
        self.end_orphans();
        self.exit(status.unwrap_or(0), &memory)
    }

    fn tmp_bytes(&self) -> u64 {
        match &self.order.room {
            Room::Closed(root) => root.tmp_bytes,
            Room::Open | Room::OwnProcesses => 0,
        }
    }

    /// One order from the server; its silence for ever is one, too.
    fn obey(&self, group: &Group) {
        let mut order = [0];
        match sys::read(SERVER, &mut order) {
            Ok(1) if order[0] == b't' => sys::kill(self.child, libc::SIGTERM),
            Ok(1) if order[0] == b's' => group.settle(&self.order.limits),
            _ => self.end(),
        }
    }

    fn end(&self) {
        sys::kill(self.child, libc::SIGKILL);
    }

    /// The raw wait status once the child has ended. Reaps orphans on the way.
    fn reap(&self) -> Option<i32> {
        let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
        while sys::read(self.signals, &mut info).is_ok_and(|n| n > 0) {}
        while let Ok(Some((pid, status))) = sys::wait(-1, libc::WNOHANG) {
            if pid == self.child {
                return Some(status);
            }
        }
        None
    }

    /// What the program left behind became our children; theirs become ours as they die, until there are none.
    fn end_orphans(&self) {
        let own = std::process::id();
        loop {
            let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
            for pid in children.split_whitespace().filter_map(|it| it.parse().ok()) {
                sys::kill(pid, libc::SIGKILL);
            }
            if sys::wait(-1, 0).is_err() {
                return;
            }
        }
    }

    fn exit(&self, status: i32, memory: &Memory) -> Exit {
        let mut exit = Exit {
            out_of_memory: memory.ended_it || memory.group.out_of_memory_kills() > 0,
            peak_memory_bytes: memory.peak(),
            ..Exit::default()
        };
        let mut status = status;
        let mut said = [0; 1024];
        let n = sys::read(self.word, &mut said).unwrap_or(0);
        match said[..n].iter().position(|it| *it == init::FAILED || *it == init::ENDED) {
            Some(at) if said[at] == init::FAILED => {
                // Init adds that the program ended, for so it did; the reason stands before.
                let text = &said[at + 1..n];
                let text = text.strip_suffix(&ended(127)).unwrap_or(text);
                exit.not_started = Some(String::from_utf8_lossy(text).into_owned());
                return exit;
            }
            Some(at) if n >= at + 5 => {
                status = i32::from_le_bytes([said[at + 1], said[at + 2], said[at + 3], said[at + 4]]);
            }
            _ => {}
        }
        if libc::WIFSIGNALED(status) {
            exit.signal = Some(libc::WTERMSIG(status));
        } else {
            exit.status = Some(libc::WEXITSTATUS(status));
        }
        exit
    }
}

/// Init's last word for a program that ended with this status.
fn ended(status: i32) -> [u8; 5] {
    let [a, b, c, d] = (status << 8).to_le_bytes();
    [init::ENDED, a, b, c, d]
}

/// The memory limit.
///
/// On AWS files in `/tmp` do not count, but ours lie in memory. So the kernel's limit is memory and `/tmp` together, and
/// we are woken when the use passes what the function may have, to see whether it is files or not.
struct Memory<'a> {
    group: &'a Group,
    limit: u64,
    event: i32,
    interest: libc::c_short,
    /// Whether to look every now and then, for want of an event.
    looks: bool,
    ended_it: bool,
    peak_seen: u64,
}

impl<'a> Memory<'a> {
    fn new(group: &'a Group, limit: Option<u64>, tmp_bytes: u64) -> Memory<'a> {
        let mut memory = Memory {
            group,
            limit: limit.unwrap_or(u64::MAX),
            event: -1,
            interest: libc::POLLIN,
            looks: limit.is_some() && !group.limits_memory(),
            ended_it: false,
            peak_seen: 0,
        };
        if let Some(limit) = limit.filter(|_| group.limits_memory() && tmp_bytes > 0) {
            (memory.event, memory.interest) = group.watch_memory(limit).unwrap_or((-1, libc::POLLIN));
            if memory.event >= 0 {
                let _ = group.set_memory(limit.saturating_add(tmp_bytes));
            }
        }
        memory
    }

    /// Whether the program has passed its limit. Otherwise sets the next threshold.
    fn exceeded(&mut self, child: Pid) -> bool {
        let used = if self.looks { resident(child) } else { self.group.held_memory() };
        self.peak_seen = self.peak_seen.max(used);
        if used > self.limit {
            self.ended_it = true;
            return true;
        }
        if !self.looks {
            self.group.next_memory(self.event, self.limit, (self.limit - used).max(STEP));
        }
        false
    }

    fn peak(&self) -> Option<u64> {
        let own = (self.peak_seen > 0).then_some(self.peak_seen);
        // The kernel's peak counts files in /tmp and cache, too; beyond the limit it says nothing about the program.
        self.group.peak_memory().map(|it| it.min(self.limit)).or(own)
    }
}

/// Bytes in memory of a process and all its descendants.
fn resident(pid: Pid) -> u64 {
    let own = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = own.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below: u64 = children.split_whitespace().filter_map(|it| it.parse().ok()).map(resident).sum();
    // SAFETY: plain system call.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64 + below
}
