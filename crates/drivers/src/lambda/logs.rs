//! The output of an instance, cut into lines.
//!
//! Both outputs of the program share one pipe, so their order is kept. What the program wrote before it answered is in
//! the pipe when the answer comes: `drain` takes it from there before the outcome is told.

use crate::lines::Lines;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::unix::AsyncFd;

/// Takes each line of output, without its end, in order. Must not block.
///
/// A message of several lines that the runtime logs as one (a traceback) comes as one line, in which `\r` stands
/// between the parts.
pub type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// The most that a drain takes: a pipe of the largest size that a program may ask for. It cannot hold more that was
/// written before, and one who never stops writing shall not keep us.
const DRAIN: usize = 1 << 20;

pub(super) struct Logs {
    pipe: AsyncFd<OwnedFd>,
    lines: Mutex<Lines>,
    give: OnLine,
}

impl Logs {
    /// The reading side, and the writing end for the program.
    pub fn new(give: OnLine) -> io::Result<(Arc<Logs>, OwnedFd)> {
        let (ours, theirs) = pipe()?;
        // SAFETY: the descriptor is owned, and never replaced while it is registered.
        let pipe = unsafe { AsyncFd::register(ours) }?;
        let logs = Logs { pipe, lines: Mutex::default(), give };
        Ok((Arc::new(logs), theirs))
    }

    /// Gives lines as they come, to the end of the pipe.
    pub async fn pump(self: Arc<Logs>) {
        loop {
            let Ok(mut ready) = self.pipe.readable().await else { return };
            ready.clear_ready();
            match self.drain() {
                Drained::Ended => return,
                Drained::Empty => {}
                // The readiness was cleared with bytes left: it would not be told again.
                Drained::Full => tokio::task::yield_now().await,
            }
        }
    }

    /// Gives what is in the pipe now.
    pub fn drain(&self) -> Drained {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = [0; 16 * 1024];
        let mut taken = 0;
        while taken < DRAIN {
            // Not through tokio's readiness, which may not know yet of what was just written.
            // SAFETY: the buffer is what is offered.
            let n = unsafe { libc::read(self.pipe.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
            match n {
                0 => {
                    lines.finish(&mut |it| (self.give)(it));
                    return Drained::Ended;
                }
                n if n > 0 => {
                    taken += n as usize;
                    lines.push(&buffer[..n as usize], &mut |it| (self.give)(it));
                }
                _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                _ => return Drained::Empty,
            }
        }
        Drained::Full
    }

    /// Gives all that is left, and a last line without an end. For when the program has ended.
    pub fn finish(&self) {
        while matches!(self.drain(), Drained::Full) {}
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).finish(&mut |it| (self.give)(it));
    }
}

pub(super) enum Drained {
    /// Nothing is there at the moment.
    Empty,
    /// There may be more.
    Full,
    /// No one will write any more.
    Ended,
}

/// Our end does not block; the program's does.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (theirs, ours) = tokio::net::unix::pipe::pipe()?;
    Ok((ours.into_nonblocking_fd()?, theirs.into_blocking_fd()?))
}
