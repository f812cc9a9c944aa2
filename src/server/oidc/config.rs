//! The file `DATA_DIR/oidc.toml` with the providers of this installation.

use std::{
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::json;

use crate::server::push::{JwtKey, PushHosts, outward_url};

/// The file in `DATA_DIR`.
pub const CONFIG_FILE: &str = "oidc.toml";
/// A sign-in page with more buttons helps nobody.
const MOST_PROVIDERS: usize = 8;
/// Apple takes a secret for at most six months. One is signed for each sign-in.
const SECRET_LIFE_S: i64 = 5 * 60;
const APPLE: &str = "https://appleid.apple.com";

/// The file cannot be used; the sentence says what to do and quotes no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigProblem(String);

/// The providers that need no issuer and no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Kakao,
    Apple,
    Google,
    #[serde(skip)]
    Other,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Kakao => "kakao",
            Self::Apple => "apple",
            Self::Google => "google",
            Self::Other => "other",
        }
    }

    fn issuer(self) -> Option<&'static str> {
        match self {
            Self::Kakao => Some("https://kauth.kakao.com"),
            Self::Apple => Some(APPLE),
            Self::Google => Some("https://accounts.google.com"),
            Self::Other => None,
        }
    }
}

/// How the token endpoint knows this installation.
pub enum Secret {
    Shared(String),
    /// A JWT that Apple takes in place of a secret.
    Apple {
        key: JwtKey,
        team: String,
    },
}

/// A provider as configured.
#[derive(Debug)]
pub struct Entry {
    /// Part of addresses.
    pub id: String,
    pub kind: Kind,
    /// The name that the operator gave; empty: the name of the kind.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub secret: Secret,
}

impl Secret {
    /// The `client_secret` of a request that is sent at `now_s` (epoch seconds).
    pub fn at(&self, client_id: &str, now_s: i64) -> String {
        match self {
            Self::Shared(secret) => secret.clone(),
            Self::Apple { key, team } => key.sign(
                &SystemRandom::new(),
                &json!({ "iss": team, "iat": now_s, "exp": now_s + SECRET_LIFE_S, "aud": APPLE, "sub": client_id }),
            ),
        }
    }
}

/// Prints nothing of it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    #[serde(default)]
    provider: Vec<Stored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    id: String,
    kind: Option<Kind>,
    name: Option<String>,
    issuer: Option<String>,
    client_id: String,
    client_secret: Option<String>,
    team_id: Option<String>,
    key_id: Option<String>,
    key_file: Option<PathBuf>,
}

/// Reads the file; no providers when there is none.
pub fn read(data_dir: &Path, hosts: &PushHosts) -> Result<Vec<Entry>, ConfigProblem> {
    let path = data_dir.join(CONFIG_FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = private(&path)?;
    parse(&text, data_dir, hosts).map_err(|problem| ConfigProblem(format!("{}: {problem}", path.display())))
}

/// The text of a file that nobody but its owner may read.
fn private(path: &Path) -> Result<String, ConfigProblem> {
    let fails = |problem: &str| ConfigProblem(format!("{} {problem}", path.display()));
    let unreadable = |error| fails(&format!("cannot be read: {error}"));
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(fails("holds secrets and others may read it: run chmod 600 on it"));
    }
    fs::read_to_string(path).map_err(unreadable)
}

pub(super) fn parse(text: &str, data_dir: &Path, hosts: &PushHosts) -> Result<Vec<Entry>, String> {
    // The parser's own message quotes the line, which may hold a secret.
    let file: StoredFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        format!("line {line} is not as docs/OPERATING.md describes it")
    })?;
    if file.provider.len() > MOST_PROVIDERS {
        return Err(format!("it has more than {MOST_PROVIDERS} providers"));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for stored in file.provider {
        let id = stored.id.clone();
        let entry = stored.into_entry(data_dir, hosts).map_err(|problem| format!("provider \"{id}\": {problem}"))?;
        if entries.iter().any(|other| other.id == entry.id || other.issuer == entry.issuer) {
            return Err(format!("provider \"{id}\" has the id or the issuer of an earlier one"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

impl Stored {
    fn into_entry(self, data_dir: &Path, hosts: &PushHosts) -> Result<Entry, String> {
        let is_id = (1..=32).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_id {
            return Err("its id is not 1 to 32 small letters, digits and hyphens".to_owned());
        }
        let kind = self.kind.unwrap_or(Kind::Other);
        let issuer = self.issuer.or(kind.issuer().map(str::to_owned)).ok_or("issuer is missing")?;
        outward_url(&issuer, hosts).map_err(|error| format!("its issuer cannot be used: {error}"))?;
        let name = self.name.unwrap_or_default();
        if kind == Kind::Other && name.trim().is_empty() {
            return Err("name is missing".to_owned());
        }
        if name.chars().count() > 30 || name.chars().any(char::is_control) {
            return Err("its name has more than 30 characters or a control character".to_owned());
        }
        if self.client_id.is_empty() || self.client_id.len() > 255 {
            return Err("client_id is empty or has more than 255 characters".to_owned());
        }
        let secret = match (self.client_secret, self.team_id, self.key_id, self.key_file) {
            (Some(secret), None, None, None) if kind != Kind::Apple && !secret.is_empty() => Secret::Shared(secret),
            (None, Some(team), Some(key_id), Some(file)) if kind == Kind::Apple => {
                let pem = private(&data_dir.join(file)).map_err(|problem| problem.to_string())?;
                Secret::Apple { key: JwtKey::es256(&pem, &key_id).map_err(|error| format!("key_file: {error}"))?, team }
            }
            _ if kind == Kind::Apple => {
                return Err("it needs team_id, key_id and key_file, and no client_secret".to_owned());
            }
            _ => return Err("it needs client_secret, and none of team_id, key_id and key_file".to_owned()),
        };
        Ok(Entry { id: self.id, kind, name, issuer, client_id: self.client_id, secret })
    }
}
