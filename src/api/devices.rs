//! Server functions for devices and deliveries. Service workers of earlier releases post here too, so these
//! contracts change by addition only.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::{NotificationId, SubscriptionId};

/// Returns the key to subscribe with (Push API `applicationServerKey`, base64url).
#[server(endpoint = "push_key")]
pub async fn push_key() -> Result<String, ApiError> {
    use crate::request;

    let request = request::anybody()?;
    Ok(request.state.push.public_key().to_owned())
}

/// Saves the push subscription of this browser. `key` is the application server key that it was made with.
#[server(endpoint = "subscribe")]
pub async fn subscribe(
    #[server(default)] endpoint: String,
    #[server(default)] p256dh: String,
    #[server(default)] auth: String,
    #[server(default)] key: String,
) -> Result<(), ApiError> {
    use crate::{
        request,
        server::services::registrations::{self, Offered},
    };

    let request = request::current().await?;
    let offered = Offered { endpoint: &endpoint, p256dh: &p256dh, auth: &auth, key: &key };
    registrations::subscribe(&request.state, &request.person, request.session, &request.visitor.device, offered)
        .await?;
    Ok(())
}

/// Saves where a native shell receives notifications: `provider` is `fcm` or `apns`, `address` its registration there.
/// `kind` is `fid` or `token` (FCM), `environment` is `production`, `sandbox` or empty (APNs). A shell calls this at
/// each of its starts; a repeated call changes nothing.
#[server(endpoint = "register_device")]
pub async fn register_device(
    #[server(default)] provider: String,
    #[server(default)] address: String,
    #[server(default)] kind: String,
    #[server(default)] environment: String,
) -> Result<(), ApiError> {
    use crate::{
        request,
        server::services::registrations::{self, Registered},
    };

    let request = request::current().await?;
    let registered = Registered { provider: &provider, address: &address, kind: &kind, environment: &environment };
    let device = &request.visitor.device;
    registrations::register(&request.state, &request.person, request.session, device, registered).await?;
    Ok(())
}

/// Deletes the address of this device, at whatever provider it is.
#[server(endpoint = "unsubscribe")]
pub async fn unsubscribe() -> Result<(), ApiError> {
    use crate::{request, server::services::devices};

    let request = request::current().await?;
    devices::remove_own(&request.state, &request.person, request.session).await?;
    Ok(())
}

/// Records that a device showed or opened a notification. `receipt` was sent with that notification and is valid for
/// nothing else.
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

/// Sends a test notification to one of the person's devices.
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

/// Sets whether the system draws the notifications of an FCM device, without the app.
#[server(endpoint = "draw_device")]
pub async fn draw_device(device: SubscriptionId, #[server(default)] by_system: bool) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::devices};

    let request = request::current().await?;
    devices::draw(&request.state, &request.person, device, by_system).await?;
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
