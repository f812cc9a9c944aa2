//! NDJSON: one frame per line, for clients that read a body while it arrives (`fetch`, `curl -N`).

use super::streamed::Encoding;
use crate::server::live::Frame;

pub const ENCODING: Encoding = Encoding { content_type: "application/x-ndjson", frame: write };

fn write(frame: &Frame, text: &mut String) {
    text.push_str(&serde_json::to_string(frame).unwrap_or_default());
    text.push('\n');
}
