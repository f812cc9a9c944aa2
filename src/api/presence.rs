//! Server functions for presence: reporting it, and switching it off or on.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::{PairId, Presence};

/// The sentences for the other member's presence, one for each kind of `presence` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceView {
    pub here: String,
    pub writing: String,
}

/// Tells the other member that the signed-in member is here or is writing. Returns `None` if the signed-in member has
/// switched presence off or the pair has no other member; no presence is shown to the signed-in member then. The
/// result does not depend on what the other member does.
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

/// Switches the presence of the signed-in member in a pair: on if the field is `yes`.
#[server(endpoint = "change_presence")]
pub async fn change_presence(pair: PairId, #[server(default)] shows_presence: String) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::presence,
    };

    let request = request::current().await?;
    presence::change(&request.state, &request.person, pair, shows_presence == "yes").await?;
    request.redirect(paths::saved(&paths::place(Some(pair), paths::Place::Us), ChangePresence::VERB));
    Ok(())
}
