//! Links to bodies: whoever has one may download the body until it expires, without a signature.
//!
//! The edge answers them under [`LINKS`].

use crate::cx::Cx;
use crate::kernel::Kernel;
use crate::{Caller, Principal};
use model::Timestamp;
use std::sync::Arc;
use store::BlobId;

/// What the path of a link begins with.
pub const LINKS: &str = "/_niebla/download/";

const PURPOSE: &str = "kernel.link";

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLink {
    /// This server made no such link.
    Unknown,
    Expired,
}

impl Cx<'_> {
    /// An address from which anybody can download a blob until then, as long as a row names it.
    pub fn link(&self, blob: BlobId, until: Timestamp) -> String {
        let sealed = self.seal(PURPOSE, &format!("{} {blob}", until.0));
        format!("{}{LINKS}{sealed}", self.kernel().settings.endpoint)
    }
}

impl Kernel {
    /// What a link leads to, by the last part of its path.
    pub fn linked(self: &Arc<Self>, sealed: &str) -> Result<BlobId, DeadLink> {
        let caller =
            Caller::internal(Principal::service("000000000000", "niebla".to_owned()), "us-east-1", String::new());
        let text = self.cloud(Arc::new(caller)).read(|cx| cx.unseal(PURPOSE, sealed)).ok_or(DeadLink::Unknown)?;
        let (until, blob) = text.split_once(' ').ok_or(DeadLink::Unknown)?;
        let until: i64 = until.parse().map_err(|_| DeadLink::Unknown)?;
        if until <= self.clock.now().0 {
            return Err(DeadLink::Expired);
        }
        BlobId::parse(blob).ok_or(DeadLink::Unknown)
    }
}
