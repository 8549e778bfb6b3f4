//! Keys of items, and where they stand in the store.
//!
//! A partition key may have 2,048 bytes and a sort key 1,024, which the store's keys do not hold. So a partition key is
//! there as its hash of 128 bits, which also spreads a scan's segments evenly, and a sort key in groups of eight bytes, so
//! that it keeps its order, says where it ends, and grows by an eighth at most.

use crate::failure::{Invalid, invalid, invalid_value};
use crate::schema::{Index, KeyAttribute, KeySchema, Schema};
use items::attribute::{Attribute, Document};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

/// An item's place within its table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemKey {
    pub hash: u128,
    /// Encoded; empty in tables without sort keys.
    pub sort: Vec<u8>,
}

/// Partition keys and sort keys. ("Quotas in Amazon DynamoDB".)
const LONGEST_HASH: usize = 2_048;
const LONGEST_SORT: usize = 1_024;
/// A row of an index ends with this many bytes that tell items with equal keys apart.
const TELLER_BYTES: usize = 16;

impl ItemKey {
    pub fn of(key: &KeySchema, item: &Document) -> Option<ItemKey> {
        let hash = hash(item.get(&key.hash.name)?);
        let sort = match &key.sort {
            Some(it) => sort_bytes(item.get(&it.name)?),
            None => Vec::new(),
        };
        Some(ItemKey { hash, sort })
    }

    /// In the table of items.
    pub fn row(&self, table: u64) -> (u64, u128, &[u8]) {
        (table, self.hash, &self.sort)
    }

    /// What a row of an index holds.
    pub fn pack(&self) -> ByteBuf {
        let mut bytes = self.hash.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.sort);
        bytes.into()
    }

    /// # Panics
    /// If it was not written by [`ItemKey::pack`].
    pub fn unpack(bytes: ByteBuf) -> ItemKey {
        let (hash, sort) = bytes.split_first_chunk().expect("a row of an index begins with a hash");
        ItemKey { hash: u128::from_be_bytes(*hash), sort: sort.to_vec() }
    }

    fn teller(&self) -> u128 {
        if self.sort.is_empty() { self.hash } else { digest(&[&self.hash.to_be_bytes(), &self.sort]) }
    }
}

/// Where an item stands in an index; none if it has not the index's keys.
pub fn index_row(index: &Index, item: &Document, key: &ItemKey) -> Option<ItemKey> {
    let of = |it: &KeyAttribute| item.get(&it.name).filter(|value| value.kind() == it.kind.as_type());
    let hash = hash(of(&index.key.hash)?);
    let mut sort = match &index.key.sort {
        Some(it) => sort_bytes(of(it)?),
        None => Vec::new(),
    };
    sort.extend_from_slice(&key.teller().to_be_bytes());
    Some(ItemKey { hash, sort })
}

/// The bounds of sort keys: before all rows with this one, and behind all of them, in tables and indexes alike.
pub fn before(sort: &Attribute) -> Vec<u8> {
    sort_bytes(sort)
}

pub fn behind(sort: &Attribute) -> Vec<u8> {
    let mut bytes = sort_bytes(sort);
    bytes.extend_from_slice(&[u8::MAX; TELLER_BYTES + 1]);
    bytes
}

/// Behind all sort keys that begin with this text or binary; none if every longer one does.
pub fn behind_beginning(start: &Attribute) -> Option<Vec<u8>> {
    let mut bytes = plain_bytes(start);
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            let mut out = Vec::new();
            put_groups(&bytes, &mut out);
            return Some(out);
        }
    }
    None
}

pub fn hash(value: &Attribute) -> u128 {
    digest(&[&plain_bytes(value)])
}

fn digest(parts: &[&[u8]]) -> u128 {
    let mut sha = Sha256::new();
    parts.iter().for_each(|it| sha.update(it));
    let bytes: [u8; 32] = sha.finalize().into();
    u128::from_be_bytes(*bytes.first_chunk().expect("32 are more than 16"))
}

fn plain_bytes(value: &Attribute) -> Vec<u8> {
    match value {
        Attribute::S(it) => it.as_bytes().to_vec(),
        Attribute::B(it) => it.to_vec(),
        Attribute::N(it) => {
            let mut out = Vec::with_capacity(8);
            it.encode(&mut out);
            out
        }
        // Keys are checked before.
        _ => Vec::new(),
    }
}

fn sort_bytes(value: &Attribute) -> Vec<u8> {
    let plain = plain_bytes(value);
    if matches!(value, Attribute::N(_)) {
        return plain;
    }
    let mut out = Vec::with_capacity((plain.len() / GROUP + 1) * (GROUP + 1));
    put_groups(&plain, &mut out);
    out
}

const GROUP: usize = 8;

/// Eight bytes, filled up with zeros, and how many they are: the last group, and it alone, has less than eight.
fn put_groups(bytes: &[u8], out: &mut Vec<u8>) {
    let (groups, rest) = bytes.as_chunks::<GROUP>();
    for group in groups {
        out.extend_from_slice(group);
        out.push(GROUP as u8);
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0; GROUP][rest.len()..]);
    out.push(rest.len() as u8);
}

/// The key of an item that is to be put.
///
/// # Errors
/// A key attribute that is missing or is no key.
pub fn of_item(schema: &Schema, item: &Document) -> Result<ItemKey, Invalid> {
    for attribute in schema.key.attributes() {
        let Some(value) = item.get(&attribute.name) else {
            return Err(invalid_value(format!("Missing the key {} in the item", attribute.name)));
        };
        if value.kind() != attribute.kind.as_type() {
            return Err(invalid_value(format!(
                "Type mismatch for key {} expected: {} actual: {}",
                attribute.name,
                attribute.kind.name(),
                value.kind().name()
            )));
        }
    }
    check_sizes(&schema.key, item)?;
    check_indexes(schema, item)?;
    Ok(ItemKey::of(&schema.key, item).expect("its attributes were found"))
}

/// The key that a request names.
///
/// # Errors
/// Anything but the table's key attributes.
pub fn of_key(schema: &Schema, key: &Document) -> Result<ItemKey, Invalid> {
    let fits = |it: &KeyAttribute| key.get(&it.name).is_some_and(|value| value.kind() == it.kind.as_type());
    if !schema.key.attributes().all(fits) || key.len() != schema.key.attributes().count() {
        return Err(invalid("The provided key element does not match the schema"));
    }
    check_sizes(&schema.key, key)?;
    Ok(ItemKey::of(&schema.key, key).expect("its attributes were found"))
}

fn check_sizes(key: &KeySchema, item: &Document) -> Result<(), Invalid> {
    for attribute in key.attributes() {
        let empty = match item.get(&attribute.name) {
            Some(Attribute::S(it)) if it.is_empty() => "string",
            Some(Attribute::B(it)) if it.is_empty() => "binary",
            _ => continue,
        };
        return Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {empty} value. Key: {}",
            attribute.name
        )));
    }
    let size = |it: &KeyAttribute| item.get(&it.name).map_or(0, Attribute::size);
    // The missing space is AWS's.
    if size(&key.hash) > LONGEST_HASH {
        return Err(invalid_value("Size of hashkey has exceeded the maximum size limit of2048 bytes"));
    }
    if key.sort.as_ref().is_some_and(|it| size(it) > LONGEST_SORT) {
        return Err(invalid_value("Aggregated size of all range keys has exceeded the size limit of 1024 bytes"));
    }
    Ok(())
}

/// An item need not have the keys of an index; those that it has must be keys.
///
/// # Errors
/// One that is none.
pub fn check_indexes(schema: &Schema, item: &Document) -> Result<(), Invalid> {
    for index in &schema.indexes {
        for attribute in index.key.attributes() {
            let Some(value) = item.get(&attribute.name) else { continue };
            if value.kind() != attribute.kind.as_type() {
                return Err(invalid_value(format!(
                    "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
                    attribute.name,
                    attribute.kind.name(),
                    value.kind().name(),
                    index.name
                )));
            }
            let empty = match value {
                Attribute::S(it) if it.is_empty() => "string",
                Attribute::B(it) if it.is_empty() => "binary",
                _ => continue,
            };
            return Err(invalid(format!(
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {empty} value. IndexName: {}, IndexKey: {}",
                index.name, attribute.name
            )));
        }
        check_sizes(&index.key, item)?;
    }
    Ok(())
}

/// Key attributes of an item, as LastEvaluatedKey gives them.
pub fn part<'k>(item: &Document, names: impl Iterator<Item = &'k str>) -> Document {
    let found = names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())));
    Document::from_entries(found.collect())
}

/// The longest row that there can be is one that the store takes.
#[allow(dead_code, reason = "checked when this is compiled")]
const FITS: () = {
    const PLACE: usize = 4 + 13 + 33;
    const ROW: usize = PLACE + 8 + 16 + (LONGEST_SORT / GROUP + 1) * (GROUP + 1) + TELLER_BYTES;
    assert!(ROW <= store::MAX_KEY_BYTES);
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Attribute> {
        proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255), any::<u8>()], 0..20)
            .prop_map(|it| Attribute::B(it.into()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn sort_keys_keep_their_order(a in bytes(), b in bytes(), teller in any::<u128>()) {
            let (x, y) = (sort_bytes(&a), sort_bytes(&b));
            prop_assert_eq!(Some(x.cmp(&y)), a.order(&b));
            // Whatever follows them.
            let follow = |it: &[u8]| [it, &teller.to_be_bytes()].concat();
            if x != y {
                prop_assert_eq!(follow(&x).cmp(&follow(&y)), x.cmp(&y));
            }
            prop_assert!(before(&a) <= follow(&x) && follow(&x) < behind(&a));
            prop_assert_eq!(behind(&a) < y, a.order(&b).unwrap().is_lt());
        }

        #[test]
        fn beginnings_are_ranges(a in bytes(), start in proptest::collection::vec(prop_oneof![Just(0_u8), Just(255)], 0..10)) {
            let start = Attribute::B(start.into());
            let (Attribute::B(it), Attribute::B(beginning)) = (&a, &start) else { unreachable!() };
            let row = sort_bytes(&a);
            let within = before(&start) <= row && behind_beginning(&start).is_none_or(|end| row < end);
            prop_assert_eq!(within, it.starts_with(beginning));
        }

        #[test]
        fn keys_come_back(hash: u128, sort in proptest::collection::vec(any::<u8>(), 0..20)) {
            let key = ItemKey { hash, sort };
            prop_assert_eq!(ItemKey::unpack(key.pack()), key);
        }
    }
}
