//! The loads, and how they are measured.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{Direction, Options, Place, Span, Store, StoreError, Table};

/// Callers that each wait for their own put.
pub const WRITERS: u64 = 32;

pub const PUTS: u64 = 20_000;
pub const READS: u64 = 100_000;
pub const SCANS: u64 = 5_000;
const HERE: Place<'static> = Place { account: "000000000000", region: "eu-west-1" };

static ROWS: Table<String> = Table::regional("bench.row");
static MESSAGES: Table<String> = Table::regional("bench.message");
static VISIBLE: Table<u64> = Table::regional("bench.visible");

/// Prints one line: `count` operations took so long and so much processor time.
pub fn report(engine: &str, load: &str, count: u64, run: impl FnOnce()) {
    let (start, before) = (Instant::now(), processor_time());
    run();
    let (took, used) = (start.elapsed(), processor_time() - before);
    let rate = count as f64 / took.as_secs_f64();
    println!("{engine:<10} {load:<28} {rate:>12.0} {:>14.1}", used.as_secs_f64() * 1e6 / count as f64);
}

/// What all threads of this process have used, in user and system mode.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A key of about 100 bytes; neighbours in number are far apart in order.
pub fn name(number: u64) -> String {
    format!("{:016x}{:080}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number)
}

pub fn body() -> String {
    (0..1_000u32).map(|it| char::from(b'a' + (it * 7 % 26) as u8)).collect()
}

/// Where the files are made: the disk that is measured.
pub fn folder() -> String {
    std::env::var("BENCH_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned())
}

/// Runs `PUTS` operations by `WRITERS` tasks, each waiting for its own.
pub fn together<F: Future<Output = ()> + Send + 'static>(operation: impl Fn(u64) -> F + Clone + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let tasks = (0..WRITERS).map(|_| {
            let (next, operation) = (next.clone(), operation.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= PUTS {
                        return;
                    }
                    operation(number).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

pub fn niebla(rows: u64) {
    let dir = tempfile::tempdir_in(folder()).unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let body = Arc::new(body());
    report("niebla", "fill", rows, || fill(&store, rows, &body));
    {
        let (store, body) = (store.clone(), body.clone());
        report("niebla", "table: durable put", PUTS, move || {
            together(move |number| {
                let (store, body) = (store.clone(), body.clone());
                async move {
                    let put = store.write(move |tx| {
                        tx.put(&ROWS, HERE, name(number * 7_919 % rows).as_str(), &*body)?;
                        Ok::<(), StoreError>(())
                    });
                    put.await.unwrap();
                }
            });
        });
    }
    {
        let (store, body) = (store.clone(), body.clone());
        report("niebla", "queue: durable send", PUTS, move || {
            together(move |number| {
                let (store, body) = (store.clone(), body.clone());
                async move { store.write(move |tx| send(tx, number, &body)).await.unwrap() }
            });
        });
    }
    {
        let store = store.clone();
        report("niebla", "queue: durable take", PUTS, move || {
            together(move |_| {
                let store = store.clone();
                async move { store.write(take).await.unwrap() }
            });
        });
    }
    report("niebla", "table: get", READS, || {
        for number in 0..READS {
            let it = store.read(|it| it.get(&ROWS, HERE, name(number * 7_919 % rows).as_str()));
            assert!(it.is_some());
        }
    });
    report("niebla", "table: scan of 100", SCANS, || {
        for number in 0..SCANS {
            let from = Span::all().from(name(number * 7_919 % rows).as_str());
            let mut left = 100;
            store.read(|it| {
                it.visit(&ROWS, HERE, from, Direction::Forward, |_, _| {
                    left -= 1;
                    if left == 0 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
                });
            });
        }
    });
}

fn fill(store: &Store, rows: u64, body: &Arc<String>) {
    for start in (0..rows).step_by(1_000) {
        let body = body.clone();
        store
            .write(move |tx| {
                for number in start..(start + 1_000).min(rows) {
                    tx.put(&ROWS, HERE, name(number).as_str(), &*body)?;
                }
                Ok::<(), StoreError>(())
            })
            .wait()
            .unwrap();
    }
}

fn send(tx: &mut store::Transaction, number: u64, body: &String) -> Result<(), StoreError> {
    tx.put(&MESSAGES, HERE, &("jobs", number), body)?;
    tx.put(&VISIBLE, HERE, &("jobs", number / 10, number), &number)
}

fn take(tx: &mut store::Transaction) -> Result<(), StoreError> {
    let first: Option<((String, u64, u64), u64)> = tx.first(&VISIBLE, HERE, Span::prefix("jobs"));
    let (key, number) = first.expect("as many are taken as were sent");
    tx.delete(&VISIBLE, HERE, &key);
    assert!(tx.take(&MESSAGES, HERE, &("jobs", number)).is_some());
    Ok(())
}
