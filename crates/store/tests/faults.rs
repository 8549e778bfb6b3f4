//! Disks that are full, that fail, and files that are damaged.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use store::engine::{Disk, Fault, Lmdb};
use store::{OpenError, Options, Place, Store, StoreError, Table};

static ROWS: Table<Vec<u8>> = Table::partition("test.row");
const HERE: Place<'static> = Place::PARTITION;

fn put(store: &Store, key: u64, bytes: usize) -> Result<(), StoreError> {
    store.write(move |tx| tx.put(&ROWS, HERE, &key, &vec![7; bytes])).wait()
}

fn has(store: &Store, key: u64) -> bool {
    store.read(|rows| rows.contains(&ROWS, HERE, &key))
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_a_restart() {
    let disk = Disk::new();
    let store = Store::over(disk.engine(), None);
    put(&store, 1, 10).unwrap();
    disk.fail(1, Fault::CrashAfter);
    assert!(matches!(put(&store, 2, 10), Err(StoreError::Failed(_))));
    assert!(matches!(put(&store, 3, 10), Err(StoreError::Failed(_))));
    let read_only = store.write::<bool, StoreError, _>(|tx| Ok(tx.contains(&ROWS, HERE, &1u64)));
    assert!(matches!(read_only.wait(), Err(StoreError::Failed(_))));
    assert!(has(&store, 1));
    drop(store);
    let store = Store::over(disk.engine(), None);
    // 2 was not acknowledged and has reached the disk all the same; 3 never ran.
    assert_eq!([1, 2, 3].map(|it| has(&store, it)), [true, true, false]);
    put(&store, 3, 10).unwrap();
}

#[test]
fn a_torn_last_write_leaves_the_state_before() {
    let disk = Disk::new();
    let store = Store::over(disk.engine(), None);
    put(&store, 1, 10).unwrap();
    disk.fail(1, Fault::CrashBefore);
    assert!(put(&store, 2, 10).is_err());
    drop(store);
    let store = Store::over(disk.engine(), None);
    assert_eq!([1, 2].map(|it| has(&store, it)), [true, false]);
}

#[test]
fn a_full_disk_refuses_a_write_and_goes_on_when_there_is_room() {
    let disk = Disk::new();
    let store = Store::over(disk.engine(), None);
    disk.fail(1, Fault::Full);
    assert_eq!(put(&store, 1, 10), Err(StoreError::Full));
    assert!(!has(&store, 1));
    put(&store, 1, 10).unwrap();
    assert!(has(&store, 1));
}

#[test]
fn lmdb_says_when_its_room_is_full_and_goes_on_after_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { map_bytes: 1 << 20 }).unwrap();
    fill_until_refused(&store);
    drop(store);
    let store = Store::open(dir.path(), Options { map_bytes: 1 << 20 }).unwrap();
    assert!(has(&store, 0));
}

/// Root, or a user who may mount in a namespace of their own, tests with a small real disk.
#[test]
fn a_real_full_disk_loses_nothing() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let dir = tempfile::tempdir().unwrap();
    let options = c"size=1m";
    if mount("tmpfs", dir.path(), "tmpfs", MountFlags::empty(), options).is_err() {
        eprintln!("no tmpfs may be mounted here; the map's limit and the simulated disk cover the same path");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        let store = Store::open(dir.path(), Options::default()).unwrap();
        fill_until_refused(&store);
        drop(store);
        let store = Store::open(dir.path(), Options::default()).unwrap();
        assert!(has(&store, 0));
    });
    unmount(dir.path(), UnmountFlags::DETACH).unwrap();
    result.unwrap();
}

fn fill_until_refused(store: &Store) {
    let mut last = 0;
    let refused = loop {
        match put(store, last, 20_000) {
            Ok(()) => last += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, StoreError::Full);
    assert!(last > 5);
    assert!((0..last).all(|it| has(store, it)));
    assert!(!has(store, last));
    assert_eq!(put(store, last, 20_000), Err(StoreError::Full));
    store
        .write::<(), StoreError, _>(move |tx| {
            (last / 2..last).for_each(|it| tx.delete(&ROWS, HERE, &it));
            Ok(())
        })
        .wait()
        .expect("a delete finds room");
    // Pages freed by one commit can be used by the one after the next.
    put(store, 1_000_000, 10).unwrap();
    put(store, 1_000_001, 20_000).unwrap();
}

/// A store with a few rows, closed.
fn finished(dir: &Path) {
    let store = Store::open(dir, Options::default()).unwrap();
    for key in 0..50 {
        put(&store, key, 3_000).unwrap();
    }
}

fn refused(dir: &Path) -> OpenError {
    let before = fs::read(dir.join("rows/data.mdb")).ok();
    let error = Store::open(dir, Options::default()).err().expect("it is refused");
    assert_eq!(fs::read(dir.join("rows/data.mdb")).ok(), before, "what cannot be read is not touched");
    error
}

/// What is damaged, and how.
type Damage = (&'static str, fn(&Path));

#[test]
fn damaged_and_foreign_folders_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |it: &Path| it.join("rows/data.mdb");
    let cases: [Damage; 7] = [
        ("not a number", |it| fs::write(it.join("format"), "niebla store x\n").unwrap()),
        ("no format", |it| fs::remove_file(it.join("format")).unwrap()),
        ("no rows", |it| fs::remove_file(it.join("rows/data.mdb")).unwrap()),
        ("empty rows", |it| fs::write(it.join("rows/data.mdb"), "").unwrap()),
        ("garbage", |it| fs::write(it.join("rows/data.mdb"), [0x5a; 40_000]).unwrap()),
        ("cut", |it| {
            let file = fs::OpenOptions::new().write(true).open(it.join("rows/data.mdb")).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }),
        ("foreign", |it| {
            fs::remove_file(it.join("format")).unwrap();
            fs::write(it.join("thesis.tex"), "years of work").unwrap();
        }),
    ];
    for (at, (case, damage)) in cases.into_iter().enumerate() {
        let dir = dir.path().join(at.to_string());
        finished(&dir);
        assert!(rows(&dir).exists());
        damage(&dir);
        let error = refused(&dir);
        assert!(matches!(error, OpenError::Damaged { .. }), "{case}: {error}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    finished(dir.path());
    fs::write(dir.path().join("format"), "niebla store 2\n").unwrap();
    assert!(matches!(refused(dir.path()), OpenError::NewerFormat { found: 2, known: 1 }));
}

/// LMDB writes its two first pages in turn. A write that is torn hits the older of them, before its transaction number.
#[test]
fn a_torn_page_of_the_older_state_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    finished(dir.path());
    let file = fs::OpenOptions::new().read(true).write(true).open(dir.path().join("rows/data.mdb")).unwrap();
    const PAGE: u64 = 4_096;
    // Behind the page's header: magic, version, address, map size, two tables of 48 bytes, last page, transaction.
    const TABLES: u64 = 16 + 24;
    const TRANSACTION: u64 = TABLES + 2 * 48 + 8;
    let transaction = |page: u64| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, page * PAGE + TRANSACTION).unwrap();
        u64::from_ne_bytes(bytes)
    };
    assert_eq!(transaction(0).abs_diff(transaction(1)), 1);
    let older = u64::from(transaction(1) < transaction(0));
    file.write_all_at(&[0xff; 2 * 48 + 8], older * PAGE + TABLES).unwrap();
    file.write_all_at(&[0xff; 1_000], older * PAGE + TRANSACTION + 8).unwrap();
    drop(file);
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert!((0..50).all(|it| has(&store, it)));
    put(&store, 50, 3_000).unwrap();
    drop(store);
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert!((0..51).all(|it| has(&store, it)));
}

#[test]
fn compacting_gives_room_back() {
    let dir = tempfile::tempdir().unwrap();
    finished(dir.path());
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert!(matches!(Store::compact(dir.path()), Err(OpenError::Locked { .. })));
    let deleted = store.write::<(), StoreError, _>(|tx| {
        (1..50u64).for_each(|it| tx.delete(&ROWS, HERE, &it));
        Ok(())
    });
    deleted.wait().unwrap();
    drop(store);
    let (before, after) = Store::compact(dir.path()).unwrap();
    assert!(after < before / 4, "{before} to {after}");
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert!(has(&store, 0) && !has(&store, 1));
}

#[test]
fn a_file_of_rows_can_be_opened_by_an_engine_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!Lmdb::exists(dir.path()));
    drop(Lmdb::open(dir.path(), 1 << 20).unwrap());
    assert!(Lmdb::exists(dir.path()));
}
