//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The root of the repository: the clone that Cargo runs us for, also where two clones share one target folder.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&xtask).parent().expect("xtask lies in the repository").to_owned()
    });
    &ROOT
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |it| root().join(it))
}

/// What is fetched once and kept, outside the repository's own files.
pub fn cache() -> PathBuf {
    std::env::var_os("NIEBLA_CACHE").map_or_else(|| root().join(".cache"), |it| root().join(it))
}

/// The Python environment that `make venv` makes.
pub fn venv() -> PathBuf {
    std::env::var_os("NIEBLA_VENV").map_or_else(|| root().join(".venv"), |it| root().join(it))
}

/// A program of the Python environment.
///
/// # Errors
/// If it is not there.
pub fn python_tool(name: &str) -> Result<PathBuf, String> {
    let path = venv().join("bin").join(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is missing: run `make venv` first.", path.display())) }
}

/// Every service's folder, in the order of their names.
pub fn services() -> Vec<PathBuf> {
    folders_in(&root().join("services"))
}

/// The folders in a folder, in the order of their names; none if it does not exist.
pub fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|it| it.path()).filter(|it| it.is_dir()).collect();
    found.sort();
    found
}

/// Every file under a folder whose name ends so, in the order of their paths.
pub fn files_under(path: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | "__pycache__") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path as it is written in messages: from the root of the repository.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The last part of a path.
pub fn name(path: &Path) -> String {
    path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default()
}
