//! Server functions for a person's own account: signing up and in, settings, sessions, recovery code.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::SessionId;

/// Makes an account from a name.
#[server(endpoint = "sign_up")]
pub async fn sign_up(
    #[server(default)] name: String,
    #[server(default)] consent: String,
    #[server(default)] zone: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{accounts, attempts::Step},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let sign_up = request.visitor.sign_up(&name, &consent, &zone)?;
    let attempt = request.attempt(Step::SignUp, &attempt);
    let Some(made) = accounts::sign_up(&request.state, &attempt, sign_up, &request.visitor.caller()).await? else {
        request.redirect_done();
        return Ok(());
    };
    set_cookie(&cookies::session(&made.opened.token));
    if let Some(code) = &made.code {
        set_cookie(&cookies::recovery(made.opened.person.id, code));
    }
    request.redirect(paths::recovery());
    Ok(())
}

/// Signs in with a recovery code.
#[server(endpoint = "sign_in")]
pub async fn sign_in(#[server(default)] code: String, #[server(default)] attempt: String) -> Result<(), ApiError> {
    use crate::{
        cookies,
        domain::{HandOverCode, RecoveryCode},
        paths,
        request::{self, set_cookie},
        server::services::{ServiceError, attempts::Step, guard, recovery},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    // Digits of a hand-over in this field are not a failed try at a recovery code: their own page accepts them.
    if RecoveryCode::parse(&code).is_err()
        && let Ok(digits) = HandOverCode::parse(&code)
    {
        request.redirect(paths::digits_with(&digits.grouped()));
        return Ok(());
    }
    tokio::time::sleep(guard::brake(&request.state).await?).await;
    let attempt = request.attempt(Step::SignIn, &attempt);
    let opened =
        recovery::sign_in(&request.state, &attempt, &code, request.visitor.trier(), &request.visitor.caller()).await;
    let opened = opened.map_err(|error| match error {
        ServiceError::CodeWrong => ApiError::RecoveryCodeWrong,
        error => error.into(),
    })?;
    let Some(opened) = opened else {
        request.redirect_done();
        return Ok(());
    };
    set_cookie(&cookies::session(&opened.token));
    request.redirect(paths::home());
    Ok(())
}

/// Ends this browser's session.
#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, forget_device, set_cookie},
        server::services::sessions,
    };

    let request = request::current().await?;
    sessions::end(&request.state, &request.person, request.session, request.session).await?;
    for name in request::FORGOTTEN_COOKIES {
        set_cookie(&cookies::forget(name));
    }
    forget_device();
    request.redirect(paths::home());
    Ok(())
}

#[server(endpoint = "change_name")]
pub async fn change_name(#[server(default)] name: String, #[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{domain::PersonName, paths::HasVerb, request, server::services::accounts};

    let request = request::current().await?;
    accounts::change_name(&request.state, &request.person, PersonName::parse(&name)?).await?;
    request.redirect_back(&back, ChangeName::VERB);
    Ok(())
}

/// Changes the person's language, text size and time zone.
#[server(endpoint = "change_display")]
pub async fn change_display(
    #[server(default)] locale: String,
    #[server(default)] text_size: String,
    #[server(default)] zone: String,
    #[server(default)] back: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::{Locale, TextSize, ZoneName},
        paths::HasVerb,
        request,
        server::services::accounts,
    };

    let request = request::current().await?;
    let locale = Locale::from_tag(&locale).ok_or(ApiError::Malformed)?;
    let text_size = TextSize::from_word(&text_size).ok_or(ApiError::Malformed)?;
    let zone = ZoneName::parse(&zone)?;
    accounts::change_display(&request.state, &request.person, locale, text_size, zone).await?;
    request.redirect_back(&back, ChangeDisplay::VERB);
    Ok(())
}

/// Ends one of the person's sessions.
#[server(endpoint = "end_session")]
pub async fn end_session(session: SessionId, #[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{paths::HasVerb, request, server::services::sessions};

    let request = request::current().await?;
    sessions::end(&request.state, &request.person, request.session, session).await?;
    request.redirect_back(&back, EndSession::VERB);
    Ok(())
}

/// Ends all sessions of the person except this one.
#[server(endpoint = "end_other_sessions")]
pub async fn end_other_sessions(#[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{paths::HasVerb, request, server::services::sessions};

    let request = request::current().await?;
    sessions::end_others(&request.state, &request.person, request.session).await?;
    request.redirect_back(&back, EndSession::VERB);
    Ok(())
}

/// Makes a new recovery code. If the person typed the earlier code (`code`), the earlier code ends at once; otherwise
/// the earlier code still signs in for 7 days.
#[server(endpoint = "renew_recovery")]
pub async fn renew_recovery(
    #[server(default)] attempt: String,
    #[server(default)] code: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{ServiceError, attempts::Step, recovery},
    };

    let request = request::current().await?;
    let attempt = request.attempt(Step::RenewRecovery, &attempt).about(request.person.id, &[code.trim()]);
    let made =
        recovery::renew(&request.state, &attempt, &request.person, request.session, &code, request.visitor.trier())
            .await;
    let made = made.map_err(|error| match error {
        ServiceError::CodeWrong => ApiError::RecoveryCodeWrong,
        error => error.into(),
    })?;
    if let Some(code) = made {
        set_cookie(&cookies::recovery(request.person.id, &code));
    }
    request.redirect(paths::recovery());
    Ok(())
}

/// Confirms a new recovery code on another session than the one that made it. The earlier code ends at once.
#[server(endpoint = "confirm_recovery")]
pub async fn confirm_recovery(#[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{
        paths::HasVerb,
        request,
        server::services::{ServiceError, recovery},
    };

    let request = request::current().await?;
    let found = request.visitor.session.as_ref().ok_or(ServiceError::SignedOut)?;
    recovery::confirm(&request.state, &request.person, &found.session).await?;
    request.redirect_back(&back, ConfirmRecovery::VERB);
    Ok(())
}

/// Refuses the recovery code that the operator made for the person.
#[server(endpoint = "refuse_recovery")]
pub async fn refuse_recovery(#[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{paths::HasVerb, request, server::services::operator_codes};

    let request = request::current().await?;
    operator_codes::refuse(&request.state, &request.person).await?;
    request.redirect_back(&back, RefuseRecovery::VERB);
    Ok(())
}

/// Confirms that the person has kept the recovery code. The cookie with the code is deleted, and the person continues
/// to the next page.
#[server(endpoint = "keep_recovery")]
pub async fn keep_recovery() -> Result<(), ApiError> {
    use crate::{
        cookies,
        domain::PairPhase,
        paths,
        request::{self, set_cookie},
        server::services::{reader, recovery},
    };

    let request = request::current().await?;
    recovery::keep(&request.state, &request.person).await?;
    set_cookie(&cookies::forget(cookies::RECOVERY));
    let home = reader::home_of(&request.state, &request.reader()).await?;
    let next = home
        .pairs
        .iter()
        .find(|pair| pair.phase() != PairPhase::Closed)
        .map(|pair| pair.id)
        .or(home.waits_in)
        .map_or_else(paths::start, paths::today);
    request.redirect(next);
    Ok(())
}

/// Shows with the recovery code that the session is used by its person, which counts for ten minutes.
#[server(endpoint = "prove")]
pub async fn prove(#[server(default)] code: String, #[server(default)] back: String) -> Result<(), ApiError> {
    use crate::{
        paths::HasVerb,
        request,
        server::services::{ServiceError, proofs},
    };

    let request = request::current().await?;
    let proved =
        proofs::prove_by_code(&request.state, &request.person, request.session, &code, request.visitor.trier()).await;
    proved.map_err(|error| match error {
        ServiceError::CodeWrong => ApiError::RecoveryCodeWrong,
        error => error.into(),
    })?;
    request.redirect_back(&back, Prove::VERB);
    Ok(())
}
