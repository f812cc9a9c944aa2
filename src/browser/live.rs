//! The open line to the server. The browser's own reconnecting is trusted while it lasts; after a fatal close the line
//! is opened again with back-off from the last number seen. Closed on `pagehide`, opened and everything asked again on
//! `pageshow`, on becoming visible after 35 s of silence, and on `online`.

use std::{cell::RefCell, rc::Rc};

use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventSource, MessageEvent, PageTransitionEvent, VisibilityState, Window};

use super::notices;
use crate::{domain::Event, paths};

/// What the page hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The server's build.
    Hello(String),
    Event(Event),
    /// Something may have been missed: ask for everything again.
    Refetch,
    /// The line is down (true) or up again (false).
    Lost(bool),
}

/// Silence that means the wire is dead: more than two heartbeats.
const SILENCE_MS: f64 = 35_000.0;
const FIRST_BACK_OFF_MS: f64 = 1_000.0;
const LONGEST_BACK_OFF_MS: f64 = 60_000.0;

struct Line {
    cursor: i64,
    source: Option<EventSource>,
    heard_at: f64,
    failures: i32,
    timer: Option<i32>,
    tell: Rc<dyn Fn(Heard)>,
    handlers: Option<Handlers>,
}

struct Handlers {
    open: Closure<dyn Fn()>,
    error: Closure<dyn Fn()>,
    message: Closure<dyn Fn(MessageEvent)>,
    again: Closure<dyn Fn()>,
}

type Shared = Rc<RefCell<Line>>;

#[derive(Deserialize)]
struct Hello {
    build: String,
}

#[derive(Deserialize)]
struct Reset {
    seq: i64,
}

/// Opens the line from `cursor` on. It lives as long as the page.
pub fn open(cursor: i64, tell: impl Fn(Heard) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let line = Rc::new(RefCell::new(Line { cursor, source: None, heard_at: now(), failures: 0, timer: None, tell: Rc::new(tell), handlers: None }));
    let handlers = handlers(&line);
    line.borrow_mut().handlers = Some(handlers);
    connect(&line);
    watch_window(&window, &line);
}

fn now() -> f64 {
    js_sys::Date::now()
}

fn handlers(line: &Shared) -> Handlers {
    let on = |line: &Shared, act: fn(&Shared)| {
        let line = Rc::clone(line);
        Closure::<dyn Fn()>::new(move || act(&line))
    };
    let message = {
        let line = Rc::clone(line);
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| hear(&line, &event))
    };
    Handlers { open: on(line, opened), error: on(line, failed), again: on(line, connect), message }
}

fn connect(line: &Shared) {
    close(line);
    let url = paths::events(line.borrow().cursor);
    let Ok(source) = EventSource::new(&url) else { return };
    let mut state = line.borrow_mut();
    if let Some(handlers) = &state.handlers {
        source.set_onopen(Some(handlers.open.as_ref().unchecked_ref()));
        source.set_onerror(Some(handlers.error.as_ref().unchecked_ref()));
        for kind in ["hello", "told", "reset", "ping"] {
            let _ = source.add_event_listener_with_callback(kind, handlers.message.as_ref().unchecked_ref());
        }
    }
    state.heard_at = now();
    state.source = Some(source);
}

fn close(line: &Shared) {
    let mut state = line.borrow_mut();
    if let Some(source) = state.source.take() {
        source.set_onopen(None);
        source.set_onerror(None);
        source.close();
    }
    if let (Some(timer), Some(window)) = (state.timer.take(), web_sys::window()) {
        window.clear_timeout_with_handle(timer);
    }
}

fn opened(line: &Shared) {
    let tell = {
        let mut state = line.borrow_mut();
        state.heard_at = now();
        state.failures = 0;
        Rc::clone(&state.tell)
    };
    tell(Heard::Lost(false));
}

fn failed(line: &Shared) {
    let is_over = line.borrow().source.as_ref().is_none_or(|source| source.ready_state() == EventSource::CLOSED);
    let tell = Rc::clone(&line.borrow().tell);
    tell(Heard::Lost(true));
    // While CONNECTING the browser tries again by itself, with the last number it saw.
    if !is_over {
        return;
    }
    let mut state = line.borrow_mut();
    state.failures += 1;
    let most = (FIRST_BACK_OFF_MS * 2f64.powi(state.failures.min(10))).min(LONGEST_BACK_OFF_MS);
    // Full jitter, so that a restart is not answered by everybody at once.
    let wait = (FIRST_BACK_OFF_MS / 2.0 + js_sys::Math::random() * most) as i32;
    if let (Some(window), Some(handlers)) = (web_sys::window(), &state.handlers) {
        state.timer = window.set_timeout_with_callback_and_timeout_and_arguments_0(handlers.again.as_ref().unchecked_ref(), wait).ok();
    }
    drop(state);
    // A closed line may mean that the session is gone: asking again finds out.
    tell(Heard::Refetch);
}

fn hear(line: &Shared, event: &MessageEvent) {
    let data = event.data().as_string().unwrap_or_default();
    let heard = match event.type_().as_str() {
        "hello" => serde_json::from_slice::<Hello>(data.as_bytes()).ok().map(|hello| Heard::Hello(hello.build)),
        "told" => serde_json::from_slice::<Event>(data.as_bytes()).ok().map(Heard::Event),
        "reset" => serde_json::from_slice::<Reset>(data.as_bytes()).ok().map(|reset| {
            line.borrow_mut().cursor = reset.seq;
            Heard::Refetch
        }),
        _ => None,
    };
    let tell = {
        let mut state = line.borrow_mut();
        state.heard_at = now();
        if let Some(Heard::Event(event)) = &heard {
            // Doubled and reordered frames do no harm.
            if event.seq <= state.cursor {
                return;
            }
            state.cursor = event.seq;
            notices::heard(event);
        }
        Rc::clone(&state.tell)
    };
    if let Some(heard) = heard {
        tell(heard);
    }
}

fn watch_window(window: &Window, line: &Shared) {
    let again = |line: &Shared| {
        connect(line);
        let tell = Rc::clone(&line.borrow().tell);
        tell(Heard::Refetch);
    };
    let hide = {
        let line = Rc::clone(line);
        Closure::<dyn Fn(JsValue)>::new(move |_| close(&line))
    };
    let show = {
        let line = Rc::clone(line);
        Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            // The first show of a fresh page opened the line already.
            if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
                again(&line);
            }
        })
    };
    let online = {
        let line = Rc::clone(line);
        Closure::<dyn Fn(JsValue)>::new(move |_| again(&line))
    };
    let visible = {
        let line = Rc::clone(line);
        Closure::<dyn Fn(JsValue)>::new(move |_| {
            let is_visible = web_sys::window()
                .and_then(|window| window.document())
                .is_some_and(|document| document.visibility_state() == VisibilityState::Visible);
            // iOS may call a dead wire open.
            let is_silent = now() - line.borrow().heard_at > SILENCE_MS;
            if is_visible && is_silent {
                again(&line);
            }
        })
    };
    for (kind, closure) in [("pagehide", hide), ("pageshow", show), ("online", online)] {
        let _ = window.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
        closure.forget();
    }
    if let Some(document) = window.document() {
        let _ = document.add_event_listener_with_callback("visibilitychange", visible.as_ref().unchecked_ref());
    }
    visible.forget();
}
