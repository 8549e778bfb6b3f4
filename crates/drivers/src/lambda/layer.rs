//! What a runtime needs on the disk, made once: the bootstrap, compiled, and the SDK that AWS preinstalls.

use super::install::{Installations, fingerprint, run};
use super::node_sdk::{Modules, NodeSdk};
use super::runtimes::{self, Asked, Interpreter, Language, Missing, Places};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use tokio::process::Command;
use tokio::sync::Mutex;

const PYTHON: &str = include_str!("bootstrap.py");
const NODE: &str = include_str!("bootstrap.mjs");

/// Where the SDK for Python comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// Installed with pip at first use.
    Install,
    /// A folder that has it.
    At(PathBuf),
    None,
}

/// The runtimes of this machine. One per process.
pub struct Host {
    folder: PathBuf,
    places: Places,
    sdk: Sdk,
    ready: Lock<HashMap<String, Arc<Prepared>>>,
    /// One is made at a time, by name; one that takes long does not keep the others.
    making: Lock<HashMap<String, Arc<Mutex<()>>>>,
    installations: Installations,
    node_sdk: NodeSdk,
}

/// What runs a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    Interpreter(Interpreter),
    Provided,
}

/// A runtime of which everything is on the disk.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// AWS's identifier.
    pub name: String,
    pub runtime: Runtime,
    /// Why the SDK is missing, although it should be there. To be logged: the function runs without.
    pub sdk_missing: Option<String>,
    pub(super) bootstrap: PathBuf,
    pub(super) bootstrap_file: String,
    pub(super) sdk: Option<PathBuf>,
}

impl Prepared {
    /// A sentence for the log when another version than the one asked for was chosen.
    pub fn substitution(&self) -> Option<String> {
        let Runtime::Interpreter(it) = &self.runtime else { return None };
        let version = match it.language {
            Language::Python => format!("Python {}.{}", it.version.0, it.version.1),
            Language::Node => format!("Node.js {}", it.version.0),
        };
        (!it.exact).then(|| {
            format!("The runtime {} is not installed; {version} is used ({})", self.name, it.executable.display())
        })
    }
}

/// Why a runtime could not be prepared.
#[derive(Debug)]
pub enum Error {
    Missing(Missing),
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Missing(it) => it.fmt(f),
            Error::Io(it) => write!(f, "The runtime could not be prepared: {it}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(it: io::Error) -> Error {
        Error::Io(it)
    }
}

impl Host {
    /// `folder` keeps what is made; it is created when needed. Interpreters are searched in `path` (as the variable PATH
    /// has it), below `home`, and in the usual places.
    pub fn new(folder: PathBuf, sdk: Sdk, path: std::ffi::OsString, home: Option<PathBuf>) -> Host {
        let places = Places { path, home };
        Host {
            folder,
            places,
            sdk,
            ready: Lock::default(),
            making: Lock::default(),
            installations: Installations::default(),
            node_sdk: NodeSdk::default(),
        }
    }

    /// The packages of the SDK for JavaScript that the function in `code` names. Installed at first use, which may take
    /// seconds.
    pub async fn modules(&self, prepared: &Prepared, code: &Path) -> io::Result<Modules> {
        match &prepared.runtime {
            Runtime::Interpreter(it) if it.language == Language::Node && self.sdk == Sdk::Install => {
                self.node_sdk.of(&self.folder, it, code).await
            }
            Runtime::Interpreter(_) | Runtime::Provided => Ok(Modules::default()),
        }
    }

    /// Everything that a runtime needs, made at first use: that may take seconds, for the SDK is installed then. Later
    /// calls cost a look into memory.
    pub async fn prepare(&self, runtime: &str) -> Result<Arc<Prepared>, Error> {
        if let Some(it) = self.known(runtime) {
            return Ok(it);
        }
        let turn =
            self.making.lock().unwrap_or_else(PoisonError::into_inner).entry(runtime.to_owned()).or_default().clone();
        let _one_at_a_time = turn.lock().await;
        if let Some(it) = self.known(runtime) {
            return Ok(it);
        }
        let made = Arc::new(self.make(runtime).await?);
        if made.sdk_missing.is_none() {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).insert(runtime.to_owned(), made.clone());
        }
        Ok(made)
    }

    fn known(&self, runtime: &str) -> Option<Arc<Prepared>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(runtime).cloned()
    }

    async fn make(&self, name: &str) -> Result<Prepared, Error> {
        let mut prepared = Prepared {
            name: name.to_owned(),
            runtime: Runtime::Provided,
            sdk_missing: None,
            bootstrap: PathBuf::new(),
            bootstrap_file: String::new(),
            sdk: None,
        };
        let Asked::Interpreter(language, version) = runtimes::parse(name).map_err(Error::Missing)? else {
            return Ok(prepared);
        };
        let (runtime, places) = (name.to_owned(), self.places.clone());
        let found = tokio::task::spawn_blocking(move || runtimes::find(&runtime, language, version, &places)).await;
        let interpreter = found.map_err(io::Error::other)?.map_err(Error::Missing)?;
        (prepared.bootstrap, prepared.bootstrap_file) = match language {
            Language::Python => self.python_bootstrap(&interpreter).await?,
            Language::Node => self.node_bootstrap()?,
        };
        if language == Language::Python {
            match self.python_sdk(&interpreter).await {
                Ok(it) => prepared.sdk = it,
                Err(it) => prepared.sdk_missing = Some(it),
            }
        }
        prepared.runtime = Runtime::Interpreter(interpreter);
        Ok(prepared)
    }

    /// The bootstrap as bytecode, so that no cold start compiles it.
    async fn python_bootstrap(&self, interpreter: &Interpreter) -> io::Result<(PathBuf, String)> {
        let (major, minor) = interpreter.version;
        let folder = self.folder.join(format!("bootstrap/python{major}.{minor}-{:016x}", fingerprint([PYTHON])));
        let file = "bootstrap.pyc".to_owned();
        if !folder.join(&file).exists() {
            fs::create_dir_all(&folder)?;
            let source = folder.join("bootstrap.py");
            fs::write(&source, PYTHON)?;
            let script = "import py_compile,sys; py_compile.compile(sys.argv[1], sys.argv[2], '/var/runtime/bootstrap.py', \
                          True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)";
            let mut command = Command::new(&interpreter.executable);
            command.args(["-I", "-S", "-c", script]).arg(&source).arg(folder.join(&file));
            run(command).await.map_err(io::Error::other)?;
        }
        Ok((folder, file))
    }

    fn node_bootstrap(&self) -> io::Result<(PathBuf, String)> {
        let folder = self.folder.join(format!("bootstrap/node-{:016x}", fingerprint([NODE])));
        let file = "bootstrap.mjs".to_owned();
        if !folder.join(&file).exists() {
            fs::create_dir_all(&folder)?;
            // Written aside and moved, so that nobody ever reads a half.
            let partial = folder.join(format!("partial-{}", std::process::id()));
            fs::write(&partial, NODE)?;
            fs::rename(partial, folder.join(&file))?;
        }
        Ok((folder, file))
    }

    async fn python_sdk(&self, interpreter: &Interpreter) -> Result<Option<PathBuf>, String> {
        match &self.sdk {
            Sdk::None => return Ok(None),
            Sdk::At(folder) => return Ok(Some(folder.clone())),
            Sdk::Install => {}
        }
        let (major, minor) = interpreter.version;
        let name = format!("python{major}.{minor}");
        let folder = self.folder.join(&name);
        let made = self.installations.once(&folder, |partial| install(interpreter, partial)).await;
        made.map(|()| Some(folder)).map_err(|it| format!("boto3 could not be installed for {name}: {it}"))
    }
}

/// The SDK, compiled.
async fn install(interpreter: &Interpreter, partial: PathBuf) -> Result<(), String> {
    let mut command = Command::new(&interpreter.executable);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--no-compile",
            "--target",
        ])
        .arg(&partial)
        .args(["boto3", "botocore"]);
    run(command).await?;
    let mut command = Command::new(&interpreter.executable);
    // The sandbox's user may not write the bytecode later, nor would its times be compared: the files never change.
    command.args(["-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]).arg(&partial);
    run(command).await
}
