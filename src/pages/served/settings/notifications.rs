//! The settings for notifications: the switches of the pair, quiet hours, announcements, and the devices.

use leptos::prelude::*;

use super::{
    super::{
        fold::Way,
        loaded,
        notification_settings::{AnnouncementsPanel, QuietPanel, SwitchesPanel},
        own_path,
    },
    Frame, asked_pair,
};
use crate::{
    api::ApiError,
    components::context::use_page_words,
    domain::{PairId, PairPhase},
    paths,
    reads::{self, QuietView, SwitchesView},
};

#[component]
pub fn NotificationsPage() -> impl IntoView {
    let found = async move {
        let Some(pair) = asked_pair()? else { return Ok((None, None, reads::quiet_settings().await?)) };
        let is_running =
            reads::own_pairs().await?.iter().any(|link| link.id == pair && link.phase != PairPhase::Closed);
        let (switches, quiet) = reads::pair_switches(pair).await?;
        Ok::<_, ApiError>((Some(pair), is_running.then_some((pair, switches)), quiet))
    };
    loaded(found, |(pair, of_pair, quiet)| view! { <Notifications pair of_pair quiet/> }.into_any())
}

#[component]
fn Notifications(pair: Option<PairId>, of_pair: Option<(PairId, SwitchesView)>, quiet: QuietView) -> impl IntoView {
    let words = use_page_words();
    let back = own_path();
    let switches = of_pair.map(|(pair, switches)| view! { <SwitchesPanel pair switches/> });
    view! {
        <Frame pair title=words.place_notifications>
            <div class="folds">
                <Way title=words.devices_title.to_owned() hint=words.devices_link href=paths::devices()/>
                {switches}
                <QuietPanel settings=quiet back=back.clone()/>
                <AnnouncementsPanel is_on=quiet.announcements back/>
            </div>
        </Frame>
    }
}
