//! The system calls that the keeper and the init process make, each turned into a `Result`.
//!
//! Both processes have a single thread, so what holds between fork and exec for others is no matter here.

use std::ffi::CString;
use std::io::{self, Error};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub type Pid = libc::pid_t;

/// -1 → the error that `errno` names.
pub fn check(result: libc::c_long) -> io::Result<i32> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result as i32) }
}

pub fn path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// A fork into new namespaces. 0 in the child.
pub fn fork_into(flags: libc::c_int) -> io::Result<Pid> {
    // SAFETY: without CLONE_VM this is a fork; the null stack means the parent's, copied.
    check(unsafe { libc::syscall(libc::SYS_clone, flags as libc::c_long | libc::SIGCHLD as libc::c_long, 0, 0, 0, 0) })
}

/// A pipe whose ends close when a program is executed.
pub fn pipe() -> io::Result<[i32; 2]> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two that are written.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }.into())?;
    Ok(ends)
}

pub fn close(fd: i32) {
    // SAFETY: closing a number that is no descriptor is an error, not undefined.
    unsafe { libc::close(fd) };
}

/// Reads until `buffer` is full or the end. Returns how much there was.
pub fn read(fd: i32, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        // SAFETY: the rest of `buffer` is what is offered.
        let n = unsafe { libc::read(fd, buffer[done..].as_mut_ptr().cast(), buffer.len() - done) };
        match n {
            0 => break,
            n if n > 0 => done += n as usize,
            _ if Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return Err(Error::last_os_error()),
        }
    }
    Ok(done)
}

pub fn write(fd: i32, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: `rest` is what is offered. MSG_NOSIGNAL is not needed: the keeper ignores SIGPIPE.
        let n = unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) };
        match n {
            n if n > 0 => rest = &rest[n as usize..],
            _ if Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            // The reader is gone; there is nobody to tell.
            _ => return,
        }
    }
}

/// Waits for one child (-1: any). `Ok(None)` with WNOHANG when there is none ready; an error when there are no children.
pub fn wait(pid: Pid, flags: i32) -> io::Result<Option<(Pid, i32)>> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is valid for the write.
        match unsafe { libc::waitpid(pid, &mut status, flags) } {
            0 => return Ok(None),
            it if it > 0 => return Ok(Some((it, status))),
            _ if Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return Err(Error::last_os_error()),
        }
    }
}

pub fn kill(pid: Pid, signal: i32) {
    // SAFETY: plain system call.
    unsafe { libc::kill(pid, signal) };
}

pub fn prctl(option: i32, value: libc::c_ulong) -> io::Result<i32> {
    // SAFETY: the options used here take integers only.
    check(unsafe { libc::prctl(option, value, 0, 0, 0) }.into())
}

/// Lowers a resource limit; never raises the hard one above what it is.
pub fn limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` is valid for the write and the read.
    unsafe {
        check(libc::getrlimit(resource, &mut now).into())?;
        let value = value.min(now.rlim_max);
        check(libc::setrlimit(resource, &libc::rlimit { rlim_cur: value, rlim_max: value }).into())?;
    }
    Ok(())
}

/// Descriptor `from` becomes `to`, and stays open when a program is executed.
pub fn redirect(from: i32, to: i32) -> io::Result<()> {
    // SAFETY: plain system call.
    check(unsafe { libc::dup2(from, to) }.into()).map(drop)
}

pub fn open(file: &Path, flags: i32) -> io::Result<i32> {
    let file = path(file)?;
    // SAFETY: `file` ends in a zero byte.
    check(unsafe { libc::open(file.as_ptr(), flags | libc::O_CLOEXEC) }.into())
}

/// Blocks these signals and returns a descriptor that reads them.
pub fn signals(which: &[i32]) -> io::Result<i32> {
    // SAFETY: the set is initialised before use.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for it in which {
            libc::sigaddset(&mut set, *it);
        }
        check(libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut()).into())?;
        check(libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK).into())
    }
}

/// What a program expects of a fresh process: no signal blocked, SIGPIPE as it was born.
pub fn default_signals() {
    // SAFETY: the set is initialised before use; SIG_DFL is no function.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

/// Ends this process without running what others registered to run at its end.
pub fn exit(status: i32) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}
