//! The files of a closed room: a fresh root that holds what every program needs, what the order lists, and no more.

use super::Root;
use super::sys;
use std::fs;
use std::io::{self, Error};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where the new root is put together. It exists everywhere, and nothing that a program needs lies below it.
const STAGE: &str = "/sys";
/// Folders of the operating system; where one is a link (`/bin` → `usr/bin`), so it is inside.
const SYSTEM: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"];
/// Configuration in folders: certificates, what `/usr/bin` links to, crypto policy of Red Hat's family.
const CONFIGURATION: [&str; 6] =
    ["/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/alternatives", "/etc/crypto-policies", "/etc/ld.so.conf.d"];
/// Small configuration files, copied.
const FILES: [&str; 11] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/mime.types",
    "/etc/localtime",
    "/etc/ld.so.conf",
    "/etc/ld.so.cache",
];
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// The names that AWS gives to the user of a function.
const PASSWD: &str =
    "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:993:990:Sandbox:/home/sbx_user1051:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nsbx_user1051:x:990:\n";

/// From here on this process sees the room only. To be called in mount, process and UTS namespaces of its own.
pub(super) fn enter(root: &Root) -> io::Result<()> {
    name(&root.hostname)?;
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None).map_err(during("making mounts private"))?;
    let plain = libc::MS_NOSUID | libc::MS_NODEV;
    mount(Some("tmpfs"), STAGE, Some("tmpfs"), plain, Some("mode=0755,size=16m"))
        .map_err(during("mounting the root"))?;
    fill(root)?;
    swap().map_err(during("entering the root"))?;
    seal("/", Depth::One).map_err(during("sealing the root"))
}

/// A process namespace needs its own `/proc`, else programs do not find themselves there.
pub(super) fn own_proc() -> io::Result<()> {
    mount(None, "/", None, libc::MS_REC | libc::MS_SLAVE, None)?;
    mount(Some("proc"), "/proc", Some("proc"), libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC, None)
}

fn fill(root: &Root) -> io::Result<()> {
    for folder in SYSTEM {
        match fs::read_link(folder) {
            Ok(target) => symlink(target, inside(Path::new(folder)))?,
            Err(_) => bind_if_there(Path::new(folder))?,
        }
    }
    fs::create_dir(inside(Path::new("/etc")))?;
    for folder in CONFIGURATION {
        bind_if_there(Path::new(folder))?;
    }
    for file in FILES {
        if let Ok(bytes) = fs::read(file) {
            fs::write(inside(Path::new(file)), bytes)?;
        }
    }
    fs::write(inside(Path::new("/etc/passwd")), PASSWD)?;
    fs::write(inside(Path::new("/etc/group")), GROUP)?;
    fs::write(inside(Path::new("/etc/hostname")), &root.hostname)?;
    devices()?;
    for folder in ["/proc", "/tmp", "/var/task", "/opt", "/home"] {
        fs::create_dir_all(inside(Path::new(folder)))?;
    }
    let tmp = format!("mode=1777,size={}", root.tmp_bytes);
    let plain = libc::MS_NOSUID | libc::MS_NODEV;
    mount(Some("tmpfs"), &format!("{STAGE}/tmp"), Some("tmpfs"), plain, Some(&tmp)).map_err(during("mounting /tmp"))?;
    // Where the host hides parts of its own /proc (as containers do) the kernel refuses a fresh one: then it stays empty.
    let _ = mount(Some("proc"), &format!("{STAGE}/proc"), Some("proc"), plain | libc::MS_NOEXEC, None);
    // Gives no way back to privileges over the kernel's less tried parts. Without /proc there is nothing to write to.
    let _ = fs::write(format!("{STAGE}/proc/sys/user/max_user_namespaces"), "0");
    for (host, within) in &root.binds {
        bind(host, within).map_err(|it| Error::new(it.kind(), format!("showing {}: {it}", host.display())))?;
    }
    Ok(())
}

/// No terminal and no `/dev/shm`, as on AWS.
fn devices() -> io::Result<()> {
    fs::create_dir(inside(Path::new("/dev")))?;
    for device in DEVICES {
        let to = inside(Path::new(device));
        fs::write(&to, "")?;
        mount(Some(device), text(&to)?, None, libc::MS_BIND, None).map_err(during("binding devices"))?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(format!("/proc/self/{target}"), inside(&Path::new("/dev").join(name)))?;
    }
    Ok(())
}

fn bind_if_there(folder: &Path) -> io::Result<()> {
    if folder.is_dir() { bind(folder, folder) } else { Ok(()) }
}

/// Shows a host folder or file inside, read-only, with all that is mounted below it.
fn bind(host: &Path, within: &Path) -> io::Result<()> {
    let to = inside(within);
    if fs::metadata(host)?.is_dir() {
        fs::create_dir_all(&to)?;
    } else {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&to, "")?;
    }
    let to = text(&to)?;
    mount(Some(text(host)?), to, None, libc::MS_BIND | libc::MS_REC, None)?;
    seal(to, Depth::All)
}

#[derive(PartialEq)]
enum Depth {
    One,
    All,
}

/// Read-only, and no set-user-id program works.
fn seal(point: &str, depth: Depth) -> io::Result<()> {
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        userns: u64,
    }
    const RDONLY: u64 = 1;
    const NOSUID: u64 = 2;
    const AT_RECURSIVE: libc::c_long = 0x8000;
    let attributes = Attributes { set: RDONLY | NOSUID, clear: 0, propagation: 0, userns: 0 };
    let point = sys::path(Path::new(point))?;
    let flags = if depth == Depth::All { AT_RECURSIVE } else { 0 };
    let size = size_of::<Attributes>();
    // SAFETY: the path ends in zero, and the attributes live as long as the call.
    let done = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, point.as_ptr(), flags, &raw const attributes, size)
    };
    sys::check(done).map(drop)
}

/// The staged root becomes `/`, and the host's is let go.
fn swap() -> io::Result<()> {
    std::env::set_current_dir(STAGE)?;
    // SAFETY: the strings are literals. Both paths may be `.`: the old root then lies over the new one, and is unmounted.
    unsafe {
        sys::check(libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()))?;
        sys::check(libc::umount2(c".".as_ptr(), libc::MNT_DETACH).into())?;
    }
    std::env::set_current_dir("/")
}

fn name(hostname: &str) -> io::Result<()> {
    // SAFETY: pointer and length belong together.
    sys::check(unsafe { libc::sethostname(hostname.as_ptr().cast(), hostname.len()) }.into()).map(drop)
}

fn mount(what: Option<&str>, at: &str, kind: Option<&str>, flags: libc::c_ulong, with: Option<&str>) -> io::Result<()> {
    let c = |it: Option<&str>| it.map(|it| sys::path(Path::new(it))).transpose();
    let (what, at, kind, with) = (c(what)?, sys::path(Path::new(at))?, c(kind)?, c(with)?);
    let pointer = |it: &Option<std::ffi::CString>| it.as_ref().map_or(std::ptr::null(), |it| it.as_ptr());
    // SAFETY: each is null or ends in zero, and lives to the end of this function.
    let done = unsafe { libc::mount(pointer(&what), at.as_ptr(), pointer(&kind), flags, pointer(&with).cast()) };
    sys::check(done.into()).map(drop)
}

/// A path of the room → where it is while the room is put together.
fn inside(path: &Path) -> PathBuf {
    Path::new(STAGE).join(path.strip_prefix("/").unwrap_or(path))
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| Error::new(io::ErrorKind::InvalidInput, format!("{} is not UTF-8", path.display())))
}

fn during(what: &'static str) -> impl Fn(Error) -> Error {
    move |it| Error::new(it.kind(), format!("{what}: {it}"))
}
