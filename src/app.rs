//! The document (`shell`) and the tree of pages (`App`).

use leptos::prelude::*;
use leptos_meta::{Meta, MetaTags, Title, provide_meta_context};
use leptos_router::{
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    api::Refused,
    browser,
    components::{
        context::{Lang, LiveFeed, RefusedForm},
        site_header::People,
    },
    domain::{Locale, TextSize},
    pages::{
        archive::ArchivePage,
        card::CardPage,
        invite::InvitePage,
        join::{JoinConfirmPage, JoinPage},
        not_found::NotFoundPage,
        prose::{PrivacyPage, TermsPage},
        recovery::RecoveryPage,
        season::SeasonPage,
        settings::{AccountPage, SettingsPage},
        sign_in::SignInPage,
        start::StartPage,
        today::TodayPage,
        welcome::WelcomePage,
    },
    paths, text,
};

/// What the server knows of a page before it renders it.
#[derive(Debug, Clone)]
pub struct PageFrame {
    pub locale: Locale,
    pub text_size: TextSize,
    pub build: String,
    pub public_url: String,
    /// A form's post that was refused and is answered with this page.
    pub refused: Option<Refused>,
}

/// The document around the app. Rendered on the server only.
pub fn shell() -> impl IntoView {
    let Some(frame) = use_context::<PageFrame>() else {
        return ().into_any();
    };
    let words = text::words(frame.locale);
    let asset = |file: &str| paths::asset(&frame.build, file);
    let picture = format!("{}/og.png", frame.public_url);
    view! {
        <!DOCTYPE html>
        <html lang=frame.locale.tag() data-text-size=frame.text_size.word() data-build=frame.build.clone()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#faf4e8"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#141a2b"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="format-detection" content="telephone=no"/>
                {og("og:site_name", words.brand)}
                {og("og:title", words.brand)}
                {og("og:description", words.tagline)}
                {og("og:image", &picture)}
                {og("og:type", "website")}
                <link rel="preload" href="/fonts/question.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href=asset("umbba.css")/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <Hydration of_build=frame.build.clone()/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
    .into_any()
}

/// A line of the Open Graph protocol: what link previews show. Never a name.
fn og(property: &'static str, content: &str) -> impl IntoView + use<> {
    leptos::html::meta().attr("property", property).attr("content", content.to_owned())
}

/// Loads the browser half. Leptos' own component writes the nonce into `crossorigin` and lets a failed start pass
/// unseen (leptos-rs/leptos#4843).
#[component]
fn Hydration(of_build: String) -> impl IntoView {
    let (script, wasm) = (paths::asset(&of_build, "umbba.js"), paths::asset(&of_build, "umbba.wasm"));
    let start = format!(
        "import init, {{ hydrate }} from {script:?};\
         init({{ module_or_path: {wasm:?} }}).then(hydrate).catch((error) => {{\
         console.error(error); document.documentElement.dataset.hydration = 'failed'; }});"
    );
    view! {
        <link rel="modulepreload" href=script/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script r#type="module" nonce=use_nonce()>{start}</script>
    }
}

/// All pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let locale = use_context::<PageFrame>()
        .map(|frame| frame.locale)
        .or_else(|| browser::page::root_attribute("lang").and_then(|tag| Locale::from_tag(&tag)))
        .unwrap_or_default();
    let words = text::words(locale);
    provide_context(Lang(locale));
    let refused = SharedValue::new(|| use_context::<PageFrame>().and_then(|frame| frame.refused)).into_inner();
    provide_context(RefusedForm(RwSignal::new(refused)));
    provide_context(LiveFeed::new());
    People::provide();
    Effect::new(|_| leptos::task::spawn_local(browser::service_worker::register("/service-worker.js")));

    view! {
        <Title text=words.brand/>
        <Meta name="description" content=words.tagline/>
        <a class="skip-link" href="#main">{words.skip_to_content}</a>
        <Router>
            <ForgetRefused/>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=WelcomePage/>
                <Route path=path!("/start") view=StartPage/>
                <Route path=path!("/signin") view=SignInPage/>
                <Route path=path!("/recovery") view=RecoveryPage/>
                <Route path=path!("/settings") view=AccountPage/>
                <Route path=path!("/terms") view=TermsPage/>
                <Route path=path!("/privacy") view=PrivacyPage/>
                <Route path=path!("/join") view=JoinPage/>
                <Route path=path!("/join/confirm") view=JoinConfirmPage/>
                <Route path=path!("/join/:code") view=JoinPage/>
                <Route path=path!("/p/:pair") view=TodayPage/>
                <Route path=path!("/p/:pair/today") view=TodayPage/>
                <Route path=path!("/p/:pair/invite") view=InvitePage/>
                <Route path=path!("/p/:pair/archive") view=ArchivePage/>
                <Route path=path!("/p/:pair/cards/:card") view=CardPage/>
                <Route path=path!("/p/:pair/seasons/:number") view=SeasonPage/>
                <Route path=path!("/p/:pair/settings") view=SettingsPage/>
            </Routes>
        </Router>
    }
}

/// A refusal belongs to the page it was answered with, not to the next one.
#[component]
fn ForgetRefused() -> impl IntoView {
    let path = use_location().pathname;
    let RefusedForm(refused) = expect_context();
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now) {
            refused.set(None);
        }
        now
    });
}
