//! What a durable put costs, and what reads cost, on a table-like and on a queue-like load.
//!
//! `cargo bench -p store` measures this crate's store; with `--features compare` also redb and fjall by themselves, each
//! with a group commit as plain as ours. Look at processor time per operation: a busy machine disturbs it least.

mod load;

#[cfg(feature = "compare")]
mod compare;

fn main() {
    let rows = std::env::var("ROWS").ok().and_then(|it| it.parse().ok()).unwrap_or(100_000);
    println!("{rows} rows of 1 KB, {} writers", load::WRITERS);
    println!("{:<10} {:<28} {:>12} {:>14}", "engine", "load", "operations/s", "processor µs");
    load::niebla(rows);
    #[cfg(feature = "compare")]
    compare::all(rows);
}
