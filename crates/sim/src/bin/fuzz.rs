//! `cargo xtask fuzz TARGET [SECONDS]`: fresh inputs for one target, until one is found that it cannot bear.

use sim::fuzz::{TARGETS, run};
use std::process::ExitCode;
use std::time::Duration;

const SECONDS: u64 = 60;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let seconds = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(SECONDS);
    let Some(target) = TARGETS.iter().find(|it| it.name == name) else {
        let names: Vec<&str> = TARGETS.iter().map(|it| it.name).collect();
        eprintln!("There is no target {name:?}. There are: {}", names.join(", "));
        return ExitCode::FAILURE;
    };
    let seed = u64::from(std::process::id()) << 20;
    match run(target, seed, Duration::from_secs(seconds)) {
        Ok(count) => {
            println!("{name}: {count} inputs, none of which did harm");
            ExitCode::SUCCESS
        }
        Err(found) => {
            let file = std::env::temp_dir().join(format!("niebla-fuzz-{name}-{seed}"));
            let kept = std::fs::write(&file, &found.input).map(|()| file.display().to_string());
            println!("{name}: {}\nThe input is in {}", found.why, kept.unwrap_or_else(|error| error.to_string()));
            ExitCode::FAILURE
        }
    }
}
