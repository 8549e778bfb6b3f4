//! Load, by wrk.

use super::server::Running;
use crate::{Outcome, shell};

/// One kind of call, repeated.
pub struct Call<'a> {
    pub service: &'a str,
    pub content_type: &'a str,
    pub target: &'a str,
    pub body: &'a str,
}

impl<'a> Call<'a> {
    pub fn script(&self) -> [&'a str; 5] {
        ["bench/call.lua", self.service, self.content_type, self.target, self.body]
    }
}

pub struct Figures {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Of the server, user and system.
    pub processor_us: f64,
    pub errors: u64,
}

/// How much load.
#[derive(Clone, Copy)]
pub struct Load {
    pub seconds: u64,
    /// At once, each of which sends its next request when it has its answer.
    pub connections: usize,
}

impl Load {
    /// What the bars are for.
    pub fn lasting(seconds: u64) -> Self {
        Self { seconds, connections: 32 }
    }
}

/// Puts load on a server: a script and its arguments.
pub fn run(server: &Running, script: &[&str], load: Load) -> Outcome<Figures> {
    let before = server.processor_time()?;
    let (connections, lasting) = (format!("-c{}", load.connections), format!("-d{}s", load.seconds));
    let mut wrk = shell::program("wrk", ["-t2", &connections, &lasting, "-s", script[0], &server.url, "--"]);
    let said = shell::output(wrk.args(&script[1..]))?;
    let spent = server.processor_time()?.saturating_sub(before);
    let [requests, duration_us, p50_us, p99_us, errors] = result(&said).ok_or_else(|| format!("wrk said: {said}"))?;
    if requests == 0 {
        return Err(format!("No request was answered. wrk said: {said}"));
    }
    Ok(Figures {
        per_second: requests as f64 * 1e6 / duration_us as f64,
        p50_ms: p50_us as f64 / 1e3,
        p99_ms: p99_us as f64 / 1e3,
        processor_us: spent.as_secs_f64() * 1e6 / requests as f64,
        errors,
    })
}

/// The line that `bench/report.lua` prints.
fn result(said: &str) -> Option<[u64; 5]> {
    let line = said.lines().find_map(|it| it.strip_prefix("RESULT "))?;
    let numbers: Vec<u64> = line.split(' ').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

pub fn install() -> Outcome {
    if shell::exists("wrk") {
        return Ok(());
    }
    shell::stage("installing wrk, which puts the load on (apt-get install wrk)");
    let root = shell::output(&mut shell::program("id", ["-u"]))?.trim() == "0";
    let apt = |args: &[&str]| {
        let all = if root { args.to_vec() } else { [&["sudo"], args].concat() };
        shell::must(&mut shell::program(all[0], &all[1..]), "wrk could not be installed; install it by hand.")
    };
    apt(&["apt-get", "update", "-qq"])?;
    apt(&["apt-get", "install", "-y", "-qq", "wrk"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_report_is_read() {
        let said = "Running 5s test\n  2 threads\nRESULT 1000 5000000 310 2900 0\n";
        assert_eq!(result(said), Some([1000, 5_000_000, 310, 2900, 0]));
        assert_eq!(result("unable to connect"), None);
        assert_eq!(result("RESULT 1 2"), None);
    }
}
