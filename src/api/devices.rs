//! Browsers that may be woken. The service worker posts here, so these contracts change by addition only.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ApiError, MemberView};
use crate::domain::{LocalDate, NotificationId, SubscriptionId};

/// A moment in the person's own zone; `clock` is `21:00:07`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MomentView {
    pub date: LocalDate,
    pub clock: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    pub id: SubscriptionId,
    pub name: String,
    pub is_this: bool,
    pub accepted: Option<MomentView>,
    pub shown: Option<MomentView>,
    pub opened: Option<MomentView>,
    pub test: Option<TestView>,
}

/// How far the latest test has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestView {
    Made,
    Accepted(String),
    Shown(String),
    Failed,
}

/// A question's way to the person's own devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayView {
    pub opened: String,
    pub sent: Option<String>,
    /// Device and time.
    pub shown: Vec<(String, String)>,
}

/// What of today's question reached the other: no times, no devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReachedView {
    Delivered,
    SwitchedOff,
    NotYet,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicesView {
    pub as_of: i64,
    pub devices: Vec<DeviceView>,
    pub ways: Vec<WayView>,
    pub others: Vec<(MemberView, ReachedView)>,
}

/// The key to subscribe with (Push API `applicationServerKey`, base64url).
#[server(endpoint = "push_key")]
pub async fn push_key() -> Result<String, ApiError> {
    use crate::request;

    let request = request::anybody()?;
    Ok(request.state.push.public_key().to_owned())
}

/// Takes this browser's push subscription; `key` is the application server key it was made with.
#[server(endpoint = "subscribe")]
pub async fn subscribe(
    #[server(default)] endpoint: String,
    #[server(default)] p256dh: String,
    #[server(default)] auth: String,
    #[server(default)] key: String,
) -> Result<(), ApiError> {
    use crate::{
        request,
        server::services::devices::{self, Offered},
    };

    let request = request::current().await?;
    let offered = Offered { endpoint: &endpoint, p256dh: &p256dh, auth: &auth, key: &key };
    devices::subscribe(&request.state, &request.person, request.session, &request.visitor.device, offered).await?;
    Ok(())
}

/// This browser is not to be woken any more.
#[server(endpoint = "unsubscribe")]
pub async fn unsubscribe() -> Result<(), ApiError> {
    use crate::{request, server::services::devices};

    let request = request::current().await?;
    devices::remove_own(&request.state, &request.person, request.session).await?;
    Ok(())
}

/// A device reports that it showed or opened a notification; `receipt` came with it and is good for nothing else.
#[server(endpoint = "receipt")]
pub async fn receipt(
    notification: NotificationId,
    subscription: SubscriptionId,
    receipt: String,
    what: String,
) -> Result<(), ApiError> {
    use crate::{
        request,
        server::{
            services::devices,
            storage::{deliveries::DeliveryId, receipts::Receipt},
        },
    };

    let request = request::anybody()?;
    let what = match what.as_str() {
        "shown" => Receipt::Shown,
        "opened" => Receipt::Clicked,
        _ => return Err(ApiError::Malformed),
    };
    devices::report(&request.state, DeliveryId { notification, subscription }, &receipt, what).await?;
    Ok(())
}

/// The person's devices, the way of today's question, and whether it reached the other.
#[server(endpoint = "devices")]
pub async fn devices() -> Result<DevicesView, ApiError> {
    use crate::{
        domain::Millis,
        request,
        server::services::{
            ServiceError,
            devices::{self, Reached},
        },
    };

    let request = request::current().await?;
    let found = devices::find(&request.state, &request.person).await?;
    let zone = devices::zone_of(&request.person);
    let moment = |at: Option<Millis>| at.map(|at| MomentView { date: zone.date(at), clock: zone.clock(at) });
    let clock = |at: i64| zone.clock(Millis(at));
    let test_of = |id: SubscriptionId| {
        let trail = found.tests.iter().find(|trail| trail.subscription_id == id.to_string())?;
        Some(match (trail.shown_at, trail.accepted_at, trail.state.as_str()) {
            (Some(at), ..) => TestView::Shown(clock(at)),
            (None, Some(at), _) => TestView::Accepted(clock(at)),
            (None, None, "pending" | "leased" | "retry") => TestView::Made,
            (None, None, _) => TestView::Failed,
        })
    };
    let devices = found.subscriptions.iter().map(|subscription| DeviceView {
        id: subscription.id,
        name: subscription.name.clone(),
        is_this: subscription.session == request.session,
        accepted: moment(subscription.accepted_at),
        shown: moment(subscription.shown_at),
        opened: moment(subscription.opened_at),
        test: test_of(subscription.id),
    });
    let devices: Vec<DeviceView> = devices.collect();
    let name_of =
        |id: &str| devices.iter().find(|device| device.id.to_string() == id).map(|device| device.name.clone());
    let mut ways: Vec<(String, WayView)> = Vec::new();
    for trail in &found.questions {
        if ways.last().is_none_or(|(id, _)| *id != trail.notification_id) {
            ways.push((
                trail.notification_id.clone(),
                WayView { opened: clock(trail.created_at), sent: None, shown: Vec::new() },
            ));
        }
        let Some((_, way)) = ways.last_mut() else { continue };
        let sent = trail.accepted_at.map(clock);
        way.sent = match (way.sent.take(), sent) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        if let (Some(name), Some(at)) = (name_of(&trail.subscription_id), trail.shown_at) {
            way.shown.push((name, clock(at)));
        }
    }
    let others = found.others.iter().map(|(pair, reached)| {
        let role = pair.role_of(request.person.id).ok_or(ServiceError::NotFound)?;
        let other = pair.seat(role.other()).ok_or(ServiceError::NotFound)?;
        let reached = match reached {
            Reached::Delivered => ReachedView::Delivered,
            Reached::SwitchedOff => ReachedView::SwitchedOff,
            Reached::NotYet => ReachedView::NotYet,
        };
        Ok::<_, ApiError>((MemberView::from(other), reached))
    });
    let others = others.collect::<Result<_, _>>()?;
    Ok(DevicesView { as_of: found.as_of, devices, ways: ways.into_iter().map(|(_, way)| way).collect(), others })
}

/// Sends a test to one of the person's devices.
#[server(endpoint = "test_device")]
pub async fn test_device(device: SubscriptionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::devices};

    let request = request::current().await?;
    devices::test(&request.state, &request.person, device).await?;
    request.redirect(paths::devices());
    Ok(())
}

#[server(endpoint = "rename_device")]
pub async fn rename_device(device: SubscriptionId, #[server(default)] name: String) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::devices};

    let request = request::current().await?;
    devices::rename(&request.state, &request.person, device, &name).await?;
    request.redirect(paths::devices());
    Ok(())
}

#[server(endpoint = "remove_device")]
pub async fn remove_device(device: SubscriptionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::devices};

    let request = request::current().await?;
    devices::remove(&request.state, &request.person, device).await?;
    request.redirect(paths::devices());
    Ok(())
}
