//! What this node tells the other nodes, and what it hears of them. Without other nodes (SQLite) nothing is told.

use std::time::Duration;

use super::{
    Notifier,
    bulletin::{Bulletin, Work},
    presence_registry::Shown,
};
use crate::{domain::Moment, server::clock::Stopwatch};

impl Notifier {
    /// Takes what the other nodes are to be told: payloads for `NOTIFY`, at least one. Empty on SQLite.
    pub fn take_bulletins(&self) -> Vec<String> {
        let Some(outgoing) = &self.shared.outgoing else { return Vec::new() };
        outgoing.take(|| self.shared.connections.marks()).iter().map(Bulletin::text).collect()
    }

    /// The bulletins that were taken did not reach the other nodes: later ones make them look by themselves.
    pub fn lose_bulletins(&self) {
        if let Some(outgoing) = &self.shared.outgoing {
            outgoing.lose();
        }
    }

    /// Resolves when the other nodes are to be told something at once; never on SQLite.
    pub async fn bulletins_woken(&self) {
        match &self.shared.outgoing {
            Some(outgoing) => outgoing.added.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Resolves when there is something to tell that has a moment's time; never on SQLite.
    pub async fn bulletins_noted(&self) {
        match &self.shared.outgoing {
            Some(outgoing) => outgoing.noted.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes a payload that a node has posted. Its own bulletins come back to a node as well, which shows that its
    /// listener hears. `Shown::First` says that the caller has to start the expiry of presence signals.
    pub fn hear(&self, payload: &str, now: Moment) -> Shown {
        let Some(bulletin) = Bulletin::parse(payload) else {
            tracing::debug!("a notification on our channel is no bulletin");
            return Shown::No;
        };
        *self.heard() = Some(Stopwatch::start());
        let Some(outgoing) = self.shared.outgoing.as_ref().filter(|outgoing| outgoing.node != bulletin.node) else {
            return Shown::No;
        };
        self.wake(&bulletin.persons);
        self.wake_loops(bulletin.work);
        if bulletin.is_more {
            self.shared.look.notify_one();
        }
        if bulletin.asks {
            outgoing.tell_anew();
        }
        if !self.shared.elsewhere.hear(&bulletin) {
            outgoing.ask();
        }
        let shown: Vec<Shown> = bulletin.presence.iter().map(|passed| self.show_passed(passed, now)).collect();
        if shown.contains(&Shown::First) { Shown::First } else { shown.last().copied().unwrap_or(Shown::No) }
    }

    /// The listener hears from now on. What was told before is looked for and asked for at once.
    pub fn listener_began(&self) {
        *self.heard() = Some(Stopwatch::start());
        self.wake_loops(Work { has_deliveries: true, has_calls: true, has_due: true });
        self.shared.look.notify_one();
        if let Some(outgoing) = &self.shared.outgoing {
            outgoing.ask();
        }
    }

    /// The listener's connection is lost.
    pub fn listener_ended(&self) {
        *self.heard() = None;
    }

    /// How long ago the listener heard a bulletin; `None` without a listener. A node hears its own ones every few
    /// seconds.
    pub fn heard_ago(&self) -> Option<Duration> {
        self.heard().as_ref().map(Stopwatch::elapsed)
    }

    /// Resolves when all open lines should be looked at without delay.
    pub async fn look_woken(&self) {
        self.shared.look.notified().await;
    }
}
