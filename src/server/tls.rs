//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) with rustls: a certificate from PEM files or one that
//! the server makes, exchanged while it runs.
//!
//! Invariant: a listener always has a whole pair of certificate and key. A new pair is loaded and
//! checked before it takes the place of the old one.

use super::config::{Config, Tls};
use crate::kernel::clock::{self, civil_from_days};
use crate::kernel::limits::SELF_SIGNED_DAYS;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Makes ring the provider of cryptography of this process, for every library that asks rustls
/// for a default. Calling it again does nothing.
pub fn install_provider() {
    let _ = ring::default_provider().install_default();
}

/// The certificate in use; connections that begin later get the newest.
#[derive(Debug)]
pub struct Certificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificate {
    /// Loads the certificate that the configuration names; `None` without TLS.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub fn load(config: &Config) -> Result<Option<Arc<Self>>, String> {
        let pair = load_pair(config)?;
        Ok(pair.map(|pair| Arc::new(Self(RwLock::new(Arc::new(pair))))))
    }

    /// Puts the pair that the configuration names now into use, and tells whether it is another.
    ///
    /// # Errors
    /// Which file is wrong, and how; the old pair stays in use.
    pub fn reload(&self, config: &Config) -> Result<bool, String> {
        let Some(pair) = load_pair(config)? else { return Ok(false) };
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = slot.cert != pair.cert;
        *slot = Arc::new(pair);
        Ok(changed)
    }

    /// A server's TLS configuration with this certificate: HTTP/2 and HTTP/1.1 by ALPN
    /// (RFC 7301, RFC 9113 §3.2).
    ///
    /// # Errors
    /// Never with the ring provider, which knows both versions of TLS.
    pub fn server_config(self: Arc<Self>) -> Result<Arc<ServerConfig>, String> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn load_pair(config: &Config) -> Result<Option<CertifiedKey>, String> {
    match &config.tls {
        Tls::Off => Ok(None),
        Tls::Pem { certificate, key } => read_pair(certificate, key).map(Some),
        Tls::SelfSigned => self_signed(&config.data_dir, config.public_url.as_deref()).map(Some),
    }
}

fn read_pair(certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let in_file = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let pem = fs::read(certificate).map_err(|e| in_file(certificate, &e))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|e| in_file(certificate, &e))?;
    if chain.is_empty() {
        return Err(in_file(certificate, &"holds no certificate in PEM form"));
    }
    let pem = fs::read(key).map_err(|e| in_file(key, &e))?;
    let private = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|e| in_file(key, &format!("holds no private key in PEM form ({e})")))?;
    let provider: CryptoProvider = ring::default_provider();
    CertifiedKey::from_der(chain, private, &provider)
        .map_err(|e| in_file(key, &format!("does not fit {}: {e}", certificate.display())))
}

/// The files of the self-signed pair in a data directory: certificate and key.
pub fn self_signed_files(data_dir: &Path) -> (PathBuf, PathBuf) {
    let folder = data_dir.join("tls");
    (folder.join("certificate.pem"), folder.join("key.pem"))
}

/// The pair kept in the data directory; a new one if there is none, if it is broken, or if it is
/// so old that it is about to expire.
fn self_signed(data_dir: &Path, public_url: Option<&str>) -> Result<CertifiedKey, String> {
    let (certificate, key) = self_signed_files(data_dir);
    if certificate.exists() && !expiring(&certificate) {
        match read_pair(&certificate, &key) {
            Ok(pair) => return Ok(pair),
            Err(why) => tracing::warn!("the self-signed certificate is made anew: {why}"),
        }
    }
    make_pair(&certificate, &key, public_url)
        .map_err(|why| format!("{}: no self-signed certificate: {why}", certificate.display()))?;
    read_pair(&certificate, &key)
}

fn expiring(certificate: &Path) -> bool {
    let written = fs::metadata(certificate).and_then(|meta| meta.modified()).ok();
    let age = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let age = age.map_or(0, |at| clock::now().seconds() - at.as_secs() as i64);
    age > (SELF_SIGNED_DAYS - 30) * 86_400
}

fn make_pair(certificate: &Path, key: &Path, public_url: Option<&str>) -> Result<(), String> {
    let names = names(public_url);
    let name = names.iter().find(|name| *name != "localhost").cloned().unwrap_or_default();
    let mut params =
        CertificateParams::new(names.into_iter().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
    params.distinguished_name.push(DnType::CommonName, format!("Davenport on {name}"));
    let today = clock::now().seconds().div_euclid(86_400);
    let date = |days: i64| {
        let (year, month, day) = civil_from_days(days);
        rcgen::date_time_ymd(year as i32, month as u8, day as u8)
    };
    params.not_before = date(today - 1);
    params.not_after = date(today + SELF_SIGNED_DAYS);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let pair = KeyPair::generate().map_err(|e| e.to_string())?;
    let made = params.self_signed(&pair).map_err(|e| e.to_string())?;
    let write = || -> io::Result<()> {
        if let Some(folder) = certificate.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        write_private(key, pair.serialize_pem().as_bytes())?;
        write_private(certificate, made.pem().as_bytes())
    };
    write().map_err(|e| e.to_string())?;
    tracing::info!(file = %certificate.display(), "made a self-signed certificate");
    Ok(())
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("new");
    let _ = fs::remove_file(&next);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)
}

/// The names and addresses that the certificate is for.
fn names(public_url: Option<&str>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into_iter().collect();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| std::env::var("HOSTNAME").ok());
    let public = public_url.and_then(|url| url.parse::<http::Uri>().ok());
    let public = public.and_then(|uri| uri.host().map(str::to_owned));
    for name in [host, public].into_iter().flatten() {
        let name = name.trim().trim_matches(['[', ']']).to_ascii_lowercase();
        if rustls::pki_types::ServerName::try_from(name.as_str()).is_ok() {
            names.insert(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::config::Source;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn config(folder: &Path, tls: &[(&str, &Path)]) -> Config {
        let set = |name: &str, value: String| (format!("DAVENPORT_{name}"), value);
        let mut environment = vec![set("DATA_DIR", folder.display().to_string())];
        environment.push(set("HTTPS_LISTEN", "127.0.0.1:0".to_owned()));
        environment.extend(tls.iter().map(|(name, path)| set(name, path.display().to_string())));
        Source { environment, ..Source::default() }.load().unwrap()
    }

    fn shown(certificate: &Certificate) -> Vec<CertificateDer<'static>> {
        certificate.0.read().unwrap().cert.clone()
    }

    #[test]
    fn a_self_signed_pair_is_private_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("TLS", Path::new("self-signed"))]);
        let first = Certificate::load(&config).unwrap().unwrap();
        let again = Certificate::load(&config).unwrap().unwrap();
        assert_eq!(shown(&first), shown(&again));
        let (certificate, key) = self_signed_files(folder.path());
        for file in [&certificate, &key] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&key, "broken").unwrap();
        let anew = Certificate::load(&config).unwrap().unwrap();
        assert_ne!(shown(&first), shown(&anew));
    }

    #[test]
    fn a_broken_new_pair_leaves_the_old_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        make_pair(&certificate, &key, Some("https://dav.example.org")).unwrap();
        let config = config(folder.path(), &[("TLS_CERTIFICATE", &certificate), ("TLS_KEY", &key)]);
        let held = Certificate::load(&config).unwrap().unwrap();
        let old = shown(&held);
        assert_eq!(held.reload(&config), Ok(false));
        let other = folder.path().join("other.pem");
        make_pair(&folder.path().join("c2.pem"), &other, None).unwrap();
        fs::copy(&other, &key).unwrap();
        let why = held.reload(&config).unwrap_err();
        assert!(why.contains("k.pem: does not fit"), "{why}");
        fs::write(&certificate, "nothing").unwrap();
        let why = held.reload(&config).unwrap_err();
        assert!(why.contains("c.pem: holds no certificate"), "{why}");
        fs::remove_file(&certificate).unwrap();
        assert!(held.reload(&config).unwrap_err().contains("c.pem: "));
        assert_eq!(shown(&held), old);
        make_pair(&certificate, &key, None).unwrap();
        assert_eq!(held.reload(&config), Ok(true));
        assert_ne!(shown(&held), old);
    }

    #[test]
    fn the_certificate_names_this_machine_and_the_public_url() {
        let names = names(Some("https://DAV.example.org:8443"));
        for name in ["localhost", "127.0.0.1", "::1", "dav.example.org"] {
            assert!(names.contains(name), "{name}");
        }
        assert!(super::names(Some("https://[2001:db8::1]")).contains("2001:db8::1"));
    }
}
