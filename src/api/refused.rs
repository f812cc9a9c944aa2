//! A refused form post, as the page that answers it gets it.

use serde::{Deserialize, Serialize};

use super::ApiError;

/// A refused form post. The page that answers it is rendered with the form filled in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub endpoint: String,
    pub error: ApiError,
    pub fields: Vec<(String, String)>,
}

impl Refused {
    /// The posted value of a field, or an empty text.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}
