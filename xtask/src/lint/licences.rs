//! The licence of every dependency, as `cargo metadata` states it, against the list in `deny.toml`.

use crate::{Outcome, place, shell};
use serde_json::Value;

pub fn check() -> Outcome {
    let allowed = allowed(&shell::read(&place::root().join("deny.toml"))?)?;
    let metadata = shell::output(&mut shell::cargo(["metadata", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refused = packages.iter().filter_map(|package| {
        let licence = package["license"].as_str().unwrap_or("");
        let name = format!("{} {}", package["name"].as_str()?, package["version"].as_str()?);
        match permits(licence, &allowed) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name}: `{licence}` is not among the licences in deny.toml")),
            Err(why) => Some(format!("{name}: `{licence}`: {why}")),
        }
    });
    super::all_well(refused.collect())
}

fn allowed(deny: &str) -> Outcome<Vec<String>> {
    let table: toml::Table = deny.parse().map_err(|error| format!("deny.toml: {error}"))?;
    let list = table.get("licenses").and_then(|it| it.get("allow")).and_then(|it| it.as_array());
    let list = list.ok_or("deny.toml has no list licenses.allow.")?;
    Ok(list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect())
}

/// Whether an SPDX expression can be met with these licences alone.
fn permits(expression: &str, allowed: &[String]) -> Result<bool, &'static str> {
    // Before SPDX expressions, crates wrote `MIT/Apache-2.0`.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens, allowed };
    let met = parser.any()?;
    if parser.tokens.is_empty() { Ok(met) } else { Err("it does not end where it should") }
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    allowed: &'a [String],
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<bool, &'static str> {
        let mut met = self.all()?;
        while self.accept("OR") {
            met |= self.all()?;
        }
        Ok(met)
    }

    fn all(&mut self) -> Result<bool, &'static str> {
        let mut met = self.one()?;
        while self.accept("AND") {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, &'static str> {
        if self.accept("(") {
            let met = self.any()?;
            return if self.accept(")") { Ok(met) } else { Err("a parenthesis is not closed") };
        }
        let mut licence = self
            .next()
            .filter(|it| !matches!(*it, "OR" | "AND" | "WITH" | ")"))
            .ok_or("a licence is missing")?
            .to_owned();
        if self.accept("WITH") {
            let exception = self.next().ok_or("an exception is missing")?;
            // An exception only permits more.
            if self.allowed.contains(&licence) {
                return Ok(true);
            }
            licence = format!("{licence} WITH {exception}");
        }
        Ok(self.allowed.contains(&licence))
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.tokens.first() == Some(&token);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        for (expression, expected) in [
            ("MIT", Ok(true)),
            ("MIT OR Apache-2.0", Ok(true)),
            ("MIT/GPL-3.0", Ok(true)),
            ("GPL-3.0", Ok(false)),
            ("MIT AND GPL-3.0", Ok(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Ok(true)),
            ("GPL-3.0 OR MIT AND Unicode-3.0", Ok(true)),
            ("Apache-2.0 WITH LLVM-exception", Ok(true)),
            ("GPL-2.0 WITH Classpath-exception-2.0", Ok(false)),
            ("", Err("a licence is missing")),
            ("(MIT", Err("a parenthesis is not closed")),
            ("MIT MIT", Err("it does not end where it should")),
        ] {
            assert_eq!(permits(expression, &allowed), expected, "{expression}");
        }
    }
}
