//! Presence: telling that I am here, and the switch for it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::{PairId, Presence};

/// How to say of the other what a `presence` frame says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceView {
    pub here: String,
    pub writing: String,
}

/// Shows the other member that I am here or writing. `None`: this member has switched it off or has nobody across, and
/// is shown nothing either. The answer is the same whatever the other does.
#[server(endpoint = "presence")]
pub async fn show_presence(pair: PairId, what: Presence) -> Result<Option<PresenceView>, ApiError> {
    use crate::{request, server::services::presence, text};

    let request = request::current().await?;
    let Some(other) = presence::show(&request.state, &request.person, pair, what).await? else {
        return Ok(None);
    };
    let words = text::page_words(request.person.locale);
    let other = text::call(words, other.role, &other.relation, other.name.as_str());
    Ok(Some(PresenceView {
        here: words.presence_here.to_owned(),
        writing: text::fill(words.presence_writing, &[("other", &other)]),
    }))
}

/// Changes whether a pair's members see one another here: on when the field is `yes`.
#[server(endpoint = "change_presence")]
pub async fn change_presence(pair: PairId, #[server(default)] shows_presence: String) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::presence,
    };

    let request = request::current().await?;
    presence::change(&request.state, &request.person, pair, shows_presence == "yes").await?;
    request.redirect(paths::saved(&paths::settings(pair), ChangePresence::VERB));
    Ok(())
}
