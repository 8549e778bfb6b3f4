//! redb and fjall on the same loads, each behind one thread that commits what has queued.

use crate::load::{READS, SCANS, body, name, report, together};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::sync::oneshot;

/// An engine as the loads need it: batches that are durable, gets and scans.
trait Candidate: Send + Sync + 'static {
    fn apply(&self, batch: &[(Vec<u8>, Option<Vec<u8>>)]);
    fn get(&self, key: &[u8]) -> bool;
    fn scan(&self, from: &[u8], limit: usize) -> usize;
    fn first(&self, prefix: &[u8]) -> Option<Vec<u8>>;
}

pub fn all(rows: u64) {
    let dir = tempfile::tempdir_in(crate::load::folder()).unwrap();
    run("redb", Redb::open(&dir.path().join("redb")), rows);
    run("fjall", Fjall::open(&dir.path().join("fjall")), rows);
}

type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;
type Make = Box<dyn FnOnce(&dyn Candidate) -> Changes + Send>;
type Call = (Make, oneshot::Sender<()>);

fn run(engine: &str, candidate: impl Candidate, rows: u64) {
    let candidate: Arc<dyn Candidate> = Arc::new(candidate);
    let body = Arc::new(body().into_bytes());
    report(engine, "fill", rows, || {
        for start in (0..rows).step_by(1_000) {
            let batch: Changes = (start..(start + 1_000).min(rows)).map(|it| (row(it), Some(body.to_vec()))).collect();
            candidate.apply(&batch);
        }
    });
    let calls = commit_groups(candidate.clone());
    let call = move |make: Make| {
        let (reply, done) = oneshot::channel();
        calls.send((make, reply)).unwrap();
        async move { done.await.unwrap() }
    };
    let (put, payload) = (call.clone(), body.clone());
    report(engine, "table: durable put", crate::load::PUTS, move || {
        together(move |number| {
            let payload = payload.clone();
            put(Box::new(move |_| vec![(row(number * 7_919 % rows), Some(payload.to_vec()))]))
        });
    });
    let (send, payload) = (call.clone(), body.clone());
    report(engine, "queue: durable send", crate::load::PUTS, move || {
        together(move |number| {
            let payload = payload.clone();
            send(Box::new(move |_| {
                vec![(message(number), Some(payload.to_vec())), (visible(number), Some(number.to_be_bytes().to_vec()))]
            }))
        });
    });
    // Takes of one group would all find the same first row, so each takes its own number and looks for the first as well.
    report(engine, "queue: durable take", crate::load::PUTS, move || {
        together(move |number| {
            call(Box::new(move |rows| {
                assert!(rows.first(b"visible").is_some());
                vec![(message(number), None), (visible(number), None)]
            }))
        });
    });
    report(engine, "table: get", READS, || {
        (0..READS).for_each(|it| assert!(candidate.get(&row(it * 7_919 % rows))));
    });
    report(engine, "table: scan of 100", SCANS, || {
        (0..SCANS).for_each(|it| assert!(candidate.scan(&row(it * 7_919 % rows), 100) > 0));
    });
}

fn commit_groups(candidate: Arc<dyn Candidate>) -> mpsc::Sender<Call> {
    let (calls, queue) = mpsc::channel::<Call>();
    thread::spawn(move || {
        while let Ok(first) = queue.recv() {
            let mut batch = Vec::new();
            let mut replies = Vec::new();
            for (make, reply) in std::iter::once(first).chain(queue.try_iter()) {
                batch.extend(make(&*candidate));
                replies.push(reply);
            }
            candidate.apply(&batch);
            replies.into_iter().for_each(|it| it.send(()).unwrap());
        }
    });
    calls
}

fn row(number: u64) -> Vec<u8> {
    [b"row".as_slice(), name(number).as_bytes()].concat()
}

fn message(number: u64) -> Vec<u8> {
    [b"message".as_slice(), &number.to_be_bytes()].concat()
}

fn visible(number: u64) -> Vec<u8> {
    [b"visible".as_slice(), &number.to_be_bytes()].concat()
}

struct Redb(redb::Database);

const TABLE: redb::TableDefinition<'static, &[u8], &[u8]> = redb::TableDefinition::new("rows");

impl Redb {
    fn open(file: &Path) -> Redb {
        Redb(redb::Database::create(file).unwrap())
    }
}

impl Candidate for Redb {
    fn apply(&self, batch: &[(Vec<u8>, Option<Vec<u8>>)]) {
        let transaction = self.0.begin_write().unwrap();
        {
            let mut table = transaction.open_table(TABLE).unwrap();
            for (key, value) in batch {
                match value {
                    Some(value) => drop(table.insert(&**key, &**value).unwrap()),
                    None => drop(table.remove(&**key).unwrap()),
                }
            }
        }
        transaction.commit().unwrap();
    }

    fn get(&self, key: &[u8]) -> bool {
        use redb::ReadableDatabase;
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        table.get(key).unwrap().is_some()
    }

    fn scan(&self, from: &[u8], limit: usize) -> usize {
        use redb::ReadableDatabase;
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        table.range(from..).unwrap().take(limit).filter(|it| it.is_ok()).count()
    }

    fn first(&self, prefix: &[u8]) -> Option<Vec<u8>> {
        use redb::ReadableDatabase;
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        let first = table.range(prefix..).unwrap().next()?.unwrap();
        Some(first.0.value().to_vec())
    }
}

struct Fjall {
    database: fjall::Database,
    rows: fjall::Keyspace,
}

impl Fjall {
    fn open(folder: &Path) -> Fjall {
        let database = fjall::Database::builder(folder).open().unwrap();
        let rows = database.keyspace("rows", fjall::KeyspaceCreateOptions::default).unwrap();
        Fjall { database, rows }
    }
}

impl Candidate for Fjall {
    fn apply(&self, batch: &[(Vec<u8>, Option<Vec<u8>>)]) {
        let mut changes = self.database.batch();
        for (key, value) in batch {
            match value {
                Some(value) => changes.insert(&self.rows, key.as_slice(), value.as_slice()),
                None => changes.remove(&self.rows, key.as_slice()),
            }
        }
        changes.commit().unwrap();
        self.database.persist(fjall::PersistMode::SyncData).unwrap();
    }

    fn get(&self, key: &[u8]) -> bool {
        self.rows.get(key).unwrap().is_some()
    }

    fn scan(&self, from: &[u8], limit: usize) -> usize {
        self.rows.range(from..).take(limit).filter(|_| true).count()
    }

    fn first(&self, prefix: &[u8]) -> Option<Vec<u8>> {
        self.rows.range(prefix..).next()?.key().ok().map(|it| it.to_vec())
    }
}
