//! Killed at random moments: whatever was acknowledged is there, and nothing is there by halves.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{Direction, Options, Place, Store, StoreError, Table};

static NUMBERS: Table<String> = Table::partition("test.number");
static MIRROR: Table<u64> = Table::partition("test.mirror");

const DIR: &str = "NIEBLA_TEST_CRASH_DIR";
const KILLS: u64 = 25;
const WRITERS: u64 = 8;
/// A number is deleted by the one that comes so many later.
const KEPT: u64 = 400;

/// The child: writes until it is killed, and prints each number after it is acknowledged.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(dir.as_ref(), Options::default()).unwrap();
    let next = store.read(|rows| rows.last::<u64, _>(&NUMBERS, Place::PARTITION, ..)).map_or(0, |(at, _)| at + 1);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            std::thread::spawn(move || {
                for at in (next + writer..).step_by(WRITERS as usize) {
                    write_number(&store, at);
                    writeln!(std::io::stdout(), "acknowledged {at}").unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
}

fn write_number(store: &Store, at: u64) {
    let written = store.write(move |tx| {
        tx.put(&NUMBERS, Place::PARTITION, &at, &text(at))?;
        tx.put(&MIRROR, Place::PARTITION, &(u64::MAX - at), &at)?;
        if at >= KEPT {
            tx.delete(&NUMBERS, Place::PARTITION, &(at - KEPT));
            tx.delete(&MIRROR, Place::PARTITION, &(u64::MAX - (at - KEPT)));
        }
        Ok::<(), StoreError>(())
    });
    written.wait().unwrap();
}

fn text(at: u64) -> String {
    format!("{at:>width$}", width = (at * 37 % 5_000) as usize)
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut total = 0;
    for kill in 0..KILLS {
        let acknowledged = run_and_kill(dir.path(), Duration::from_millis(20 + kill * 53 % 130));
        total += acknowledged.len();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let rows: Vec<(u64, String)> =
            store.read(|it| it.range(&NUMBERS, Place::PARTITION, .., Direction::Forward, usize::MAX));
        let mirror: Vec<u64> = store.read(|it| it.keys(&MIRROR, Place::PARTITION, .., Direction::Backward, usize::MAX));
        assert_eq!(
            rows.iter().map(|it| it.0).collect::<Vec<_>>(),
            mirror.iter().map(|it| u64::MAX - it).collect::<Vec<_>>()
        );
        assert!(rows.iter().all(|(at, value)| *value == text(*at)));
        let last = rows.last().map_or(0, |it| it.0);
        for at in acknowledged {
            // A number may already have been deleted by the one that comes so many later.
            let there = rows.binary_search_by_key(&at, |it| it.0).is_ok();
            assert!(there || at + KEPT <= last + WRITERS, "{at} was acknowledged and is lost; the last is {last}");
        }
    }
    assert!(total > 0, "the children wrote nothing");
}

fn run_and_kill(dir: &std::path::Path, after: Duration) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        let numbers = lines.map_while(Result::ok).filter_map(|it| it.strip_prefix("acknowledged ")?.parse().ok());
        numbers.collect()
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}
