//! A large object: how fast it goes in and out, beside what the disk and the HTTP stack do, and what that holds in memory.

use super::milliseconds;
use super::server::Running;
use crate::Outcome;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The largest that one PutObject takes.
const BYTES: u64 = 5 * 1024 * 1024 * 1024;
const PIECE: usize = 1024 * 1024;
/// Of what the disk and a static file reach.
const LEAST: f64 = 0.6;
const MOST_MB: f64 = 150.0;

/// What it misses of the bars.
pub fn measure(niebla: &Path, static_reply: &Path, folder: &Path) -> Outcome<Vec<&'static str>> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let file = folder.join("plain");
    let disk = timed(|| write_plain(&file))?;
    let fixed = Running::start(static_reply, &[&file.to_string_lossy()])?;
    let plain = timed(|| get(&fixed, "/file"))?;
    drop(fixed);
    std::fs::remove_file(&file).map_err(|error| error.to_string())?;

    let server = Running::niebla(niebla, &folder.join("objects"))?;
    server.put("/large", "")?;
    let put = timed(|| put(&server, "/large/object"))?;
    let got = timed(|| get(&server, "/large/object"))?;
    let peak = server.peak_mb()?;

    let (written, read) = (ratio(disk, put), ratio(plain, got));
    println!(
        "PutObject of 5 GiB                {:>8.0} MB/s, {written:.2} of the disk's {:.0} MB/s (bar {LEAST})",
        rate(put),
        rate(disk)
    );
    println!(
        "GetObject of 5 GiB                {:>8.0} MB/s, {read:.2} of a static file's {:.0} MB/s (bar {LEAST})",
        rate(got),
        rate(plain)
    );
    println!("memory at most, meanwhile         {peak:>8.2} MB (bar {MOST_MB:.0} MB)");
    let missed = [
        (written < LEAST, "large objects are written too slowly"),
        (read < LEAST, "large objects are read too slowly"),
        (peak > MOST_MB, "large objects take too much memory"),
    ];
    Ok(missed.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what).collect())
}

fn ratio(floor: Duration, measured: Duration) -> f64 {
    milliseconds(floor) / milliseconds(measured)
}

fn rate(time: Duration) -> f64 {
    BYTES as f64 / 1e6 / time.as_secs_f64()
}

fn timed(run: impl FnOnce() -> io::Result<()>) -> Outcome<Duration> {
    let began = Instant::now();
    run().map_err(|error| error.to_string())?;
    Ok(began.elapsed())
}

/// Bytes that do not compress to nothing.
fn piece() -> Vec<u8> {
    (0..PIECE as u64).map(|it| (it.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// As `dd bs=1M conv=fsync` does.
fn write_plain(path: &Path) -> io::Result<()> {
    let (mut file, piece) = (File::create(path)?, piece());
    for _ in 0..BYTES / PIECE as u64 {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

fn open(server: &Running, request_line: &str, length: u64) -> io::Result<TcpStream> {
    let address = server.url.strip_prefix("http://").unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    let scope = "20260101/us-east-1/s3/aws4_request";
    write!(
        stream,
        "{request_line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\
         x-amz-content-sha256: UNSIGNED-PAYLOAD\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/{scope}, \
         SignedHeaders=host, Signature={}\r\n\r\n",
        "0".repeat(64)
    )?;
    Ok(stream)
}

fn put(server: &Running, path: &str) -> io::Result<()> {
    let (mut stream, piece) = (open(server, &format!("PUT {path}"), BYTES)?, piece());
    for _ in 0..BYTES / PIECE as u64 {
        stream.write_all(&piece)?;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(io::Error::other(answer)) }
}

fn get(server: &Running, path: &str) -> io::Result<()> {
    let mut stream = open(server, &format!("GET {path}"), 0)?;
    let (mut buffer, mut received) = (vec![0; PIECE], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            count => received += count as u64,
        }
    }
    // The head comes on top.
    if received > BYTES { Ok(()) } else { Err(io::Error::other(format!("{path} came with {received} bytes"))) }
}
