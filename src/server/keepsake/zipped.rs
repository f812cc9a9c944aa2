//! A zip that is written without seeking, and whose bytes are taken while it grows. The same entries always give the
//! same bytes: every entry has the earliest time that a zip can hold.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use zip::{
    CompressionMethod, DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// The zip could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the copy could not be zipped: {0}")]
pub struct ZippedError(String);

/// Bytes that were written and not yet taken.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Zipped {
    sink: Sink,
    /// `None` once the zip is finished.
    writer: Option<ZipWriter<StreamWriter<Sink>>>,
}

impl Default for Zipped {
    fn default() -> Self {
        let sink = Sink::default();
        Self { writer: Some(ZipWriter::new_stream(sink.clone())), sink }
    }
}

impl Zipped {
    /// Begins an entry, which ends the one before.
    pub fn begin(&mut self, name: &str) -> Result<(), ZippedError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        self.writer()?.start_file(name, options).map_err(|error| ZippedError(error.to_string()))
    }

    /// Adds text to the entry that was begun last.
    pub fn add(&mut self, text: &str) -> Result<(), ZippedError> {
        self.writer()?.write_all(text.as_bytes()).map_err(|error| ZippedError(error.to_string()))
    }

    /// Writes the list of entries, which ends the zip.
    pub fn finish(&mut self) -> Result<(), ZippedError> {
        let writer = self.writer.take().ok_or_else(finished)?;
        writer.finish().map(drop).map_err(|error| ZippedError(error.to_string()))
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.sink.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sink.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&mut self) -> Result<&mut ZipWriter<StreamWriter<Sink>>, ZippedError> {
        self.writer.as_mut().ok_or_else(finished)
    }
}

fn finished() -> ZippedError {
    ZippedError("it is finished already".to_owned())
}
