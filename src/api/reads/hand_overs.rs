//! The read of a person's hand-over, for the device that the person is signed in on.

use super::CodeView;
use crate::{
    api::ApiError,
    domain::{HandOverId, HandOverStage, PushTime},
    paths, request,
    server::{calendar::Zone, services::hand_overs},
};

/// The state of a person's hand-over, as the device that the person is signed in on shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOverView {
    /// There is no running hand-over.
    None,
    /// The digits have been made and not typed yet. Only the browser that made the digits knows them. `until` is in the
    /// person's zone.
    Open {
        code: Option<CodeView>,
        until: PushTime,
    },
    /// A new device has sent the digits. `device` is its name as stored.
    Asked {
        id: HandOverId,
        device: String,
    },
    /// The person has confirmed the new device.
    Confirmed {
        device: String,
    },
    /// The new device has signed in.
    Used {
        device: String,
    },
    Refused,
}

/// Reads the person's hand-over.
pub async fn hand_over() -> Result<HandOverView, ApiError> {
    let request = request::current().await?;
    let Some(found) = hand_overs::lookup(&request.state, &request.person).await? else {
        return Ok(HandOverView::None);
    };
    Ok(match found.stage {
        HandOverStage::Open => {
            let code = request.visitor.hand_over_code(found.id).map(|code| {
                let code = code.grouped();
                let link = format!("{}{}", request.state.site.public_url.as_str(), paths::digits_with(&code));
                CodeView::new(code, link)
            });
            let minute = Zone::stored(&request.person.zone).minute(found.expires_at);
            HandOverView::Open { code, until: PushTime::from_minute(minute).unwrap_or_default() }
        }
        HandOverStage::Asked => HandOverView::Asked { id: found.id, device: found.device },
        HandOverStage::Confirmed => HandOverView::Confirmed { device: found.device },
        HandOverStage::Used => HandOverView::Used { device: found.device },
        HandOverStage::Refused => HandOverView::Refused,
        HandOverStage::Withdrawn => HandOverView::None,
    })
}
