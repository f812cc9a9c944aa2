//! The HTML document around every page, which only the server renders.

use std::sync::{Arc, OnceLock};

use leptos::{prelude::*, tachys::html::InertElement};
use leptos_meta::{MetaTags, Title, provide_meta_context};

use crate::{
    api::{HomeView, Refused, SharedText, Shell},
    components::context::{self, Build, FreshKey, Lang, Origin, People, ShownIn},
    domain::{Locale, PersonId, TextSize},
    paths, text,
};

pub use crate::served::{Address, NOT_FOUND, PAGES, View};

/// The data about a page that the server has before rendering.
#[derive(Debug, Clone)]
pub struct PageFrame {
    pub locale: Locale,
    pub text_size: TextSize,
    pub build: String,
    pub public_url: String,
    /// The signed-in person, if any, and their pairs. The server reads `as_of` before the page's own data, so that no
    /// event between the two reads is missed.
    pub home: HomeView,
    /// The person signed in on this browser. All tabs of that person share one connection to the feed.
    pub person: Option<PersonId>,
    pub view: View,
    pub address: Address,
    /// The refused form post that this page answers, if any.
    pub refused: Option<Refused>,
    /// The key that identifies a second post of a form on this page.
    pub attempt: String,
    /// The native shell that shows the page, if any.
    pub shell: Option<Shell>,
    /// Text that another app shared to `/share`; usually empty.
    pub shared: SharedText,
    /// What this installation has rendered of `<head>`.
    pub heads: Arc<Heads>,
}

/// The part of `<head>` that all pages of an installation have in common, rendered once for each language.
#[derive(Debug, Default)]
pub struct Heads([OnceLock<Head>; Locale::ALL.len()]);

/// HTML before and after the nonce of the start script, which is new for each page.
#[derive(Debug)]
struct Head {
    before: String,
    after: String,
}

/// Stands for the nonce while a `Head` is rendered.
const NONCE: &str = "nonce-of-this-page";

impl Heads {
    /// The common part in the language of the page, with the nonce of its start script.
    fn html(&self, frame: &PageFrame, nonce: &str) -> String {
        let render = || {
            let html = common_head(frame).into_any().to_html();
            let html = html.trim_start_matches("<head>").trim_end_matches("</head>");
            let (before, after) = html.split_once(NONCE).unwrap_or((html, ""));
            Head { before: before.to_owned(), after: after.to_owned() }
        };
        let place = usize::from(frame.locale == Locale::En);
        self.0.get(place).map_or_else(String::new, |head| {
            let Head { before, after } = head.get_or_init(render);
            [before, nonce, after].concat()
        })
    }
}

/// Renders the HTML document.
pub fn shell() -> impl IntoView {
    let Some(frame) = use_context::<PageFrame>() else {
        return ().into_any();
    };
    provide_meta_context();
    provide_context(Lang(frame.locale));
    provide_context(People(frame.home.clone()));
    provide_context(FreshKey(frame.attempt.clone()));
    provide_context(Build(frame.build.clone()));
    provide_context(ShownIn(frame.shell));
    let whose = frame.person.map(|person| person.to_string());
    provide_context(Origin { whose: whose.clone().unwrap_or_default(), from: frame.address.path_and_query.clone() });
    provide_context(frame.address.clone());
    context::provide_refused(frame.refused.clone());
    provide_context(frame.shared.clone());
    let words = text::page_words(frame.locale);
    if let Some(shared) = Owner::current_shared_context() {
        // Only islands are hydrated.
        shared.set_is_hydrating(false);
    }
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    let head = InertElement::new(frame.heads.html(&frame, &nonce));
    let as_of = frame.home.name.is_some().then(|| frame.home.as_of.to_string());
    view! {
        <!DOCTYPE html>
        <html lang=frame.locale.tag() data-text-size=frame.text_size.word() data-build=frame.build.clone()
            data-as-of=as_of data-person=whose>
            <head>
                {head}
                {frame.shell.map(|_| view! { <script src="/shell.js" async></script> })}
                <MetaTags/>
            </head>
            <body>
                <Title text=words.brand/>
                <a class="skip-link" href="#main">{words.skip_to_content}</a>
                <p class="hydration-failed">{words.hydrate_failed}</p>
                {(frame.view)()}
            </body>
        </html>
    }
    .into_any()
}

/// It may depend on the installation and the language of the page, and on nothing else.
fn common_head(frame: &PageFrame) -> impl IntoView + use<> {
    let words = text::page_words(frame.locale);
    let asset = |file: &str| paths::asset(&frame.build, file);
    let picture = format!("{}/og.png", frame.public_url);
    view! {
        <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
            <meta name="theme-color" media="(prefers-color-scheme: light)" content="#faf4e8"/>
            <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#141a2b"/>
            <meta name="color-scheme" content="light dark"/>
            <meta name="format-detection" content="telephone=no"/>
            <meta name="description" content=words.tagline/>
            {og("og:site_name", words.brand)}
            {og("og:title", words.brand)}
            {og("og:description", words.tagline)}
            {og("og:image", &picture)}
            {og("og:type", "website")}
            <link rel="preload" href="/fonts/question.woff2" r#as="font" r#type="font/woff2"
                crossorigin="anonymous"/>
            <link rel="stylesheet" href=asset("umbba.css")/>
            <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
            <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png"/>
            <link rel="manifest" href="/manifest.webmanifest"/>
            <Hydration of_build=frame.build.clone()/>
        </head>
    }
}

/// A `<meta>` element of the Open Graph protocol, which link previews show. It never contains a person's name.
fn og(property: &'static str, content: &str) -> impl IntoView + use<> {
    leptos::html::meta().attr("property", property).attr("content", content.to_owned())
}

/// Loads the browser half and hydrates the islands. Leptos' own component writes the nonce into `crossorigin` and does
/// not report a failed start (leptos-rs/leptos#4843). An island panics when the document differs from what the server
/// sent. The script then replaces the island's elements with a copy, which keeps the text and drops the listeners.
#[component]
fn Hydration(of_build: String) -> impl IntoView {
    let (script, wasm) = (paths::asset(&of_build, "umbba.js"), paths::asset(&of_build, "umbba.wasm"));
    let start = format!(
        "import init, * as half from {script:?};\
         const {{ dataset }} = document.documentElement;\
         const failed = (error) => {{ console.error(error); dataset.hydration = 'failed'; }};\
         const wake = (island) => {{\
         try {{ half[island.dataset.component](island); return true; }}\
         catch (error) {{ failed(error); island.replaceWith(island.cloneNode(true)); \
         delete dataset.hydration; return false; }} }};\
         const ready = init({{ module_or_path: {wasm:?} }});\
         addEventListener('beforeinstallprompt', (event) => {{\
         event.preventDefault();\
         ready.then(() => half.keep_install_prompt(event)); }});\
         ready.then(() => {{\
         half.hydrate();\
         const isWhole = [...document.querySelectorAll('leptos-island')].map(wake).every(Boolean);\
         half.start(isWhole, 'asOf' in dataset);\
         }}).catch(failed);"
    );
    view! {
        <link rel="modulepreload" href=script/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script r#type="module" nonce=NONCE>{start}</script>
    }
}
