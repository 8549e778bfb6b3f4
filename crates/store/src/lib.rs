//! The store: typed tables with ordered keys, serializable transactions, group commit, watches and blobs.
//!
//! A [`Store`] is opened on a folder ([`Store::open`]) or in memory ([`Store::ephemeral`]). Reads run on a snapshot, in
//! parallel, on the caller's thread; writes run one after the other on the store's own thread, many of them share one
//! durable commit, and each is answered only after the commit that holds it.
//!
//! Everything above the rows is ours (keys, overlay, savepoints, watches), so that an [`engine::Engine`] needs only a
//! snapshot, `get`, ranges in both directions, and one durable batch.

mod archive;
mod blob;
mod decoded;
pub mod engine;
mod error;
mod executor;
mod folder;
mod key;
mod reader;
mod record;
mod span;
mod store;
mod table;
mod transaction;
mod watch;

pub use archive::Existing;
pub use blob::{BlobId, BlobReader, BlobWriter, Blobs, NewBlob, Pin};
pub use error::{OpenError, StoreError};
pub use key::{Key, KeyOwned, MAX_KEY_BYTES, Part, PartOwned};
pub use reader::Reader;
pub use span::{Direction, Span};
pub use store::{Options, Pending, Stats, Store, TableStats};
pub use table::{Place, Scope, Table};
pub use transaction::{Savepoint, Transaction};
pub use watch::{ReadSet, Subscription, Watch};
