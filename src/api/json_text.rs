//! The same JSON as `server_fn::codec::Json`, but the browser reads it with `serde_json::from_str`. The properties of
//! islands are read with that function too. With one reader for both, the WASM holds one copy of the code for each view
//! instead of two.

use serde::{Serialize, de::DeserializeOwned};
use server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post};

/// The body of a `POST` answer: `application/json` in UTF-8 (RFC 8259 §8.1).
pub struct JsonTextEncoding;

pub type JsonText = Post<JsonTextEncoding>;

impl ContentType for JsonTextEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonTextEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonTextEncoding {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonTextEncoding {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        // Bytes that are not UTF-8 are not JSON either. They become an empty text, which the parser refuses.
        serde_json::from_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}
