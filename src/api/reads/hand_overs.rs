//! A person's hand-over, on the device that they are signed in on.

use super::CodeView;
use crate::{
    api::ApiError,
    domain::{HandOverId, HandOverStage, PushTime},
    paths, request,
    server::{calendar::Zone, services::hand_overs},
};

/// The person's hand-over, as the device they are signed in on shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOverView {
    /// Nothing runs.
    None,
    /// Digits wait to be typed. They are known only to the browser that made them. `until` is in the person's zone.
    Open {
        code: Option<CodeView>,
        until: PushTime,
    },
    /// A device, named as stored, typed them.
    Asked {
        id: HandOverId,
        device: String,
    },
    /// It may come in.
    Confirmed {
        device: String,
    },
    /// It came in.
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
