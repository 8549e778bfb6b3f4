//! Attribute values, typed: what expressions work on.

use crate::number::Number;
use bytes::Bytes;
use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Null,
    Bool(bool),
    S(String),
    N(Number),
    B(Bytes),
    /// Sets are sorted, so that equal ones are the same.
    SS(Vec<String>),
    NS(Vec<Number>),
    BS(Vec<Bytes>),
    L(Vec<Attribute>),
    M(Document),
}

/// Attributes by name: an item, or a map within one. In the order of their names, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(Vec<(String, Attribute)>);

/// The types, by the names that AWS gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Null,
    Bool,
    S,
    N,
    B,
    SS,
    NS,
    BS,
    L,
    M,
}

impl Type {
    pub const ALL: [Type; 10] =
        [Type::B, Type::Null, Type::SS, Type::Bool, Type::L, Type::BS, Type::N, Type::NS, Type::S, Type::M];

    pub fn name(self) -> &'static str {
        match self {
            Type::Null => "NULL",
            Type::Bool => "BOOL",
            Type::S => "S",
            Type::N => "N",
            Type::B => "B",
            Type::SS => "SS",
            Type::NS => "NS",
            Type::BS => "BS",
            Type::L => "L",
            Type::M => "M",
        }
    }

    pub fn named(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|it| it.name() == name)
    }

    /// As update expressions call it in their errors.
    pub fn long_name(self) -> &'static str {
        match self {
            Type::Null => "NULL",
            Type::Bool => "BOOLEAN",
            Type::S => "STRING",
            Type::N => "NUMBER",
            Type::B => "BINARY",
            Type::SS => "STRING_SET",
            Type::NS => "NUMBER_SET",
            Type::BS => "BINARY_SET",
            Type::L => "LIST",
            Type::M => "MAP",
        }
    }

    /// Whether values of it can be less than others.
    pub fn is_ordered(self) -> bool {
        matches!(self, Type::S | Type::N | Type::B)
    }
}

/// What a list or map takes besides its elements, and each of these besides itself. ("DynamoDB item sizes and formats".)
pub(crate) const CONTAINER_BYTES: usize = 3;
pub(crate) const ELEMENT_BYTES: usize = 1;

impl Attribute {
    pub fn kind(&self) -> Type {
        match self {
            Attribute::Null => Type::Null,
            Attribute::Bool(_) => Type::Bool,
            Attribute::S(_) => Type::S,
            Attribute::N(_) => Type::N,
            Attribute::B(_) => Type::B,
            Attribute::SS(_) => Type::SS,
            Attribute::NS(_) => Type::NS,
            Attribute::BS(_) => Type::BS,
            Attribute::L(_) => Type::L,
            Attribute::M(_) => Type::M,
        }
    }

    /// Bytes, as AWS counts them for the limit of an item and for capacity.
    pub fn size(&self) -> usize {
        match self {
            Attribute::Null | Attribute::Bool(_) => 1,
            Attribute::S(it) => it.len(),
            Attribute::N(it) => it.size(),
            Attribute::B(it) => it.len(),
            Attribute::SS(them) => them.iter().map(String::len).sum(),
            Attribute::NS(them) => them.iter().map(Number::size).sum(),
            Attribute::BS(them) => them.iter().map(Bytes::len).sum(),
            Attribute::L(them) => CONTAINER_BYTES + them.iter().map(|it| it.size() + ELEMENT_BYTES).sum::<usize>(),
            Attribute::M(it) => CONTAINER_BYTES + it.size() + it.len() * ELEMENT_BYTES,
        }
    }

    /// Strings by their UTF-8 bytes, numbers by value, binaries by unsigned bytes; nothing else has an order.
    pub fn order(&self, other: &Attribute) -> Option<Ordering> {
        match (self, other) {
            (Attribute::S(a), Attribute::S(b)) => Some(a.cmp(b)),
            (Attribute::N(a), Attribute::N(b)) => Some(a.cmp(b)),
            (Attribute::B(a), Attribute::B(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl Document {
    /// The last of several attributes with one name counts.
    pub fn from_entries(mut entries: Vec<(String, Attribute)>) -> Document {
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.reverse();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.dedup_by(|a, b| a.0 == b.0);
        }
        Document(entries)
    }

    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Attribute> {
        self.find(name).ok().map(|at| &mut self.0[at].1)
    }

    pub fn insert(&mut self, name: &str, value: Attribute) {
        match self.find(name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Attribute> {
        self.find(name).ok().map(|at| self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn into_entries(self) -> Vec<(String, Attribute)> {
        self.0
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes: of an item all there are, of a map those of its entries.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.size()).sum()
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(it, _)| it.as_str().cmp(name))
    }
}
