//! Opened cards, newest first and by section.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, pair_param, query};
use crate::{
    api::ApiError,
    components::{
        context::{use_locale, use_page_words},
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
        windows::LittleHouse,
    },
    domain::{PairId, Section},
    paths,
    reads::{self, ArchiveView},
    text,
};

#[component]
pub fn ArchivePage() -> impl IntoView {
    let pair = pair_param();
    let section = query("section").map(|word| Section::from_word(&word));
    let page = query("page").map_or(Some(1), |page| page.parse::<i64>().ok());
    let found = async move {
        match (pair, section, page) {
            (Some(pair), section @ (None | Some(Some(_))), Some(page)) => {
                reads::archive(pair, section.flatten(), page).await
            }
            _ => Err(ApiError::NotFound),
        }
    };
    loaded(found, |archive| view! { <Archive archive/> }.into_any())
}

#[component]
fn Archive(archive: ArchiveView) -> impl IntoView {
    let words = use_page_words();
    let (pair, section) = (archive.pair.id, archive.section);
    let tab = |chosen: Option<Section>, name: &'static str| {
        view! {
            <a href=paths::archive_page(pair, chosen, 1) aria-current=(chosen == section).then_some("true")>{name}</a>
        }
    };
    let sections =
        Section::ALL.into_iter().map(|section| tab(Some(section), text::section(words, section))).collect_view();
    let body = if archive.cards.is_empty() {
        let sentence = if section.is_some() { words.archive_empty_section } else { words.archive_empty };
        view! {
            <div class="empty">
                <LittleHouse lit_left=false lit_right=false/>
                <p>{sentence}</p>
            </div>
        }
        .into_any()
    } else {
        view! { <Cards archive/> }.into_any()
    };
    view! {
        <Title text=words.archive_title/>
        <SiteHeader pair=Some(pair)/>
        <main id="main" class="page page-archive">
            <HiddenNotices/>
            <h1>{words.archive_title}</h1>
            <nav class="sections" aria-label=words.sections_label>
                {tab(None, words.archive_all)}
                {sections}
            </nav>
            {body}
        </main>
        <Tabs pair current=Tab::Archive/>
    }
}

#[component]
fn Cards(archive: ArchiveView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let pair = archive.pair.id;
    let cards = archive
        .cards
        .into_iter()
        .map(|card| {
            let date = card.local_date.map(|date| text::full_date(locale, date)).unwrap_or_default();
            let meta = format!("{date} · {}", text::section(words, card.section));
            view! {
                <li>
                    <a class="card-link" href=paths::card(pair, card.id)>
                        <span class="topic">{card.topic}</span>
                        <span class="card-meta">{meta}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let seasons = (archive.section.is_none() && archive.page == 1 && archive.seasons > 0).then(|| {
        let links = (1..=archive.seasons).rev().map(|number| season_link(pair, number)).collect_view();
        view! { <section class="panel"><h2>{words.seasons_title}</h2><ul class="card-list">{links}</ul></section> }
    });
    view! {
        <ul class="card-list">{cards}</ul>
        <Pager pair section=archive.section page=archive.page pages=archive.pages/>
        {seasons}
    }
}

fn season_link(pair: PairId, number: i64) -> impl IntoView {
    let name = text::fill(use_page_words().season_short, &[("number", &number.to_string())]);
    view! { <li><a class="card-link" href=paths::season(pair, number)><span class="topic">{name}</span></a></li> }
}

/// Links to the newer and the older page. They work without a script and can be bookmarked.
#[component]
fn Pager(pair: PairId, section: Option<Section>, page: i64, pages: i64) -> impl IntoView {
    let words = use_page_words();
    (pages > 1).then(|| {
        let place = text::fill(words.page_of, &[("page", &page.to_string()), ("pages", &pages.to_string())]);
        view! {
            <nav class="pager" aria-label=words.pager_label>
                {(page > 1).then(|| view! {
                    <a rel="prev" href=paths::archive_page(pair, section, page - 1)>{words.pager_newer}</a>
                })}
                <span>{place}</span>
                {(page < pages).then(|| view! {
                    <a rel="next" href=paths::archive_page(pair, section, page + 1)>{words.pager_older}</a>
                })}
            </nav>
        }
    })
}
