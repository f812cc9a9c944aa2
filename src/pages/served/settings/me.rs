//! The settings of a person: name, text size, language and time zone.

use leptos::prelude::*;

use super::{
    super::{Save, fold::Fold, loaded, own_path},
    Frame, asked_pair,
};
use crate::{
    api::{ChangeDisplay, ChangeName, ZoneChoice},
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::{TextField, ZoneField},
        form::Form,
    },
    domain::{Locale, PairId, TextSize},
    paths::HasVerb,
    reads::{self, MeView},
    text,
};

#[component]
pub fn MePage() -> impl IntoView {
    let found = async move { Ok((reads::own_pair(asked_pair()?).await?, reads::me().await?)) };
    loaded(found, |(pair, me)| view! { <Me pair me/> }.into_any())
}

#[component]
fn Me(pair: Option<PairId>, me: MeView) -> impl IntoView {
    let words = use_page_words();
    let back = own_path();
    let back_of_name = back.clone();
    let typed_name =
        use_refused(ChangeName::VERB).map_or_else(|| me.name.clone(), |refused| refused.field("name").to_owned());
    view! {
        <Frame pair title=words.place_me>
            <div class="folds">
            <Fold title=words.name_panel.to_owned() value=me.name verbs=vec![ChangeName::VERB]>
                <Form verb=ChangeName::VERB class="form">
                    <input type="hidden" name="back" value=back_of_name/>
                    <TextField name="name" label=words.name_label hint=words.name_hint value=typed_name
                        autocomplete="nickname" error=use_sentence(ChangeName::VERB, &[])/>
                    <Save verb=ChangeName::VERB/>
                </Form>
            </Fold>
            <DisplayPanel locale=me.locale text_size=me.text_size zone=me.zone zones=me.zone_choices back/>
            </div>
        </Frame>
    }
}

#[component]
fn DisplayPanel(
    locale: Locale,
    text_size: TextSize,
    zone: String,
    zones: Vec<ZoneChoice>,
    back: String,
) -> impl IntoView {
    let words = use_page_words();
    let radio = |name: &'static str, value: &'static str, label: &'static str, is_chosen: bool| {
        view! {
            <label class="choice">
                <input type="radio" name=name value=value checked=is_chosen/><span>{label}</span>
            </label>
        }
    };
    let sizes = TextSize::ALL
        .into_iter()
        .map(|size| radio("text_size", size.word(), text::text_size(words, size), size == text_size))
        .collect_view();
    let value = format!("{} · {}", text::text_size(words, text_size), language(locale));
    view! {
        <Fold title=words.display_panel.to_owned() value verbs=vec![ChangeDisplay::VERB]>
            <Form verb=ChangeDisplay::VERB class="form">
                <input type="hidden" name="back" value=back/>
                <fieldset class="choices"><legend>{words.text_size_legend}</legend>{sizes}</fieldset>
                <fieldset class="choices">
                    <legend>{words.locale_legend}</legend>
                    {radio("locale", "ko", language(Locale::Ko), locale == Locale::Ko)}
                    {radio("locale", "en", language(Locale::En), locale == Locale::En)}
                </fieldset>
                <ZoneField id="own-zone" label=words.own_zone_label value=zone zones
                    error=use_sentence(ChangeDisplay::VERB, &[])/>
                <Save verb=ChangeDisplay::VERB/>
            </Form>
        </Fold>
    }
}

fn language(locale: Locale) -> &'static str {
    match locale {
        Locale::Ko => "한국어",
        Locale::En => "English",
    }
}
