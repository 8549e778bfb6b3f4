//! One poller for each enabled mapping: started and stopped as the table says, also after a restart.

use super::{MAPPINGS, Mapping, Work, check, poll, stream};
use crate::task;
use kernel::source::Kind;
use kernel::{Cloud, Principal};
use std::collections::BTreeMap;
use tokio::task::JoinHandle;

/// (account, region, UUID).
type Key = (String, String, String);

struct Poller {
    work: Work,
    task: JoinHandle<()>,
}

/// Stops taking records at once. Batches that are under way are finished.
impl Drop for Poller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn run(cloud: Cloud) {
    let mut changes = cloud.kernel().store.subscribe(&MAPPINGS);
    let mut pollers: BTreeMap<Key, Poller> = BTreeMap::new();
    loop {
        let wanted = enabled(&cloud);
        pollers.retain(|key, it| wanted.get(key) == Some(&it.work) && !it.task.is_finished());
        for (key, work) in wanted {
            pollers.entry(key).or_insert_with_key(|key| start(&cloud, key, work));
        }
        changes.changed().await;
    }
}

fn enabled(cloud: &Cloud) -> BTreeMap<Key, Work> {
    let rows = cloud.read(|cx| cx.everywhere::<String, Mapping>(&MAPPINGS));
    let enabled = rows.into_iter().filter(|(.., mapping)| mapping.enabled);
    enabled.map(|(account, region, uuid, mapping)| ((account, region, uuid), mapping.work)).collect()
}

fn start(cloud: &Cloud, (account, region, uuid): &Key, work: Work) -> Poller {
    let here = cloud.acting_as(Principal::service(account, crate::function::LAMBDA)).in_region(region);
    let (uuid, wanted) = (uuid.clone(), work.clone());
    let task = tokio::spawn(async move {
        while let Err(panic) = kernel::panic::caught_async(run_one(here.clone(), &uuid, wanted.clone())).await {
            task::pause(&here, "a poller", &panic).await;
        }
    });
    Poller { work, task }
}

async fn run_one(cloud: Cloud, uuid: &str, work: Work) {
    let Ok(source) = cloud.read(|cx| check::source_of(cx, &work.source)) else { return };
    match &source.kind {
        Kind::Queue(queue) => poll::run(cloud, work, queue, source.data).await,
        Kind::Stream(stream) => stream::run(cloud, uuid, work, stream, source.data).await,
    }
}
