//! The other request headers (`protocol/http/header`), and what a trusted proxy says of the
//! client. The first octet of the input chooses the header; each line of the rest is a field.
//!
//! Promises: faults are short and keep no credential; what was read and is written again reads
//! back the same; what comes out has the form that its module promises.

use base64::Engine;
use davenport::format::uri::encode_path;
use davenport::kernel::limits::CLIENT_NAME_MAX;
use davenport::protocol::http::header::content_type::{self, MediaType};
use davenport::protocol::http::header::destination::{self, Destination};
use davenport::protocol::http::header::prefer::Preferences;
use davenport::protocol::http::header::{
    accept, basic, depth, lock_token, overwrite, timeout, user_agent,
};
use davenport::protocol::http::network::Network;
use davenport::protocol::http::peer::{ForwardedBy, Peer, Trust};
use http::HeaderMap;
use std::net::{IpAddr, Ipv4Addr};

pub const SEEDS: &[&[u8]] = &[
    b"\x00text/html,application/xml;q=0.9,*/*;q=0.8\ntext/plain;x=\"a,b\\\"\"",
    b"\x01Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    b"\x01basic  dGVzdDoxMjPCow",
    b"\x01Basic Authorization: expected base64 after Basic",
    b"\x02Text/Calendar; Charset=\"UTF-8\" ;component=VEVENT",
    b"\x03http://example.org:443/a%20b/c.ics",
    b"\x03/x/%C3%BC",
    b"\x04return=minimal; x, depth-noroot , respond-async, wait=\"1\\\"0\"\nreturn=representation",
    b"\x05Infinite, Second-4100000000",
    b"\x06<urn:uuid:181d4fae>",
    b"\x07Mozilla/5.0 (X11; (a\\)b) c) Gecko/20100101 Thunderbird/128.5.0",
    b"\x08infinity",
    b"\x09for=192.0.2.60;proto=https;by=203.0.113.43, for=\"[2001:db8::1]:4711\"",
    b"\x0a10.0.0.2, unknown\n192.0.2.1:80, [::1]",
];

type Check = fn(&[&[u8]]);

const CHECKS: [Check; 11] = [
    |values| {
        with("accept", values, |h| {
            let _ = accept::error_body(h);
        })
    },
    |values| with("authorization", values, credentials),
    |values| with("content-type", values, media),
    |values| with("destination", values, place),
    |values| with("prefer", values, preferences),
    |values| with("timeout", values, |h| assert!(timeout::parse(h).is_none_or(|s| s >= 0))),
    |values| with("lock-token", values, token),
    |values| with("user-agent", values, client),
    |values| {
        with("depth", values, |h| {
            let _ = depth::parse(h).map_err(|fault| super::assert_short(&fault));
        });
        with("overwrite", values, |h| {
            let _ = overwrite::parse(h).map_err(|fault| super::assert_short(&fault));
        });
    },
    |values| with("forwarded", values, peer),
    |values| with("x-forwarded-for", values, peer),
];

pub fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let values: Vec<&[u8]> = rest.split(|b| *b == b'\n').collect();
    if let Some(check) = CHECKS.get(usize::from(*first) % CHECKS.len()) {
        check(&values);
    }
}

fn with(name: &'static str, values: &[&[u8]], check: impl Fn(&HeaderMap)) {
    if let Some(headers) = super::fields(name, values) {
        check(&headers);
    }
}

fn again(name: &'static str, value: &[u8]) -> HeaderMap {
    super::header(name, value).unwrap_or_else(|| panic!("{name}: {value:?} is no header"))
}

/// All that is ever said about credentials that cannot be read.
const TOLD: [&str; 5] = [
    "authorization: expected base64 after Basic",
    "authorization: expected no control characters",
    "authorization: expected user:password in base64",
    "authorization: this header may stand only once",
    "authorization: expected UTF-8 text",
];

fn credentials(headers: &HeaderMap) {
    match basic::parse(headers) {
        Err(fault) => {
            super::assert_short(&fault);
            let told = fault.to_string();
            assert!(TOLD.iter().any(|text| told.eq_ignore_ascii_case(text)), "{told}");
        }
        Ok(basic::Credentials::Basic { user, password }) => {
            assert!(!user.contains(':') && !user.chars().any(|c| c.is_ascii_control()));
            let read = |pair: &str| {
                let text = base64::engine::general_purpose::STANDARD.encode(pair);
                basic::parse(&again("authorization", format!("Basic {text}").as_bytes()))
            };
            let whole = format!("{user}:{}", password.expose());
            assert_eq!(read(&whole), Ok(basic::Credentials::Basic { user, password }));
        }
        Ok(_) => {}
    }
}

fn media(headers: &HeaderMap) {
    match content_type::parse(headers) {
        Err(fault) => super::assert_short(&fault),
        Ok(None) => {}
        Ok(Some(media)) => {
            assert!(media.essence.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
            assert!(media.is(&media.essence) && media.charset.as_deref() != Some(""));
            let bare = MediaType { charset: None, ..media.clone() };
            assert_eq!(MediaType::parse(&media.essence), Some(bare));
        }
    }
}

fn place(headers: &HeaderMap) {
    match destination::parse(headers, Some("example.org")) {
        Err(fault) => super::assert_short(&fault),
        Ok(Destination::Elsewhere) => {}
        Ok(Destination::Here(path)) => {
            assert!(path.starts_with('/') && !path.contains("//"));
            let mut text = Vec::new();
            encode_path(&path, &mut text);
            let read = destination::parse(&again("destination", &text), None);
            assert_eq!(read, Ok(Destination::Here(path)));
        }
    }
}

fn preferences(headers: &HeaderMap) {
    let read = Preferences::parse(headers);
    if let Some(applied) = read.applied() {
        assert_eq!(Preferences::parse(&again("prefer", applied.as_bytes())), read);
    }
}

fn token(headers: &HeaderMap) {
    match lock_token::parse(headers) {
        Err(fault) => super::assert_short(&fault),
        Ok(token) => {
            let read = lock_token::parse(&again("lock-token", format!("<{token}>").as_bytes()));
            assert_eq!(read, Ok(token));
        }
    }
}

fn client(headers: &HeaderMap) {
    let Some(name) = user_agent::client(headers) else { return };
    assert!(!name.is_empty() && name.len() <= CLIENT_NAME_MAX);
    assert!(name.chars().all(|c| c.is_ascii_graphic() || c == ' '));
    assert!(!name.contains(['"', '\\']) && name.trim() == name);
    let read = user_agent::client(&again("user-agent", name.as_bytes()));
    assert!(read.is_some_and(|read| name.ends_with(&read)));
}

fn peer(headers: &HeaderMap) {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let socket = Peer::of_socket(address, false);
    let nobody = Trust::default();
    assert_eq!(nobody.peer(socket, headers), socket, "an untrusted header counted");
    let proxies: Vec<Network> = "10.0.0.0/8".parse().into_iter().collect();
    for header in [ForwardedBy::Auto, ForwardedBy::Forwarded, ForwardedBy::XForwarded] {
        let found = Trust { proxies: proxies.clone(), header }.peer(socket, headers);
        assert!(found.private && found.address == found.address.to_canonical());
    }
}
