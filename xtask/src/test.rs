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
        go(!self.rust, "black-box tests of the real binary", &|| self.black_box_tests());
        if failed.is_empty() { Ok(()) } else { Err(format!("Failed: {}.", failed.join("; "))) }
    }

    fn black_box_tests(&self) -> Outcome {
        shell::must(&mut shell::cargo(["build", "--package", "niebla"]), "niebla could not be built.")?;
        let mut pytest = shell::program(place::python_tool("pytest")?, ["tests"]);
        pytest.args(&self.pytest).env("NIEBLA_BIN", place::target().join("debug/niebla"));
        shell::must(&mut pytest, "A black-box test failed.")
    }
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
    let version = botocore_version()?;
    let folder = place::cache().join(format!("botocore-{version}"));
    if folder.join("tests/unit").exists() {
        return Ok(folder);
    }
    println!("fetching the source package of botocore {version} (AWS's own test cases), once");
    let cache = place::cache();
    let python = place::python_tool("python")?;
    let mut pip =
        shell::program(&python, ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"]);
    pip.arg(&cache).arg(format!("botocore=={version}"));
    shell::must(&mut pip, "pip could not fetch the source package of botocore.")?;
    let mut tar = shell::program("tar", ["-xzf"]);
    tar.arg(cache.join(format!("botocore-{version}.tar.gz"))).arg("-C").arg(&cache);
    shell::must(&mut tar, "The source package of botocore could not be unpacked.")?;
    Ok(folder)
}

/// The version that the models were derived from, as `models/renew.py` pins it.
fn botocore_version() -> Outcome<String> {
    let script = shell::read(&place::root().join("models/renew.py"))?;
    pinned(&script).ok_or_else(|| "models/renew.py pins no version of botocore.".to_owned())
}

fn pinned(script: &str) -> Option<String> {
    let line = script.lines().find(|it| it.trim_start().starts_with("\"botocore\":"))?;
    line.split('"').nth(3).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pinned_version_is_read_from_the_script() {
        let script = "VERSIONS = {\n    \"botocore\": \"1.2.3\",\n    \"botocore-query\": \"0.0.1\",\n}\n";
        assert_eq!(super::pinned(script).as_deref(), Some("1.2.3"));
    }
}
