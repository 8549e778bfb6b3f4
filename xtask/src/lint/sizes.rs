//! Sizes as a ratchet: files and functions that are too long already stand in `xtask/ratchet.txt`, which may only shrink.

use super::source::Source;
use crate::{Outcome, place, shell};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Lines of a file without its tests. A noun that needs more becomes a folder with one file per verb.
const FILE: usize = 500;
/// Lines of a function: more does not fit on a screen.
const FUNCTION: usize = 70;

/// `crates/x/src/y.rs` or `crates/x/src/y.rs name` → lines.
type Sizes = BTreeMap<String, usize>;

/// What is too long, or no longer as long as the ratchet says.
pub fn findings(sources: &[Source], allowed: &Sizes) -> Vec<String> {
    let found = too_long(sources);
    let mut say = Vec::new();
    for (what, lines) in &found {
        let limit = limit_of(what);
        match allowed.get(what) {
            Some(allowed) if lines > allowed => {
                say.push(format!("{what}: {lines} lines, and the ratchet allows {allowed}; it may only shrink"));
            }
            Some(_) => {}
            None => say.push(format!("{what}: {lines} lines, more than {limit}: split it")),
        }
    }
    for (what, allowed) in allowed {
        let lines = found.get(what).copied().unwrap_or(0);
        if lines < *allowed {
            say.push(format!("{what}: shorter than the ratchet's {allowed} lines; run `cargo xtask lint --ratchet`"));
        }
    }
    say
}

/// Lowers the ratchet to what is there. Nothing is ever added to it.
pub fn lower(sources: &[Source]) -> Outcome {
    let found = too_long(sources);
    let mut sizes = allowed()?;
    sizes.retain(|what, _| found.contains_key(what));
    for (what, lines) in &mut sizes {
        *lines = (*lines).min(found[what]);
    }
    let rows: String = sizes.iter().map(|(what, lines)| format!("{lines} {what}\n")).collect();
    shell::write(&ratchet(), &format!("{HEADER}{rows}"))
}

pub fn allowed() -> Outcome<Sizes> {
    parse(&std::fs::read_to_string(ratchet()).unwrap_or_default())
}

const HEADER: &str =
    "# Files (more than 500 lines) and functions (more than 70) that are too long. This list may only shrink.\n";

fn parse(text: &str) -> Outcome<Sizes> {
    let rows = text.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    rows.map(|row| {
        let parsed = row.split_once(' ').and_then(|(lines, what)| Some((what.to_owned(), lines.parse().ok()?)));
        parsed.ok_or_else(|| format!("xtask/ratchet.txt: `{row}` is not `LINES WHAT`."))
    })
    .collect()
}

fn too_long(sources: &[Source]) -> Sizes {
    let mut found = Sizes::new();
    for source in sources {
        // What a generator wrote is as long as it has to be.
        if source.path.starts_with("crates/api/") {
            continue;
        }
        if source.lines > FILE {
            found.insert(source.path.clone(), source.lines);
        }
        for function in source.functions().into_iter().filter(|it| it.lines > FUNCTION) {
            found.insert(format!("{} {}", source.path, function.name), function.lines);
        }
    }
    found
}

fn limit_of(what: &str) -> usize {
    if what.contains(' ') { FUNCTION } else { FILE }
}

fn ratchet() -> PathBuf {
    place::root().join("xtask/ratchet.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratchet_bites_what_is_new_or_grows_and_asks_to_be_lowered() {
        let long = |lines: usize| {
            Source::new("crates/x/src/y.rs", &format!("fn it() {{\n{}}}\n", "    1;\n".repeat(lines - 2)))
        };
        for (lines, ratchet, expected) in [
            (70, "", None),
            (71, "", Some("crates/x/src/y.rs it: 71 lines, more than 70: split it")),
            (80, "80 crates/x/src/y.rs it", None),
            (
                81,
                "80 crates/x/src/y.rs it",
                Some("crates/x/src/y.rs it: 81 lines, and the ratchet allows 80; it may only shrink"),
            ),
            (
                79,
                "80 crates/x/src/y.rs it",
                Some("crates/x/src/y.rs it: shorter than the ratchet's 80 lines; run `cargo xtask lint --ratchet`"),
            ),
            (
                9,
                "80 crates/x/src/y.rs it",
                Some("crates/x/src/y.rs it: shorter than the ratchet's 80 lines; run `cargo xtask lint --ratchet`"),
            ),
        ] {
            let found = findings(&[long(lines)], &parse(ratchet).unwrap());
            assert_eq!(found.first().map(String::as_str), expected);
        }
        let file = Source::new("crates/x/src/y.rs", &"\n".repeat(501));
        assert_eq!(findings(&[file], &Sizes::new()), ["crates/x/src/y.rs: 501 lines, more than 500: split it"]);
        assert!(parse("many crates/x").is_err());
    }
}
