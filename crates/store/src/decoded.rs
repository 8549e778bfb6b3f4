//! Records that many calls read and few write, decoded once: a queue's, a table's, a bucket's.
//!
//! They are found by the bytes of their row, which are read anew each time. So nothing has to be told when a row changes,
//! and each transaction sees what it should.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of one table. Beyond this many all are forgotten: what is in use comes back by itself.
const MOST: usize = 1_024;
/// Larger ones are not kept: what a record takes in memory is some times its bytes.
const LONGEST: usize = 16 * 1024;

pub(crate) struct Decoded<V>(Mutex<Option<Known<V>>>);

/// By key: the bytes, and what they say.
type Known<V> = HashMap<Box<[u8]>, (Box<[u8]>, Arc<V>)>;

impl<V> Decoded<V> {
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub fn get(&self, key: &[u8], bytes: &[u8]) -> Option<Arc<V>> {
        let known = self.lock();
        let (of, record) = known.as_ref()?.get(key)?;
        (**of == *bytes).then(|| record.clone())
    }

    pub fn put(&self, key: &[u8], bytes: &[u8], record: &Arc<V>) {
        if bytes.len() > LONGEST {
            return;
        }
        let mut known = self.lock();
        let known = known.get_or_insert_default();
        if known.len() >= MOST && !known.contains_key(key) {
            known.clear();
        }
        known.insert(key.into(), (bytes.into(), record.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_by_its_key_and_its_bytes_alone() {
        let decoded = Decoded::new();
        decoded.put(b"jobs", b"1", &Arc::new("one"));
        assert_eq!(decoded.get(b"jobs", b"1").as_deref(), Some(&"one"));
        assert_eq!(decoded.get(b"jobs", b"2"), None);
        assert_eq!(decoded.get(b"mail", b"1"), None);
        decoded.put(b"jobs", b"2", &Arc::new("two"));
        assert_eq!(decoded.get(b"jobs", b"2").as_deref(), Some(&"two"));
        assert_eq!(decoded.get(b"jobs", b"1"), None);
    }

    #[test]
    fn no_more_are_kept_than_fit() {
        let decoded = Decoded::new();
        for number in 0..=MOST {
            decoded.put(&number.to_be_bytes(), b"it", &Arc::new(number));
        }
        assert_eq!(decoded.get(&0usize.to_be_bytes(), b"it"), None);
        assert_eq!(decoded.get(&MOST.to_be_bytes(), b"it").as_deref(), Some(&MOST));
        decoded.put(b"long", &vec![0; LONGEST + 1], &Arc::new(0));
        assert_eq!(decoded.get(b"long", &vec![0; LONGEST + 1]), None);
    }
}
