//! What `umbba doctor` says of the providers that people sign in with (`oidc.toml`).

use super::report::Report;
use crate::{
    cli::{failure::Failure, state::oidc_of},
    server::{clock::Clock, config::Settings, push::PushHosts},
};

/// Looks at the file, and asks each provider for its description. Says nothing without providers.
pub(super) async fn look(settings: &Settings, report: &mut Report) {
    let hosts = PushHosts::parse(&settings.push_allowed_hosts, &settings.push_extra_hosts, settings.is_production());
    // `contact for push services` and the start itself tell of a wrong list of hosts.
    let Ok(hosts) = hosts else { return };
    let oidc = match oidc_of(settings, &hosts) {
        Ok(oidc) => oidc,
        Err(Failure(sentence)) => return report.wrong("accounts elsewhere", sentence),
    };
    for provider in oidc.list() {
        let entry = provider.entry();
        match provider.description(Clock::System.now().0).await {
            Ok(_) => report.good("accounts elsewhere", format!("{} answers at {}", entry.id, entry.issuer)),
            Err(failure) => report.wrong(
                "accounts elsewhere",
                format!("{} at {}: {failure}; compare the issuer with the provider's console", entry.id, entry.issuer),
            ),
        }
    }
}
