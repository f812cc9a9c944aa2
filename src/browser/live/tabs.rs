//! What the tabs of one person in one browser share: a lock, whose holder leads (Web Locks), and a channel, over which
//! the leader passes on messages (BroadcastChannel).

use js_sys::{Object, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{AbortController, BroadcastChannel, Event};

use crate::browser::page::{get, set, window};

#[wasm_bindgen]
extern "C" {
    /// `LockManager` of the Web Locks API, which `web-sys` has only as unstable.
    type Locks;
    #[wasm_bindgen(method)]
    fn request(this: &Locks, name: &str, options: &Object, hold: &JsValue) -> Promise;
}

/// The lock and the channel that the tabs share.
pub(super) struct Tabs {
    name: String,
    channel: BroadcastChannel,
    locks: Locks,
    /// Called when this tab gets the lock. The tab holds the lock until the returned promise is fulfilled.
    hold: Closure<dyn Fn() -> Promise>,
    _listener: Closure<dyn Fn(Event)>,
}

impl Tabs {
    /// Opens the channel of `person`. Returns `None` if this browser lacks locks or channels.
    pub(super) fn open(
        person: &str,
        hear: impl Fn(Event) + 'static,
        hold: impl Fn() -> Promise + 'static,
    ) -> Option<Self> {
        let window = window();
        let locks = get(&window.navigator(), "locks")?;
        get(&window, "BroadcastChannel")?;
        let name = ["live:", person].concat();
        let channel = BroadcastChannel::new(&name).ok()?;
        let listener = Closure::<dyn Fn(Event)>::new(hear);
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let hold = Closure::<dyn Fn() -> Promise>::new(hold);
        Some(Self { name, channel, locks: locks.unchecked_into(), hold, _listener: listener })
    }

    pub(super) fn close(&self) {
        self.channel.close();
    }

    /// Waits for the lock, or without `withdrawal` takes the lock away from its holder. The promise settles when this
    /// tab no longer holds the lock.
    pub(super) fn request_lock(&self, withdrawal: Option<&AbortController>) -> Promise {
        let options = Object::new();
        match withdrawal {
            Some(withdrawal) => set(&options, "signal", &withdrawal.signal()),
            None => set(&options, "steal", &JsValue::TRUE),
        }
        self.locks.request(&self.name, &options, self.hold.as_ref())
    }

    /// Sends a message to the other tabs. `transport` is the word for the transport of this tab. Tabs of an earlier
    /// release read the same fields.
    pub(super) fn tell(&self, kind: &str, text: &JsValue, transport: &str) {
        let message = Object::new();
        set(&message, "kind", &kind.into());
        set(&message, "text", text);
        set(&message, "road", &transport.into());
        let _ = self.channel.post_message(&message);
    }
}
