//! The page that lives in the browser: today's. Actions live here and nowhere else; what is shown comes from
//! `components`. The pages that only the server renders are in `served`.

mod live_view;
mod today;
mod today_card;
mod today_kind;
mod today_later;
mod today_scene;
mod today_typed;
mod today_waiting;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

pub use today::Today;

use crate::{
    api::{Refused, TodayView},
    browser,
    components::context::{self, FreshKey, Lang, Origin},
    domain::Locale,
};

/// The element the today page is hydrated in, and the one that holds what it was rendered from.
pub const ROOT_ID: &str = "main";
pub const BOOT_ID: &str = "boot";

/// What the today page was rendered from, so that the browser renders the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Boot {
    pub locale: Locale,
    pub today: TodayView,
    pub refused: Option<Refused>,
    pub origin: Origin,
    pub attempt: FreshKey,
}

/// The today page's data and the element it is hydrated in, if this is one.
pub fn boot() -> Option<(Boot, web_sys::HtmlElement)> {
    let boot = serde_json::from_slice(browser::page::text_of(BOOT_ID)?.as_bytes()).ok()?;
    Some((boot, browser::page::element(ROOT_ID)?))
}

/// The today page with everything its components ask for. Rendered alike in both halves.
#[component]
pub fn TodayRoot(boot: Boot) -> impl IntoView {
    provide_context(Lang(boot.locale));
    provide_context(boot.origin);
    provide_context(boot.attempt);
    context::provide_refused(boot.refused);
    provide_context(context::LiveFeed::default());
    view! { <Today today=boot.today/> }
}
