//! Server-sent events (WHATWG HTML §9.2): the browser reconnects by itself and repeats the last number.

use std::fmt::Write;

use super::streamed::Encoding;
use crate::server::live::Frame;

pub const ENCODING: Encoding = Encoding { content_type: "text/event-stream", frame: write };

/// A page of an earlier release does not know `replaced` and reconnects by itself. With a short delay two tabs would
/// replace each other in a loop.
const REPLACED_RETRY_MS: u64 = 600_000;

/// The first lines of a stream: how long a browser waits before it reconnects.
pub fn opening(retry_ms: u64) -> String {
    format!("retry: {retry_ms}\n\n")
}

/// Writes one frame. Its JSON has no line break (RFC 8259 §7), so it always fits into one `data` line.
fn write(frame: &Frame, text: &mut String) {
    let written = match frame {
        Frame::Hello { build } => write!(text, "event: hello\ndata: {{\"build\":\"{build}\"}}\n\n"),
        Frame::Reset { seq } => write!(text, "event: reset\nid: {seq}\ndata: {{\"seq\":{seq}}}\n\n"),
        Frame::Ping => write!(text, "event: ping\ndata: {{}}\n\n"),
        Frame::Replaced => write!(text, "event: replaced\nretry: {REPLACED_RETRY_MS}\ndata: {{}}\n\n"),
        Frame::Presence(signal) => {
            write!(text, "event: presence\ndata: {}\n\n", serde_json::to_string(signal).unwrap_or_default())
        }
        Frame::Told(event) => write!(
            text,
            "event: told\nid: {}\ndata: {}\n\n",
            event.seq,
            serde_json::to_string(event).unwrap_or_default()
        ),
    };
    debug_assert!(written.is_ok(), "a String takes everything");
}
