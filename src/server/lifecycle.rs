//! The only module that spawns tasks. Every task is told of the shutdown and is waited for.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[derive(Clone, Default)]
pub struct Lifecycle {
    ending: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Starts a task that must end soon after `ending`.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// As `spawn`, for work whose result the caller awaits.
    pub fn spawn_job<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    /// Runs work that blocks its thread, whose result the caller awaits.
    pub fn run_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn_blocking(work)
    }

    /// Resolves when the process is asked to end. Open streams end with it.
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }

    pub fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    /// Asks everything to end.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Waits for all tasks, at most `limit`; false when some are still running.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }

    /// Resolves on SIGTERM or SIGINT.
    pub async fn asked_to_stop() {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate()).expect("the process may handle SIGTERM");
        tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}
