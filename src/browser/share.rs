//! The system's share sheet.

use wasm_bindgen_futures::JsFuture;
use web_sys::ShareData;

pub fn is_supported() -> bool {
    web_sys::window().is_some_and(|window| js_sys::Reflect::has(&window.navigator(), &"share".into()).unwrap_or(false))
}

/// Opens the share sheet and ignores the result.
pub async fn share(title: &str, text: &str, url: Option<&str>) {
    let Some(window) = web_sys::window() else { return };
    let data = ShareData::new();
    data.set_title(title);
    data.set_text(text);
    if let Some(url) = url {
        data.set_url(url);
    }
    let _ = JsFuture::from(window.navigator().share_with_data(&data)).await;
}
