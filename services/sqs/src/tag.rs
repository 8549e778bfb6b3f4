//! Tags of queues.

use crate::queue::{self, INVALID_PARAMETER_VALUE};
use api::sqs::{ListQueueTags, ListQueueTagsOutput, TagQueue, TagQueueOutput, UntagQueue, UntagQueueOutput};
use kernel::Cx;
use model::Result;

const MOST_TAGS: usize = 50;

pub fn add(cx: &mut Cx, input: TagQueue) -> Result<TagQueueOutput> {
    let mut queue = queue::by_url(cx, &input.queue_url)?;
    queue.tags.extend(input.tags);
    if queue.tags.len() > MOST_TAGS {
        return Err(INVALID_PARAMETER_VALUE.with(format!("Too many tags added for queue {}.", queue.name)));
    }
    queue::put(cx, &queue);
    Ok(TagQueueOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagQueue) -> Result<UntagQueueOutput> {
    let mut queue = queue::by_url(cx, &input.queue_url)?;
    queue.tags.retain(|key, _| !input.tag_keys.contains(key));
    queue::put(cx, &queue);
    Ok(UntagQueueOutput {})
}

pub fn list(cx: &Cx, input: ListQueueTags) -> Result<ListQueueTagsOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    Ok(ListQueueTagsOutput { tags: (!queue.tags.is_empty()).then_some(queue.tags) })
}
