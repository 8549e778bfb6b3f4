//! Deployment packages, unpacked: each in a folder named after its content, shared by all sandboxes that run it.
//!
//! Folders are made anew after each start of the machine: what a power cut left half written is never used, and no write
//! has to wait for the disk. One that nobody has used for a while is deleted. Several servers share them: who uses one
//! holds its lock, and only who gets that lock for itself deletes.

use crate::zip;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Lock, PoisonError, Weak};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// How long a package stays that nobody uses: about as long as a sandbox does, for unpacking costs little.
const UNUSED: Duration = Duration::from_secs(15 * 60);

pub struct Packages {
    folder: PathBuf,
    known: Lock<HashMap<String, Weak<Package>>>,
    /// One at a time is unpacked: many sandboxes may want the same.
    unpacking: Mutex<()>,
}

/// An unpacked package. It stays as long as this is held.
#[derive(Debug)]
pub struct Package {
    folder: PathBuf,
    _shared: File,
}

/// Reads a zip file. It waits for the disk.
pub type Zip = Arc<dyn Fn() -> io::Result<Bytes> + Send + Sync>;

impl Package {
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Packages {
    pub fn new(folder: PathBuf) -> Packages {
        Packages { folder, known: Lock::default(), unpacking: Mutex::default() }
    }

    /// `name` tells one content from another: the hash of the zip file.
    pub async fn unpacked(&self, name: &str, zip: &Zip) -> io::Result<Arc<Package>> {
        if let Some(it) = self.known(name) {
            return Ok(it);
        }
        let _alone = self.unpacking.lock().await;
        if let Some(it) = self.known(name) {
            return Ok(it);
        }
        let (below, name_of_folder, zip) = (self.folder.clone(), name.to_owned(), zip.clone());
        let made = tokio::task::spawn_blocking(move || make(&below, &name_of_folder, &zip));
        let package = Arc::new(made.await.map_err(io::Error::other)??);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, it| it.strong_count() > 0);
        known.insert(name.to_owned(), Arc::downgrade(&package));
        Ok(package)
    }

    fn known(&self, name: &str) -> Option<Arc<Package>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name)?.upgrade()
    }
}

fn make(below: &Path, name: &str, zip: &Zip) -> io::Result<Package> {
    let place = below.join(boot());
    fs::create_dir_all(&place)?;
    clean(below, &place)?;
    let (folder, lock) = (place.join(name), place.join(format!("{name}.lock")));
    let lock = File::create(lock)?;
    lock.lock_shared()?;
    lock.set_modified(SystemTime::now())?;
    if !folder.is_dir() {
        unpack(&folder, &zip()?)?;
    }
    Ok(Package { folder, _shared: lock })
}

/// Beside its place, and then into it, so that nobody ever sees half of it.
fn unpack(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = folder.with_extension(format!("partial-{}", std::process::id()));
    remove(&partial)?;
    fs::create_dir_all(&partial)?;
    zip::unpack(bytes, &partial, zip::MAX_UNZIPPED).map_err(io::Error::other)?;
    match fs::rename(&partial, folder) {
        // Another server was faster, with the same package.
        Err(_) if folder.is_dir() => remove(&partial),
        done => done,
    }
}

/// Deletes what is of an earlier start of the machine, and what was not used for long.
fn clean(below: &Path, place: &Path) -> io::Result<()> {
    for entry in fs::read_dir(below)?.flatten() {
        if entry.path() != place {
            remove(&entry.path())?;
        }
    }
    for entry in fs::read_dir(place)?.flatten() {
        let path = entry.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if extension.starts_with("partial-") && is_old(&path) {
            // Of a server that ended while it unpacked.
            remove(&path)?;
        } else if extension == "lock" && is_old(&path) {
            let lock = File::open(&path)?;
            if lock.try_lock().is_ok() {
                remove(&path.with_extension(""))?;
            }
        }
    }
    Ok(())
}

fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|it| it.modified());
    modified.is_ok_and(|it| it.elapsed().is_ok_and(|it| it > UNUSED))
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        // Another server was faster.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Names this start of the machine.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if id.trim().is_empty() { "boot".to_owned() } else { id.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(text: &'static str) -> Zip {
        Arc::new(move || Ok(Bytes::from(zip::pack([("index.py", text.as_bytes())]))))
    }

    fn age(place: &Path, name: &str) {
        let lock = File::options().write(true).open(place.join(format!("{name}.lock"))).unwrap();
        lock.set_modified(SystemTime::now() - UNUSED * 2).unwrap();
    }

    #[tokio::test]
    async fn a_package_stays_while_it_is_used_and_goes_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(boot());
        let packages = Packages::new(folder.path().to_owned());
        let used = packages.unpacked("used", &zip_of("x = 1")).await.unwrap();
        drop(packages.unpacked("unused", &zip_of("x = 2")).await.unwrap());
        assert_eq!(fs::read(used.folder().join("index.py")).unwrap(), b"x = 1");
        let again = packages.unpacked("used", &zip_of("never read")).await.unwrap();
        assert!(Arc::ptr_eq(&used, &again));
        age(&place, "used");
        age(&place, "unused");
        drop(packages.unpacked("new", &zip_of("x = 3")).await.unwrap());
        assert!(used.folder().is_dir() && !place.join("unused").exists());
        let back = packages.unpacked("unused", &zip_of("x = 2")).await.unwrap();
        assert_eq!(fs::read(back.folder().join("index.py")).unwrap(), b"x = 2");
    }

    #[tokio::test]
    async fn what_an_earlier_start_of_the_machine_left_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("an-earlier-boot/used");
        fs::create_dir_all(&old).unwrap();
        let packages = Packages::new(folder.path().to_owned());
        let it = packages.unpacked("used", &zip_of("x = 1")).await.unwrap();
        assert!(it.folder().join("index.py").exists() && !old.exists());
    }

    #[tokio::test]
    async fn a_package_that_cannot_be_unpacked_leaves_nothing_to_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let packages = Packages::new(folder.path().to_owned());
        let broken: Zip = Arc::new(|| Ok(Bytes::from_static(b"not a zip")));
        assert!(packages.unpacked("it", &broken).await.is_err());
        let whole = packages.unpacked("it", &zip_of("x = 1")).await.unwrap();
        assert!(whole.folder().join("index.py").exists());
    }
}
