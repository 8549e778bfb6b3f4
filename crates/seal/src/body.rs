//! Bodies in segments.

use crate::{Key, NONCE_BYTES, TAG_BYTES};
use std::ops::Range;

/// Of the body, in bytes; what a range costs more than its own length is at most two of these.
const SEGMENT: usize = 64 * 1024;
const SEALED: usize = SEGMENT + TAG_BYTES;
const LAST: u8 = 0x80;

/// Seals a body as it comes.
pub struct Sealer {
    key: Key,
    next: u64,
    /// A segment is sealed when it is known whether another one follows.
    pending: Vec<u8>,
}

/// The segments that hold a range of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    length: u64,
    range: Range<u64>,
    /// Of the next segment to be opened.
    next: u64,
}

/// Of a body of so many bytes, once it is sealed.
pub fn sealed_length(length: u64) -> u64 {
    length + segments(length) * TAG_BYTES as u64
}

/// Also an empty body has one, so that it cannot be confused with one that was cut off.
fn segments(length: u64) -> u64 {
    length.div_ceil(SEGMENT as u64).max(1)
}

fn nonce(segment: u64, is_last: bool) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[NONCE_BYTES - 8..].copy_from_slice(&segment.to_be_bytes());
    nonce[0] = if is_last { LAST } else { 0 };
    nonce
}

impl Sealer {
    /// `key` must be this body's alone.
    pub fn new(key: Key) -> Self {
        Self { key, next: 0, pending: Vec::new() }
    }

    /// Appends what is ready to `out`.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while self.pending.len() + piece.len() > SEGMENT {
            let (head, rest) = piece.split_at(SEGMENT - self.pending.len());
            piece = rest;
            let at = out.len();
            out.extend_from_slice(&self.pending);
            out.extend_from_slice(head);
            self.pending.clear();
            self.seal(at, false, out);
        }
        self.pending.extend_from_slice(piece);
    }

    /// The last segment.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&self.pending);
        self.seal(at, true, out);
    }

    fn seal(&mut self, from: usize, is_last: bool, out: &mut Vec<u8>) {
        let tag = self.key.seal_in_place(nonce(self.next, is_last), b"", &mut out[from..]);
        out.extend_from_slice(&tag);
        self.next += 1;
    }
}

impl Segments {
    /// `range` must lie within the `length` bytes of the body.
    pub fn new(length: u64, range: Range<u64>) -> Self {
        debug_assert!(range.start <= range.end && range.end <= length);
        let next = range.start / SEGMENT as u64;
        Self { length, range, next }
    }

    /// Where the next segments lie in the sealed body, at most `most` bytes of them and at least one; none when all of
    /// the range has been read.
    pub fn next(&self, most: usize) -> Option<Range<u64>> {
        let first = self.next;
        if self.range.is_empty() || first * SEGMENT as u64 >= self.range.end {
            return None;
        }
        let end = self.range.end.div_ceil(SEGMENT as u64).min(first + (most / SEALED).max(1) as u64);
        let sealed_end = (end * SEALED as u64).min(sealed_length(self.length));
        Some(first * SEALED as u64..sealed_end)
    }

    /// The bytes of the range in the segments that [`Segments::next`] named. None: they are not what was sealed.
    pub fn open(&mut self, key: &Key, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (last, mut filled, mut at) = (segments(self.length) - 1, 0, 0);
        let begins = self.next * SEGMENT as u64;
        while at < sealed.len() {
            let end = (at + SEALED).min(sealed.len());
            let opened = key.open_in_place(nonce(self.next, self.next == last), b"", &mut sealed[at..end])?;
            sealed.copy_within(at..at + opened, filled);
            filled += opened;
            at = end;
            self.next += 1;
        }
        let of_range = |offset: u64| usize::try_from(offset.saturating_sub(begins)).unwrap_or(usize::MAX).min(filled);
        let (from, to) = (of_range(self.range.start), of_range(self.range.end));
        sealed.truncate(to);
        sealed.drain(..from);
        Some(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 % 251) as u8).collect()
    }

    fn sealed(body: &[u8], pieces: usize) -> Vec<u8> {
        let (mut sealer, mut out) = (Sealer::new(Key::new(&[3; 32])), Vec::new());
        body.chunks(pieces).for_each(|piece| sealer.push(piece, &mut out));
        sealer.finish(&mut out);
        out
    }

    fn read(sealed: &[u8], length: u64, range: Range<u64>, most: usize) -> Option<Vec<u8>> {
        let (mut segments, mut out) = (Segments::new(length, range), Vec::new());
        while let Some(at) = segments.next(most) {
            let piece = sealed.get(at.start as usize..at.end as usize)?.to_vec();
            out.extend(segments.open(&Key::new(&[3; 32]), piece)?);
        }
        Some(out)
    }

    const LENGTHS: [usize; 8] = [0, 1, 1000, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 5 * SEGMENT + 17];

    #[test]
    fn every_range_of_a_sealed_body_can_be_read() {
        for length in LENGTHS {
            let plain = body(length);
            for pieces in [7_000, SEGMENT, 1_000_000] {
                let sealed = sealed(&plain, pieces);
                assert_eq!(sealed.len() as u64, sealed_length(length as u64), "{length} in pieces of {pieces}");
                let cuts =
                    [0, 1.min(length), length / 3, length / 2, SEGMENT.min(length), length.saturating_sub(1), length];
                for (from, to) in cuts.iter().flat_map(|from| cuts.map(|to| (*from, to))).filter(|(a, b)| a <= b) {
                    let opened = read(&sealed, length as u64, from as u64..to as u64, 3 * SEALED);
                    assert_eq!(opened.as_deref(), Some(&plain[from..to]), "{from}..{to} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_body_that_was_changed_or_cut_does_not_open() {
        for length in LENGTHS {
            let whole = sealed(&body(length), 10_000);
            for at in [0, whole.len() / 2, whole.len() - 1] {
                let mut broken = whole.clone();
                broken[at] ^= 1;
                if length > 0 {
                    assert_eq!(read(&broken, length as u64, 0..length as u64, SEALED), None, "byte {at} of {length}");
                }
            }
        }
        // Cut at the end of a segment.
        let whole = sealed(&body(3 * SEGMENT), SEGMENT);
        let cut = &whole[..2 * SEALED];
        assert_eq!(read(cut, 2 * SEGMENT as u64, 0..2 * SEGMENT as u64, 2 * SEALED), None);
    }
}
