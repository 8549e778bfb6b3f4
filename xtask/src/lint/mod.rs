//! `cargo xtask lint`: what tools check, and what only Niebla knows to check.

mod apart;
mod forbidden;
mod licences;
mod sizes;
mod source;

use crate::{Outcome, place, shell};
use clap::Args;
use source::Source;

#[derive(Args)]
pub struct Lint {
    /// Only Niebla's own checks, which take a second
    #[arg(long)]
    own: bool,
    /// Lower what the ratchet allows to what is there now
    #[arg(long)]
    ratchet: bool,
}

type Check = (&'static str, fn() -> Outcome);

/// In the order in which they are quickest to fail.
const OWN: [Check; 4] = [
    ("Niebla's invariants: forbidden calls", forbidden_calls),
    ("Niebla's invariants: services apart, and who knows what", apart::check),
    ("Niebla's invariants: sizes", sizes_of_all),
    ("licences", licences::check),
];

const TOOLS: [Check; 4] = [("rustfmt", rustfmt), ("clippy", clippy), ("advisories", advisories), ("ruff", ruff)];

impl Lint {
    pub fn run(&self) -> Outcome {
        if self.ratchet {
            return sizes::lower(&sources()?);
        }
        let tools = if self.own { &[][..] } else { &TOOLS[..] };
        let mut failed = Vec::new();
        for (name, check) in OWN.iter().chain(tools) {
            shell::stage(name);
            if let Err(sentence) = check() {
                shell::fail(&sentence);
                failed.push(*name);
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(format!("Failed: {}.", failed.join("; "))) }
    }
}

fn forbidden_calls() -> Outcome {
    all_well(sources()?.iter().flat_map(forbidden::findings).collect())
}

fn sizes_of_all() -> Outcome {
    all_well(sizes::findings(&sources()?, &sizes::allowed()?))
}

/// Everything in Rust but tests, benches and examples, which may do what they want.
fn sources() -> Outcome<Vec<Source>> {
    let files =
        ["crates", "services", "xtask"].into_iter().flat_map(|it| place::files_under(&place::root().join(it), ".rs"));
    let product = files.filter(|path| {
        let path = place::shown(path);
        !["/tests/", "/benches/", "/examples/", "/fuzz/"].iter().any(|it| path.contains(it))
    });
    product.map(|path| Ok(Source::new(&place::shown(&path), &shell::read(&path)?))).collect()
}

fn all_well(findings: Vec<String>) -> Outcome {
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("1 finding.".to_owned()),
        many => Err(format!("{many} findings.")),
    }
}

fn rustfmt() -> Outcome {
    shell::must(&mut shell::cargo(["fmt", "--all", "--check"]), "Run `cargo fmt --all`.")
}

fn clippy() -> Outcome {
    let mut cargo = shell::cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    shell::must(&mut cargo, "clippy has something to say.")
}

/// Known vulnerabilities. Both tools take minutes to build, so they are used where they are.
fn advisories() -> Outcome {
    if shell::exists("cargo-deny") {
        return shell::must(&mut shell::cargo(["deny", "--all-features", "check"]), "cargo-deny found something.");
    }
    if shell::exists("cargo-audit") {
        return shell::must(&mut shell::cargo(["audit"]), "cargo-audit found something.");
    }
    println!("not checked: neither cargo-deny nor cargo-audit is installed (cargo install cargo-deny --locked)");
    Ok(())
}

fn ruff() -> Outcome {
    let ruff = place::python_tool("ruff")?;
    shell::must(&mut shell::program(&ruff, ["check", "--quiet", "."]), "ruff has something to say.")?;
    shell::must(&mut shell::program(&ruff, ["format", "--quiet", "--check", "."]), "Run `.venv/bin/ruff format .`.")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_keeps_its_invariants() {
        for (name, check) in super::OWN {
            assert_eq!(check(), Ok(()), "{name}");
        }
    }
}
