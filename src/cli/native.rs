//! Makes the senders of FCM and APNs from the settings.

use url::Url;

use super::failure::Failure;
use crate::server::{
    config::{NativeSettings, Settings},
    push::{
        Native, PushHosts,
        apns::{Apns, ApnsUrls},
        apns_token::ApnsAccount,
        client,
        fcm::{Fcm, FcmUrls},
        fcm_account::ServiceAccount,
    },
};

/// Reads the credentials that are set. A provider without settings is disabled; half of its settings is a mistake.
pub(super) fn native_of(settings: &Settings, hosts: &PushHosts) -> Result<Native, Failure> {
    Ok(Native { fcm: fcm_of(settings, hosts)?, apns: apns_of(settings, hosts)? })
}

fn fcm_of(settings: &Settings, hosts: &PushHosts) -> Result<Option<Fcm>, Failure> {
    let Some(path) = &settings.native.fcm_service_account else { return Ok(None) };
    let account = ServiceAccount::read(path).map_err(|error| Failure(error.to_string()))?;
    let urls = match loopback(settings, "FCM_URL", settings.native.fcm_url.as_deref())? {
        Some(url) => FcmUrls { token: joined(&url, "token")?, api: url },
        None => FcmUrls::default(),
    };
    Ok(Some(Fcm::new(client::http2(hosts.clone(), client::TOTAL)?, account, &urls)))
}

fn apns_of(settings: &Settings, hosts: &PushHosts) -> Result<Option<Apns>, Failure> {
    let NativeSettings { apns_key, apns_key_id, apns_team_id, apns_topic, .. } = &settings.native;
    let (path, key_id, team, topic) = match (apns_key, apns_key_id, apns_team_id, apns_topic) {
        (None, None, None, None) => return Ok(None),
        (Some(path), Some(key_id), Some(team), Some(topic)) => (path, key_id, team, topic),
        _ => {
            return Err(Failure(
                "APNs needs APNS_KEY, APNS_KEY_ID, APNS_TEAM_ID and APNS_TOPIC together: set all four, or none".into(),
            ));
        }
    };
    let account = ApnsAccount::read(path, key_id, team, topic).map_err(|error| Failure(error.to_string()))?;
    let mut urls = ApnsUrls::default();
    if let Some(url) = loopback(settings, "APNS_URL", settings.native.apns_url.as_deref())? {
        urls.production = url;
    }
    if let Some(url) = loopback(settings, "APNS_SANDBOX_URL", settings.native.apns_sandbox_url.as_deref())? {
        urls.sandbox = url;
    }
    Ok(Some(Apns::new(client::http2(hosts.clone(), client::TOTAL)?, account, &urls)))
}

/// The address of a provider on this machine, which only development and tests may name.
fn loopback(settings: &Settings, name: &str, text: Option<&str>) -> Result<Option<Url>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if settings.is_production() {
        return Err(Failure(format!("{name} is for development and tests: unset it")));
    }
    let url = Url::parse(text).ok().filter(|url| {
        url.scheme() == "http"
            && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
            && url.path() == "/"
    });
    match url {
        Some(url) => Ok(Some(url)),
        None => {
            Err(Failure(format!("{name} must be like http://127.0.0.1:9000 (this machine, without a path): {text}")))
        }
    }
}

fn joined(url: &Url, path: &str) -> Result<Url, Failure> {
    url.join(path).map_err(|_| Failure(format!("{url} takes no path")))
}
