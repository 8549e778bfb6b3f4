//! The poller of a mapping on a stream: reads its shards, parents before their children, each in one or several lanes.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

mod attempt;
mod batch;
pub mod checkpoint;
mod discard;
mod lane;

use super::filter::Filters;
use super::{Work, poll, reader_of};
use kernel::source::{Shard, Stream};
use kernel::{Cloud, Cx};
use lane::Lane;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What mappings on streams have beside the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamWork {
    /// `TRIM_HORIZON`.
    pub starts_at: String,
    /// Batches of one shard under way at once. Records of one key are always in the same lane.
    pub lanes: i64,
    /// Whether a batch that failed is tried again in two halves.
    pub bisects: bool,
    /// After the first attempt; none: until the records expire.
    pub retries: Option<i64>,
    /// Seconds; none: until the records expire.
    pub longest_age: Option<i64>,
    /// The ARN of the queue that learns of records that were given up.
    pub on_failure: Option<String>,
    /// Seconds of a tumbling window; 0: there are none.
    pub tumbling: i64,
}

/// A mapping while it is read.
pub struct Reader {
    pub cloud: Cloud,
    pub uuid: String,
    pub work: Work,
    pub settings: StreamWork,
    pub stream: &'static Stream,
    pub filters: Filters,
}

/// For what is waited for without an end.
const NEVER: Timestamp = Timestamp(i64::MAX);

pub async fn run(cloud: Cloud, uuid: &str, work: Work, stream: &'static Stream, data: &'static str) {
    let settings = work.stream.clone().expect("a mapping on a stream has these");
    let filters = Filters::new(&work.filters, data);
    let reader = Arc::new(Reader { cloud, uuid: uuid.to_owned(), work, settings, stream, filters });
    // They end with this.
    let mut lanes = JoinSet::new();
    let (mut known, mut errors) = (BTreeSet::new(), 0);
    loop {
        match reader.ready_shards(&known).await {
            Ok(listed) => {
                errors = 0;
                let ready = listed.ready.clone();
                reader.forget_gone(listed).await;
                for shard in ready {
                    (0..reader.settings.lanes as usize)
                        .for_each(|number| drop(lanes.spawn(Lane::new(&reader, &shard, number).run())));
                    known.insert(shard);
                }
            }
            Err(why) => {
                errors += 1;
                reader.trouble(&why, errors).await;
            }
        }
    }
}

struct Listed {
    all: Vec<Shard>,
    /// Those that may be read now.
    ready: Vec<String>,
}

impl Reader {
    /// Waits for shards that are not known yet and whose parents were read.
    async fn ready_shards(self: &Arc<Self>, known: &BTreeSet<String>) -> Result<Listed> {
        let (this, known) = (self.clone(), known.clone());
        let attempt = move |cx: &mut Cx| {
            let all = this.as_function(cx, |cx| (this.stream.shards)(cx, &this.work.source))?;
            let waits = |it: &Shard| {
                let parent = it.parent.as_ref().filter(|parent| all.iter().any(|it| it.id == **parent));
                parent.is_some_and(|it| !checkpoint::is_read(cx, &this.uuid, it))
            };
            let is_new = |it: &&Shard| !known.contains(&it.id) && !checkpoint::is_read(cx, &this.uuid, &it.id);
            let ready = all.iter().filter(is_new).filter(|it| !waits(it)).map(|it| it.id.clone()).collect();
            Ok(Listed { all, ready })
        };
        let listed = self.cloud.until(NEVER, attempt, |it| !it.ready.is_empty()).await?;
        if listed.ready.is_empty() {
            // The server stops.
            std::future::pending::<()>().await;
        }
        Ok(listed)
    }

    /// Asks the source as the function's role.
    fn as_function<T>(&self, cx: &mut Cx, inside: impl FnOnce(&mut Cx) -> Result<T>) -> Result<T> {
        let (_, session) = reader_of(cx, &self.work).ok_or_else(no_reader)?;
        cx.acting_as(session, inside)
    }

    async fn forget_gone(&self, listed: Listed) {
        let uuid = self.uuid.clone();
        let done = self.cloud.write(move |cx| {
            checkpoint::forget_all_but(cx, &uuid, &listed.all);
            Ok(())
        });
        if let Err(why) = done.await {
            tracing::warn!("checkpoints of shards that are gone stay for now: {why}");
        }
    }

    /// Says what is wrong, and waits: longer each time.
    async fn trouble(&self, why: &Error, errors: u32) {
        self.note(format!("PROBLEM: {}", why.message())).await;
        poll::pause(&self.cloud, errors).await;
    }

    async fn note(&self, result: String) {
        let uuid = self.uuid.clone();
        let done = self.cloud.write(move |cx| {
            checkpoint::note_result(cx, &uuid, &result);
            Ok(())
        });
        if let Err(why) = done.await {
            tracing::warn!("what came of a batch is not written down: {why}");
        }
    }
}

fn no_reader() -> Error {
    kernel::INTERNAL_FAILURE.with("The function or its role does not exist.")
}
