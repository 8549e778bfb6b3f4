//! A panic ends what it happened in, and nothing else.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// What `run` returns, or the text of its panic.
///
/// # Errors
/// The panic's text.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| text(&*panic))
}

/// The same for what waits. Whoever drops it ends it.
///
/// # Errors
/// The panic's text.
pub async fn caught_async<T>(run: impl Future<Output = T>) -> Result<T, String> {
    let mut run = std::pin::pin!(run);
    poll_fn(|context| match caught(|| run.as_mut().poll(context)) {
        Ok(progress) => progress.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_value() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(caught_async(async { 1 }).await, Ok(1));
        let number = 7;
        assert_eq!(caught_async(async { panic!("lost {number}") }).await, Err::<(), _>("lost 7".to_owned()));
    }
}
