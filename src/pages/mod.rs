//! The page that lives in the browser: today's. Actions live here and nowhere else; what is shown comes from
//! `components`. The pages that only the server renders are in `served`.

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

/// What the island of the today page is rendered from, in both halves alike.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TodayProps {
    pub locale: Locale,
    pub today: TodayView,
    pub refused: Option<Refused>,
    pub origin: Origin,
    pub attempt: FreshKey,
}

/// The inside of `<main>` of the today page, with everything its components ask for.
#[island]
pub fn TodayIsland(props: TodayProps) -> impl IntoView {
    provide_context(Lang(props.locale));
    provide_context(props.origin);
    provide_context(props.attempt);
    context::provide_refused(props.refused);
    view! { <Today today=props.today/> }
}
