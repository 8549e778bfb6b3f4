//! Zip files: a function's package unpacked safely, and inline code packed.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use zip::read::{ZipArchive, ZipFile};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Unzipped size of a function with all its layers: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const MAX_UNZIPPED: u64 = 250 * 1024 * 1024;
/// Files in one package. AWS names no limit; this many are ten times those of a large Node.js package.
pub const MAX_ENTRIES: usize = 200_000;
/// A link's target is a path, and no path is longer.
const MAX_TARGET: u64 = 4096;

/// Why a package was refused.
#[derive(Debug)]
pub enum Error {
    /// The bytes are not a zip file, or a broken one.
    NotAZip(String),
    /// An entry would lie, or point, outside of the folder.
    Escapes(String),
    /// More bytes unzipped than allowed.
    TooLarge {
        limit: u64,
    },
    TooManyEntries {
        limit: usize,
    },
    /// The folder could not be written.
    Io(io::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // AWS's own sentence.
            Error::NotAZip(_) => {
                write!(f, "Could not unzip uploaded file. Please check your file, then try to upload again.")
            }
            Error::Escapes(name) => write!(f, "The zip file has an entry outside of its folder: {name}"),
            // AWS's own sentence.
            Error::TooLarge { limit } => write!(f, "Unzipped size must be smaller than {limit} bytes"),
            Error::TooManyEntries { limit } => write!(f, "The zip file has more than {limit} entries"),
            Error::Io(it) => write!(f, "The zip file could not be unpacked: {it}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(it: io::Error) -> Error {
        match it.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                Error::NotAZip(it.to_string())
            }
            _ => Error::Io(it),
        }
    }
}

/// Checks a package without writing anything, and returns its unzipped size as it claims to be.
pub fn check(bytes: &[u8]) -> Result<u64, Error> {
    let mut archive = open(bytes)?;
    let mut size = 0u64;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(not_a_zip)?;
        path(&entry)?;
        size = size.saturating_add(entry.size());
    }
    if size > MAX_UNZIPPED { Err(Error::TooLarge { limit: MAX_UNZIPPED }) } else { Ok(size) }
}

/// Unpacks into a folder that exists. Blocking. Files become readable for all, and executable where the package says
/// so. Returns the bytes written, at most `max_bytes`. After an error the folder holds a part.
pub fn unpack(bytes: &[u8], folder: &Path, max_bytes: u64) -> Result<u64, Error> {
    let mut archive = open(bytes)?;
    let mut written = 0;
    // Links are made last, so that no file is written through one.
    let mut links = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(not_a_zip)?;
        let name = path(&entry)?;
        let to = folder.join(&name);
        if entry.is_dir() {
            fs::create_dir_all(&to)?;
        } else if entry.is_symlink() {
            links.push((name, target(&mut entry)?));
        } else {
            fs::create_dir_all(to.parent().expect("it lies in the folder"))?;
            written += write(&mut entry, &to, max_bytes - written).map_err(|it| {
                if matches!(it, Error::TooLarge { .. }) { Error::TooLarge { limit: max_bytes } } else { it }
            })?;
        }
    }
    for (name, target) in links {
        link(folder, &name, &target)?;
    }
    Ok(written)
}

/// Packs files. The same files give the same bytes: there are no times, and all are readable and executable as `mode` says.
pub fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o644).last_modified_time(zip::DateTime::default());
        writer.start_file(name, options).expect("memory takes every write");
        writer.write_all(bytes).expect("memory takes every write");
    }
    writer.finish().expect("memory takes every write").into_inner()
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Error> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(not_a_zip)?;
    if archive.len() > MAX_ENTRIES {
        return Err(Error::TooManyEntries { limit: MAX_ENTRIES });
    }
    Ok(archive)
}

/// The entry's path, which must stay below the folder.
fn path<R: Read>(entry: &ZipFile<'_, R>) -> Result<PathBuf, Error> {
    let name = entry.name().map_err(not_a_zip)?;
    let escapes = || Error::Escapes(name.to_string());
    if name.contains('\0') || name.contains('\\') {
        return Err(escapes());
    }
    let mut path = PathBuf::new();
    for part in Path::new(&*name).components() {
        match part {
            Component::Normal(it) => path.push(it),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(escapes()),
        }
    }
    if path.as_os_str().is_empty() && !entry.is_dir() { Err(escapes()) } else { Ok(path) }
}

fn write<R: Read>(entry: &mut ZipFile<'_, R>, to: &Path, left: u64) -> Result<u64, Error> {
    let executable = entry.unix_mode().is_some_and(|it| it & 0o111 != 0);
    let mut file = fs::File::create(to)?;
    // What the entry claims of its size is not believed.
    let written = io::copy(&mut entry.take(left + 1), &mut file)?;
    if written > left {
        return Err(Error::TooLarge { limit: left });
    }
    file.set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
    Ok(written)
}

fn target<R: Read>(entry: &mut ZipFile<'_, R>) -> Result<String, Error> {
    let mut target = String::new();
    let name = entry.name().map_err(not_a_zip)?.into_owned();
    entry.take(MAX_TARGET).read_to_string(&mut target)?;
    if target.is_empty() { Err(Error::NotAZip(format!("{name} points nowhere"))) } else { Ok(target) }
}

/// Makes a link whose target, step by step, never leaves the folder.
fn link(folder: &Path, name: &Path, target: &str) -> Result<(), Error> {
    let mut depth = name.components().count() as isize - 1;
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => depth = -1,
        }
        if depth < 0 {
            return Err(Error::Escapes(name.display().to_string()));
        }
    }
    let at = folder.join(name);
    let parent = at.parent().expect("it lies in the folder");
    fs::create_dir_all(parent)?;
    // Another link may have made the way here lead elsewhere.
    if !parent.canonicalize()?.starts_with(folder.canonicalize()?) {
        return Err(Error::Escapes(name.display().to_string()));
    }
    Ok(symlink(target, at)?)
}

fn not_a_zip(error: zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::Io(it) => it.into(),
        it => Error::NotAZip(it.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(build: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        build(&mut writer);
        writer.finish().unwrap().into_inner()
    }

    fn with_file(name: &str, mode: u32, bytes: &[u8]) -> Vec<u8> {
        zip_of(|it| {
            it.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
            it.write_all(bytes).unwrap();
        })
    }

    fn refused(bytes: &[u8], max: u64) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let error = unpack(bytes, &inside, max).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing lies outside");
        error
    }

    #[test]
    fn what_is_packed_is_unpacked_and_always_the_same_bytes() {
        let files = [("index.py", &b"x = 1"[..]), ("a/b.txt", b"")];
        let bytes = pack(files);
        assert_eq!(bytes, pack(files));
        assert_eq!(check(&bytes).unwrap(), 5);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(unpack(&bytes, folder.path(), MAX_UNZIPPED).unwrap(), 5);
        assert_eq!(fs::read(folder.path().join("index.py")).unwrap(), b"x = 1");
        assert_eq!(fs::read(folder.path().join("a/b.txt")).unwrap(), b"");
    }

    #[test]
    fn a_bootstrap_stays_executable_and_all_is_readable() {
        for (mode, expected) in [(0o700, 0o755), (0o600, 0o644), (0o4755, 0o755)] {
            let folder = tempfile::tempdir().unwrap();
            unpack(&with_file("bootstrap", mode, b"#!/bin/sh"), folder.path(), 100).unwrap();
            let mode = fs::metadata(folder.path().join("bootstrap")).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, expected);
        }
    }

    #[test]
    fn nothing_escapes() {
        for name in ["../x", "/etc/x", "a/../../x", "..\\x", "a\0b"] {
            assert!(matches!(refused(&with_file(name, 0o644, b"x"), 100), Error::Escapes(_)), "{name}");
        }
        for (name, target) in [("l", "/etc/passwd"), ("l", "../x"), ("a/l", "b/../../../x")] {
            let bytes = zip_of(|it| it.add_symlink(name, target, SimpleFileOptions::default()).unwrap());
            assert!(matches!(refused(&bytes, 100), Error::Escapes(_)), "{name} -> {target}");
        }
    }

    #[test]
    fn a_link_within_is_kept_and_never_written_through() {
        let bytes = zip_of(|it| {
            it.add_symlink("now", "v1", SimpleFileOptions::default()).unwrap();
            it.start_file("v1/x", SimpleFileOptions::default()).unwrap();
        });
        let folder = tempfile::tempdir().unwrap();
        unpack(&bytes, folder.path(), 100).unwrap();
        assert!(folder.path().join("now/x").exists());
        let through = zip_of(|it| {
            it.add_symlink("d", "v1", SimpleFileOptions::default()).unwrap();
            it.start_file("d/x", SimpleFileOptions::default()).unwrap();
        });
        refused(&through, 100);
    }

    #[test]
    fn what_is_not_a_zip_says_so() {
        let mut broken = with_file("a", 0o644, b"hello hello hello hello");
        for bytes in [&b""[..], b"hello", &broken[..20]] {
            assert!(matches!(refused(bytes, 100), Error::NotAZip(_)));
            assert!(check(bytes).is_err());
        }
        let middle = 32;
        broken[middle] ^= 0xff;
        refused(&broken, 100);
    }

    #[test]
    fn expansion_is_bounded_whatever_the_entry_claims() {
        let bomb = with_file("a", 0o644, &vec![0; 1 << 20]);
        assert!(bomb.len() < 5000);
        assert!(matches!(refused(&bomb, 1000), Error::TooLarge { limit: 1000 }));
    }
}
