//! The store beside a plain ordered map: random transactions with savepoints, ranges both ways, and reopening.

use proptest::prelude::*;
use std::collections::BTreeMap;
use store::engine::{Disk, Lmdb, Memory};
use store::{Direction, Options, Place, Span, Store, StoreError, Table};

static ROWS: Table<String> = Table::regional("test.row");
static NEIGHBOURS: Table<String> = Table::regional("test.neighbour");
const HERE: Place<'static> = Place { account: "000000000000", region: "eu-west-1" };

type Key = (String, i64, String);
type Model = BTreeMap<Key, String>;

#[derive(Clone, Debug)]
enum Op {
    Put(Key, String),
    Delete(Key),
    Get(Key),
    Savepoint,
    RollBack(usize),
    Range(Key, Key, Direction, usize),
    Prefix(String, Direction, usize),
}

#[derive(Clone, Debug)]
enum Step {
    /// A transaction, and whether it ends in an error.
    Transaction(Vec<Op>, bool),
    Reopen,
}

fn key() -> impl Strategy<Value = Key> {
    let text = || proptest::sample::select(vec!["", "a", "a\0", "a\u{1}", "b", "é"]).prop_map(str::to_owned);
    (text(), -2i64..2, text())
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Forward), Just(Direction::Backward)]
}

fn op() -> impl Strategy<Value = Op> {
    let value = prop_oneof![
        (0usize..20).prop_map(|length| "short".repeat(length)),
        (0usize..9_000).prop_map(|length| "x".repeat(length)),
    ];
    prop_oneof![
        6 => (key(), value).prop_map(|(key, value)| Op::Put(key, value)),
        3 => key().prop_map(Op::Delete),
        2 => key().prop_map(Op::Get),
        1 => Just(Op::Savepoint),
        1 => (0usize..4).prop_map(Op::RollBack),
        2 => (key(), key(), direction(), 0usize..9).prop_map(|(a, b, way, limit)| Op::Range(a, b, way, limit)),
        2 => (key(), direction(), 0usize..9).prop_map(|(key, way, limit)| Op::Prefix(key.0, way, limit)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let transaction = (proptest::collection::vec(op(), 0..25), proptest::bool::weighted(0.2));
    let step = prop_oneof![
        9 => transaction.prop_map(|(ops, fails)| Step::Transaction(ops, fails)),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..12)
}

fn cut<'m>(
    rows: impl DoubleEndedIterator<Item = (&'m Key, &'m String)>,
    way: Direction,
    limit: usize,
) -> Vec<(Key, String)> {
    let owned = |(key, value): (&Key, &String)| (key.clone(), value.clone());
    match way {
        Direction::Forward => rows.take(limit).map(owned).collect(),
        Direction::Backward => rows.rev().take(limit).map(owned).collect(),
    }
}

/// Does to the store and to the model what the operations say, and compares whatever can be seen.
fn run(tx: &mut store::Transaction, model: &mut Model, ops: Vec<Op>) -> Result<(), StoreError> {
    let mut savepoints = Vec::new();
    for op in ops {
        match op {
            Op::Put(key, value) => {
                tx.put(&ROWS, HERE, &key, &value)?;
                tx.put(&NEIGHBOURS, HERE, &key, &value)?;
                model.insert(key, value);
            }
            Op::Delete(key) => {
                tx.delete(&ROWS, HERE, &key);
                model.remove(&key);
            }
            Op::Get(key) => assert_eq!(tx.get(&ROWS, HERE, &key).as_ref(), model.get(&key)),
            Op::Savepoint => savepoints.push((tx.savepoint(), model.clone())),
            Op::RollBack(at) => {
                savepoints.truncate(at + 1);
                if let Some((savepoint, then)) = savepoints.last() {
                    tx.rollback_to(*savepoint);
                    *model = then.clone();
                }
            }
            Op::Range(from, to, way, limit) => {
                let expected =
                    if from < to { cut(model.range(from.clone()..to.clone()), way, limit) } else { Vec::new() };
                assert_eq!(tx.range::<Key, _>(&ROWS, HERE, from..to, way, limit), expected);
            }
            Op::Prefix(name, way, limit) => {
                let expected = cut(model.iter().filter(|(key, _)| key.0 == name), way, limit);
                assert_eq!(tx.range::<Key, _>(&ROWS, HERE, Span::prefix(&name), way, limit), expected);
            }
        }
    }
    Ok(())
}

fn check(steps: Vec<Step>, open: impl Fn() -> Store) {
    let mut store = open();
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Transaction(ops, fails) => {
                let mut copy = model.clone();
                let after = store.write(move |tx| {
                    run(tx, &mut copy, ops)?;
                    if fails { Err(StoreError::Closed) } else { Ok(copy) }
                });
                match after.wait() {
                    Ok(after) => model = after,
                    Err(error) => assert!(fails && error == StoreError::Closed, "{error}"),
                }
            }
            Step::Reopen => {
                drop(store);
                store = open();
            }
        }
        let rows = store.read(|rows| rows.range::<Key, _>(&ROWS, HERE, .., Direction::Forward, usize::MAX));
        assert_eq!(rows, model.clone().into_iter().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn memory_behaves_as_a_map(steps in steps()) {
        let disk = Disk::new();
        check(steps, || Store::over(disk.engine(), None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lmdb_behaves_as_a_map(steps in steps()) {
        let dir = quick_dir();
        check(steps, || Store::open(dir.path(), Options::default()).unwrap());
    }
}

/// In memory where the system has such a folder: this test is not about what survives.
fn quick_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Enough rows for many leaves and pages, in an order that splits and empties them.
#[test]
fn many_rows_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let lmdb = Lmdb::open(dir.path(), 1 << 30).unwrap();
    for store in [Store::over(Memory::new(), None), Store::over(lmdb, None)] {
        let number = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let written = store.write(move |tx| {
            for at in 0..5_000 {
                tx.put(&ROWS, HERE, &number(at), &at.to_string())?;
            }
            Ok::<(), StoreError>(())
        });
        written.wait().unwrap();
        let deleted = store.write(move |tx| {
            for at in (0..5_000).filter(|at| at % 3 > 0) {
                tx.delete(&ROWS, HERE, &number(at));
            }
            Ok::<(), StoreError>(())
        });
        deleted.wait().unwrap();
        let mut left: Vec<u64> = (0..5_000).step_by(3).map(number).collect();
        left.sort_unstable();
        left.dedup();
        let keys = |way| store.read(|rows| rows.keys::<u64, _>(&ROWS, HERE, .., way, usize::MAX));
        assert_eq!(keys(Direction::Forward), left);
        left.reverse();
        assert_eq!(keys(Direction::Backward), left);
    }
}
