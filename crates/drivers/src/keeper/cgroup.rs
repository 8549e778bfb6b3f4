//! Control groups: where they can be made, and one made for a program.
//!
//! Version 2 where memory is delegated to us, else version 1 where its folders are writable, else none: then
//! the keeper watches the memory itself.

use super::Limits;
use super::sys;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// On AWS 1,769 MB of memory bring one processor; we give weight in the same proportion. 1,024 is one processor's
/// weight in version 1, 100 in version 2.
const V1_WEIGHT: f64 = 1024.0;
const V2_WEIGHT: f64 = 100.0;
/// The period in which a processor quota counts.
const PERIOD_MICROS: f64 = 100_000.0;

/// The folders in which groups can be made. All empty: nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    pub v2: Option<PathBuf>,
    pub memory: Option<PathBuf>,
    pub cpu: Option<PathBuf>,
}

impl Places {
    /// Found once per process: below the group in which the server itself is, so that what limits it limits us too.
    pub fn find() -> &'static Places {
        static FOUND: OnceLock<Places> = OnceLock::new();
        FOUND.get_or_init(|| {
            let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
            let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
            let mut found = parse(&groups, &mounts);
            found.v2 = found.v2.filter(|it| delegated(it));
            for it in [&mut found.memory, &mut found.cpu] {
                *it = it.take().filter(|it| found.v2.is_none() && can_make(it));
            }
            found
        })
    }
}

/// `/proc/self/cgroup` and `/proc/self/mountinfo` → the folder of our own group in each hierarchy.
fn parse(groups: &str, mounts: &str) -> Places {
    let mut places = Places::default();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(group)) = (parts.next(), parts.next(), parts.next()) else { continue };
        if controllers.is_empty() {
            places.v2 = folder(mounts, "cgroup2", None, group);
            continue;
        }
        for controller in controllers.split(',') {
            let place = match controller {
                "memory" => &mut places.memory,
                "cpu" => &mut places.cpu,
                _ => continue,
            };
            *place = folder(mounts, "cgroup", Some(controller), group);
        }
    }
    places
}

/// Where the hierarchy is mounted, and the group within: a mount may show only a part of the hierarchy (its root).
fn folder(mounts: &str, kind: &str, controller: Option<&str>, group: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (fs, _, options) = (right.next()?, right.next()?, right.next()?);
        if fs != kind || controller.is_some_and(|it| !options.split(',').any(|option| option == it)) {
            return None;
        }
        let below = if root == "/" { group } else { group.strip_prefix(root)? };
        Some(Path::new(point).join(below.trim_start_matches('/')))
    })
}

/// Version 2 allows limits on our children only if we may write, and if memory is among what is handed down. The server
/// itself sits in the group, so nothing can be handed down by us; a parent (systemd's `Delegate=`) must have done it.
fn delegated(place: &Path) -> bool {
    let down = fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default();
    down.split_whitespace().any(|it| it == "memory") && can_make(place)
}

fn can_make(place: &Path) -> bool {
    let probe = place.join(format!("niebla-probe-{}", std::process::id()));
    let made = fs::create_dir(&probe).is_ok();
    let _ = fs::remove_dir(&probe);
    made
}

/// The groups of one program. Removed by the keeper when all is over, so that none outlives a killed server.
#[derive(Debug, Default)]
pub(super) struct Group {
    v2: Option<PathBuf>,
    memory: Option<PathBuf>,
    cpu: Option<PathBuf>,
}

impl Group {
    /// Makes what can be made; a controller that refuses is left out, for its limit also stands elsewhere (rlimits).
    pub fn make(limits: &Limits) -> Group {
        let name = format!("niebla-{}", std::process::id());
        let make = |place: &Option<PathBuf>| {
            let folder = place.as_ref()?.join(&name);
            // A folder of that name can only stem from an earlier process of the same number.
            let _ = fs::remove_dir(&folder);
            fs::create_dir(&folder).ok().map(|()| folder)
        };
        let places = &limits.cgroups;
        let mut group = Group {
            v2: make(&places.v2),
            memory: limits.memory_bytes.and_then(|_| make(&places.memory)),
            cpu: limits.processors.and_then(|_| make(&places.cpu)),
        };
        group.apply(limits);
        group
    }

    fn apply(&mut self, limits: &Limits) {
        if let Some(bytes) = limits.memory_bytes {
            let set = self.set_memory(bytes).is_ok();
            if !set {
                discard(&mut self.memory);
            }
            if let Some(v2) = &self.v2 {
                let _ = fs::write(v2.join("memory.swap.max"), "0");
                let _ = fs::write(v2.join("memory.oom.group"), "1");
            }
        }
        if let Some(processors) = limits.processors {
            // One whole processor at least: a quota below would slow a cold start on a machine that has nothing else to do.
            let quota = (processors.max(1.0) * PERIOD_MICROS) as u64;
            if let Some(cpu) = &self.cpu {
                let _ = fs::write(cpu.join("cpu.cfs_quota_us"), quota.to_string());
            }
            if let Some(v2) = &self.v2 {
                let _ = fs::write(v2.join("cpu.max"), format!("{quota} {PERIOD_MICROS}"));
            }
        }
        if let Some(processes) = limits.processes {
            // In version 1 the resource limit must do: it counts per room, for each has a user of its own.
            if let Some(v2) = &self.v2 {
                let _ = fs::write(v2.join("pids.max"), processes.to_string());
            }
        }
    }

    /// The program has started. Until then it has a whole processor's weight, as on AWS, where starting is given more of
    /// the processor than the function's memory brings; from now on it has what its memory brings.
    pub fn settle(&self, limits: &Limits) {
        let Some(processors) = limits.processors else { return };
        if let Some(cpu) = &self.cpu {
            let _ = fs::write(cpu.join("cpu.shares"), ((processors * V1_WEIGHT) as u64).max(2).to_string());
        }
        if let Some(v2) = &self.v2 {
            let weight = ((processors * V2_WEIGHT) as u64).clamp(1, 10_000);
            let _ = fs::write(v2.join("cpu.weight"), weight.to_string());
        }
    }

    /// Whether the kernel holds the program to its memory limit.
    pub fn limits_memory(&self) -> bool {
        self.v2.is_some() || self.memory.is_some()
    }

    /// Sets the memory limit, also a new one for a running group.
    pub fn set_memory(&self, bytes: u64) -> io::Result<()> {
        match (&self.v2, &self.memory) {
            (Some(v2), _) => fs::write(v2.join("memory.max"), bytes.to_string()),
            (None, Some(memory)) => {
                // Memory with swap may not be below memory, whichever way the limit moves. Absent where swap is not accounted.
                let swap = || fs::write(memory.join("memory.memsw.limit_in_bytes"), bytes.to_string());
                let _ = swap();
                fs::write(memory.join("memory.limit_in_bytes"), bytes.to_string())?;
                let _ = swap();
                Ok(())
            }
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Puts the calling process, which has one thread, and all that it will start into the groups of version 1.
    ///
    /// A thread that moves itself need not stop the machine's forks for that; moving another can take 10 ms and more.
    pub fn join(&self) -> io::Result<()> {
        for folder in [&self.memory, &self.cpu].into_iter().flatten() {
            fs::write(folder.join("tasks"), "0")?;
        }
        Ok(())
    }

    /// Puts a process and all that it will start into the group of version 2, which moves whole processes only.
    pub fn admit(&self, pid: i32) -> io::Result<()> {
        self.v2.as_ref().map_or(Ok(()), |it| fs::write(it.join("cgroup.procs"), pid.to_string()))
    }

    /// How often the kernel ended a process here for want of memory.
    pub fn out_of_memory_kills(&self) -> u64 {
        let v2 = self.v2.as_ref().map(|it| it.join("memory.events"));
        let v1 = self.memory.as_ref().map(|it| it.join("memory.oom_control"));
        v2.or(v1).and_then(|it| field(&it, "oom_kill")).unwrap_or(0)
    }

    /// Bytes that the program holds itself: neither files in memory (`/tmp`) nor cache.
    pub fn held_memory(&self) -> u64 {
        let v2 = self.v2.as_ref().and_then(|it| field(&it.join("memory.stat"), "anon"));
        let v1 = || self.memory.as_ref().and_then(|it| field(&it.join("memory.stat"), "rss"));
        v2.or_else(v1).unwrap_or(0)
    }

    /// A descriptor, and the poll event that it shows when the use of memory passes a threshold.
    pub fn watch_memory(&self, threshold: u64) -> Option<(i32, libc::c_short)> {
        if let Some(v2) = &self.v2 {
            fs::write(v2.join("memory.high"), threshold.to_string()).ok()?;
            let events = sys::open(&v2.join("memory.events"), libc::O_RDONLY).ok()?;
            return Some((events, libc::POLLPRI));
        }
        // SAFETY: plain system call.
        let event = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        self.v1_threshold(event, threshold).ok()?;
        Some((event, libc::POLLIN))
    }

    /// After an event: sets the threshold `more` bytes above what is used now.
    pub fn next_memory(&self, event: i32, limit: u64, more: u64) {
        if let Some(v2) = &self.v2 {
            // An event is read by reading the file from its start.
            // SAFETY: plain system call.
            unsafe { libc::lseek(event, 0, libc::SEEK_SET) };
            let _ = sys::read(event, &mut [0; 256]);
            let files = field(&v2.join("memory.stat"), "shmem").unwrap_or(0);
            let _ = fs::write(v2.join("memory.high"), (limit + files).to_string());
            return;
        }
        let _ = sys::read(event, &mut [0; 8]);
        let used = self.memory.as_ref().map(|it| it.join("memory.usage_in_bytes"));
        let used: Option<u64> = used.and_then(|it| fs::read_to_string(it).ok()?.trim().parse().ok());
        let _ = self.v1_threshold(event, used.unwrap_or(limit) + more);
    }

    fn v1_threshold(&self, event: i32, bytes: u64) -> io::Result<()> {
        let memory = self.memory.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let usage = sys::open(&memory.join("memory.usage_in_bytes"), libc::O_RDONLY)?;
        let asked = fs::write(memory.join("cgroup.event_control"), format!("{event} {usage} {bytes}"));
        sys::close(usage);
        asked
    }

    pub fn peak_memory(&self) -> Option<u64> {
        let v2 = self.v2.as_ref().map(|it| it.join("memory.peak"));
        let v1 = self.memory.as_ref().map(|it| it.join("memory.max_usage_in_bytes"));
        fs::read_to_string(v2.or(v1)?).ok()?.trim().parse().ok()
    }

    pub fn remove(&mut self) {
        for folder in [&mut self.v2, &mut self.memory, &mut self.cpu] {
            discard(folder);
        }
    }
}

fn discard(folder: &mut Option<PathBuf>) {
    let Some(folder) = folder.take() else { return };
    // A process that just died may still count for a moment.
    for _ in 0..50 {
        match fs::remove_dir(&folder) {
            Err(it) if it.raw_os_error() == Some(libc::EBUSY) => {
                std::thread::sleep(std::time::Duration::from_millis(2))
            }
            _ => return,
        }
    }
}

/// `name 12` in a file of such lines → 12.
fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_group_is_found_in_each_hierarchy() {
        let groups = "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/user.slice/x\n";
        let mounts = "35 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                      41 31 0:38 /user.slice /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let places = parse(groups, mounts);
        assert_eq!(places.memory.as_deref(), Some(Path::new("/sys/fs/cgroup/memory/a/b")));
        assert_eq!(places.cpu.as_deref(), Some(Path::new("/sys/fs/cgroup/cpu/")));
        assert_eq!(places.v2.as_deref(), Some(Path::new("/sys/fs/cgroup/unified/x")));
    }
}
