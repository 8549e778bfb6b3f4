//! Tasks of Lambda's own: a panic in one is told, and does not end it.

use kernel::Cloud;
use model::Timestamp;

/// What panics at once must not keep a processor busy.
const PAUSE_MS: i64 = 1_000;

/// Before what panicked is started again.
pub async fn pause(cloud: &Cloud, what: &str, panic: &str) {
    tracing::error!("{what} panicked and is started again: {panic}");
    cloud.sleep_until(Timestamp(cloud.now().0 + PAUSE_MS)).await;
}
