//! Server functions that hand an account over to another device of the same person. A `GET` never looks digits or links
//! up.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::HandOverId;

/// The state of a hand-over, as the new device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskedStage {
    Waiting,
    Confirmed,
    Refused,
    /// The request has expired, was withdrawn or used, or this browser never made one.
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedView {
    pub stage: AskedStage,
    /// The name of the new device, as stored.
    pub device: String,
}

/// Makes new digits. Earlier digits become invalid.
#[server(endpoint = "make_hand_over")]
pub async fn make_hand_over() -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::hand_overs,
    };

    let request = request::current().await?;
    let (id, code) = hand_overs::make(&request.state, &request.person, request.session).await?;
    set_cookie(&cookies::hand_over(id, &code));
    request.redirect(paths::hand_over());
    Ok(())
}

#[server(endpoint = "withdraw_hand_over")]
pub async fn withdraw_hand_over() -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::hand_overs,
    };

    let request = request::current().await?;
    hand_overs::withdraw(&request.state, &request.person).await?;
    set_cookie(&cookies::forget(cookies::HAND_OVER));
    request.redirect(paths::hand_over());
    Ok(())
}

/// Takes the digits that a new device sends. The device gets a ticket to wait with, and the person is asked to confirm.
#[server(endpoint = "ask_hand_over")]
pub async fn ask_hand_over(
    #[server(default)] code: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{attempts::Step, guard, hand_overs},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    tokio::time::sleep(guard::brake(&request.state).await?).await;
    let trier = request.marked_trier();
    let ticket = hand_overs::ask(
        &request.state,
        request.attempt(Step::AskHandOver, &attempt),
        &code,
        trier,
        &request.visitor.caller(),
    )
    .await?;
    set_cookie(&cookies::asked(&ticket));
    request.redirect(paths::wait());
    Ok(())
}

/// Reads the state of the hand-over that the ticket of this browser belongs to.
#[server(endpoint = "asked_hand_over")]
pub async fn asked_hand_over() -> Result<AskedView, ApiError> {
    use crate::{domain::HandOverStage, request, server::services::hand_overs};

    let request = request::anybody()?;
    let found = match &request.visitor.asked {
        Some(ticket) => hand_overs::lookup_asked(&request.state, ticket).await?,
        None => None,
    };
    let Some(found) = found else {
        return Ok(AskedView { stage: AskedStage::Over, device: String::new() });
    };
    let stage = match found.stage {
        HandOverStage::Asked => AskedStage::Waiting,
        HandOverStage::Confirmed => AskedStage::Confirmed,
        HandOverStage::Refused => AskedStage::Refused,
        HandOverStage::Open | HandOverStage::Used | HandOverStage::Withdrawn => AskedStage::Over,
    };
    Ok(AskedView { stage, device: found.device })
}

/// Confirms the new device that was shown to the person, and no other one.
#[server(endpoint = "confirm_hand_over")]
pub async fn confirm_hand_over(hand_over: HandOverId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::hand_overs};

    let request = request::current().await?;
    hand_overs::decide(&request.state, &request.person, hand_over, true).await?;
    request.redirect(paths::hand_over());
    Ok(())
}

#[server(endpoint = "refuse_hand_over")]
pub async fn refuse_hand_over(hand_over: HandOverId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::hand_overs};

    let request = request::current().await?;
    hand_overs::decide(&request.state, &request.person, hand_over, false).await?;
    request.redirect(paths::hand_over());
    Ok(())
}

/// Signs the confirmed device in.
#[server(endpoint = "enter_hand_over")]
pub async fn enter_hand_over() -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{ServiceError, hand_overs},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let ticket = request.visitor.asked.clone().ok_or(ServiceError::CodeWrong)?;
    let opened = hand_overs::enter(&request.state, &ticket, &request.visitor.caller()).await?;
    if let Some(opened) = opened {
        set_cookie(&cookies::session(&opened.token));
    }
    // Keep the ticket cookie until it expires: if this response is lost, the browser repeats the request with it.
    request.redirect(paths::SHORTCUT_TODAY.to_owned());
    Ok(())
}

/// Makes a one-time link that leads out of an in-app browser. Returns the address that opens the link in the device's
/// own browser, or an empty text if only the menu of the app can do that.
#[server(endpoint = "lead_out")]
pub async fn lead_out() -> Result<String, ApiError> {
    use super::InAppBrowser;
    use crate::{paths, request, server::services::hand_overs};

    let request = request::current().await?;
    let token = hand_overs::lead_out(&request.state, &request.person, request.session).await?;
    let page = paths::hand_over_with(&token);
    let browser = InAppBrowser::of(&request.visitor.user_agent, request.state.site.public_url.as_str(), &page);
    request.redirect(page);
    Ok(browser.open_in_browser)
}

/// Signs the device's own browser in with the one-time link.
#[server(endpoint = "take_hand_over")]
pub async fn take_hand_over(
    #[server(default)] token: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{attempts::Step, hand_overs},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let opened = hand_overs::take(
        &request.state,
        request.attempt(Step::TakeHandOver, &attempt),
        &token,
        &request.visitor.caller(),
    )
    .await?;
    if let Some(opened) = opened {
        set_cookie(&cookies::session(&opened.token));
    }
    request.redirect(paths::home());
    Ok(())
}
