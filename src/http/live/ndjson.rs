//! A frame a line, as JSON: for whoever reads a body as it comes (`fetch`, `curl -N`).

use super::streamed::Writing;
use crate::server::live::Frame;

pub const WRITING: Writing = Writing { content_type: "application/x-ndjson", frame: write };

fn write(frame: &Frame, text: &mut String) {
    text.push_str(&serde_json::to_string(frame).unwrap_or_default());
    text.push('\n');
}
