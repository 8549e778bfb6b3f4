//! Tags of queues.

use crate::queue::{self, INVALID_PARAMETER_VALUE, MISSING_PARAMETER};
use api::sqs::{ListQueueTags, ListQueueTagsOutput, TagQueue, TagQueueOutput, UntagQueue, UntagQueueOutput};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

// Amazon SQS queue quotas in the developer guide.
const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

pub fn add(cx: &mut Cx, input: TagQueue) -> Result<TagQueueOutput> {
    let mut queue = Arc::unwrap_or_clone(queue::by_url(cx, &input.queue_url)?);
    if input.tags.is_empty() {
        return Err(MISSING_PARAMETER.with("The request must contain the parameter Tags."));
    }
    queue.tags.extend(input.tags);
    check(&queue.tags, &queue.name)?;
    queue::put(cx, &queue);
    Ok(TagQueueOutput {})
}

pub fn remove(cx: &mut Cx, input: UntagQueue) -> Result<UntagQueueOutput> {
    let mut queue = Arc::unwrap_or_clone(queue::by_url(cx, &input.queue_url)?);
    if input.tag_keys.is_empty() {
        return Err(MISSING_PARAMETER.with("The request must contain the parameter TagKeys."));
    }
    queue.tags.retain(|key, _| !input.tag_keys.contains(key));
    queue::put(cx, &queue);
    Ok(UntagQueueOutput {})
}

pub fn list(cx: &Cx, input: ListQueueTags) -> Result<ListQueueTagsOutput> {
    let queue = queue::by_url(cx, &input.queue_url)?;
    Ok(ListQueueTagsOutput { tags: (!queue.tags.is_empty()).then(|| queue.tags.clone()) })
}

/// All tags of a queue.
pub fn check(tags: &BTreeMap<String, String>, queue: &str) -> Result<()> {
    if tags.len() > MOST_TAGS {
        return Err(INVALID_PARAMETER_VALUE.with(format!("Too many tags added for queue {queue}.")));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            return Err(INVALID_PARAMETER_VALUE.with("Tag keys must be between 1 and 128 characters in length."));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(INVALID_PARAMETER_VALUE.with("Tag values must be between 0 and 256 characters in length."));
        }
    }
    Ok(())
}
