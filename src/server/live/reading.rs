//! How a reader takes the events of a wake-up: from the transaction that wrote them, or from the database.

use tracing::Instrument;

use super::{End, Feed, Frame, READ_AT_ONCE};
use crate::server::{notifier::presence_registry::Woken, services::ServiceError, storage::news};

impl Feed {
    /// Takes what the last wake-up carries. Returns its number if its events are to be read from the database.
    pub(super) fn hear(&mut self) -> Option<u64> {
        let woken = self.wake.borrow_and_update().clone();
        // Presence goes before the events, because the member who was writing may have answered meanwhile.
        if woken.presence_signals != self.seen_signals {
            self.seen_signals = woken.presence_signals;
            self.waiting.extend(woken.signal.map(Frame::Presence));
        }
        (self.read_told != Some(woken.told) && !self.take_news(&woken)).then_some(woken.told)
    }

    /// Takes what the transaction of this wake-up has read for the line. There is nothing to take if an earlier wake-up
    /// was missed, whose events may not be in it, or if the transaction did not read for the line.
    fn take_news(&mut self, woken: &Woken) -> bool {
        if self.read_told.is_none_or(|told| told + 1 != woken.told) {
            return false;
        }
        let lines = woken.news.iter().flat_map(|lines| lines.iter());
        let Some(news) =
            lines.filter(|line| line.session == self.session).find_map(|line| line.events_after(self.cursor))
        else {
            return false;
        };
        for event in news {
            self.cursor = event.seq;
            self.waiting.push_back(Frame::Told(event.clone()));
        }
        if let Some(connection) = &self.connection {
            connection.has_read(self.cursor);
        }
        self.read_told = Some(woken.told);
        true
    }

    /// Reads new events. Returns whether these were all, or an end when the session is gone or the database does not
    /// answer.
    pub(super) async fn read(&mut self) -> Result<bool, End> {
        let found = async {
            let mut tx = self.state.database.read_single().await?;
            Ok::<_, ServiceError>(news::find(&mut tx, self.person, self.session, self.cursor, READ_AT_ONCE).await?)
        };
        let span = tracing::error_span!("stream", request.id = %self.request, person.id = %self.person);
        match found.instrument(span.clone()).await {
            Ok(None) => Err(End::SignedOut),
            Ok(Some(events)) => {
                let is_all = (events.len() as i64) < READ_AT_ONCE;
                self.cursor = events.last().map_or(self.cursor, |event| event.seq);
                self.waiting.extend(events.into_iter().map(Frame::Told));
                if let Some(connection) = &self.connection {
                    connection.has_read(self.cursor);
                }
                Ok(is_all)
            }
            Err(error) => {
                span.in_scope(|| tracing::error!(%error, "a feed could not be read"));
                Err(End::Unavailable)
            }
        }
    }
}
