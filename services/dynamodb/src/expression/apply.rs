//! Carrying out an update on an item.
//!
//! All operands are read from the item as it was, and all positions in lists are those before the update: what is added
//! beyond a list's end comes last, and what is removed leaves last of all.

use super::path::{Path, Step};
use super::update::{Source, Update};
use bytes::Bytes;
use items::attribute::{Attribute, Document};
use items::number::{Number, NumberError};

const NO_SUCH_PATH: &str = "The document path provided in the update expression is invalid for update";
const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const NO_SUCH_ATTRIBUTE: &str = "The provided expression refers to an attribute that does not exist in the item";

impl Update<'_> {
    /// The item as it is afterwards.
    ///
    /// # Errors
    /// AWS's sentence about what the item does not allow.
    pub fn apply(&self, before: &Document) -> Result<Document, String> {
        let mut after = before.clone();
        let mut sets = Vec::with_capacity(self.sets.len());
        for (path, source) in &self.sets {
            sets.push((path, source.value(before)?));
        }
        // Elements beyond the end of a list are appended in the order of their positions.
        sets.sort_by(|a, b| a.0.0.cmp(&b.0.0));
        for (path, value) in sets {
            set(&mut after, path, value)?;
        }
        for (path, value) in &self.adds {
            let sum = add(path.find(before), value)?;
            set(&mut after, path, sum)?;
        }
        for (path, value) in &self.deletes {
            delete(&mut after, path, value)?;
        }
        let mut removes: Vec<&Path> = self.removes.iter().collect();
        removes.sort_by(|a, b| b.0.cmp(&a.0));
        for path in removes {
            remove(&mut after, path)?;
        }
        Ok(after)
    }
}

impl Source<'_> {
    fn value(&self, item: &Document) -> Result<Attribute, String> {
        match self {
            Source::Value(it) => Ok((*it).clone()),
            Source::Path(path) => path.find(item).cloned().ok_or_else(|| NO_SUCH_ATTRIBUTE.to_owned()),
            Source::IfNotExists(path, otherwise) => match path.find(item) {
                Some(it) => Ok(it.clone()),
                None => otherwise.value(item),
            },
            Source::ListAppend(first, second) => match (first.value(item)?, second.value(item)?) {
                (Attribute::L(mut first), Attribute::L(second)) => {
                    first.extend(second);
                    Ok(Attribute::L(first))
                }
                _ => Err(WRONG_TYPE.to_owned()),
            },
            Source::Plus(a, b) => calculate(a.value(item)?, b.value(item)?, Number::plus),
            Source::Minus(a, b) => calculate(a.value(item)?, b.value(item)?, Number::minus),
        }
    }
}

fn calculate(
    a: Attribute,
    b: Attribute,
    with: fn(Number, Number) -> Result<Number, NumberError>,
) -> Result<Attribute, String> {
    match (a, b) {
        (Attribute::N(a), Attribute::N(b)) => with(a, b).map(Attribute::N).map_err(|why| why.sentence("")),
        _ => Err(WRONG_TYPE.to_owned()),
    }
}

/// What ADD makes of a value that is there, or is not.
fn add(before: Option<&Attribute>, value: &Attribute) -> Result<Attribute, String> {
    Ok(match (before, value) {
        (None, value) => value.clone(),
        (Some(Attribute::N(a)), Attribute::N(b)) => return calculate(Attribute::N(*a), Attribute::N(*b), Number::plus),
        (Some(Attribute::SS(a)), Attribute::SS(b)) => Attribute::SS(union(a, b)),
        (Some(Attribute::NS(a)), Attribute::NS(b)) => Attribute::NS(union(a, b)),
        (Some(Attribute::BS(a)), Attribute::BS(b)) => Attribute::BS(union(a, b)),
        _ => return Err(WRONG_TYPE.to_owned()),
    })
}

fn union<T: Clone + Ord>(a: &[T], b: &[T]) -> Vec<T> {
    let mut all: Vec<T> = a.iter().chain(b).cloned().collect();
    all.sort();
    all.dedup();
    all
}

/// What DELETE leaves of a set; a set that is empty then is removed.
fn delete(item: &mut Document, path: &Path, value: &Attribute) -> Result<(), String> {
    let is_empty = match (place(item, path)?, value) {
        (None, _) => return Ok(()),
        (Some(Attribute::SS(a)), Attribute::SS(b)) => subtract::<String>(a, b),
        (Some(Attribute::NS(a)), Attribute::NS(b)) => subtract::<Number>(a, b),
        (Some(Attribute::BS(a)), Attribute::BS(b)) => subtract::<Bytes>(a, b),
        _ => return Err(WRONG_TYPE.to_owned()),
    };
    if is_empty { remove(item, path) } else { Ok(()) }
}

fn subtract<T: PartialEq>(a: &mut Vec<T>, b: &[T]) -> bool {
    a.retain(|it| !b.contains(it));
    a.is_empty()
}

/// What holds the last step of a path.
enum Holder<'d> {
    Map(&'d mut Document, &'d str),
    List(&'d mut Vec<Attribute>, usize),
}

/// # Errors
/// Something on the way is not there, or is no map or list as the path says.
fn holder<'d>(item: &'d mut Document, path: &'d Path) -> Result<Holder<'d>, String> {
    let invalid = || NO_SUCH_PATH.to_owned();
    let (last, way) = path.0.split_last().ok_or_else(invalid)?;
    let Some((_, further)) = way.split_first() else { return Ok(Holder::Map(item, path.head())) };
    let mut at = item.get_mut(path.head()).ok_or_else(invalid)?;
    for step in further {
        at = match (at, step) {
            (Attribute::M(map), Step::Name(name)) => map.get_mut(name).ok_or_else(invalid)?,
            (Attribute::L(list), Step::Index(index)) => list.get_mut(*index).ok_or_else(invalid)?,
            _ => return Err(invalid()),
        };
    }
    match (at, last) {
        (Attribute::M(map), Step::Name(name)) => Ok(Holder::Map(map, name)),
        (Attribute::L(list), Step::Index(index)) => Ok(Holder::List(list, *index)),
        _ => Err(invalid()),
    }
}

fn place<'d>(item: &'d mut Document, path: &'d Path) -> Result<Option<&'d mut Attribute>, String> {
    Ok(match holder(item, path)? {
        Holder::Map(map, name) => map.get_mut(name),
        Holder::List(list, index) => list.get_mut(index),
    })
}

fn set(item: &mut Document, path: &Path, value: Attribute) -> Result<(), String> {
    match holder(item, path)? {
        Holder::Map(map, name) => map.insert(name, value),
        Holder::List(list, index) => match list.get_mut(index) {
            Some(place) => *place = value,
            None => list.push(value),
        },
    }
    Ok(())
}

fn remove(item: &mut Document, path: &Path) -> Result<(), String> {
    match holder(item, path)? {
        Holder::Map(map, name) => {
            map.remove(name);
        }
        Holder::List(list, index) if index < list.len() => {
            list.remove(index);
        }
        Holder::List(..) => {}
    }
    Ok(())
}
