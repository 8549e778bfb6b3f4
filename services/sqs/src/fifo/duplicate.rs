//! Duplicates: within five minutes a deduplication id is accepted again and delivered once, even if the message was
//! received and deleted meanwhile (Exactly-once processing in the developer guide).

use super::forgetting::{self, MINUTES_MS, Remembered};
use crate::attribute::Scope;
use crate::queue::Queue;
use kernel::Cx;
use serde::{Deserialize, Serialize};
use store::Table;

/// Key: (store, group or nothing, deduplication id).
pub static SENT: Table<Sent> = Table::regional("sqs.sent");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    pub message_id: String,
    pub sequence: u64,
    sent_at: i64,
}

/// What tells a message from another one.
pub struct Identity {
    /// Empty where ids are unique in the whole queue; a group never is.
    pub scope: String,
    pub id: String,
}

impl Identity {
    pub fn new(scope: Scope, group: &str, id: String) -> Self {
        let scope = match scope {
            Scope::Queue => String::new(),
            Scope::MessageGroup => group.to_owned(),
        };
        Self { scope, id }
    }
}

pub fn find(cx: &Cx, queue: &Queue, it: &Identity) -> Option<Sent> {
    let sent = cx.get(&SENT, &(queue.store, it.scope.as_str(), it.id.as_str()))?;
    (cx.now().0 - sent.sent_at < MINUTES_MS).then_some(sent)
}

pub fn note(cx: &mut Cx, queue: &Queue, it: &Identity, message_id: &str, sequence: u64) {
    let sent = Sent { message_id: message_id.to_owned(), sequence, sent_at: cx.now().0 };
    cx.put(&SENT, &(queue.store, it.scope.as_str(), it.id.as_str()), &sent);
    forgetting::later(cx, queue, Remembered::Sent { scope: it.scope.clone(), id: it.id.clone() });
}

/// Unless it was noted again since.
pub fn forget(cx: &mut Cx, store: u64, scope: &str, id: &str) {
    let key = (store, scope, id);
    if cx.get(&SENT, &key).is_some_and(|it| cx.now().0 - it.sent_at >= MINUTES_MS) {
        cx.delete(&SENT, &key);
    }
}
