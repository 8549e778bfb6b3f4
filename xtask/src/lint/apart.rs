//! Dependencies run one way: a service never depends on a service, and only some crates know some libraries.

use crate::{Outcome, place, shell};
use std::path::Path;

/// What a service may be built on, beside libraries.
const BELOW_SERVICES: [&str; 12] = [
    "api",
    "checksum",
    "foundation",
    "items",
    "kernel",
    "model",
    "partiql",
    "pattern",
    "policy",
    "seal",
    "store",
    "sim",
];

/// Of our own crates, what each may depend on. `sim` may be used by all for their tests.
const BELOW: [(&str, &[&str]); 12] = [
    ("foundation", &[]),
    ("model", &[]),
    ("pattern", &[]),
    ("policy", &[]),
    ("seal", &[]),
    ("store", &[]),
    ("api", &["model"]),
    ("checksum", &["model"]),
    ("items", &["model", "store"]),
    ("partiql", &["items", "model"]),
    ("drivers", &[]),
    ("kernel", &["model", "policy", "seal", "store"]),
];

/// Libraries that only these crates may name, since only they know what they are about.
const KNOWN_TO: [(&str, &[&str]); 7] = [
    ("hyper", &["edge", "drivers", "niebla"]),
    ("hyper-util", &["edge", "drivers", "niebla"]),
    ("hyper-rustls", &["edge", "drivers"]),
    ("heed", &["store"]),
    ("rustix", &["drivers", "store", "niebla"]),
    ("libc", &["drivers", "store"]),
    ("clap", &["niebla", "sim", "xtask"]),
];

pub fn check() -> Outcome {
    let mut manifests = place::files_under(&place::root().join("crates"), "Cargo.toml");
    manifests.extend(place::files_under(&place::root().join("services"), "Cargo.toml"));
    let ours: Vec<String> = manifests.iter().map(|it| place::name(folder(it))).collect();
    let services: Vec<String> = place::services().iter().map(|it| place::name(it)).collect();
    let mut found = Vec::new();
    for path in &manifests {
        let manifest = Manifest::parse(&place::name(folder(path)), &shell::read(path)?)?;
        found.extend(manifest.findings(&ours, &services));
    }
    super::all_well(found)
}

fn folder(manifest: &Path) -> &Path {
    manifest.parent().expect("a manifest lies in a folder")
}

struct Manifest {
    name: String,
    /// Not what its tests need: a scenario may go through several services.
    needs: Vec<String>,
}

impl Manifest {
    fn parse(name: &str, text: &str) -> Outcome<Manifest> {
        let table: toml::Table = text.parse().map_err(|error| format!("Cargo.toml of {name}: {error}"))?;
        let needs = table.get("dependencies").and_then(|it| it.as_table());
        let needs = needs.into_iter().flat_map(|it| it.keys().cloned()).collect();
        Ok(Manifest { name: name.to_owned(), needs })
    }

    fn findings(&self, ours: &[String], services: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |needed: &str, why: &str| found.push(format!("{} depends on {needed}: {why}", self.name));
        let is_service = services.contains(&self.name);
        for needed in &self.needs {
            if is_service && services.contains(needed) {
                say(needed, "a service reaches another one by calling its operation, through the door");
            } else if is_service && ours.contains(needed) && !BELOW_SERVICES.contains(&needed.as_str()) {
                say(needed, "services stand on the kernel and the api alone");
            }
            if let Some((_, below)) = BELOW.iter().find(|(name, _)| *name == self.name)
                && (ours.contains(needed) || services.contains(needed))
                && !below.contains(&needed.as_str())
            {
                say(needed, "dependencies run one way");
            }
            if let Some((_, known_to)) = KNOWN_TO.iter().find(|(name, _)| name == needed)
                && !known_to.contains(&self.name.as_str())
            {
                say(needed, &format!("only {} may", known_to.join(", ")));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_depend_on_whom() {
        let ours = ["edge", "kernel", "model", "store", "sim", "sqs", "iam"].map(str::to_owned);
        let services = ["sqs", "iam"].map(str::to_owned);
        for (name, text, expected) in [
            ("sqs", "[dependencies]\nkernel.workspace = true\nserde.workspace = true\n", None),
            ("sqs", "[dependencies]\niam.workspace = true\n", Some("sqs depends on iam: a service reaches")),
            ("sqs", "[dev-dependencies]\niam.workspace = true\n", None),
            ("sqs", "[dependencies]\nedge.workspace = true\n", Some("sqs depends on edge: services stand")),
            ("sqs", "[dependencies]\nhyper = \"1\"\n", Some("sqs depends on hyper: only edge, drivers, niebla may")),
            ("kernel", "[dependencies]\nstore.workspace = true\n", None),
            (
                "kernel",
                "[dependencies]\nsqs.workspace = true\n",
                Some("kernel depends on sqs: dependencies run one way"),
            ),
            ("store", "[dev-dependencies]\nsim.workspace = true\n", None),
        ] {
            let found = Manifest::parse(name, text).unwrap().findings(&ours, &services);
            match expected {
                None => assert!(found.is_empty(), "{found:?}"),
                Some(begin) => assert!(found.len() == 1 && found[0].starts_with(begin), "{begin}: {found:?}"),
            }
        }
    }
}
