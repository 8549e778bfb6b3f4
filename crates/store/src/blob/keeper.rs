//! The keeper: the thread that moves and deletes the files of blobs, after the rows that name them.

use super::{BLOBS, BlobId, Blobs, GARBAGE, Home, Task, incoming, log_failure};
use crate::error::StoreError;
use crate::executor::Shared;
use crate::span::Direction;
use crate::table::Place;
use std::sync::mpsc;

/// Runs on the keeper's thread until it is told to stop.
pub(crate) fn keep_files(shared: &Shared, blobs: &Blobs, tasks: &mpsc::Receiver<Task>) {
    for task in tasks {
        match task {
            Task::Settle(id) => settle(shared, blobs, id),
            Task::Collect(id) => collect(shared, blobs, id),
            Task::CleanUp => clean_up(shared, blobs),
            Task::Stop => return,
        }
    }
}

fn settle(shared: &Shared, blobs: &Blobs, id: BlobId) {
    // Runs after every transaction that was queued before the upload's end.
    let named = shared.call(move |tx| {
        let named = tx.contains(&BLOBS, Place::PARTITION, &id);
        if !named {
            tx.fresh.lock().remove(&id);
        }
        Ok::<bool, StoreError>(named)
    });
    match named.blocking_recv() {
        Ok(Ok(true)) => {
            log_failure("keeping a blob", blobs.keep(id));
            blobs.0.fresh.lock().remove(&id);
        }
        Ok(Ok(false)) => log_failure("deleting a blob", blobs.delete(id)),
        // The commit failed, or the store is closed: the next start knows more.
        Ok(Err(_)) | Err(_) => {}
    }
}

fn collect(shared: &Shared, blobs: &Blobs, id: BlobId) {
    // The last of its readers asks again.
    if blobs.pinned().contains_key(&id) {
        return;
    }
    // Whoever names it again has done so before the commit that told us, or is refused.
    let garbage = shared.reader().is_ok_and(|it| it.contains(&GARBAGE, Place::PARTITION, &id));
    if !garbage {
        return;
    }
    if let Err(error) = blobs.delete(id) {
        tracing::warn!(%error, %id, "a blob could not be deleted; the next start tries again");
        return;
    }
    let done = shared.call(move |tx| {
        tx.delete(&GARBAGE, Place::PARTITION, &id);
        tx.delete(&BLOBS, Place::PARTITION, &id);
        Ok::<(), StoreError>(())
    });
    // If this is lost, the next start does it again.
    let _lost = done.blocking_recv();
}

fn clean_up(shared: &Shared, blobs: &Blobs) {
    let Ok(garbage) = shared
        .reader()
        .map(|reader| reader.keys::<BlobId, ()>(&GARBAGE, Place::PARTITION, .., Direction::Forward, usize::MAX))
    else {
        return;
    };
    for id in garbage {
        collect(shared, blobs, id);
    }
    let Home::Given(folder) = &blobs.0.home else { return };
    for id in incoming(folder) {
        // Uploads of this run have numbers from `first` on and are settled by their owners.
        if id.0 < blobs.0.first {
            settle(shared, blobs, id);
        }
    }
}
