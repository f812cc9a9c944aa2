//! Inviting and joining.

use leptos::prelude::*;

use super::{ApiError, DoorView, InviteView, JoinView};
use crate::domain::PairId;

/// The invitation page of a pair. The code itself is known only to the browser that made it.
#[server(endpoint = "invite_page")]
pub async fn invite_page(pair: PairId) -> Result<InviteView, ApiError> {
    use super::{CodeView, convert};
    use crate::{
        paths, request,
        server::{
            calendar::Zone,
            qr,
            services::{ServiceError, invitations},
        },
    };

    let request = request::current().await?;
    let (found, role, running) = invitations::lookup_running(&request.state, &request.person, pair).await?;
    let zone = Zone::stored(&found.zone);
    let view = convert::pair_view(&found, role, zone.date(request.state.clock.now())).ok_or(ServiceError::NotFound)?;
    let code = running.as_ref().and_then(|running| request.visitor.invitation_code(running.id)).map(|code| {
        let code = code.grouped();
        let link = format!("{}{}", request.state.site.public_url.as_str(), paths::join_with(&code));
        let picture = qr::draw(&link);
        CodeView { code, link, qr_path: picture.path, qr_size: picture.size }
    });
    let name = running.as_ref().map(|running| running.name.clone()).unwrap_or_default();
    Ok(InviteView { pair: view, until: running.map(|running| zone.date(running.expires_at)), code, name })
}

/// Makes an invitation; an earlier one is worth nothing any more.
#[server(endpoint = "invite")]
pub async fn invite(
    pair: PairId,
    #[server(default)] relation: String,
    #[server(default)] relation_word: String,
    #[server(default)] name: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{attempts::Step, invitations},
    };

    let request = request::current().await?;
    let attempt = request.attempt(Step::Invite, &attempt);
    let made =
        invitations::invite(&request.state, attempt, &request.person, pair, &relation, &relation_word, &name).await?;
    if let Some((id, code)) = made {
        set_cookie(&cookies::invitation(id, &code));
    }
    request.redirect(paths::invite(pair));
    Ok(())
}

#[server(endpoint = "withdraw_invitation")]
pub async fn withdraw_invitation(pair: PairId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::invitations};

    let request = request::current().await?;
    invitations::withdraw(&request.state, &request.person, pair).await?;
    request.redirect(paths::invite(pair));
    Ok(())
}

/// The door of a page that is opened by link: in which browser. Never looks a code up.
#[server(endpoint = "join_door")]
pub async fn join_door(path: String) -> Result<DoorView, ApiError> {
    use super::convert;
    use crate::request;

    let request = request::anybody()?;
    Ok(convert::door(&request.visitor.user_agent, request.state.site.public_url.as_str(), &path))
}

/// "초대 확인": a right code gives this browser a ticket for a quarter of an hour.
#[server(endpoint = "check_invitation")]
pub async fn check_invitation(#[server(default)] code: String) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{guard, invitations},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    tokio::time::sleep(guard::brake(&request.state).await?).await;
    let ticket = invitations::check(&request.state, &code, request.visitor.trier()).await?;
    set_cookie(&cookies::ticket(&ticket));
    request.redirect(paths::join_confirm());
    Ok(())
}

/// What the ticket of this browser opens.
#[server(endpoint = "join_welcome")]
pub async fn join_welcome() -> Result<JoinView, ApiError> {
    use super::MemberView;
    use crate::{
        request,
        server::services::{ServiceError, invitations},
    };

    let request = request::anybody()?;
    let ticket = request.visitor.ticket.clone().ok_or(ServiceError::CodeWrong)?;
    let welcome = invitations::welcome(&request.state, &ticket).await?;
    Ok(JoinView {
        inviter: MemberView::from(&welcome.inviter),
        role: welcome.role,
        relation: welcome.relation,
        name: welcome.name,
        me: request.visitor.session.map(|found| found.person.name.as_str().to_owned()),
    })
}

/// Takes the seat the ticket opens; a new person signs up on the way.
#[server(endpoint = "join")]
pub async fn join(
    #[server(default)] name: String,
    #[server(default)] consent: String,
    #[server(default)] relation: String,
    #[server(default)] relation_word: String,
    #[server(default)] zone: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{
            ServiceError,
            invitations::{self, Joined, Joiner},
        },
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let ticket = request.visitor.ticket.clone().ok_or(ServiceError::CodeWrong)?;
    let joiner = match request.visitor.session.clone() {
        Some(found) => Joiner::Known(Box::new(found.person)),
        None => Joiner::New(request.visitor.sign_up(&name, &consent, &zone)?),
    };
    let joined =
        invitations::join(&request.state, &ticket, joiner, &relation, &relation_word, &request.visitor.caller())
            .await?;
    // The ticket stays for its minutes: an answer that is lost is asked for with it again.
    match joined {
        Some(Joined { new: Some(made), .. }) => {
            set_cookie(&cookies::session(&made.opened.token));
            if let Some(code) = &made.code {
                set_cookie(&cookies::recovery(made.opened.person.id, code));
            }
            request.redirect(paths::recovery());
        }
        Some(joined) => request.redirect(paths::today(joined.pair)),
        None => request.redirect_done(),
    }
    Ok(())
}
