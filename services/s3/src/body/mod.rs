//! Bodies at rest: sealed, small ones in a row, large ones in a blob. Rows of objects and parts name them by [`BodyId`].
//!
//! Each body has keys of its own, one or two, which its row holds wrapped: by one of Niebla's keys, or by one that the
//! customer brings. So bytes on the disk are ciphertext, and other keys cost a new wrapping and not a new body.

mod arrive;
mod leave;

pub use arrive::{Received, Wanted, receive, receive_within};
pub use leave::{Located, locate, read};

use crate::encryption::customer::Customer;
use crate::encryption::key::{self, Lock};
use arrive::Arriving;
use kernel::{Cx, INTERNAL_FAILURE};
use model::{Error, ErrorShape, Result};
use seal::Keys;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use store::{BlobId, Part, PartOwned, Table};

/// Every body. Key: its id.
static BODIES: Table<Stored> = Table::partition("s3.body");

/// Names a body at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyId(u64);

/// A body as a part of a whole.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub id: BodyId,
    /// Before it was sealed.
    pub length: u64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// How many rows name it.
    references: u32,
    lock: Lock,
    /// The body's own keys, wrapped by what `lock` names.
    key: ByteBuf,
    content: Content,
}

#[derive(Clone, Serialize, Deserialize)]
enum Content {
    Inline(ByteBuf),
    Blob(BlobId),
}

/// The low bits of an id tell bodies of one millisecond apart. Ids grow, so that rows are written side by side.
const RANDOM_BITS: u32 = 20;
const UNAVAILABLE: ErrorShape = ErrorShape::receiver("ServiceUnavailable").status(503);

/// In the transaction that writes the row that names it.
pub fn keep(cx: &mut Cx, received: &Received, lock: Lock, customer: Option<&Customer>) -> Result<BodyId> {
    let content = match &received.content {
        Arriving::Small(bytes) => Content::Inline(bytes.clone()),
        Arriving::Large(blob) => {
            cx.retain_blob(blob.id())?;
            Content::Blob(blob.id())
        }
    };
    store(cx, content, &received.keys, lock, customer)
}

/// One more row names it, if its keys stay wrapped as they are; else another body has the same bytes. `of_source` is
/// what opens the first, `customer` what opens the second.
pub fn share(
    cx: &mut Cx,
    id: BodyId,
    of_source: Option<&Customer>,
    lock: Lock,
    customer: Option<&Customer>,
) -> Result<BodyId> {
    let mut stored = cx.get(&BODIES, &id).ok_or_else(gone)?;
    if stored.lock == lock && lock != Lock::Customer {
        stored.references += 1;
        cx.put(&BODIES, &id, &stored);
        return Ok(id);
    }
    let keys = key::unwrap(cx, &stored.lock, of_source, &stored.key)?;
    if let Content::Blob(blob) = &stored.content {
        cx.retain_blob(*blob)?;
    }
    store(cx, stored.content, &keys, lock, customer)
}

/// One more row names it, under the same keys: a replica is encrypted as what it is a copy of.
pub fn share_as_it_is(cx: &mut Cx, id: BodyId) -> Result<BodyId> {
    let mut stored = cx.get(&BODIES, &id).ok_or_else(gone)?;
    stored.references += 1;
    cx.put(&BODIES, &id, &stored);
    Ok(id)
}

/// # Errors
/// The key of a customer is not the body's.
pub fn check_key(cx: &Cx, id: BodyId, customer: &Customer) -> Result<()> {
    cx.get(&BODIES, &id).ok_or_else(gone)?.keys(cx, Some(customer)).map(drop)
}

/// A row that named it is gone.
pub fn release(cx: &mut Cx, id: BodyId) {
    let mut stored = cx.get(&BODIES, &id).expect("the row that named it held it");
    stored.references -= 1;
    if stored.references > 0 {
        return cx.put(&BODIES, &id, &stored);
    }
    cx.delete(&BODIES, &id);
    if let Content::Blob(blob) = stored.content {
        cx.release_blob(blob);
    }
}

fn store(cx: &mut Cx, content: Content, keys: &[u8], lock: Lock, customer: Option<&Customer>) -> Result<BodyId> {
    let id = free_id(cx);
    let key = key::wrap(cx, &lock, customer, keys)?.into();
    cx.put(&BODIES, &id, &Stored { references: 1, lock, key, content });
    Ok(id)
}

impl Stored {
    fn keys(&self, cx: &Cx, customer: Option<&Customer>) -> Result<Keys> {
        Keys::new(&key::unwrap(cx, &self.lock, customer, &self.key)?).ok_or_else(damaged)
    }
}

fn free_id(cx: &Cx) -> BodyId {
    let milliseconds = u64::try_from(cx.now().0).unwrap_or_default() << RANDOM_BITS;
    loop {
        let id = BodyId(milliseconds | u64::from(u32::from_be_bytes(cx.random_bytes())) >> (32 - RANDOM_BITS));
        if !cx.has(&BODIES, &id) {
            return id;
        }
    }
}

fn gone() -> Error {
    INTERNAL_FAILURE.with("The object was replaced while it was read. Please try again.")
}

fn damaged() -> Error {
    INTERNAL_FAILURE.with("The object's bytes on the disk are not those that were stored.")
}

fn no_room(why: std::io::Error) -> Error {
    tracing::error!("a body cannot be stored or read: {why}");
    UNAVAILABLE.with(format!("Niebla cannot store this: {why}."))
}

impl Part for BodyId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
}

impl PartOwned for BodyId {
    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(BodyId)
    }
}
