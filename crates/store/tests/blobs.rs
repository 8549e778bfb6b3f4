//! Blobs and snapshots: bodies live exactly as long as a row names them, and all of it goes into a file and back.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use store::engine::{Disk, Fault};
use store::{BlobId, Existing, NewBlob, OpenError, Options, Place, Store, StoreError, Table};

static OBJECTS: Table<BlobId> = Table::regional("test.object");
const HERE: Place<'static> = Place { account: "000000000000", region: "eu-west-1" };

fn upload(store: &Store, body: &[u8]) -> NewBlob {
    let mut writer = store.blobs().create().unwrap();
    body.chunks(7).for_each(|piece| writer.write(piece).unwrap());
    writer.finish().unwrap()
}

fn name(store: &Store, key: &'static str, id: BlobId) -> Result<(), StoreError> {
    let named = store.write(move |tx| {
        tx.retain_blob(id)?;
        tx.put(&OBJECTS, HERE, key, &id)
    });
    named.wait()
}

fn remove(store: &Store, key: &'static str) {
    let removed = store.write::<(), StoreError, _>(move |tx| {
        let id = tx.take(&OBJECTS, HERE, key).expect("it was put");
        tx.release_blob(id)
    });
    removed.wait().unwrap();
}

fn body_of(store: &Store, id: BlobId) -> Option<Vec<u8>> {
    let blob = store.blobs().open(id).ok()?;
    Some(blob.read_at(0, usize::MAX).unwrap())
}

/// The keeper works after the commits, so what it does is waited for.
fn soon(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn files(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries.flatten().map(|it| if it.path().is_dir() { files(&it.path()) } else { 1 }).sum()
}

#[test]
fn a_pinned_blob_outlives_its_last_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let blob = upload(&store, b"the body of an object");
    let id = blob.id();
    name(&store, "a", id).unwrap();
    drop(blob);
    let (first, second) = (store.blobs().pin(vec![id]), store.blobs().pin(vec![id, id]));
    remove(&store, "a");
    // The keeper has done what this asks for after what the removal asked for.
    let other = upload(&store, b"another one");
    let path = dir.path().join("blobs");
    drop(other);
    soon("the other one goes", || files(&path) == 1);
    drop(first);
    assert!(body_of(&store, id).is_some());
    drop(second);
    soon("nothing holds it any more", || body_of(&store, id).is_none());
}

#[test]
fn a_blob_lives_as_long_as_a_row_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let blob = upload(&store, b"the body of an object");
    let id = blob.id();
    assert_eq!(blob.length(), 21);
    name(&store, "a", id).unwrap();
    drop(blob);
    name(&store, "b", id).unwrap();
    let reader = store.blobs().open(id).unwrap();
    assert_eq!(reader.read_at(4, 4).unwrap(), b"body");
    assert_eq!(reader.read_at(19, 10).unwrap(), b"ct");
    assert_eq!(reader.read_at(30, 10).unwrap(), b"");
    remove(&store, "a");
    assert!(body_of(&store, id).is_some());
    remove(&store, "b");
    soon("the file is deleted", || files(&dir.path().join("blobs")) == 0);
    assert_eq!(reader.read_at(4, 4).unwrap(), b"body", "an open blob can be read to its end");
    soon("its row too", || !store.stats().tables.contains_key("store.blob"));
    assert!(matches!(name(&store, "c", id), Err(StoreError::UnknownBlob(_))));
}

#[test]
fn an_upload_that_nothing_names_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let unfinished = store.blobs().create().unwrap();
    let unnamed = upload(&store, b"nobody's");
    let refused = store.write::<(), StoreError, _>({
        let id = unnamed.id();
        move |tx| {
            tx.retain_blob(id)?;
            Err(StoreError::Closed)
        }
    });
    assert!(refused.wait().is_err());
    assert_eq!(files(&dir.path().join("blobs")), 2);
    drop((unfinished, unnamed));
    soon("both files are deleted", || files(&dir.path().join("blobs")) == 0);
}

#[test]
fn releasing_and_retaining_in_one_transaction_keeps_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let blob = upload(&store, b"copied onto itself");
    let id = blob.id();
    name(&store, "a", id).unwrap();
    drop(blob);
    let copied = store.write::<(), StoreError, _>(move |tx| {
        tx.release_blob(id)?;
        tx.retain_blob(id)
    });
    copied.wait().unwrap();
    drop(store);
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert_eq!(body_of(&store, id).unwrap(), b"copied onto itself");
    remove(&store, "a");
    soon("the file is deleted", || files(&dir.path().join("blobs")) == 0);
}

#[test]
fn a_crash_at_any_commit_neither_loses_a_named_blob_nor_leaks_one() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        for at in 1..8 {
            let (disk, dir) = (Disk::new(), tempfile::tempdir().unwrap());
            disk.fail(at, fault);
            let store = Store::over(disk.engine(), Some(dir.path()));
            live(&store);
            drop(store);
            let store = Store::over(disk.engine(), Some(dir.path()));
            let named: Vec<(String, BlobId)> =
                store.read(|it| it.range(&OBJECTS, HERE, .., store::Direction::Forward, 9));
            soon("as many files as named blobs", || files(dir.path()) == named.len());
            for (key, id) in named {
                assert_eq!(body_of(&store, id).unwrap(), key.as_bytes());
            }
        }
    }
}

/// Uploads, names and removes, whatever fails.
fn live(store: &Store) {
    for key in ["a", "b", "c"] {
        let blob = upload(store, key.as_bytes());
        let _may_fail = name(store, key, blob.id());
    }
    let removed = store.write::<(), StoreError, _>(move |tx| match tx.take(&OBJECTS, HERE, "b") {
        Some(id) => tx.release_blob(id),
        None => Ok(()),
    });
    let _may_fail = removed.wait();
}

/// A store with rows and two blobs, saved.
fn saved(dir: &Path) -> std::path::PathBuf {
    let store = Store::open(&dir.join("original"), Options::default()).unwrap();
    let large: Vec<u8> = (0..700_000u32).map(|it| (it.wrapping_mul(it) >> 7) as u8).collect();
    for (key, body) in [("large", &large[..]), ("empty", b"")] {
        let blob = upload(&store, body);
        name(&store, key, blob.id()).unwrap();
    }
    let file = dir.join("deep/down/snapshot");
    store.save(&file).unwrap();
    remove(&store, "large");
    file
}

#[test]
fn a_snapshot_brings_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = saved(dir.path());
    let copy = dir.path().join("copy");
    Store::load(&file, &copy, Existing::Refuse).unwrap();
    let store = Store::open(&copy, Options::default()).unwrap();
    let id = |key| store.read(|rows| rows.get(&OBJECTS, HERE, key)).unwrap();
    assert_eq!(body_of(&store, id("large")).unwrap().len(), 700_000);
    assert_eq!(body_of(&store, id("empty")).unwrap(), b"");
    assert!(upload(&store, b"new").id() > id("empty"), "numbers in use are not given again");
    assert_eq!(files(dir.path().join("copy.loading").as_path()), 0);

    let replace = Store::load(&file, &copy, Existing::Replace);
    assert!(matches!(replace, Err(OpenError::Locked { .. })));
    drop(store);
    assert!(matches!(Store::load(&file, &copy, Existing::Refuse), Err(OpenError::NotEmpty { .. })));
    Store::load(&file, &copy, Existing::Replace).unwrap();
    assert_eq!(Store::open(&copy, Options::default()).unwrap().stats().tables["test.object"].rows, 2);
}

#[test]
fn damaged_and_newer_snapshots_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(saved(dir.path())).unwrap();
    let (file, target) = (dir.path().join("damaged"), dir.path().join("target"));
    let refused = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let error = Store::load(&file, &target, Existing::Refuse).expect_err("it is damaged");
        assert!(!target.exists() && !dir.path().join("target.loading").exists());
        error
    };
    for cut in [0, 5, 17, 18, 40, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(refused(&whole[..cut]), OpenError::Damaged { .. }), "cut at {cut}");
    }
    for at in [3, 30, whole.len() / 3, whole.len() - 20] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(matches!(refused(&bytes), OpenError::Damaged { .. }), "flipped at {at}");
    }
    let newer = [b"niebla snapshot 2\n", &whole[18..]].concat();
    assert!(matches!(refused(&newer), OpenError::NewerFormat { found: 2, known: 1 }));
    assert!(matches!(Store::load(&dir.path().join("none"), &target, Existing::Refuse), Err(OpenError::Io { .. })));
}
