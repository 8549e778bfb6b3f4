//! `cargo xtask test`: every test, stage by stage. What each runner says at its end stays visible.

use crate::{Outcome, place, shell};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Test {
    /// Only the tests in Rust
    #[arg(long, conflicts_with = "black_box")]
    rust: bool,
    /// Only the tests of the real binary
    #[arg(long)]
    black_box: bool,
    /// What pytest is told beside, after `--`
    #[arg(last = true)]
    pytest: Vec<String>,
}

impl Test {
    pub fn run(&self) -> Outcome {
        let mut failed = Vec::new();
        let mut go = |wanted: bool, name: &'static str, stage: &dyn Fn() -> Outcome| {
            if wanted {
                shell::stage(name);
                if let Err(sentence) = stage() {
                    shell::fail(&sentence);
                    failed.push(name);
                }
            }
        };
        go(!self.black_box, "unit tests and tests in process", &rust_tests);
        go(!self.rust, "scripts against the real binary, over HTTP", &scripts_over_http);
        go(!self.rust, "black-box tests of the real binary", &|| self.black_box_tests());
        if failed.is_empty() { Ok(()) } else { Err(format!("Failed: {}.", failed.join("; "))) }
    }

    fn black_box_tests(&self) -> Outcome {
        let mut pytest = shell::program(place::python_tool("pytest")?, ["tests"]);
        pytest.args(&self.pytest).env("NIEBLA_BIN", binary()?);
        shell::must(&mut pytest, "A black-box test failed.")
    }
}

/// The same scripts that run in process.
fn scripts_over_http() -> Outcome {
    let mut cargo = shell::cargo(["test", "--package", "sim", "--test", "sqs"]);
    cargo.env("NIEBLA_SCRIPTS_OVER_HTTP", "1").env("NIEBLA_BIN", binary()?);
    shell::must(&mut cargo, "A script failed over HTTP.")
}

fn binary() -> Outcome<PathBuf> {
    shell::must(&mut shell::cargo(["build", "--package", "niebla"]), "niebla could not be built.")?;
    Ok(place::target().join("debug/niebla"))
}

fn rust_tests() -> Outcome {
    let mut cargo = shell::cargo(["test", "--workspace", "--no-fail-fast"]);
    cargo.env("BOTOCORE_SOURCE", botocore_source()?);
    shell::must(&mut cargo, "A test in Rust failed.")
}

/// AWS's own protocol and signature cases are part of botocore's source package. It is fetched once, and only read.
fn botocore_source() -> Outcome<PathBuf> {
    if let Some(given) = std::env::var_os("BOTOCORE_SOURCE") {
        return Ok(given.into());
    }
    let mut fetch = shell::program(place::python_tool("python")?, ["crates/model/tests/fetch_botocore_source.py"]);
    let folder = shell::output(fetch.arg(place::cache()))?;
    Ok(PathBuf::from(folder.trim()))
}
