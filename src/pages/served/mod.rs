//! Pages that only the server renders. Real links, real forms; what needs a script is a small island.

mod archive;
mod card;
mod devices;
mod digits;
mod hand_over;
mod inbox;
mod invite;
mod join;
mod not_found;
mod notification_settings;
mod prose;
mod recovery;
mod season;
mod sessions;
mod settings;
mod share;
mod sign_in;
mod start;
mod today;
mod welcome;
mod zone_asked;

use std::future::Future;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::{Route, Router, Routes},
    hooks::{use_params_map, use_query_map},
    path,
};

use crate::{
    api::ApiError,
    components::{
        context::{use_any_refused, use_page_words},
        problem::{Problem, title_of},
    },
    domain::PairId,
};

/// Every address of the app.
#[component]
pub fn ServedPages() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=not_found::NotFoundPage>
                <Route path=path!("/") view=welcome::WelcomePage/>
                <Route path=path!("/start") view=start::StartPage/>
                <Route path=path!("/signin") view=sign_in::SignInPage/>
                <Route path=path!("/signin/digits") view=digits::DigitsPage/>
                <Route path=path!("/signin/digits/:code") view=digits::DigitsPage/>
                <Route path=path!("/signin/wait") view=digits::WaitPage/>
                <Route path=path!("/hand-over") view=hand_over::HandOverPage/>
                <Route path=path!("/hand-over/:token") view=hand_over::TakePage/>
                <Route path=path!("/recovery") view=recovery::RecoveryPage/>
                <Route path=path!("/settings") view=settings::AccountPage/>
                <Route path=path!("/inbox") view=inbox::InboxPage/>
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
                <Route path=path!("/p/:pair/archive") view=archive::ArchivePage/>
                <Route path=path!("/p/:pair/cards/:card") view=card::CardPage/>
                <Route path=path!("/p/:pair/seasons/:number") view=season::SeasonPage/>
                <Route path=path!("/p/:pair/settings") view=settings::SettingsPage/>
            </Routes>
        </Router>
    }
}

/// A page of something that has to be asked for first; whatever cannot be shown is a page too.
fn loaded<T: Send + 'static>(
    found: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    show: impl FnOnce(T) -> AnyView + Send + 'static,
) -> impl IntoView {
    let page = Suspend::new(async move {
        match found.await {
            Ok(found) => show(found),
            Err(error) => view! { <ProblemPage error/> }.into_any(),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

#[component]
fn ProblemPage(error: ApiError) -> impl IntoView {
    view! {
        <Title text=title_of(use_page_words(), error).0/>
        <Problem error/>
    }
}

/// A part of the address as what it stands for; `None` when it cannot be that.
fn param<T: std::str::FromStr>(name: &str) -> Option<T> {
    use_params_map().with_untracked(|params| params.get(name).and_then(|text| text.parse().ok()))
}

fn pair_param() -> Option<PairId> {
    param("pair")
}

fn query(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}

/// That a form was just saved: the browser comes back to here (`paths::saved`).
#[component]
fn Saved(form: &'static str) -> impl IntoView {
    // A post that was refused is answered with the page it came from, which may have said so of the one before.
    let is_saved = query("saved").as_deref() == Some(form) && use_any_refused().is_none();
    is_saved
        .then(|| view! { <p class="notice warm" role="status" id="saved" tabindex="-1">{use_page_words().saved}</p> })
}

/// The button of a form that saves.
#[component]
fn Save(form: &'static str) -> impl IntoView {
    view! {
        <Saved form/>
        <div class="actions"><button class="button" type="submit">{use_page_words().save_button}</button></div>
    }
}
