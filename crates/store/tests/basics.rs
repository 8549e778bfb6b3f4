//! What a service sees of the store: rows, ranges, savepoints, errors, watches.

use store::{Direction, OpenError, Options, Place, Span, Store, StoreError, Table};

static MESSAGES: Table<String> = Table::regional("test.message");
static ROLES: Table<u64> = Table::account("test.role");

const HERE: Place<'static> = Place { account: "000000000000", region: "eu-west-1" };
const THERE: Place<'static> = Place { account: "000000000000", region: "us-east-1" };

fn on_every_engine(check: impl Fn(&Store)) {
    check(&Store::ephemeral());
    let dir = tempfile::tempdir().unwrap();
    check(&Store::open(dir.path(), Options::default()).unwrap());
}

fn put(store: &Store, key: (&'static str, u64), value: &str) {
    let value = value.to_owned();
    store.write::<(), StoreError, _>(move |tx| tx.put(&MESSAGES, HERE, &key, &value)).wait().unwrap();
}

fn all(store: &Store) -> Vec<((String, u64), String)> {
    store.read(|rows| rows.range(&MESSAGES, HERE, .., Direction::Forward, usize::MAX))
}

#[test]
fn what_is_written_is_read_where_it_was_written() {
    on_every_engine(|store| {
        put(store, ("jobs", 1), "one");
        store.read(|rows| {
            assert_eq!(rows.get(&MESSAGES, HERE, &("jobs", 1u64)).as_deref(), Some("one"));
            assert_eq!(rows.get(&MESSAGES, HERE, &("jobs", 2u64)), None);
            assert_eq!(rows.get(&MESSAGES, THERE, &("jobs", 1u64)), None);
        });
    });
}

#[test]
fn an_error_drops_the_writes_and_a_panic_ends_one_call() {
    on_every_engine(|store| {
        let refused = store.write::<(), StoreError, _>(|tx| {
            tx.put(&MESSAGES, HERE, &("jobs", 1u64), &"lost".to_owned())?;
            Err(StoreError::Closed)
        });
        assert_eq!(refused.wait(), Err(StoreError::Closed));
        let panicked = store.write::<(), StoreError, _>(|tx| {
            tx.put(&MESSAGES, HERE, &("jobs", 1u64), &"lost".to_owned())?;
            panic!("on purpose")
        });
        assert_eq!(panicked.wait(), Err(StoreError::Panicked("on purpose".to_owned())));
        assert_eq!(all(store), []);
        put(store, ("jobs", 2), "kept");
        assert_eq!(all(store).len(), 1);
    });
}

#[test]
fn savepoints_nest() {
    on_every_engine(|store| {
        store
            .write::<(), StoreError, _>(|tx| {
                tx.put(&ROLES, HERE, "a", &1)?;
                let outer = tx.savepoint();
                tx.put(&ROLES, HERE, "a", &2)?;
                tx.put(&ROLES, HERE, "b", &2)?;
                let inner = tx.savepoint();
                tx.delete(&ROLES, HERE, "a");
                assert_eq!(tx.get(&ROLES, HERE, "a"), None);
                tx.rollback_to(inner);
                assert_eq!(tx.get(&ROLES, HERE, "a"), Some(2));
                tx.rollback_to(outer);
                assert_eq!(tx.get(&ROLES, HERE, "a"), Some(1));
                assert_eq!(tx.get(&ROLES, HERE, "b"), None);
                Ok(())
            })
            .wait()
            .unwrap();
        assert_eq!(store.read(|rows| rows.get(&ROLES, THERE, "a")), Some(1));
    });
}

#[test]
fn ranges_go_both_ways_and_see_own_writes() {
    on_every_engine(|store| {
        for at in [1, 3, 5] {
            put(store, ("jobs", at), "stored");
        }
        put(store, ("jobs2", 1), "another queue");
        let checked = store.write::<(), StoreError, _>(|tx| {
            tx.put(&MESSAGES, HERE, &("jobs", 2u64), &"new".to_owned())?;
            tx.delete(&MESSAGES, HERE, &("jobs", 3u64));
            let keys = |span: Span, direction, limit| -> Vec<u64> {
                let keys: Vec<(String, u64)> = tx.keys(&MESSAGES, HERE, span, direction, limit);
                keys.into_iter().map(|(_, at)| at).collect()
            };
            assert_eq!(keys(Span::prefix("jobs"), Direction::Forward, 9), [1, 2, 5]);
            assert_eq!(keys(Span::prefix("jobs"), Direction::Backward, 2), [5, 2]);
            assert_eq!(keys(Span::prefix("jobs").after(&("jobs", 1u64)), Direction::Forward, 1), [2]);
            assert_eq!(keys((("jobs", 2u64)..("jobs", 5u64)).into(), Direction::Forward, 9), [2]);
            assert_eq!(keys((("jobs", 2u64)..=("jobs", 5u64)).into(), Direction::Backward, 9), [5, 2]);
            assert_eq!(keys((("jobs", 5u64)..("jobs", 2u64)).into(), Direction::Forward, 9), []);
            let last: Option<((String, u64), String)> = tx.last(&MESSAGES, HERE, ..);
            assert_eq!(last.unwrap().0.0, "jobs2");
            Ok(())
        });
        checked.wait().unwrap();
    });
}

#[test]
fn a_key_that_is_too_long_is_an_error_and_bounds_may_be_longer() {
    on_every_engine(|store| {
        let long = "x".repeat(3_000);
        let longest = "x".repeat(1_900);
        let result = store.write::<usize, StoreError, _>(move |tx| {
            tx.put(&ROLES, HERE, longest.as_str(), &1)?;
            assert_eq!(tx.get(&ROLES, HERE, long.as_str()), None);
            tx.delete(&ROLES, HERE, long.as_str());
            let below: Vec<String> = tx.keys(&ROLES, HERE, ..long.as_str(), Direction::Forward, 9);
            let above: Vec<String> = tx.keys(&ROLES, HERE, long.as_str().., Direction::Backward, 9);
            assert_eq!((below.len(), above.len()), (1, 0));
            tx.put(&ROLES, HERE, long.as_str(), &1)?;
            Ok(0)
        });
        assert!(matches!(result.wait(), Err(StoreError::KeyTooLong { bytes: 3_017 })));
    });
}

#[test]
fn a_folder_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let second = Store::open(dir.path(), Options::default());
    assert!(matches!(second.err(), Some(OpenError::Locked { pid }) if pid == std::process::id()));
    put(&store, ("jobs", 1), "one");
    drop(store);
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert_eq!(all(&store).len(), 1);
}

#[test]
fn stats_count_the_rows_of_each_table() {
    on_every_engine(|store| {
        put(store, ("jobs", 1), "one");
        put(store, ("jobs", 2), "two");
        let stats = store.stats();
        assert_eq!(stats.tables["test.message"].rows, 2);
        assert!(stats.bytes > 0);
    });
}
