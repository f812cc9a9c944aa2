//! The address of each page.

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use super::{
    archive, card, delete_account, devices, digits, hand_over, inbox, invite, join, keep, not_found, other_device,
    prose, provider, recovery, season, seat_return, settings, share, sign_in, start, today, ways_in, welcome,
};

/// The router with every page of the app.
#[component]
pub fn ServedPages() -> impl IntoView {
    view! {
        <Router>
            <FlatRoutes fallback=not_found::NotFoundPage>
                <Route path=path!("/") view=welcome::WelcomePage/>
                <Route path=path!("/start") view=start::StartPage/>
                <Route path=path!("/signin") view=sign_in::SignInPage/>
                <Route path=path!("/signin/digits") view=digits::DigitsPage/>
                <Route path=path!("/signin/digits/:code") view=digits::DigitsPage/>
                <Route path=path!("/signin/wait") view=digits::WaitPage/>
                <Route path=path!("/signin/with/:provider/callback") view=provider::CallbackPage/>
                <Route path=path!("/signin/with/:provider/new") view=provider::NewPage/>
                <Route path=path!("/hand-over") view=hand_over::HandOverPage/>
                <Route path=path!("/hand-over/:token") view=hand_over::TakePage/>
                <Route path=path!("/recovery") view=recovery::RecoveryPage/>
                <Route path=path!("/settings") view=settings::SettingsPage/>
                <Route path=path!("/settings/us") view=settings::UsPage/>
                <Route path=path!("/settings/me") view=settings::MePage/>
                <Route path=path!("/settings/notifications") view=settings::NotificationsPage/>
                <Route path=path!("/settings/sign-in") view=settings::SignInPlacePage/>
                <Route path=path!("/settings/help") view=settings::HelpPage/>
                <Route path=path!("/settings/other-device") view=other_device::OtherDevicePage/>
                <Route path=path!("/settings/ways-in") view=ways_in::WaysInPage/>
                <Route path=path!("/settings/delete") view=delete_account::DeleteAccountPage/>
                <Route path=path!("/goodbye") view=delete_account::GoodbyePage/>
                <Route path=path!("/inbox") view=inbox::InboxPage/>
                <Route path=path!("/keep") view=keep::KeepPage/>
                <Route path=path!("/devices") view=devices::DevicesPage/>
                <Route path=path!("/share") view=share::SharePage/>
                <Route path=path!("/terms") view=prose::TermsPage/>
                <Route path=path!("/privacy") view=prose::PrivacyPage/>
                <Route path=path!("/join") view=join::JoinPage/>
                <Route path=path!("/join/confirm") view=join::JoinConfirmPage/>
                <Route path=path!("/join/:code") view=join::JoinPage/>
                <Route path=path!("/p/:pair") view=today::TodayPage/>
                <Route path=path!("/p/:pair/today") view=today::TodayPage/>
                <Route path=path!("/p/:pair/invite") view=invite::InvitePage/>
                <Route path=path!("/p/:pair/return") view=seat_return::SeatReturnPage/>
                <Route path=path!("/p/:pair/archive") view=archive::ArchivePage/>
                <Route path=path!("/p/:pair/cards/:card") view=card::CardPage/>
                <Route path=path!("/p/:pair/seasons/:number") view=season::SeasonPage/>
                <Route path=path!("/p/:pair/settings") view=settings::SettingsPage/>
                <Route path=path!("/p/:pair/settings/us") view=settings::UsPage/>
                <Route path=path!("/p/:pair/settings/me") view=settings::MePage/>
                <Route path=path!("/p/:pair/settings/notifications") view=settings::NotificationsPage/>
                <Route path=path!("/p/:pair/settings/sign-in") view=settings::SignInPlacePage/>
                <Route path=path!("/p/:pair/settings/help") view=settings::HelpPage/>
            </FlatRoutes>
        </Router>
    }
}
