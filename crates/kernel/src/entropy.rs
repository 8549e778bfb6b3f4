//! The one source of randomness: the system's, or a seed's for the simulator.

use std::cell::RefCell;
use std::sync::Mutex;

pub enum Entropy {
    System,
    /// SplitMix64 from a seed: the same seed gives the same ids in the same order.
    Seeded(Mutex<u64>),
}

impl Entropy {
    pub fn seeded(seed: u64) -> Self {
        Entropy::Seeded(Mutex::new(seed))
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Entropy::System => from_pool(bytes),
            Entropy::Seeded(state) => {
                let mut state = state.lock().expect("no panic while a number is drawn");
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix(&mut state).to_le_bytes();
                    chunk.copy_from_slice(&word[..chunk.len()]);
                }
            }
        }
    }

    /// A UUID of version 4, in the usual form.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = [b'-'; 36];
        for (byte, at) in bytes.iter().zip(UUID_DIGITS) {
            text[at] = HEX[usize::from(byte >> 4)];
            text[at + 1] = HEX[usize::from(byte & 15)];
        }
        str::from_utf8(&text).expect("digits and hyphens").to_owned()
    }

    /// `length` characters of `alphabet`, whose length has to be a power of two or the first ones come slightly more often.
    pub fn text(&self, length: usize, alphabet: &[u8]) -> String {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes.iter().map(|byte| alphabet[usize::from(*byte) % alphabet.len()] as char).collect()
    }
}

/// The system is asked for this many bytes at once: a request needs two ids, and a call into the kernel for each adds up.
const POOL_BYTES: usize = 1_024;

#[allow(clippy::disallowed_methods, reason = "this is the randomness that everything else is given")]
fn from_pool(bytes: &mut [u8]) {
    thread_local! {
        /// Bytes, and how many of them have been given out. What was given out is wiped.
        static POOL: RefCell<([u8; POOL_BYTES], usize)> = const { RefCell::new(([0; POOL_BYTES], POOL_BYTES)) };
    }
    if bytes.len() > POOL_BYTES {
        return getrandom::fill(bytes).expect("the system gives random bytes");
    }
    POOL.with_borrow_mut(|(pool, used)| {
        if POOL_BYTES - *used < bytes.len() {
            getrandom::fill(pool).expect("the system gives random bytes");
            *used = 0;
        }
        let taken = &mut pool[*used..*used + bytes.len()];
        bytes.copy_from_slice(taken);
        taken.fill(0);
        *used += bytes.len();
    });
}

/// Where the two digits of each byte stand in a UUID.
const UUID_DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const HEX: &[u8; 16] = b"0123456789abcdef";

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_they_are_uuids_of_version_4() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        let ids: Vec<_> = (0..3).map(|_| one.uuid()).collect();
        assert_eq!(ids, (0..3).map(|_| two.uuid()).collect::<Vec<_>>());
        assert_ne!(ids[0], ids[1]);
        assert_eq!(&ids[0][14..15], "4");
        assert_eq!(ids[0].len(), 36);
    }
}
