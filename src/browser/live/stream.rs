//! The feed over server-sent events (`EventSource`).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventSource, MessageEvent};

use super::line::Line;
use crate::browser::page::{promise, start_timer, stop_timer};

/// The longest wait for the first frame (ms). The server sends `hello` at once, so a longer wait means that a proxy
/// buffers.
const FIRST_BYTE_MS: i32 = 5_000;

/// The longest time that the server asks browsers to wait before they reconnect (ms).
const RETRY_MS: i32 = 8_000;

/// The number of failures in a row without a frame, after which a poll finds out the reason. Until then the browser
/// reconnects the stream by itself.
const TRIES: i32 = 3;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The first frame did not come in time.
    Buffered,
    Failed,
    /// The server ended the connection because this browser had too many connections.
    Replaced,
}

/// A stream and the timer that watches it, which end together.
struct Stream {
    source: EventSource,
    timer: RefCell<JsValue>,
    tries: Cell<i32>,
    end: Cell<End>,
    /// Wakes the future that waits for the end.
    wake: Function,
}

impl Stream {
    fn watch(&self, ms: i32) {
        self.timer.replace(start_timer(&self.wake, ms));
    }

    fn finish(&self, end: End) {
        self.end.set(end);
        let _ = self.wake.call0(&self.wake);
    }

    fn hear(&self, line: &Line, event: &Event) {
        stop_timer(&self.timer.borrow());
        let kind = event.type_();
        if kind == "error" {
            return self.fail(line);
        }
        self.tries.set(0);
        line.works(true);
        line.set_lost(false);
        match kind.as_str() {
            "replaced" => self.finish(End::Replaced),
            kind => {
                if kind == "hello" {
                    line.say_transport();
                }
                let data = event.unchecked_ref::<MessageEvent>().data();
                line.heard(kind, &data.as_string().unwrap_or_default());
            }
        }
    }

    fn fail(&self, line: &Line) {
        line.set_lost(true);
        let tries = self.tries.get() + 1;
        self.tries.set(tries);
        if self.source.ready_state() != EventSource::CLOSED && tries < TRIES {
            // The browser reconnects by itself, from the last number it saw, and a proxy may buffer that stream.
            self.watch(RETRY_MS + FIRST_BYTE_MS);
        } else {
            self.finish(End::Failed);
        }
    }
}

/// Closes the stream when the future that reads it is dropped.
struct Closing(Rc<Stream>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.source.close();
        stop_timer(&self.0.timer.borrow());
    }
}

/// Reads the stream until it ends. Dropping the future closes the stream.
pub(super) async fn read(line: &'static Line) -> End {
    let Ok(source) = EventSource::new(&line.url("")) else { return End::Failed };
    let (ended, wake) = promise();
    let stream = Rc::new(Stream {
        source,
        timer: RefCell::default(),
        tries: Cell::new(0),
        // The result if only the timer wakes the future.
        end: Cell::new(End::Buffered),
        wake,
    });
    stream.watch(FIRST_BYTE_MS);
    let heard = stream.clone();
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| heard.hear(line, &event));
    // Declared after the listener, so that it is dropped first: no frame comes to a dropped listener.
    let stream = Closing(stream);
    for kind in ["hello", "told", "reset", "ping", "presence", "replaced", "error"] {
        let _ = stream.0.source.add_event_listener_with_callback(kind, listener.as_ref().unchecked_ref());
    }
    let _ = JsFuture::from(ended).await;
    stream.0.end.get()
}
