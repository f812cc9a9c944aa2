//! The address of each page.

use leptos::prelude::*;

use super::{
    archive, card, delete_account, devices, digits, hand_over, inbox, invite, join, keep, not_found, other_device,
    prose, provider, recovery, season, seat_return, settings, share, sign_in, start, today, ways_in, welcome,
};

/// Renders a page, inside the owner of its request.
pub type View = fn() -> AnyView;

/// Every page with its path in axum's syntax. `http/app_page.rs` adds a route for each.
pub const PAGES: &[(&str, View)] = &[
    ("/", || welcome::WelcomePage().into_any()),
    ("/start", || start::StartPage().into_any()),
    ("/signin", || sign_in::SignInPage().into_any()),
    ("/signin/digits", || digits::DigitsPage().into_any()),
    ("/signin/digits/{code}", || digits::DigitsPage().into_any()),
    ("/signin/wait", || digits::WaitPage().into_any()),
    ("/signin/with/{provider}/callback", || provider::CallbackPage().into_any()),
    ("/signin/with/{provider}/new", || provider::NewPage().into_any()),
    ("/hand-over", || hand_over::HandOverPage().into_any()),
    ("/hand-over/{token}", || hand_over::TakePage().into_any()),
    ("/recovery", || recovery::RecoveryPage().into_any()),
    ("/settings", || settings::SettingsPage().into_any()),
    ("/settings/us", || settings::UsPage().into_any()),
    ("/settings/me", || settings::MePage().into_any()),
    ("/settings/notifications", || settings::NotificationsPage().into_any()),
    ("/settings/sign-in", || settings::SignInPlacePage().into_any()),
    ("/settings/help", || settings::HelpPage().into_any()),
    ("/settings/other-device", || other_device::OtherDevicePage().into_any()),
    ("/settings/ways-in", || ways_in::WaysInPage().into_any()),
    ("/settings/delete", || delete_account::DeleteAccountPage().into_any()),
    ("/goodbye", || delete_account::GoodbyePage().into_any()),
    ("/inbox", || inbox::InboxPage().into_any()),
    ("/keep", || keep::KeepPage().into_any()),
    ("/devices", || devices::DevicesPage().into_any()),
    ("/share", || share::SharePage().into_any()),
    ("/terms", || prose::TermsPage().into_any()),
    ("/privacy", || prose::PrivacyPage().into_any()),
    ("/join", || join::JoinPage().into_any()),
    ("/join/confirm", || join::JoinConfirmPage().into_any()),
    ("/join/{code}", || join::JoinPage().into_any()),
    ("/p/{pair}", || today::TodayPage().into_any()),
    ("/p/{pair}/today", || today::TodayPage().into_any()),
    ("/p/{pair}/invite", || invite::InvitePage().into_any()),
    ("/p/{pair}/return", || seat_return::SeatReturnPage().into_any()),
    ("/p/{pair}/archive", || archive::ArchivePage().into_any()),
    ("/p/{pair}/cards/{card}", || card::CardPage().into_any()),
    ("/p/{pair}/seasons/{number}", || season::SeasonPage().into_any()),
    ("/p/{pair}/settings", || settings::SettingsPage().into_any()),
    ("/p/{pair}/settings/us", || settings::UsPage().into_any()),
    ("/p/{pair}/settings/me", || settings::MePage().into_any()),
    ("/p/{pair}/settings/notifications", || settings::NotificationsPage().into_any()),
    ("/p/{pair}/settings/sign-in", || settings::SignInPlacePage().into_any()),
    ("/p/{pair}/settings/help", || settings::HelpPage().into_any()),
];

/// What every other address shows.
pub const NOT_FOUND: View = || not_found::NotFoundPage().into_any();
