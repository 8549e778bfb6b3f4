//! Keys: tuples whose bytes sort as the tuples do.
//!
//! Every component but the last is self-delimiting: numbers have a fixed width, texts and byte strings end with 0x00 and
//! write 0x00 as 01 01 and 0x01 as 01 02. The last component of a key stays as it is, so that a long name costs nothing.
//! Encoded as a *prefix*, a tuple ends its last component too: the prefix `("jobs",)` does not cover `("jobs2", 1)`.

/// The longest key in bytes, table and place included: what LMDB takes with pages of 4 KiB.
pub const MAX_KEY_BYTES: usize = 1_982;

const END: u8 = 0x00;
const ESCAPE: u8 = 0x01;

/// What can be written as a key: a component, or a tuple of up to five.
pub trait Key {
    /// Appends the whole key; the last component is not escaped.
    fn encode(&self, out: &mut Vec<u8>);
    /// Appends the key as the leading components of longer keys; every component is delimited.
    fn encode_prefix(&self, out: &mut Vec<u8>);
}

/// What can be read back from a key.
pub trait KeyOwned: Sized {
    /// `None` if the bytes were not written by this type's [`Key::encode`].
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// One component of a key. A newtype implements it by handing on to what it holds.
pub trait Part {
    /// Appends the component so that another one can follow.
    fn put(&self, out: &mut Vec<u8>);
    /// Appends the component as the last one of a key.
    fn put_last(&self, out: &mut Vec<u8>) {
        self.put(out);
    }
}

/// One component, read back.
pub trait PartOwned: Sized {
    /// Takes what [`Part::put`] wrote from the front of `input`.
    fn take(input: &mut &[u8]) -> Option<Self>;
    /// Reads what [`Part::put_last`] wrote.
    fn take_last(mut input: &[u8]) -> Option<Self> {
        let it = Self::take(&mut input)?;
        input.is_empty().then_some(it)
    }
}

/// Appends `bytes` escaped and without an end: the beginning of a component.
pub(crate) fn put_beginning(bytes: &[u8], out: &mut Vec<u8>) {
    // Names hold neither, and most are too short for a search to pay.
    if bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte)) > ESCAPE {
        return out.extend_from_slice(bytes);
    }
    let mut rest = bytes;
    while let Some(at) = memchr::memchr2(END, ESCAPE, rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[ESCAPE, rest[at] + 1]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn put_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    put_beginning(bytes, out);
    out.push(END);
}

fn take_escaped(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut it = Vec::new();
    loop {
        let at = memchr::memchr2(END, ESCAPE, input)?;
        it.extend_from_slice(&input[..at]);
        if input[at] == END {
            *input = &input[at + 1..];
            return Some(it);
        }
        it.push(match input.get(at + 1)? {
            1 => END,
            2 => ESCAPE,
            _ => return None,
        });
        *input = &input[at + 2..];
    }
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*head)
}

impl<P: Part + ?Sized> Part for &P {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        (**self).put_last(out);
    }
}

impl Part for [u8] {
    fn put(&self, out: &mut Vec<u8>) {
        put_escaped(self, out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> Part for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_slice().put(out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        self.as_slice().put_last(out);
    }
}

impl Part for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_slice().put(out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        self.as_slice().put_last(out);
    }
}

impl PartOwned for Vec<u8> {
    fn take(input: &mut &[u8]) -> Option<Self> {
        take_escaped(input)
    }
    fn take_last(input: &[u8]) -> Option<Self> {
        Some(input.to_vec())
    }
}

impl Part for str {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().put(out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        self.as_bytes().put_last(out);
    }
}

impl Part for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_str().put(out);
    }
    fn put_last(&self, out: &mut Vec<u8>) {
        self.as_str().put_last(out);
    }
}

impl PartOwned for String {
    fn take(input: &mut &[u8]) -> Option<Self> {
        String::from_utf8(take_escaped(input)?).ok()
    }
    fn take_last(input: &[u8]) -> Option<Self> {
        std::str::from_utf8(input).ok().map(str::to_owned)
    }
}

impl Part for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl PartOwned for bool {
    fn take(input: &mut &[u8]) -> Option<Self> {
        match take_array(input)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Part for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl PartOwned for u32 {
    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(u32::from_be_bytes)
    }
}

impl Part for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl PartOwned for u64 {
    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(u64::from_be_bytes)
    }
}

impl Part for u128 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl PartOwned for u128 {
    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(u128::from_be_bytes)
    }
}

/// The sign bit is turned over, so that negative numbers come first.
impl Part for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(*self ^ i64::MIN).to_be_bytes());
    }
}

impl PartOwned for i64 {
    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(|bytes| i64::from_be_bytes(bytes) ^ i64::MIN)
    }
}

impl<P: Part + ?Sized> Key for P {
    fn encode(&self, out: &mut Vec<u8>) {
        self.put_last(out);
    }
    fn encode_prefix(&self, out: &mut Vec<u8>) {
        self.put(out);
    }
}

impl<P: PartOwned> KeyOwned for P {
    fn decode(bytes: &[u8]) -> Option<Self> {
        P::take_last(bytes)
    }
}

/// The key of a table with one row.
impl Key for () {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn encode_prefix(&self, _: &mut Vec<u8>) {}
}

impl KeyOwned for () {
    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

macro_rules! tuple_key {
    ($($name:ident $at:tt),* ; $last:ident $last_at:tt) => {
        impl<$($name: Part,)* $last: Part> Key for ($($name,)* $last,) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$at.put(out);)*
                self.$last_at.put_last(out);
            }
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                $(self.$at.put(out);)*
                self.$last_at.put(out);
            }
        }

        impl<$($name: PartOwned,)* $last: PartOwned> KeyOwned for ($($name,)* $last,) {
            #[allow(unused_mut)]
            fn decode(mut bytes: &[u8]) -> Option<Self> {
                Some(($($name::take(&mut bytes)?,)* $last::take_last(bytes)?,))
            }
        }
    };
}

tuple_key!(; A 0);
tuple_key!(A 0; B 1);
tuple_key!(A 0, B 1; C 2);
tuple_key!(A 0, B 1, C 2; D 3);
tuple_key!(A 0, B 1, C 2, D 3; E 4);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(key: &impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode(&mut out);
        out
    }

    fn prefix(key: &impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode_prefix(&mut out);
        out
    }

    /// Strings that are often equal, prefixes of one another, or hold the bytes that are escaped.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(vec!['\0', '\u{1}', '\u{2}', 'a', 'é', '\u{10ffff}']), 0..4)
            .prop_map(|them| them.into_iter().collect())
    }

    fn part() -> impl Strategy<Value = (String, i64, Vec<u8>, bool, String)> {
        let number = prop_oneof![any::<i64>(), -2i64..2];
        let blob = proptest::collection::vec(prop_oneof![0u8..3, Just(255)], 0..4);
        (text(), number, blob, any::<bool>(), text())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn bytes_sort_as_the_tuples_do(a in part(), b in part()) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
        }

        #[test]
        fn keys_come_back(a in part()) {
            prop_assert_eq!(KeyOwned::decode(&bytes(&a)), Some(a));
        }

        #[test]
        fn a_prefix_covers_exactly_the_keys_that_begin_with_its_components(a in part(), b in part()) {
            let covered = bytes(&a).starts_with(&prefix(&(&b.0, b.1)));
            prop_assert_eq!(covered, (&a.0, a.1) == (&b.0, b.1));
            prop_assert_eq!(bytes(&a).starts_with(&prefix(&b.0)), a.0 == b.0);
        }

        #[test]
        fn unsigned_numbers_sort(a: (u32, u64, u128), b: (u32, u64, u128)) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            prop_assert_eq!(KeyOwned::decode(&bytes(&a)), Some(a));
        }

        #[test]
        fn foreign_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = <(String, i64, Vec<u8>, bool, String)>::decode(&bytes);
            let _ = <(u32, String)>::decode(&bytes);
        }
    }
}
