//! Projections: which parts of an item are wanted.

use super::path::{Path, Step, check_apart};
use super::placeholder::Placeholders;
use super::token::Tokens;
use super::{Faults, Kind};
use items::attribute::{Attribute, Document};
use std::collections::BTreeMap;

/// Parts of an item, as a tree: an empty one stands for all there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    wanted: BTreeMap<Step, Projection>,
}

impl Projection {
    /// # Errors
    /// AWS's sentence, with the parameter's name.
    pub fn parse(source: &str, placeholders: &Placeholders) -> Result<Projection, String> {
        let paths = Tokens::of(source).and_then(|mut tokens| {
            let mut faults = Faults::default();
            let mut paths = vec![Path::parse(&mut tokens, placeholders, &mut faults)?];
            while tokens.take(",") {
                paths.push(Path::parse(&mut tokens, placeholders, &mut faults)?);
            }
            tokens.expect_end()?;
            check_apart(paths.iter(), &mut faults);
            faults.first()?;
            Ok(paths)
        });
        let paths = paths.map_err(|why| format!("Invalid {}: {why}", Kind::Projection.parameter()))?;
        Ok(Projection::of(paths.iter()))
    }

    pub fn of<'p>(paths: impl Iterator<Item = &'p Path>) -> Projection {
        let mut root = Projection::default();
        for path in paths {
            let mut at = &mut root;
            for step in &path.0 {
                at = at.wanted.entry(step.clone()).or_default();
            }
        }
        root
    }

    pub fn of_names<'n>(names: impl Iterator<Item = &'n str>) -> Projection {
        let wanted = names.map(|it| (Step::Name(it.to_owned()), Projection::default())).collect();
        Projection { wanted }
    }

    /// What stands at paths, each by its last name; by its place in the list of paths if that is an element of a list.
    pub fn leaves(paths: &[Path], item: &Document) -> Document {
        let found = paths.iter().enumerate().filter_map(|(at, path)| {
            let name = match path.0.last()? {
                Step::Name(name) => name.clone(),
                Step::Index(_) => format!("_{}", at + 1),
            };
            Some((name, path.find(item)?.clone()))
        });
        Document::from_entries(found.collect())
    }

    /// The attributes that it leads into.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.wanted.keys().filter_map(|it| match it {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    pub fn apply(&self, item: &Document) -> Document {
        let found = self.wanted.iter().filter_map(|(step, inner)| match step {
            Step::Name(name) => Some((name.clone(), inner.pick(item.get(name)?)?)),
            Step::Index(_) => None,
        });
        Document::from_entries(found.collect())
    }

    /// What is wanted of a value; none if it has nothing of it.
    fn pick(&self, value: &Attribute) -> Option<Attribute> {
        if self.wanted.is_empty() {
            return Some(value.clone());
        }
        match value {
            Attribute::M(map) => Some(self.apply(map)).filter(|it| !it.is_empty()).map(Attribute::M),
            Attribute::L(list) => {
                let found = self.wanted.iter().filter_map(|(step, inner)| match step {
                    Step::Index(index) => inner.pick(list.get(*index)?),
                    Step::Name(_) => None,
                });
                let found: Vec<Attribute> = found.collect();
                if found.is_empty() { None } else { Some(Attribute::L(found)) }
            }
            _ => None,
        }
    }
}
