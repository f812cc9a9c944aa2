//! The today page, which is the only page that runs in the browser as a whole. Its actions are only here; the elements
//! that it shows come from `components`. The pages that only the server renders are in `served`.

mod live_view;
mod today;
mod today_card;
mod today_later;
mod today_scene;
mod today_state;
mod today_typed;
mod today_waiting;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

pub use today::Today;

use crate::{
    api::{Refused, TodayView},
    components::context::{self, FreshKey, Lang, Origin},
    domain::Locale,
};

/// What the island of the today page is rendered from, on the server and in the browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TodayProps {
    pub locale: Locale,
    pub today: TodayView,
    pub refused: Option<Refused>,
    pub origin: Origin,
    pub attempt: FreshKey,
}

/// The content of `<main>` on the today page, with the context that its components read.
#[island]
pub fn TodayIsland(props: TodayProps) -> impl IntoView {
    provide_context(Lang(props.locale));
    provide_context(props.origin);
    provide_context(props.attempt);
    context::provide_refused(props.refused);
    view! { <Today today=props.today/> }
}
