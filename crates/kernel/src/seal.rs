//! Texts that only this server can read: what it hands out and takes back.

use crate::cx::Cx;
use crate::kernel::Kernel;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::sync::OnceLock;
use store::{Place, StoreError, Table};

/// The key, made when it is first needed. Key: ().
static KEY: Table<[u8; KEY_BYTES]> = Table::partition("kernel.sealing-key");

const KEY_BYTES: usize = 32;
/// Long enough to be drawn at random for every text.
const NONCE_BYTES: usize = 24;

/// What memory holds of the key, so that it is looked up once.
#[derive(Default)]
struct Known(OnceLock<[u8; KEY_BYTES]>);

impl Cx<'_> {
    /// Letters, digits, `-` and `_`. Only [`unseal`](Self::unseal) with the same purpose opens it.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        let nonce: [u8; NONCE_BYTES] = self.random_bytes();
        let payload = Payload { msg: text.as_bytes(), aad: purpose.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a text is never too long for it");
        BASE64.encode([nonce.as_slice(), &sealed].concat())
    }

    /// None for what this server did not seal for this purpose.
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<String> {
        let bytes = BASE64.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        String::from_utf8(self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let known = self.kernel().memory::<Known>();
        let key = known.0.get_or_init(|| self.get(&KEY, &()).unwrap_or_else(|| new_key(self.kernel())));
        XChaCha20Poly1305::new(&(*key).into())
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
