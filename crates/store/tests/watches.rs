//! Watches: nobody who waits for a change misses it, and nobody is woken by what is unrelated.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Place, ReadSet, Span, Store, StoreError, Table};

static MESSAGES: Table<u64> = Table::regional("test.message");
static OTHERS: Table<u64> = Table::regional("test.other");
const HERE: Place<'static> = Place { account: "000000000000", region: "eu-west-1" };

fn reads_of(store: &Store, queue: &str) -> ReadSet {
    store.read(|rows| {
        rows.record_reads();
        let first: Option<((String, u64), u64)> = rows.first(&MESSAGES, HERE, Span::prefix(queue));
        assert_eq!(first, None);
        rows.get(&OTHERS, HERE, queue);
        rows.take_reads()
    })
}

fn put(store: &Store, table: &'static Table<u64>, key: impl store::Key + Send + 'static) {
    store.write::<(), StoreError, _>(move |tx| tx.put(table, HERE, &key, &1)).wait().unwrap();
}

#[test]
fn a_commit_wakes_who_read_its_prefix_or_its_key_and_nobody_else() {
    let store = Store::ephemeral();
    let names = ["a", "jobs", "jobs2", "job", "z"];
    let watches: Vec<_> = names.iter().map(|it| store.watch(reads_of(&store, it))).collect();
    let awake = || -> Vec<&str> { names.iter().zip(&watches).filter(|it| it.1.is_ready()).map(|it| *it.0).collect() };
    put(&store, &MESSAGES, ("other", 1u64));
    put(&store, &MESSAGES, "jobs");
    put(&store, &OTHERS, "jobs3");
    assert_eq!(awake(), [""; 0]);
    put(&store, &MESSAGES, ("jobs", 1u64));
    assert_eq!(awake(), ["jobs"]);
    put(&store, &OTHERS, "job");
    assert_eq!(awake(), ["jobs", "job"]);
}

#[test]
fn a_commit_between_reading_and_watching_is_not_missed() {
    let store = Store::ephemeral();
    let (early, unrelated) = (reads_of(&store, "jobs"), reads_of(&store, "quiet"));
    put(&store, &MESSAGES, ("jobs", 1u64));
    assert!(store.watch(early).is_ready());
    assert!(!store.watch(unrelated.clone()).is_ready());
    // So much has happened since that nobody remembers it: better once too often than never.
    for at in 0..5_000u32 {
        let _queued = store.write::<(), StoreError, _>(move |tx| tx.put(&OTHERS, HERE, &at, &1));
    }
    put(&store, &OTHERS, "end");
    assert!(store.watch(unrelated).is_ready());
}

#[test]
fn an_attempt_does_not_wake_itself() {
    let store = Store::ephemeral();
    let reads = store.write::<ReadSet, StoreError, _>(|tx| {
        tx.record_reads();
        tx.put(&OTHERS, HERE, "tries", &(tx.get(&OTHERS, HERE, "tries").unwrap_or(0) + 1))?;
        Ok(tx.take_reads())
    });
    let watch = store.watch(reads.wait().unwrap());
    assert!(!watch.is_ready());
    put(&store, &OTHERS, "tries");
    assert!(watch.is_ready());
}

#[test]
fn a_subscription_tells_of_a_table_again_and_again() {
    let store = Store::ephemeral();
    let mut changes = store.subscribe(&MESSAGES);
    put(&store, &OTHERS, "unrelated");
    assert!(!changes.take_change());
    for at in 0..2u64 {
        put(&store, &MESSAGES, ("jobs", at));
        assert!(changes.take_change());
        assert!(!changes.take_change());
    }
}

#[test]
fn a_rolled_back_write_wakes_nobody_and_a_reset_everybody() {
    let store = Store::ephemeral();
    let watch = store.watch(reads_of(&store, "jobs"));
    let refused = store.write::<(), StoreError, _>(|tx| {
        let start = tx.savepoint();
        tx.put(&MESSAGES, HERE, &("jobs", 1u64), &1)?;
        tx.rollback_to(start);
        tx.put(&OTHERS, HERE, "something else", &1)
    });
    refused.wait().unwrap();
    assert!(!watch.is_ready());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.reset()).unwrap();
    assert!(watch.is_ready());
    assert_eq!(store.stats().tables.len(), 0);
}

/// Consumers wait on an empty queue while producers send: every message arrives, and nobody waits for ever.
#[test]
fn long_polls_see_every_message() {
    const MESSAGES_SENT: u64 = 3_000;
    let store = Store::ephemeral();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let done = async {
        for queue in 0..3u32 {
            for _ in 0..4 {
                let (store, received) = (store.clone(), received.clone());
                tokio::spawn(async move {
                    loop {
                        let (taken, reads) = store.write(move |tx| take(tx, queue)).await.unwrap();
                        if taken {
                            received.fetch_add(1, Ordering::Relaxed);
                        } else {
                            store.watch(reads).await;
                        }
                    }
                });
            }
        }
        for at in 0..MESSAGES_SENT {
            let sent = store.write::<(), StoreError, _>(move |tx| tx.put(&MESSAGES, HERE, &((at % 3) as u32, at), &at));
            if at % 7 == 0 {
                sent.await.unwrap();
            }
        }
        while received.load(Ordering::Relaxed) < MESSAGES_SENT {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(30), done).await })
        .expect("nobody is left waiting");
}

fn take(tx: &mut store::Transaction, queue: u32) -> Result<(bool, ReadSet), StoreError> {
    tx.record_reads();
    let first: Option<((u32, u64), u64)> = tx.first(&MESSAGES, HERE, Span::prefix(&queue));
    if let Some((key, _)) = &first {
        tx.delete(&MESSAGES, HERE, key);
    }
    Ok((first.is_some(), tx.take_reads()))
}
