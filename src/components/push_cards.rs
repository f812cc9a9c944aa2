//! The cards about notifications, one for each thing a browser can do. The server draws them all hidden; one is shown
//! when the browser half knows what this browser can do.

use leptos::{prelude::*, task::spawn_local};

use super::{context::use_page_words, install_cards::IphoneSteps};
use crate::{
    browser::push::{self, Ability},
    paths, text,
};

/// What is known about notifications in this browser. There is one in the context of the root owner.
#[derive(Clone, Copy, Default)]
pub struct Push {
    ability: RwSignal<Option<Ability>>,
    is_put_off: RwSignal<bool>,
    /// An answer was saved on this page: the moment to speak of notifications.
    pub has_answered: RwSignal<bool>,
}

/// The server has none, and gives islands one in which nothing is known.
pub fn use_push() -> Push {
    use_context::<Push>().unwrap_or_default()
}

impl Push {
    /// Finds out what this browser can do, and renews its subscription.
    pub fn start(self) {
        self.is_put_off.set(push::is_put_off());
        spawn_local(self.look());
    }

    async fn look(self) {
        let ability = match push::ability() {
            Some(ability) => ability,
            None => push::subscribe().await,
        };
        self.ability.set(Some(ability));
    }

    /// Asks the person, after their tap on our own card. Where it was allowed the card stays until it is known how
    /// subscribing ended, because whoever tapped is looking at it.
    async fn allow(self) {
        push::ask().await;
        self.look().await;
    }

    fn put_off(self) {
        push::put_off();
        self.is_put_off.set(true);
    }
}

/// One card. A polite one waits for the first answer, and keeps quiet for a week after "later".
#[island]
fn PushCard(ability: Ability, class: String, is_polite: bool, has_answered: bool, children: Children) -> impl IntoView {
    let push = use_push();
    let is_shown = RwSignal::new(false);
    // An effect, so that hydration meets what the server drew.
    Effect::new(move |_| {
        let is_early = is_polite && (push.is_put_off.get() || !(has_answered || push.has_answered.get()));
        is_shown.set(push.ability.get() == Some(ability) && !is_early);
    });
    view! { <aside class=class data-push=ability.word() hidden=move || !is_shown.get()>{children()}</aside> }
}

#[island]
fn PushAllow(class: String, label: String) -> impl IntoView {
    let push = use_push();
    view! { <button class=class type="button" on:click=move |_| spawn_local(push.allow())>{label}</button> }
}

#[island]
fn PushLater(label: String) -> impl IntoView {
    let push = use_push();
    view! { <button class="button quiet" type="button" on:click=move |_| push.put_off()>{label}</button> }
}

/// `is_polite`: on the today page. `other` is how the person calls the member across.
#[component]
pub fn PushCards(
    is_polite: bool,
    #[prop(optional_no_strip)] other: Option<String>,
    #[prop(optional)] has_answered: bool,
) -> impl IntoView {
    let words = use_page_words();
    let title = match other {
        Some(other) => text::fill(words.push_ask_title, &[("other", &other)]),
        None => words.push_ask_title_alone.to_owned(),
    };
    let card = || "notice push-card".to_owned();
    let later = move || is_polite.then(|| view! { <PushLater label=words.push_ask_later.to_owned()/> });
    let again = move || {
        view! {
            <div class="actions">
                <PushAllow class="button ghost".to_owned() label=words.push_again.to_owned()/>
                {later()}
            </div>
        }
    };
    view! {
        <PushCard ability=Ability::Default class=card() is_polite has_answered>
            <h2>{title}</h2>
            <p>{words.push_ask_lead}</p>
            <div class="actions">
                <PushAllow class="button".to_owned() label=words.push_ask_yes.to_owned()/>
                {later()}
            </div>
        </PushCard>
        <PushCard ability=Ability::Denied class=card() is_polite has_answered>
            <h2>{words.push_denied_title}</h2>
            <p>{words.push_denied_lead}</p>
            <ul class="by-device"><li>{words.push_denied_android}</li><li>{words.push_denied_iphone}</li><li>{words.push_denied_desktop}</li></ul>
            {later()}
        </PushCard>
        <PushCard ability=Ability::Install class=card() is_polite has_answered>
            <h2>{words.push_install_title}</h2>
            <ol class="pictured"><IphoneSteps/></ol>
            <div class="actions">
                <a class="button" href=paths::hand_over()>{words.push_install_code}</a>
                {later()}
            </div>
        </PushCard>
        <PushCard ability=Ability::Failed class=card() is_polite has_answered>
            <h2>{words.push_failed_title}</h2>
            <p>{words.push_failed_lead}</p>
            <ul class="by-device"><li>{words.push_failed_private}</li><li>{words.push_failed_brave}</li><li>{words.push_failed_other}</li></ul>
            {again()}
        </PushCard>
        <PushCard ability=Ability::Away class=card() is_polite has_answered>
            <h2>{words.push_away_title}</h2>
            <p>{words.push_away_lead}</p>
            {again()}
        </PushCard>
        {(!is_polite).then(|| view! {
            <PushCard ability=Ability::On class="notice warm".to_owned() is_polite has_answered>{words.push_on}</PushCard>
            <PushCard ability=Ability::Unsupported class="notice".to_owned() is_polite has_answered>{words.push_unsupported}</PushCard>
        })}
    }
}
