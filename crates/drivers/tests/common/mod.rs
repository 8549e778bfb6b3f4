//! A small test harness for programs that are also keepers, and so need a `main` of their own.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

pub type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

/// Names each async function and wraps it so that all have one type.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        {
            let list: &[$crate::common::Test] = &[$((stringify!($name), || Box::pin($name()))),*];
            list
        }
    };
}

/// Runs the tests whose names contain the first plain argument, one after the other; exits with 1 when one panics.
pub fn run(tests: &[Test]) {
    let filter = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    let mut failed = 0;
    for (name, test) in tests.iter().filter(|it| it.0.contains(&filter)) {
        let began = Instant::now();
        let outcome = std::thread::spawn({
            let test = *test;
            move || {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
                runtime
                    .block_on(async { tokio::time::timeout(Duration::from_secs(60), test()).await })
                    .expect("the test takes less than a minute");
            }
        })
        .join();
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({} ms)", began.elapsed().as_millis());
        failed += usize::from(outcome.is_err());
    }
    assert!(failed == 0, "{failed} tests failed");
}

/// Whether a process of that number exists and is not a zombie.
#[allow(dead_code)]
pub fn alive(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

/// The processes whose command line contains the word.
#[allow(dead_code)]
pub fn processes_with(word: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|it| it.parse().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(word) && alive(pid) {
            found.push(pid);
        }
    }
    found
}

#[allow(dead_code)]
pub async fn until(mut what: impl FnMut() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within 5 s");
}
