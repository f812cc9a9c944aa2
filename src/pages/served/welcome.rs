//! The first page: what the app is, or the pairs of the person who is signed in.

use leptos::prelude::*;

use crate::{
    api::HomeView,
    components::{
        context::{use_any_refused, use_home, use_page_words},
        fields::FieldError,
        site_header::{SiteHeader, pair_title},
        tab_notices::HiddenNotices,
        windows::{Seat, Windows},
    },
    domain::{Hour, PairPhase, Relation, TimeOfYear},
    paths, text,
};

#[component]
pub fn WelcomePage() -> impl IntoView {
    let words = use_page_words();
    let home = use_home();
    let is_known = home.name.is_some();
    let body = if is_known { view! { <Pairs home/> }.into_any() } else { view! { <Invitation/> }.into_any() };
    let seat = |relation: Relation| Signal::stored(Seat { relation: Some(relation), is_lit: true });
    view! {
        <SiteHeader/>
        <main id="main" class="page page-welcome">
            {is_known.then(|| view! { <HiddenNotices/> })}
            <RefusedPost/>
            <div class="welcome">
                <figure class="scene">
                    <Windows
                        left=seat(Relation::Mother)
                        right=seat(Relation::Daughter)
                        time_of_year=TimeOfYear::Autumn
                        hour=Hour::Dusk
                        label=words.windows_welcome.to_owned()
                    />
                </figure>
                {body}
            </div>
        </main>
    }
}

/// The reason for a refused post that has no page to return to, or whose page was rendered for another person (R87).
#[component]
fn RefusedPost() -> impl IntoView {
    let words = use_page_words();
    let name = use_home().name;
    use_any_refused().map(|refused| match (refused.endpoint.is_empty(), name) {
        (true, Some(name)) => {
            view! { <p class="notice warn" role="alert">{text::fill(words.somebody_came, &[("name", &name)])}</p> }
                .into_any()
        }
        (true, None) => view! { <p class="notice warn" role="alert">{words.somebody_left}</p> }.into_any(),
        (false, _) => {
            view! { <FieldError id="form-error" sentence=Some(refused.error.page_sentence(words))/> }.into_any()
        }
    })
}

#[component]
fn Invitation() -> impl IntoView {
    let words = use_page_words();
    view! {
        <h1 class="headline">{words.welcome_headline}</h1>
        <p class="lead">{words.welcome_lead}</p>
        <ol class="steps">
            <li>{words.welcome_step_one}</li>
            <li>{words.welcome_step_two}</li>
            <li>{words.welcome_step_three}</li>
        </ol>
        <div class="actions">
            <a class="button" href=paths::start()>{words.welcome_start}</a>
            <a class="button ghost" href=paths::join()>{words.welcome_join}</a>
            <a class="button quiet" href=paths::sign_in()>{words.welcome_sign_in}</a>
        </div>
        <p class="hint"><a href=paths::terms()>{words.terms}</a> " · " <a href=paths::privacy()>{words.privacy}</a></p>
    }
}

#[component]
fn Pairs(home: HomeView) -> impl IntoView {
    let words = use_page_words();
    let greeting = text::fill(words.welcome_back, &[("name", home.name.as_deref().unwrap_or_default())]);
    let links = home
        .pairs
        .iter()
        .map(|link| {
            let title = view! { <span class="topic">{pair_title(words, link)}</span> };
            view! { <li><a class="card-link" href=paths::today(link.id)>{title}</a></li> }
        })
        .collect_view();
    // With exactly one running pair, the likely next step is the today page of that pair.
    let running = home.pairs.iter().filter(|link| link.phase != PairPhase::Closed).collect::<Vec<_>>();
    let today = match running.as_slice() {
        [only] => Some(view! { <a class="button" href=paths::today(only.id)>{words.go_back_today}</a> }),
        _ => None,
    };
    let begin = if running.is_empty() { "button" } else { "button ghost" };
    let waits = home.waits_in.map(|pair| {
        view! {
            <p class="notice"><a href=paths::today(pair)>{words.seat_waits_title}</a></p>
        }
    });
    view! {
        <h1 class="headline">{greeting}</h1>
        {waits}
        <ul class="card-list" aria-label=words.your_pairs>{links}</ul>
        <div class="actions">
            {today}
            <a class=begin href=paths::start()>{words.new_pair}</a>
            <a class="button ghost" href=paths::join()>{words.welcome_join}</a>
            <a class="button quiet" href=paths::account()>{words.tab_settings}</a>
        </div>
    }
}
