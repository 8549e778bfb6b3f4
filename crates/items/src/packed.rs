//! Items as they lie in the store: a compact form that begins with its version.
//!
//! Attributes in the order of their names, each a tag and what it says, numbers as in keys. No names of fields and no
//! base64, so an item takes about as many bytes as AWS counts for it.

use crate::attribute::{Attribute, Document};
use crate::number::Number;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// An item, packed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(ByteBuf);

const VERSION: u8 = 1;

pub(crate) const NULL: u8 = 0;
pub(crate) const FALSE: u8 = 1;
pub(crate) const TRUE: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const NUMBER: u8 = 4;
pub(crate) const BINARY: u8 = 5;
pub(crate) const TEXTS: u8 = 6;
pub(crate) const NUMBERS: u8 = 7;
pub(crate) const BINARIES: u8 = 8;
pub(crate) const LIST: u8 = 9;
pub(crate) const MAP: u8 = 10;

impl Packed {
    pub fn new(item: &Document) -> Packed {
        let mut out = Vec::with_capacity(item.size() + item.len() * 3 + 8);
        out.push(VERSION);
        put_entries(item, &mut out);
        Packed(ByteBuf::from(out))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes from outside; none if they are no item.
    pub fn read(bytes: &[u8]) -> Option<Document> {
        match bytes.split_first() {
            Some((&VERSION, mut entries)) => take_entries(&mut entries),
            _ => None,
        }
    }

    /// # Panics
    /// If the bytes were not written by [`Packed::new`]: the call that asked ends, and nothing else does.
    pub fn unpack(&self) -> Document {
        Packed::read(self.bytes()).expect("a stored item is whole, and of a version that is known")
    }

    /// What follows the version.
    pub(crate) fn entries(&self) -> Option<&[u8]> {
        self.bytes().split_first().filter(|(version, _)| **version == VERSION).map(|(_, entries)| entries)
    }
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn put_entries(document: &Document, out: &mut Vec<u8>) {
    put_length(document.len(), out);
    for (name, value) in document.iter() {
        put_bytes(name.as_bytes(), out);
        put(value, out);
    }
}

fn put(value: &Attribute, out: &mut Vec<u8>) {
    match value {
        Attribute::Null => out.push(NULL),
        Attribute::Bool(false) => out.push(FALSE),
        Attribute::Bool(true) => out.push(TRUE),
        Attribute::S(it) => {
            out.push(TEXT);
            put_bytes(it.as_bytes(), out);
        }
        Attribute::N(it) => {
            out.push(NUMBER);
            it.encode(out);
        }
        Attribute::B(it) => {
            out.push(BINARY);
            put_bytes(it, out);
        }
        Attribute::SS(them) => put_all(TEXTS, them, out, |it, out| put_bytes(it.as_bytes(), out)),
        Attribute::NS(them) => put_all(NUMBERS, them, out, Number::encode),
        Attribute::BS(them) => put_all(BINARIES, them, out, |it, out| put_bytes(it, out)),
        Attribute::L(them) => put_all(LIST, them, out, put),
        Attribute::M(it) => {
            out.push(MAP);
            put_entries(it, out);
        }
    }
}

fn put_all<T>(tag: u8, them: &[T], out: &mut Vec<u8>, put: fn(&T, &mut Vec<u8>)) {
    out.push(tag);
    put_length(them.len(), out);
    them.iter().for_each(|it| put(it, out));
}

pub(crate) fn take_length(input: &mut &[u8]) -> Option<usize> {
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(length);
        }
        shift += 7;
    }
}

pub(crate) fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_length(input)?;
    let (bytes, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(bytes)
}

fn take_text(input: &mut &[u8]) -> Option<String> {
    std::str::from_utf8(take_bytes(input)?).ok().map(str::to_owned)
}

fn take_entries(input: &mut &[u8]) -> Option<Document> {
    let entries = take_all(input, |input| Some((take_text(input)?, take(input)?)))?;
    Some(Document::from_entries(entries))
}

fn take(input: &mut &[u8]) -> Option<Attribute> {
    let (&tag, rest) = input.split_first()?;
    *input = rest;
    Some(match tag {
        NULL => Attribute::Null,
        FALSE => Attribute::Bool(false),
        TRUE => Attribute::Bool(true),
        TEXT => Attribute::S(take_text(input)?),
        NUMBER => Attribute::N(Number::take(input)?),
        BINARY => Attribute::B(Bytes::copy_from_slice(take_bytes(input)?)),
        TEXTS => Attribute::SS(take_all(input, take_text)?),
        NUMBERS => Attribute::NS(take_all(input, Number::take)?),
        BINARIES => Attribute::BS(take_all(input, |it| take_bytes(it).map(Bytes::copy_from_slice))?),
        LIST => Attribute::L(take_all(input, take)?),
        MAP => Attribute::M(take_entries(input)?),
        _ => return None,
    })
}

fn take_all<T>(input: &mut &[u8], take: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = take_length(input)?;
    // Each takes a byte at least.
    let mut them = Vec::with_capacity(count.min(input.len()));
    for _ in 0..count {
        them.push(take(input)?);
    }
    Some(them)
}

/// Items for property tests.
#[cfg(any(test, feature = "any"))]
pub mod any {
    use super::*;
    use proptest::prelude::*;
    /// Any attribute, with small documents and names that repeat.
    pub fn any_attribute() -> impl Strategy<Value = Attribute> {
        let number = (-50_i64..50).prop_map(Number::from_integer);
        let leaf = prop_oneof![
            Just(Attribute::Null),
            any::<bool>().prop_map(Attribute::Bool),
            "[ab]{0,3}".prop_map(Attribute::S),
            number.clone().prop_map(Attribute::N),
            proptest::collection::vec(0_u8..4, 0..3).prop_map(|it| Attribute::B(it.into())),
            proptest::collection::btree_set("[ab]{1,2}", 1..3).prop_map(|it| Attribute::SS(it.into_iter().collect())),
            proptest::collection::btree_set(number, 1..3).prop_map(|it| Attribute::NS(it.into_iter().collect())),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let entries = proptest::collection::vec(("[abc]", inner.clone()), 0..4);
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Attribute::L),
                entries.prop_map(|it| Attribute::M(Document::from_entries(it))),
            ]
        })
    }

    pub fn any_document() -> impl Strategy<Value = Document> {
        proptest::collection::vec(("[abc]", any_attribute()), 0..4).prop_map(Document::from_entries)
    }
}

#[cfg(test)]
mod tests {
    use super::any::any_document;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_come_back(item in any_document()) {
            prop_assert_eq!(Packed::new(&item).unpack(), item);
        }

        #[test]
        fn foreign_bytes_make_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = take_entries(&mut bytes.as_slice());
        }
    }
}
