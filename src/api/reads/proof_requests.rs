//! The read of a proof by another device.

use crate::{
    api::ApiError,
    domain::{ProofRequestId, ProofStage, PushTime, SessionId},
    request,
    server::{calendar::Zone, secrets::token_hash, services::proof_requests},
};

/// What this device shows of a proof by another device. Names of devices are as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherDeviceView {
    /// This session was proved within the last ten minutes.
    Proved,
    /// No request is open. `ended`: how the last one of this session ended.
    None {
        ended: Option<ProofStage>,
    },
    /// This session asks. `until` is in the person's zone.
    Asking {
        number: i64,
        until: PushTime,
    },
    /// Another browser asks with the cookie of this session.
    AskedWithMine {
        id: ProofRequestId,
    },
    /// Another session asks. `may_confirm`: this one is old enough.
    Asked {
        id: ProofRequestId,
        device: String,
        numbers: [i64; 3],
        may_confirm: bool,
    },
    /// This person confirmed or refused the other session. `may_begin`: this one is not proved itself.
    Confirmed {
        device: String,
        may_begin: bool,
    },
    Refused {
        session: SessionId,
        device: String,
        may_begin: bool,
    },
}

pub async fn other_device() -> Result<OtherDeviceView, ApiError> {
    let request = request::current().await?;
    let (own, found) = proof_requests::look(&request.state, request.person.id, request.session).await?;
    let none = OtherDeviceView::None { ended: None };
    let idle = if own.is_proved { OtherDeviceView::Proved } else { none };
    let Some(found) = found else { return Ok(idle) };
    if found.session == request.session {
        let minute = Zone::stored(&request.person.zone).minute(found.expires_at);
        let until = PushTime::from_minute(minute).unwrap_or_default();
        let is_shown = request.visitor.proof.as_deref().is_some_and(|token| token_hash(token) == found.shown_to);
        return Ok(match found.stage {
            _ if own.is_proved => OtherDeviceView::Proved,
            ProofStage::Open if is_shown => OtherDeviceView::Asking { number: found.number, until },
            ProofStage::Open => OtherDeviceView::AskedWithMine { id: found.id },
            ended => OtherDeviceView::None { ended: Some(ended) },
        });
    }
    Ok(match found.stage {
        ProofStage::Open => OtherDeviceView::Asked {
            id: found.id,
            numbers: found.offered(),
            device: found.device,
            may_confirm: own.may_confirm(),
        },
        ProofStage::Confirmed => OtherDeviceView::Confirmed { device: found.device, may_begin: !own.is_proved },
        ProofStage::Refused => {
            OtherDeviceView::Refused { session: found.session, device: found.device, may_begin: !own.is_proved }
        }
        ProofStage::Wrong => idle,
    })
}
