//! Keys of the benchmark, made anew by `openssl` at each run: a certificate authority with a server certificate for
//! 127.0.0.1, a service account's RSA key and an APNs key.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::json;

pub const PROJECT: &str = "umbba-bench";
pub const KEY_ID: &str = "ABC123DEFG";
pub const TEAM: &str = "DEF123GHIJ";
pub const TOPIC: &str = "family.umbba.app";

pub struct Keys {
    /// The authority's certificate in PEM.
    pub authority: PathBuf,
    /// The service account's JSON file, once `write_account` wrote it.
    pub account: PathBuf,
    account_key: PathBuf,
    pub apns_key: PathBuf,
}

impl Keys {
    pub fn make(folder: &Path) -> Result<Self, String> {
        let at = |name: &str| folder.join(name);
        let keys = Self {
            authority: at("authority.pem"),
            account: at("account.json"),
            account_key: at("account.pem"),
            apns_key: at("apns.p8"),
        };
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        let server = "-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1";
        // RFC 5280 §4.2.1.3: Python's strict check wants an authority that says what its key is for.
        let authority = "-addext keyUsage=critical,keyCertSign";
        openssl(
            folder,
            &format!("req -x509 {new} -subj /CN=bench {authority} -keyout authority.key -out authority.pem"),
        )?;
        openssl(
            folder,
            &format!(
                "req -x509 {new} -subj /CN=127.0.0.1 {server} -CA authority.pem -CAkey authority.key \
                 -keyout server.key -out server.pem"
            ),
        )?;
        openssl(folder, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out account.pem")?;
        openssl(folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out apns.p8")?;
        restrict(&keys.apns_key)?;
        Ok(keys)
    }

    /// Writes the service account as Google's console gives it, with the server's own token endpoint: `google-auth`
    /// asks the one that the file names.
    pub fn write_account(&self, port: u16) -> Result<(), String> {
        let key = fs::read_to_string(&self.account_key).map_err(|error| error.to_string())?;
        let account = json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": key,
            "client_email": format!("push@{PROJECT}.iam.gserviceaccount.com"),
            "token_uri": format!("https://127.0.0.1:{port}/token"),
        });
        fs::write(&self.account, account.to_string()).map_err(|error| error.to_string())?;
        restrict(&self.account)
    }

    pub fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(&self.authority).map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        Ok(roots)
    }
}

/// The senders refuse a key file that others may read.
fn restrict(file: &Path) -> Result<(), String> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())
}

fn openssl(folder: &Path, words: &str) -> Result<(), String> {
    let output = Command::new("openssl").current_dir(folder).args(words.split_whitespace()).output();
    let output = output.map_err(|_| "install the Debian package openssl")?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("openssl {words}: {}", String::from_utf8_lossy(&output.stderr)))
}
