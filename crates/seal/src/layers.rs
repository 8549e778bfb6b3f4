//! Bodies under one key, or under two: then what the first has sealed is sealed again under the second.

use crate::{KEY_BYTES, Key, Sealer, Segments, sealed_length};
use std::ops::Range;

/// The keys of one body.
pub struct Keys {
    inner: Key,
    outer: Option<Key>,
}

/// Seals a body as it comes.
pub struct Seal {
    inner: Sealer,
    outer: Option<Sealer>,
    /// Sealed once; kept for its memory.
    between: Vec<u8>,
}

/// Opens a range of a body as it is read.
#[derive(Clone, Debug)]
pub struct Opening {
    length: u64,
    inner: Segments,
    /// What is to be opened next, of what was sealed once.
    between: Range<u64>,
}

impl Keys {
    /// The bytes of one key, or of two. None: they are neither.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let (keys, []) = bytes.as_chunks::<KEY_BYTES>() else { return None };
        match keys {
            [inner] => Some(Self { inner: Key::new(inner), outer: None }),
            [inner, outer] => Some(Self { inner: Key::new(inner), outer: Some(Key::new(outer)) }),
            _ => None,
        }
    }
}

impl Seal {
    /// `keys` must be this body's alone.
    pub fn new(keys: Keys) -> Self {
        Self { inner: Sealer::new(keys.inner), outer: keys.outer.map(Sealer::new), between: Vec::new() }
    }

    /// Appends what is ready to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(outer) = &mut self.outer else { return self.inner.push(piece, out) };
        self.between.clear();
        self.inner.push(piece, &mut self.between);
        outer.push(&self.between, out);
    }

    /// What is left.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let Some(mut outer) = self.outer else { return self.inner.finish(out) };
        self.between.clear();
        self.inner.finish(&mut self.between);
        outer.push(&self.between, out);
        outer.finish(out);
    }
}

impl Opening {
    /// `range` must lie within the `length` bytes of the body.
    pub fn new(length: u64, range: Range<u64>) -> Self {
        Self { length, inner: Segments::new(length, range), between: 0..0 }
    }

    /// Where the next bytes lie in the sealed body: about `most` of them, and at least a segment; none when all of the
    /// range has been read.
    pub fn next(&mut self, keys: &Keys, most: usize) -> Option<Range<u64>> {
        self.between = self.inner.next(most)?;
        match keys.outer {
            None => Some(self.between.clone()),
            Some(_) => self.outer().next(usize::MAX),
        }
    }

    /// The bytes of the range in what [`Opening::next`] named. None: they are not what was sealed.
    pub fn open(&mut self, keys: &Keys, sealed: Vec<u8>) -> Option<Vec<u8>> {
        let once = match &keys.outer {
            None => sealed,
            Some(key) => {
                let mut outer = self.outer();
                outer.next(usize::MAX)?;
                outer.open(key, sealed)?
            }
        };
        self.inner.open(&keys.inner, once)
    }

    fn outer(&self) -> Segments {
        Segments::new(sealed_length(self.length), self.between.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(plain: &[u8], keys: &[u8]) -> Vec<u8> {
        let (mut seal, mut out) = (Seal::new(Keys::new(keys).expect("keys")), Vec::new());
        plain.chunks(10_000).for_each(|piece| seal.push(piece, &mut out));
        seal.finish(&mut out);
        out
    }

    fn opened(sealed: &[u8], length: u64, range: Range<u64>, keys: &[u8]) -> Option<Vec<u8>> {
        let (keys, mut opening, mut out) = (Keys::new(keys)?, Opening::new(length, range), Vec::new());
        while let Some(at) = opening.next(&keys, 200_000) {
            out.extend(opening.open(&keys, sealed.get(at.start as usize..at.end as usize)?.to_vec())?);
        }
        Some(out)
    }

    #[test]
    fn ranges_of_a_body_under_one_key_or_two_can_be_read() {
        let one: Vec<u8> = (0..32).collect();
        let two: Vec<u8> = (0..64).collect();
        for length in [0, 1, 65_536, 65_537, 1_000_003] {
            let plain: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
            for keys in [&one, &two] {
                let sealed = sealed(&plain, keys);
                for (from, to) in [(0, length), (0, length / 2), (length / 3, length), (length / 3, length / 2)] {
                    let read = opened(&sealed, length as u64, from as u64..to as u64, keys);
                    assert_eq!(read.as_deref(), Some(&plain[from..to]), "{from}..{to} of {length}");
                }
            }
        }
    }

    #[test]
    fn both_keys_are_needed() {
        let two: Vec<u8> = (0..64).collect();
        let sealed = sealed(b"hello", &two);
        for at in [0, 63] {
            let mut wrong = two.clone();
            wrong[at] ^= 1;
            assert_eq!(opened(&sealed, 5, 0..5, &wrong), None);
        }
        assert_eq!(opened(&sealed, 5, 0..5, &two[..32]), None);
        for bytes in [0, 31, 33, 96] {
            assert!(Keys::new(&vec![0; bytes]).is_none(), "{bytes}");
        }
    }
}
