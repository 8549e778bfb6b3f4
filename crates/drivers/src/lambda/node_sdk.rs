//! The AWS SDK for JavaScript v3, which AWS preinstalls: as many of its hundreds of packages as a function names.
//!
//! The sources of a function are searched once for names like `@aws-sdk/client-sqs`. What it names and does not bring
//! along is installed with npm, into a folder of its own for each set of names, shared by all functions with that set.

use super::install::{Installations, fingerprint, run};
use super::runtimes::Interpreter;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex as Lock, PoisonError};
use tokio::process::Command;

const SCOPE: &str = "@aws-sdk/";
/// What is read of a function's sources at most: bundles are large.
const MOST_READ: u64 = 32 << 20;
/// More packages than that are no function's need.
const MOST_PACKAGES: usize = 40;

#[derive(Default)]
pub struct NodeSdk {
    /// What the function in a folder names.
    named: Lock<HashMap<PathBuf, BTreeSet<String>>>,
    installations: Installations,
}

/// Packages for one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// A `node_modules`.
    pub folder: Option<PathBuf>,
    /// Why it is missing, to be logged: the function runs without.
    pub missing: Option<String>,
}

impl NodeSdk {
    /// What the function in `code` needs, installed below `folder` at first use.
    pub async fn of(&self, folder: &Path, interpreter: &Interpreter, code: &Path) -> io::Result<Modules> {
        let names = self.named(code).await?;
        if names.is_empty() {
            return Ok(Modules::default());
        }
        let to = folder.join(format!("node-sdk-{:016x}", fingerprint(names.iter().map(String::as_str))));
        let found = || Modules { folder: Some(to.join("node_modules")), missing: None };
        match self.installations.once(&to, |partial| install(interpreter, &names, partial)).await {
            Ok(()) => Ok(found()),
            Err(why) => {
                let listed: Vec<&str> = names.iter().map(String::as_str).collect();
                Ok(Modules {
                    folder: None,
                    missing: Some(format!("{} could not be installed: {why}", listed.join(", "))),
                })
            }
        }
    }

    async fn named(&self, code: &Path) -> io::Result<BTreeSet<String>> {
        if let Some(it) = self.named.lock().unwrap_or_else(PoisonError::into_inner).get(code) {
            return Ok(it.clone());
        }
        let folder = code.to_owned();
        let names = tokio::task::spawn_blocking(move || missing_in(&folder)).await.map_err(io::Error::other)??;
        let mut known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|it, _| it.is_dir());
        known.insert(code.to_owned(), names.clone());
        Ok(names)
    }
}

/// What the sources name and do not bring along.
fn missing_in(code: &Path) -> io::Result<BTreeSet<String>> {
    let (mut names, mut left, mut folders) = (BTreeSet::new(), MOST_READ, vec![code.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)?.flatten() {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() && entry.file_name() != "node_modules" {
                folders.push(path);
            } else if kind.is_file() && is_source(&path) {
                let size = entry.metadata()?.len();
                if size > left {
                    continue;
                }
                left -= size;
                names.extend(named_in(&String::from_utf8_lossy(&fs::read(&path)?)));
            }
        }
    }
    names.retain(|it: &String| !code.join("node_modules").join(it).is_dir());
    Ok(names.into_iter().take(MOST_PACKAGES).collect())
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "js" || it == "mjs" || it == "cjs")
}

/// Between quotes: `"@aws-sdk/client-sqs"`, `'@aws-sdk/lib-dynamodb/x'`.
fn named_in(source: &str) -> impl Iterator<Item = String> + '_ {
    source.match_indices(SCOPE).filter_map(|(at, _)| {
        let quoted = source[..at].ends_with(['"', '\'', '`']);
        let rest = &source[at + SCOPE.len()..];
        let end = rest.find(|it: char| !(it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-'))?;
        let ended = rest[end..].starts_with(['"', '\'', '`', '/']);
        (quoted && ended && end > 0).then(|| format!("{SCOPE}{}", &rest[..end]))
    })
}

async fn install(node: &Interpreter, names: &BTreeSet<String>, partial: PathBuf) -> Result<(), String> {
    let beside = node.executable.parent().unwrap_or(Path::new("/usr/bin"));
    let npm = [beside.join("npm"), PathBuf::from("/usr/bin/npm"), PathBuf::from("/usr/local/bin/npm")];
    let npm = npm.iter().find(|it| it.exists()).ok_or("npm is not installed (Debian: apt install npm)")?;
    let mut command = Command::new(npm);
    command
        .args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error", "--prefix"])
        .arg(&partial)
        .args(names)
        .current_dir(&partial)
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", beside.display()));
    run(command).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_in_sources() {
        let named = |source: &str| named_in(source).collect::<Vec<_>>();
        assert_eq!(named(r#"require("@aws-sdk/client-sqs")"#), ["@aws-sdk/client-sqs"]);
        assert_eq!(named("import x from '@aws-sdk/lib-dynamodb/dist';"), ["@aws-sdk/lib-dynamodb"]);
        assert_eq!(named("// see @aws-sdk/client-s3"), [] as [String; 0]);
        assert_eq!(named(r#""@aws-sdk/" "@aws-sdk/A" "@aws-sdk/x;rm""#), [] as [String; 0]);
    }

    #[test]
    fn what_a_function_brings_along_is_not_missing() {
        let code = tempfile::tempdir().unwrap();
        fs::create_dir_all(code.path().join("lib")).unwrap();
        fs::create_dir_all(code.path().join("node_modules/@aws-sdk/client-s3")).unwrap();
        fs::write(code.path().join("index.mjs"), r#"import "@aws-sdk/client-s3"; import "./lib/a.js""#).unwrap();
        fs::write(code.path().join("lib/a.js"), r#"require("@aws-sdk/client-sqs")"#).unwrap();
        fs::write(code.path().join("notes.txt"), r#""@aws-sdk/client-sns""#).unwrap();
        let missing = missing_in(code.path()).unwrap();
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["@aws-sdk/client-sqs"]);
    }
}
