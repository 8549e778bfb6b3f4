//! `cargo xtask bench`: hot paths, startup and idle memory, beside a static reply of the same HTTP stack.
//!
//! Processor time per request is what a busy machine disturbs least, so the bars are ratios of it within one run.

mod functions;
mod items;
mod load;
mod million;
mod objects;
mod server;

use crate::{Outcome, place, shell};
use clap::Args;
use load::{Call, Figures, Load};
use server::Running;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Bench {
    /// How long each load lasts
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Fail when a bar is missed
    #[arg(long)]
    strict: bool,
    /// Measure tables of a million items, which takes minutes to fill
    #[arg(long)]
    million: bool,
}

/// What Niebla has to reach on two cores: processor time as a multiple of the static reply's.
const MOST_SEND: f64 = 4.0;
const MOST_RECEIVE_DELETE: f64 = 9.0;
const MOST_PUT_OBJECT: f64 = 5.0;
const MOST_GET_OBJECT: f64 = 3.0;
/// The slowest of a hundred durable calls, as a multiple of one sync of the disk.
const MOST_SYNCS: f64 = 10.0;
/// With so few, a call waits for the disk and not for its turn on two cores, which load and server share.
const FEW_CONNECTIONS: usize = 4;
const MOST_STARTUP: Duration = Duration::from_millis(50);
const MOST_IDLE_MB: f64 = 40.0;

const STARTS: usize = 10;
const SYNCS: usize = 100;
/// Until the allocator and the store have settled.
const IDLE: Duration = Duration::from_secs(2);

const JSON: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";

impl Bench {
    pub fn run(&self) -> Outcome {
        load::install()?;
        shell::stage("building (profile dist, as it is handed out)");
        let mut cargo = shell::cargo(["build", "--profile", "dist", "--package", "niebla", "--bins", "--examples"]);
        shell::must(&mut cargo, "Niebla could not be built.")?;
        let built = place::target().join("dist");
        let niebla = built.join("niebla");
        // Beside what was built, because the system's temporary folder may be in memory.
        let folder = Scratch::new(&place::target().join("bench"))?;

        shell::stage("hot paths (wrk, 2 threads, 32 connections)");
        let fixed = Running::start(&built.join("examples/static_reply"), &[])?;
        let server = Running::niebla(&niebla, &folder.0.join("load"))?;
        let rows = self.loads(&fixed, &server)?;
        let mut missed = table(&rows);
        drop((fixed, server));

        shell::stage("the rest");
        let sync = sync_time(&folder.0)?;
        let in_syncs = |row: &Row| row.figures.p99_ms / milliseconds(sync);
        let (syncs, syncs_of_few) = (in_syncs(&rows[1]), in_syncs(&rows[FEW]));
        println!("p99 of SendMessage                {syncs:>8.2} syncs (bar {MOST_SYNCS:.0})");
        println!("  at {FEW_CONNECTIONS} connections               {syncs_of_few:>8.2} syncs");
        println!("fdatasync of 4 KiB on this disk   {:>8.2} ms (median of {SYNCS})", milliseconds(sync));
        let startup = startup(&niebla, &folder.0)?;
        let bar = milliseconds(MOST_STARTUP);
        println!(
            "ready on an empty data folder     {:>8.2} ms (median of {STARTS}; bar {bar:.0} ms)",
            milliseconds(startup)
        );
        let idle = idle(&niebla, &folder.0.join("idle"))?;
        println!(
            "idle memory after 2 s             {:>8.2} MB (of that anonymous {:.2} MB; bar {MOST_IDLE_MB:.0} MB)",
            idle.total_mb, idle.anonymous_mb
        );

        let million = million::measure(&niebla, &folder.0.join("million"), self.seconds)?;
        let objects = objects::measure(&niebla, &built.join("examples/static_reply"), &folder.0.join("large"))?;
        let size = if self.million { items::Size::Million } else { items::Size::Usual };
        let items = items::measure(&niebla, &folder.0.join("items"), self.seconds, size)?;
        let functions = functions::measure(&Running::niebla(&niebla, &folder.0.join("functions"))?)?;

        let rest = [
            (syncs > MOST_SYNCS, "SendMessage waits too long"),
            (startup > MOST_STARTUP, "startup is too slow"),
            (idle.total_mb > MOST_IDLE_MB, "idle memory is too large"),
        ];
        missed.extend(rest.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what));
        missed.extend(million);
        missed.extend(objects);
        missed.extend(items);
        missed.extend(functions);
        match missed.is_empty() {
            true => println!("Every bar is reached."),
            false if self.strict => return Err(format!("Missed: {}.", missed.join("; "))),
            false => println!("Missed: {}.", missed.join("; ")),
        }
        Ok(())
    }

    fn loads(&self, fixed: &Running, server: &Running) -> Outcome<Vec<Row>> {
        let queue = server.queue("bench")?;
        for index in 0..9 {
            server.queue(&format!("bench-{index}"))?;
        }
        let message = format!(r#"{{"QueueUrl":"{queue}","MessageBody":"{}"}}"#, "x".repeat(256));
        let send = Call { service: "sqs", content_type: JSON, target: "AmazonSQS.SendMessage", body: &message };
        let list = Call { service: "sqs", content_type: JSON, target: "AmazonSQS.ListQueues", body: "{}" };
        let who = "Action=GetCallerIdentity&Version=2011-06-15";
        let who = Call { service: "sts", content_type: FORM, target: "", body: who };
        let mut rows = Vec::new();
        let mut add = |name, server, script: &[&str], most| -> Outcome {
            let usual = Load::lasting(self.seconds);
            let load = if name == FEW_NAME { Load { connections: FEW_CONNECTIONS, ..usual } } else { usual };
            let figures = load::run(server, script, load)?;
            rows.push(Row { name, figures, most });
            Ok(())
        };
        let receive_delete = ["bench/receive_delete.lua", &queue];
        add("static reply", fixed, &send.script(), None)?;
        add("sqs SendMessage (durable)", server, &send.script(), Some(MOST_SEND))?;
        add("sqs ReceiveMessage + DeleteMessage", server, &receive_delete, Some(MOST_RECEIVE_DELETE))?;
        add(FEW_NAME, server, &send.script(), None)?;
        add("sqs ListQueues", server, &list.script(), None)?;
        add("sts GetCallerIdentity", server, &who.script(), None)?;
        for (name, group, held) in
            [("logs PutLogEvents, 10 held", "ten", 10), ("logs PutLogEvents, 1,000,000 held", "million", 1_000_000)]
        {
            let events = fill(server, group, held)?;
            let target = "Logs_20140328.PutLogEvents";
            let put = Call { service: "logs", content_type: JSON_1_1, target, body: &events };
            add(name, server, &put.script(), None)?;
        }
        server.put("/bench", "")?;
        server.put("/bench/one", &"x".repeat(OBJECT_BYTES))?;
        let bytes = OBJECT_BYTES.to_string();
        add(
            "s3 PutObject 1 KiB (durable)",
            server,
            &["bench/object.lua", "PUT", "bench", &bytes],
            Some(MOST_PUT_OBJECT),
        )?;
        add("s3 GetObject 1 KiB", server, &["bench/object.lua", "GET", "bench", &bytes], Some(MOST_GET_OBJECT))?;
        items::prepare(server)?;
        for (name, script, bar) in items::rows() {
            let script: Vec<&str> = script.iter().map(String::as_str).collect();
            add(name, server, &script, Some(bar))?;
        }
        // Two calls are one pair; the waiting times stay those of each call.
        rows[2].figures.processor_us *= 2.0;
        rows[2].figures.per_second /= 2.0;
        Ok(rows)
    }
}

/// SendMessage again, with fewer connections: its place among the rows.
const FEW: usize = 3;
const FEW_NAME: &str = "sqs SendMessage, 4 connections";
const OBJECT_BYTES: usize = 1024;

/// A log group with so many events, and the body of one more.
fn fill(server: &Running, group: &str, held: usize) -> Outcome<String> {
    let name = format!(r#""logGroupName":"{group}""#);
    server.post("logs", "Logs_20140328.CreateLogGroup", &format!("{{{name}}}"))?;
    let name = format!(r#"{name},"logStreamName":"one""#);
    server.post("logs", "Logs_20140328.CreateLogStream", &format!("{{{name}}}"))?;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let event = format!(r#"{{"timestamp":{},"message":"a line of a log"}}"#, since.map_or(0, |it| it.as_millis()));
    let put = |count: usize| format!(r#"{{{name},"logEvents":[{}]}}"#, vec![event.as_str(); count].join(","));
    let (batch, mut left) = (put(held.min(MOST_IN_A_BATCH)), held);
    while left > 0 {
        server.post("logs", "Logs_20140328.PutLogEvents", &batch)?;
        left -= held.min(MOST_IN_A_BATCH);
    }
    Ok(put(1))
}

/// Of PutLogEvents.
const MOST_IN_A_BATCH: usize = 10_000;

struct Row {
    name: &'static str,
    figures: Figures,
    /// The bar: its processor time as a multiple of the static reply's.
    most: Option<f64>,
}

/// Prints the table; which rows miss their bars.
fn table(rows: &[Row]) -> Vec<&'static str> {
    let floor = rows[0].figures.processor_us;
    println!(
        "{:<36}{:>12}{:>10}{:>10}{:>14}{:>9}{:>6}{:>8}",
        "", "requests/s", "p50 ms", "p99 ms", "processor µs", "ratio", "bar", "errors"
    );
    for Row { name, figures, most } in rows {
        println!(
            "{name:<36}{:>12.0}{:>10.2}{:>10.2}{:>14.1}{:>9.2}{:>6}{:>8}",
            figures.per_second,
            figures.p50_ms,
            figures.p99_ms,
            figures.processor_us,
            figures.processor_us / floor,
            most.map_or(String::new(), |it| it.to_string()),
            figures.errors
        );
    }
    let misses = |row: &&Row| row.most.is_some_and(|most| row.figures.processor_us / floor > most);
    rows.iter().filter(misses).map(|it| it.name).collect()
}

fn startup(niebla: &Path, folder: &Path) -> Outcome<Duration> {
    let mut times = Vec::new();
    for index in 0..STARTS {
        times.push(Running::niebla(niebla, &folder.join(format!("start-{index}")))?.ready_after);
    }
    Ok(median(&mut times))
}

fn idle(niebla: &Path, folder: &Path) -> Outcome<server::Memory> {
    let server = Running::niebla(niebla, folder)?;
    std::thread::sleep(IDLE);
    server.memory()
}

/// What one durable write costs on this disk, at least.
fn sync_time(folder: &Path) -> Outcome<Duration> {
    let path = folder.join("sync");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = std::fs::File::create(&path).map_err(failed)?;
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096]).map_err(failed)?;
        let began = Instant::now();
        file.sync_data().map_err(failed)?;
        times.push(began.elapsed());
    }
    Ok(median(&mut times))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A folder that is deleted in the end.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(path: &Path) -> Outcome<Scratch> {
        let path = path.join(std::process::id().to_string());
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be deleted lies in the target folder, where `cargo clean` finds it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
