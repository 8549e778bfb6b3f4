//! `cargo xtask new-service` and `new-op`: the same shape for every service.

use crate::{Outcome, api, models, place, shell};
use std::path::{Path, PathBuf};

pub fn new_service(name: &str) -> Outcome {
    let service =
        model::service(name).ok_or_else(|| format!("models/ has no service {name}; names are those of models/aws."))?;
    let folder = place::root().join("services").join(name);
    if folder.join("Cargo.toml").exists() {
        return Err(format!("{} exists already.", place::shown(&folder)));
    }
    shell::write(&folder.join("Cargo.toml"), &manifest(name))?;
    shell::write(&folder.join("src/lib.rs"), &table_of_contents(name, service.metadata.full_name))?;
    if !folder.join("operations.txt").exists() {
        shell::write(&folder.join("operations.txt"), "")?;
    }
    println!("{}: a crate without operations.", place::shown(&folder));
    println!(
        "Next: `cargo xtask new-op {name} OPERATION`; name the service in the root Cargo.toml (workspace.dependencies),"
    );
    println!("in crates/niebla/Cargo.toml and in crates/niebla/src/services.rs.");
    Ok(())
}

pub fn new_operation(service: &str, operation: &str) -> Outcome {
    let folder = place::root().join("services").join(service);
    if !folder.exists() {
        return Err(format!("There is no services/{service}: run `cargo xtask new-service {service}` first."));
    }
    let model = model::service(service).ok_or_else(|| format!("models/ has no service {service}."))?;
    if model.operation(operation).is_none() {
        let near = nearest(operation, model.operations.keys().copied());
        return Err(format!("The model of {service} has no operation {operation}; did you mean {near}?"));
    }
    add_line(&folder, operation)?;
    models::Models::generate()?;
    let module = models::module_name(service);
    println!("{operation} is in services/{service}/operations.txt and in crates/api/src/{module}.rs.");
    println!("Next: its handler in the noun's file, and its line in services/{service}/src/lib.rs:");
    println!("    .op(|cx, it: &{operation}| cx.arn(\"{service}\", …), noun::verb)");
    Ok(())
}

fn add_line(folder: &Path, operation: &str) -> Outcome {
    let path: PathBuf = folder.join("operations.txt");
    let mut operations = api::operations(folder).map_err(|error| format!("{}: {error}", place::shown(&path)))?;
    if operations.iter().any(|it| it == operation) {
        return Err(format!("{} names {operation} already.", place::shown(&path)));
    }
    operations.push(operation.to_owned());
    operations.sort();
    shell::write(&path, &operations.iter().map(|it| format!("{it}\n")).collect::<String>())
}

fn manifest(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\
         publish = false\n\n[lints]\nworkspace = true\n\n[dependencies]\napi.workspace = true\nkernel.workspace = true\n\
         model.workspace = true\nserde.workspace = true\nstore.workspace = true\n\n[dev-dependencies]\nsim.workspace = true\n"
    )
}

fn table_of_contents(name: &str, full_name: &str) -> String {
    format!(
        "//! {full_name}.\n\nuse kernel::Service;\n\n/// The table of contents: each operation, whom it may be asked of, and who answers.\n\
         pub fn service() -> Service {{\n    Service::new(\"{name}\")\n}}\n"
    )
}

/// The name that shares the most letters from the beginning, or any.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    let shared = |name: &str| {
        let pairs = name.chars().zip(wanted.chars());
        pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
    };
    names.max_by_key(|it| shared(it)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_in_order_and_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("operations.txt"), "CreateQueue\nSendMessage\n").unwrap();
        add_line(folder.path(), "DeleteQueue").unwrap();
        let text = std::fs::read_to_string(folder.path().join("operations.txt")).unwrap();
        assert_eq!(text, "CreateQueue\nDeleteQueue\nSendMessage\n");
        assert!(add_line(folder.path(), "DeleteQueue").is_err());
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let names = ["CreateQueue", "SendMessage", "SendMessageBatch"];
        assert_eq!(nearest("sendMesage", names.into_iter()), "SendMessageBatch");
        assert_eq!(nearest("CreateQ", names.into_iter()), "CreateQueue");
    }
}
