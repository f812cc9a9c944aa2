//! What is being written stays on this device until it is sent, whatever happens to page and network.

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// `key` names the question and the wording it was written for.
pub fn load(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten().filter(|text| !text.is_empty())
}

/// Keeps a draft; an empty one is forgotten. A full or forbidden storage loses nothing on the page.
pub fn save(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = if text.is_empty() { storage.remove_item(key) } else { storage.set_item(key, text) };
    }
}

/// Forgets every draft: somebody else may use this device next.
pub fn forget_all() {
    let Some(storage) = storage() else { return };
    let count = storage.length().unwrap_or(0);
    let keys: Vec<String> = (0..count).filter_map(|at| storage.key(at).ok().flatten()).filter(|key| key.starts_with("draft:")).collect();
    for key in keys {
        let _ = storage.remove_item(&key);
    }
}
