//! Work on large answers, beside the threads on which calls wait: over stdio there is one, and a small call is not to stand
//! behind a large one.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// To hand over less takes as long as to do it, in bytes of JSON.
pub const LARGE: usize = 64 << 10;

/// Does the work on so many bytes, elsewhere if they are many.
pub async fn aside<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= LARGE {
        return work();
    }
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The program ends, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::thread;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn large_work_is_done_on_another_thread_and_small_work_here() {
        let here = thread::current().id();
        assert_eq!(aside(LARGE, || thread::current().id()).await, here);
        assert_ne!(aside(LARGE + 1, || thread::current().id()).await, here);
    }

    #[tokio::test]
    async fn a_panic_there_is_one_here() {
        let work = std::panic::AssertUnwindSafe(aside(LARGE + 1, || std::panic::panic_any("broken")));
        let panic = work.catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"broken"));
    }
}
