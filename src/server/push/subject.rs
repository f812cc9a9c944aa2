//! `VAPID_SUBJECT`, the contact that push services get (RFC 8292 §2.1).

use url::{Host, Url};

const DEVELOPMENT_SUBJECT: &str = "mailto:operator@localhost";
/// Top-level domains that nobody can own (RFC 2606, RFC 6761, RFC 6762).
const RESERVED: [&str; 5] = ["example", "invalid", "local", "localhost", "test"];
const RESERVED_DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

/// Checks `VAPID_SUBJECT`, the contact for push services (RFC 8292 §2.1): a `mailto:` or https URL. The error is one
/// sentence that says what to do.
pub fn check_subject(subject: Option<&str>, is_production: bool) -> Result<String, String> {
    let Some(subject) = subject.map(str::trim).filter(|subject| !subject.is_empty()) else {
        if is_production {
            return Err(
                "VAPID_SUBJECT is not set: give a mailto: or https: address of yours where a push service can \
                reach you"
                    .into(),
            );
        }
        return Ok(DEVELOPMENT_SUBJECT.into());
    };
    let Some(host) = subject_host(subject) else {
        return Err(format!("VAPID_SUBJECT must be mailto: with one mail address, or an https address: {subject}"));
    };
    if is_production && is_placeholder(&host) {
        return Err(format!(
            "VAPID_SUBJECT is a placeholder, to which Apple answers 403: give an address of yours instead of {subject}"
        ));
    }
    Ok(subject.into())
}

fn subject_host(subject: &str) -> Option<Host> {
    if !subject.chars().all(|character| character.is_ascii_graphic()) {
        return None;
    }
    let Some(address) = subject.strip_prefix("mailto:") else {
        let url = Url::parse(subject)
            .ok()
            .filter(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none())?;
        return url.host().map(|host| host.to_owned());
    };
    let (local, domain) = address.split_once('@')?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "!#$&'*+-/=^_`{|}~.".contains(character);
    let is_local = !local.is_empty() && !local.starts_with('.') && !local.ends_with('.') && local.chars().all(is_plain);
    Host::parse(domain).ok().filter(|host| is_local && matches!(host, Host::Domain(_)))
}

fn is_placeholder(host: &Host) -> bool {
    let Host::Domain(name) = host else { return true };
    let name = name.trim_end_matches('.');
    let last_two = name.rmatch_indices('.').nth(1).map_or(name, |(at, _)| &name[at + 1..]);
    let Some((_, top)) = name.rsplit_once('.') else { return true };
    RESERVED.contains(&top) || RESERVED_DOMAINS.contains(&last_two)
}
