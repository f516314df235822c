//! Rules that hold between keys, checked after merging.

use super::merged::{Merged, Origin, Problem};
use super::value::Value;
use std::net::SocketAddr;

/// What is wrong although each value is well formed.
pub fn broken(merged: &Merged) -> Vec<Problem> {
    let rules = [
        plain_http,
        plain_mail,
        certificate,
        certificate_files,
        listeners,
        store,
        public_url,
        push_contact,
    ];
    rules
        .iter()
        .filter_map(|rule| rule(merged))
        .map(|(key, text)| {
            let origin = match merged.entry(key).map(|entry| &entry.origin) {
                None | Some(Origin::Default) => String::new(),
                Some(origin) => origin.to_string(),
            };
            Problem { origin, key: key.to_owned(), text }
        })
        .collect()
}

/// What is allowed, but probably not meant.
pub fn doubtful(merged: &Merged) -> Vec<String> {
    let mut out = Vec::new();
    let mut secure = ["https.listen"].into_iter().chain(MAIL.map(|row| row.1));
    let none = |key| merged.list::<SocketAddr>(key).is_empty();
    if !tls_mode(merged).is_empty() && secure.all(none) {
        out.push("tls is set, but https.listen is empty, and so are pop3s.listen and the like: nothing begins with TLS".to_owned());
    }
    out
}

/// The effective `tls`: naming the files means `pem`.
pub fn tls_mode(merged: &Merged) -> &str {
    let named = ["tls_certificate", "tls_key"].iter().any(|key| !merged.text(key).is_empty());
    match merged.text("tls") {
        "" if named => "pem",
        mode => mode,
    }
}

type Broken = Option<(&'static str, String)>;

fn plain_http(merged: &Merged) -> Broken {
    let open = merged.list::<SocketAddr>("http.listen");
    let open = open.iter().find(|address| !address.ip().to_canonical().is_loopback())?;
    let guarded = merged
        .entry("trusted_proxies")
        .is_some_and(|entry| !matches!(&entry.value, Value::List(list) if list.is_empty()));
    (!guarded).then(|| {
        let text = format!(
            "{open} is not a loopback address, and plain HTTP there would show passwords to the \
             network; use https.listen with tls, or, behind a reverse proxy that speaks TLS, name \
             the proxy's address in trusted_proxies"
        );
        ("http.listen", text)
    })
}

/// The listeners of mail that begin without TLS, and those that begin with it.
const MAIL: [(&str, &str); 2] = [("imap.listen", "imaps.listen"), ("pop3.listen", "pop3s.listen")];

fn plain_mail(merged: &Merged) -> Broken {
    if !tls_mode(merged).is_empty() {
        return None;
    }
    MAIL.iter().find_map(|(plain, secure)| {
        let open = merged.list::<SocketAddr>(plain);
        let open = open.iter().find(|address| !address.ip().to_canonical().is_loopback())?;
        let text = format!(
            "{open} is not a loopback address, and without a certificate nobody could sign in \
             there; set tls, and use {secure} as well"
        );
        Some((*plain, text))
    })
}

fn certificate(merged: &Merged) -> Broken {
    let secure = ["https.listen"].into_iter().chain(MAIL.map(|row| row.1));
    let wanted = |key: &&str| !merged.list::<SocketAddr>(key).is_empty();
    secure.filter(|_| tls_mode(merged).is_empty()).find(wanted).map(|key| {
        let text = "needs a certificate: set tls = \"self-signed\", or name tls_certificate and \
                    tls_key";
        (key, text.to_owned())
    })
}

fn certificate_files(merged: &Merged) -> Broken {
    let missing = |key| merged.text(key).is_empty();
    match (tls_mode(merged), missing("tls_certificate"), missing("tls_key")) {
        ("pem", true, _) => Some(("tls_certificate", "the PEM file is not named".to_owned())),
        ("pem", _, true) => Some(("tls_key", "the PEM file is not named".to_owned())),
        ("self-signed", false, _) | ("self-signed", _, false) => {
            let text =
                "is \"self-signed\", but tls_certificate or tls_key is set; use \"pem\" for them";
            Some(("tls", text.to_owned()))
        }
        _ => None,
    }
}

fn listeners(merged: &Merged) -> Broken {
    let none = |key| merged.list::<SocketAddr>(key).is_empty();
    (none("http.listen") && none("https.listen"))
        .then(|| ("http.listen", "is empty, and so is https.listen: nothing to serve".to_owned()))
}

fn store(merged: &Merged) -> Broken {
    let text = merged.text("store");
    let known = text == "sqlite"
        || ["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    (!known).then(|| {
        let text = "expected \"sqlite\", \"sqlite:///PATH\" or \
                    \"postgres://USER:PASSWORD@HOST/DATABASE\"";
        ("store", text.to_owned())
    })
}

fn public_url(merged: &Merged) -> Broken {
    let text = merged.text("public_url");
    let good = text.is_empty()
        || text.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
                && uri.path() == "/"
                && uri.query().is_none()
        });
    (!good).then(|| {
        let text =
            format!("expected https://HOST or https://HOST:PORT without a path, found {text:?}");
        ("public_url", text)
    })
}

fn push_contact(merged: &Merged) -> Broken {
    let text = merged.text("push.contact");
    let good = ["mailto:", "https:"].iter().any(|scheme| text.starts_with(scheme));
    (!text.is_empty() && !good)
        .then(|| ("push.contact", format!("expected a mailto: or https: address, found {text:?}")))
}
