//! AWS's runtime identifiers and the interpreters of the host that serve them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The languages whose functions we run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    Python,
    Node,
}

/// A version, major and minor. Node.js has majors only.
pub type Version = (u32, u32);

/// What an identifier of AWS asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    Interpreter(Language, Version),
    /// `provided.*`: the function brings its own `bootstrap`.
    Provided,
}

/// An interpreter on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    pub language: Language,
    pub version: Version,
    /// The real file, no link and no shim.
    pub executable: PathBuf,
    /// The folder that holds its library, which a sandbox must show. `/usr` is shown anyway.
    pub prefix: PathBuf,
    /// Whether it is the version that was asked for, or only the nearest.
    pub exact: bool,
}

/// Why a runtime cannot be served. Its text says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Not an identifier of AWS.
    Unknown { runtime: String },
    /// AWS has it, we do not run that language.
    NotSupported { runtime: String },
    /// No interpreter of that language is on this machine.
    NotInstalled { runtime: String, language: Language },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Unknown { runtime } => write!(f, "The runtime {runtime} is not known"),
            Missing::NotSupported { runtime } => write!(
                f,
                "The runtime {runtime} cannot be run on this machine: only Python, Node.js and provided runtimes are"
            ),
            Missing::NotInstalled { runtime, language: Language::Python } => write!(
                f,
                "The runtime {runtime} needs a Python interpreter, and none was found. Install python3 (Debian: apt install \
                 python3) or the exact version with pyenv or uv"
            ),
            Missing::NotInstalled { runtime, language: Language::Node } => write!(
                f,
                "The runtime {runtime} needs Node.js, and none was found. Install nodejs (Debian: apt install nodejs) or the \
                 exact version with nvm"
            ),
        }
    }
}

impl std::error::Error for Missing {}

/// Where to look for interpreters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Places {
    pub path: OsString,
    pub home: Option<PathBuf>,
}

/// What our half of the runtime is written for.
const OLDEST_PYTHON: Version = (3, 8);

/// Identifiers of languages that AWS runs and we do not.
const OTHERS: [&str; 5] = ["java", "dotnet", "ruby", "go1.x", "nodejs"];

/// `python3.12` → Python 3.12. `nodejs20.x` → Node.js 20.
pub fn parse(runtime: &str) -> Result<Asked, Missing> {
    if matches!(runtime, "provided" | "provided.al2" | "provided.al2023") {
        return Ok(Asked::Provided);
    }
    if let Some(version) = runtime.strip_prefix("python").and_then(parse_version) {
        return Ok(Asked::Interpreter(Language::Python, version));
    }
    let node = runtime.strip_prefix("nodejs").and_then(|it| it.strip_suffix(".x"));
    if let Some(major) = node.and_then(|it| it.parse().ok()) {
        return Ok(Asked::Interpreter(Language::Node, (major, 0)));
    }
    let runtime = runtime.to_owned();
    if OTHERS.iter().any(|it| runtime.starts_with(it)) {
        Err(Missing::NotSupported { runtime })
    } else {
        Err(Missing::Unknown { runtime })
    }
}

/// What was found, by where it was searched.
type Found = HashMap<(Language, Places), Vec<Interpreter>>;

/// The interpreter for a language and version: that version, else the nearest newer, else the newest older. Looks at
/// the disk once per process and place; no program is started. Blocking, some milliseconds the first time.
pub fn find(runtime: &str, language: Language, version: Version, places: &Places) -> Result<Interpreter, Missing> {
    static FOUND: Mutex<Option<Found>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let all = found.get_or_insert_default().entry((language, places.clone())).or_insert_with(|| all(language, places));
    let missing = || Missing::NotInstalled { runtime: runtime.to_owned(), language };
    choose(all, version).ok_or_else(missing)
}

fn choose(all: &[Interpreter], version: Version) -> Option<Interpreter> {
    let newer = all.iter().filter(|it| it.version >= version).min_by_key(|it| it.version);
    let chosen = newer.or_else(|| all.iter().max_by_key(|it| it.version))?.clone();
    Some(Interpreter { exact: chosen.version == version, ..chosen })
}

/// Every interpreter of a language, those found first coming first among equals.
fn all(language: Language, places: &Places) -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    for folder in folders(language, places) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut names: Vec<_> = entries.flatten().filter_map(|it| it.file_name().into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|it| is_name(language, it)) {
            if let Some(it) = interpreter(language, &folder.join(name))
                && !found.iter().any(|other| other.version == it.version)
            {
                found.push(it);
            }
        }
    }
    found
}

/// The `bin` folders: of the version managers first, whose versions are complete, then of the system.
fn folders(language: Language, places: &Places) -> Vec<PathBuf> {
    let mut managed = Vec::new();
    if let Some(home) = &places.home {
        let below: &[&str] = match language {
            Language::Python => &[
                ".pyenv/versions",
                ".local/share/uv/python",
                ".asdf/installs/python",
                ".local/share/mise/installs/python",
            ],
            Language::Node => &[
                ".nvm/versions/node",
                ".asdf/installs/nodejs",
                ".local/share/mise/installs/node",
                ".local/share/fnm/node-versions",
                ".nodenv/versions",
            ],
        };
        for versions in below {
            let Ok(entries) = fs::read_dir(home.join(versions)) else { continue };
            let mut installed: Vec<_> = entries.flatten().map(|it| it.path()).collect();
            // The newest patch of a version first.
            installed.sort_by_key(|it| std::cmp::Reverse(numbers(&it.to_string_lossy())));
            for it in installed {
                managed.extend([it.join("bin"), it.join("installation/bin")]);
            }
        }
    }
    let path = std::env::split_paths(&places.path).filter(|it| it.is_absolute() && !it.ends_with("shims"));
    let usual = ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    managed.into_iter().chain(path).chain(usual).collect()
}

fn is_name(language: Language, name: &str) -> bool {
    match language {
        Language::Python => name.strip_prefix("python3.").is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit())),
        Language::Node => name == "node" || name == "nodejs",
    }
}

/// What a file of that name is; None when it is a script (a shim) or not what its name says.
fn interpreter(language: Language, file: &Path) -> Option<Interpreter> {
    let executable = file.canonicalize().ok()?;
    if !is_binary(&executable) {
        return None;
    }
    let prefix = executable.parent()?.parent()?.to_owned();
    let version = match language {
        Language::Python => {
            let version = parse_version(file.file_name()?.to_str()?.strip_prefix("python")?)?;
            if version < OLDEST_PYTHON {
                return None;
            }
            version
        }
        Language::Node => (node_major(&executable, &prefix)?, 0),
    };
    Some(Interpreter { language, version, executable, prefix, exact: false })
}

fn is_binary(file: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0; 4];
    let read = fs::File::open(file).and_then(|mut it| it.read_exact(&mut magic));
    // ELF; Mach-O, of one or of several processors.
    read.is_ok() && matches!(magic, [0x7f, b'E', b'L', b'F'] | [0xcf, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])
}

/// Told by the C header that comes with it, or by the folder's name; asked only as a last resort.
fn node_major(executable: &Path, prefix: &Path) -> Option<u32> {
    for header in ["include/node/node_version.h", "include/nodejs/src/node_version.h"] {
        if let Ok(text) = fs::read_to_string(prefix.join(header)) {
            let major = text.lines().find_map(|it| it.strip_prefix("#define NODE_MAJOR_VERSION "));
            if let Some(major) = major.and_then(|it| it.trim().parse().ok()) {
                return Some(major);
            }
        }
    }
    let folder = prefix.file_name()?.to_string_lossy();
    if let Some(major) =
        numbers(&folder).first().filter(|_| folder.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit()))
    {
        return Some(*major);
    }
    let output = std::process::Command::new(executable).arg("--version").output().ok()?;
    numbers(&String::from_utf8_lossy(&output.stdout)).first().copied()
}

fn parse_version(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// All numbers in a text, in order.
fn numbers(text: &str) -> Vec<u32> {
    text.split(|it: char| !it.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(runtime: &str, expected: &str) {
        let got = match parse(runtime) {
            Ok(Asked::Interpreter(language, version)) => format!("{language:?} {}.{}", version.0, version.1),
            Ok(Asked::Provided) => "provided".to_owned(),
            Err(it) => it.to_string(),
        };
        assert!(got.starts_with(expected), "{runtime}: {got}");
    }

    #[test]
    fn identifiers_of_aws() {
        check("python3.9", "Python 3.9");
        check("python3.14", "Python 3.14");
        check("nodejs24.x", "Node 24.0");
        check("provided.al2023", "provided");
        check("java21", "The runtime java21 cannot be run");
        check("nodejs", "The runtime nodejs cannot be run");
        check("python", "The runtime python is not known");
        check("", "The runtime  is not known");
    }

    #[test]
    fn the_nearest_newer_version_is_chosen_else_the_newest_older() {
        let all: Vec<_> = [(3, 9), (3, 11), (3, 13)]
            .map(|version| Interpreter {
                language: Language::Python,
                version,
                executable: PathBuf::new(),
                prefix: PathBuf::new(),
                exact: false,
            })
            .into();
        for (asked, expected) in [((3, 11), ((3, 11), true)), ((3, 10), ((3, 11), false)), ((3, 14), ((3, 13), false))]
        {
            let it = choose(&all, asked).unwrap();
            assert_eq!((it.version, it.exact), expected);
        }
        assert_eq!(choose(&[], (3, 9)), None);
    }

    #[test]
    fn version_managers_are_searched_and_shims_are_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let real = home.path().join(".pyenv/versions/3.13.0/bin");
        let shims = home.path().join(".pyenv/shims");
        let node = home.path().join(".nvm/versions/node/v22.3.0/bin");
        for folder in [&real, &shims, &node] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(real.join("python3.13"), b"\x7fELF").unwrap();
        fs::write(node.join("node"), b"\x7fELF").unwrap();
        fs::write(shims.join("python3.12"), b"#!/bin/sh").unwrap();
        let places = Places { path: shims.clone().into(), home: Some(home.path().to_owned()) };
        let python = find("python3.13", Language::Python, (3, 13), &places).unwrap();
        assert!(python.exact);
        assert!(python.prefix.ends_with("versions/3.13.0"));
        let found = find("nodejs22.x", Language::Node, (22, 0), &places).unwrap();
        assert!(found.executable.ends_with("v22.3.0/bin/node"));
        assert!(all(Language::Python, &places).iter().all(|it| !it.executable.starts_with(&shims)));
    }
}
