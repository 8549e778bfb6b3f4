//! Texts that only this server can read: what it hands out and takes back.

use crate::cx::Cx;
use crate::kernel::Kernel;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use seal::{KEY_BYTES, Key};
use std::sync::OnceLock;
use store::{Place, StoreError, Table};

/// The key, made when it is first needed. Key: ().
static KEY: Table<[u8; KEY_BYTES]> = Table::partition("kernel.sealing-key");

/// What memory holds of the key, so that it is looked up once.
#[derive(Default)]
struct Known(OnceLock<[u8; KEY_BYTES]>);

impl Cx<'_> {
    /// Letters, digits, `-` and `_`. Only [`unseal`](Self::unseal) with the same purpose opens it.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        BASE64.encode(self.sealing_key().seal(self.random_bytes(), text.as_bytes(), purpose.as_bytes()))
    }

    /// None for what this server did not seal for this purpose.
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<String> {
        let sealed = BASE64.decode(sealed).ok()?;
        String::from_utf8(self.sealing_key().open(&sealed, purpose.as_bytes())?).ok()
    }

    fn sealing_key(&self) -> Key {
        let known = self.kernel().memory::<Known>();
        Key::new(known.0.get_or_init(|| self.get(&KEY, &()).unwrap_or_else(|| new_key(self.kernel()))))
    }
}

/// A look cannot write, so the key is written by itself. What was sealed before a crash that comes before the write is lost.
fn new_key(kernel: &Kernel) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    kernel.entropy.fill(&mut key);
    drop(kernel.store.write(move |tx| {
        tx.put(&KEY, Place::PARTITION, &(), &key).expect("its key is short");
        Ok::<_, StoreError>(())
    }));
    key
}
