//! Document paths: `a.b[3].#c`.

use super::placeholder::Placeholders;
use super::reserved::is_reserved;
use super::token::{Kind, Tokens};
use super::{Fault, Faults};
use items::attribute::{Attribute, Document};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Name(String),
    Index(usize),
}

/// Begins with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

impl Path {
    pub fn of(name: &str) -> Path {
        Path(vec![Step::Name(name.to_owned())])
    }

    /// The attribute of the item that it leads into.
    pub fn head(&self) -> &str {
        match self.0.first() {
            Some(Step::Name(name)) => name,
            Some(Step::Index(_)) | None => "",
        }
    }

    pub fn is_nested(&self) -> bool {
        self.0.len() > 1
    }

    pub fn find<'d>(&self, item: &'d Document) -> Option<&'d Attribute> {
        let first = item.get(self.head())?;
        self.0[1..].iter().try_fold(first, |at, step| match (at, step) {
            (Attribute::M(map), Step::Name(name)) => map.get(name),
            (Attribute::L(list), Step::Index(index)) => list.get(*index),
            _ => None,
        })
    }

    /// As AWS quotes it: `[a, b, [3]]`.
    pub fn shown(&self) -> String {
        let step = |it: &Step| match it {
            Step::Name(name) => name.clone(),
            Step::Index(index) => format!("[{index}]"),
        };
        format!("[{}]", self.0.iter().map(step).collect::<Vec<_>>().join(", "))
    }

    /// # Errors
    /// What stands there is no path.
    pub(crate) fn parse(tokens: &mut Tokens, names: &Placeholders, faults: &mut Faults) -> Result<Path, String> {
        let mut steps = vec![Step::Name(name(tokens, names, faults)?)];
        loop {
            if tokens.take(".") {
                steps.push(Step::Name(name(tokens, names, faults)?));
            } else if tokens.take("[") {
                steps.push(Step::Index(index(tokens)?));
                tokens.expect("]")?;
            } else {
                return Ok(Path(steps));
            }
        }
    }
}

/// # Errors
/// Paths of which one leads into, or is, another; or that take the same thing for a list and for a map.
pub(crate) fn check_apart<'p>(paths: impl Iterator<Item = &'p Path>, faults: &mut Faults) {
    let mut seen: Vec<&Path> = Vec::new();
    for path in paths {
        for other in &seen {
            match other.0.iter().zip(&path.0).find(|(a, b)| a != b) {
                None => faults.add(Fault::Overlap, || between(other, path, "overlap")),
                Some((Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_))) => {
                    faults.add(Fault::Conflict, || between(other, path, "conflict"));
                }
                Some(_) => {}
            }
        }
        seen.push(path);
    }
}

fn between(one: &Path, two: &Path, what: &str) -> String {
    format!(
        "Two document paths {what} with each other; must remove or rewrite one of these paths; path one: {}, path two: {}",
        one.shown(),
        two.shown()
    )
}

fn name(tokens: &mut Tokens, names: &Placeholders, faults: &mut Faults) -> Result<String, String> {
    let token = tokens.peek();
    match token.kind {
        Kind::Name => {
            tokens.next();
            Ok(names.name(token.text, faults))
        }
        Kind::Word if !token.text.starts_with('_') => {
            tokens.next();
            if is_reserved(token.text) {
                faults.add(Fault::Reserved, || {
                    format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text)
                });
            }
            Ok(token.text.to_owned())
        }
        _ => Err(tokens.error()),
    }
}

fn index(tokens: &mut Tokens) -> Result<usize, String> {
    let token = tokens.peek();
    if token.kind != Kind::Digits {
        return Err(tokens.error());
    }
    tokens.next();
    token.text.parse().map_err(|_| format!("List index is not within the allowable range; index: [{}]", token.text))
}
