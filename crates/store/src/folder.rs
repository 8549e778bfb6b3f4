//! The data folder: who owns it, and which format it has.
//!
//! ```text
//! lock      held while a process has the folder open; its text is the process id
//! format    "niebla store 1"; written last when a store is made, so a store without it was never finished
//! rows/     the engine's files
//! blobs/    large bodies
//! ```

use crate::error::OpenError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The format that this version writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

const MAGIC: &str = "niebla store ";

/// An owned data folder. The lock ends with the value, or with the process.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if there is none, and locks it.
    pub fn lock(path: &Path) -> Result<Folder, OpenError> {
        fs::create_dir_all(path).map_err(|error| OpenError::io(format!("creating {}", path.display()), error))?;
        let file = path.join("lock");
        let locking = |error| OpenError::io(format!("locking {}", file.display()), error);
        let mut lock =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&file).map_err(locking)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::Locked { pid: owner(&mut lock) }),
            Err(error) => return Err(locking(error.into())),
        }
        lock.set_len(0).map_err(locking)?;
        write!(lock, "{}", std::process::id()).map_err(locking)?;
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    pub fn rows(&self) -> PathBuf {
        self.path.join("rows")
    }

    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// The format of what is there; `None` if nothing has been finished.
    pub fn format(&self) -> Result<Option<u32>, OpenError> {
        let file = self.path.join("format");
        let text = match fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.must_be_ours().map(|()| None),
            Err(error) => return Err(OpenError::io(format!("reading {}", file.display()), error)),
        };
        let number = text.strip_prefix(MAGIC).and_then(|rest| rest.strip_suffix('\n'));
        match number.and_then(|it| it.parse().ok()) {
            Some(found) if found > FORMAT => Err(OpenError::NewerFormat { found, known: FORMAT }),
            Some(found) => Ok(Some(found)),
            None => Err(OpenError::damaged(format!("{} does not name a format", file.display()))),
        }
    }

    /// Says that the store is finished.
    pub fn write_format(&self) -> Result<(), OpenError> {
        let writing = |error| OpenError::io(format!("writing the format of {}", self.path.display()), error);
        let (temporary, file) = (self.path.join("format.new"), self.path.join("format"));
        let mut it = File::create(&temporary).map_err(writing)?;
        it.write_all(format!("{MAGIC}{FORMAT}\n").as_bytes()).map_err(writing)?;
        it.sync_all().map_err(writing)?;
        fs::rename(&temporary, &file).map_err(writing)?;
        sync_folder(&self.path).map_err(writing)
    }

    /// A folder that holds anything else is not turned into a store.
    fn must_be_ours(&self) -> Result<(), OpenError> {
        let reading = |error| OpenError::io(format!("reading {}", self.path.display()), error);
        for entry in fs::read_dir(&self.path).map_err(reading)? {
            let name = entry.map_err(reading)?.file_name();
            if !["lock", "format.new", "rows", "blobs"].iter().any(|it| name == *it) {
                let what = format!("{} holds no store but {}", self.path.display(), name.display());
                return Err(OpenError::damaged(what));
            }
        }
        Ok(())
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn owner(lock: &mut File) -> u32 {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}
