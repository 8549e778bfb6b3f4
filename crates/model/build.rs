//! Writes the tables of the files in `models/`, so that they are part of the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folder, and the table's name in the generated code.
const TABLES: [(&str, &str); 4] = [
    ("aws", "SERVICES"),
    ("cloudformation", "CLOUDFORMATION"),
    ("iam", "IAM"),
    ("managed-policies", "MANAGED_POLICIES"),
];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../models");
    let root = root.canonicalize().expect("models/ is part of the repository");
    let mut code = String::new();
    for (folder, table) in TABLES {
        write_table(&mut code, &root.join(folder), table);
    }
    let index = root.join("index.json");
    println!("cargo::rerun-if-changed={}", index.display());
    writeln!(code, "pub static INDEX: &str = include_str!({:?});", index).expect("a string takes all");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("models.rs");
    fs::write(out, code).expect("OUT_DIR can be written");
}

/// `pub static TABLE: &[(&str, &[u8])]`, in the order of the names.
fn write_table(code: &mut String, folder: &Path, table: &str) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("models/ is complete")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort_by_key(|path| stem(path));
    writeln!(code, "pub static {table}: &[(&str, &[u8])] = &[").expect("a string takes all");
    for path in files {
        writeln!(code, "    ({:?}, include_bytes!({:?})),", stem(&path), path).expect("a string takes all");
    }
    code.push_str("];\n");
}

fn stem(path: &Path) -> String {
    let name = path.file_name().expect("a file").to_string_lossy();
    name.split('.').next().expect("split gives at least one").to_owned()
}
