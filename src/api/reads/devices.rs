//! Reads of the person's devices, and how today's question reached them and the other member.

pub use crate::server::services::devices::Reached;
use crate::{
    api::{ApiError, MemberView, Shell},
    domain::{LocalDate, Millis, Provider, SubscriptionId},
    request,
    server::services::{ServiceError, devices},
};

/// A moment in the person's own time zone. `clock` has the format `21:00:07`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentView {
    pub date: LocalDate,
    pub clock: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    pub id: SubscriptionId,
    pub name: String,
    pub is_this: bool,
    pub accepted: Option<MomentView>,
    pub shown: Option<MomentView>,
    pub opened: Option<MomentView>,
    pub test: Option<TestView>,
    /// Whether the system draws its notifications; `None` for a device that has no such choice.
    pub is_drawn_by_system: Option<bool>,
}

/// The state of the latest test notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestView {
    Made,
    Accepted(String),
    Shown(String),
    Failed,
}

/// The delivery of today's question to the person's own devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayView {
    pub opened: String,
    pub sent: Option<String>,
    /// The devices that showed it, each with the time.
    pub shown: Vec<(String, String)>,
}

/// Whether the native shell that shows the page gets this person's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellState {
    Registered,
    /// The shell has not registered: its person did not allow notifications, or it was installed a moment ago.
    NotRegistered,
    /// This installation does not use the provider of the shell's system.
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicesView {
    pub devices: Vec<DeviceView>,
    /// The shell that shows the page and its state; `None` in a browser.
    pub shell: Option<(Shell, ShellState)>,
    pub ways: Vec<WayView>,
    pub others: Vec<(MemberView, Reached)>,
}

/// Reads the person's devices, the delivery of today's question to them, and whether it reached the other member.
pub async fn devices() -> Result<DevicesView, ApiError> {
    let request = request::current().await?;
    let found = devices::find(&request.state, &request.reader()).await?;
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
        is_drawn_by_system: (subscription.provider == Provider::Fcm).then(|| subscription.is_drawn_by_system()),
    });
    let devices: Vec<DeviceView> = devices.collect();
    let shell = Shell::of(&request.visitor.user_agent).map(|shell| {
        let provider = match shell {
            Shell::Android => Provider::Fcm,
            Shell::Apple => Provider::Apns,
        };
        let state = if devices.iter().any(|device| device.is_this) {
            ShellState::Registered
        } else if request.state.push.native().has(provider) {
            ShellState::NotRegistered
        } else {
            ShellState::Disabled
        };
        (shell, state)
    });
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
        Ok::<_, ApiError>((MemberView::from(other), *reached))
    });
    let others = others.collect::<Result<_, _>>()?;
    Ok(DevicesView { devices, shell, ways: ways.into_iter().map(|(_, way)| way).collect(), others })
}
