//! Who asks: the socket's address, or what a trusted reverse proxy says in `Forwarded`
//! (RFC 7239) or `X-Forwarded-For` and `X-Forwarded-Proto`.
//!
//! Invariant: a header of a peer that is not trusted changes nothing. Proxies append, so the list
//! is read from its right end, and the first address that is not itself a trusted proxy counts.

use super::network::Network;
use http::HeaderMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The client of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks TLS, to us or to the trusted proxy.
    pub secure: bool,
    /// Whether a password may be said: over TLS, on this machine, or behind a trusted proxy, for
    /// whose other side its operator answers (RFC 4918 §20.1).
    pub private: bool,
}

impl Peer {
    /// The peer of a socket.
    pub fn of_socket(address: IpAddr, secure: bool) -> Self {
        let address = address.to_canonical();
        Self { address, secure, private: secure || address.is_loopback() }
    }
}

/// Whoever has one IPv6 address has the other addresses of its /64 network too (RFC 4291 §2.5.4).
pub fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        v4 => v4,
    }
}

/// Which header the trusted proxies set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// Whichever is there. If both are there and disagree, neither is believed, for then one of
    /// them came from the client.
    #[default]
    Auto,
    /// `Forwarded` only.
    Forwarded,
    /// `X-Forwarded-For` and `X-Forwarded-Proto` only.
    XForwarded,
}

/// Which proxies are believed, and how they speak.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Where the proxies are.
    pub proxies: Vec<Network>,
    /// What they write.
    pub header: ForwardedBy,
}

/// One hop of a forwarded request: who asked the proxy, and whether over TLS if that is said.
#[derive(Debug, PartialEq, Eq)]
struct Hop {
    address: Option<IpAddr>,
    secure: Option<bool>,
}

impl Trust {
    /// Whether this is the address of a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    /// The client behind the socket's peer.
    pub fn peer(&self, socket: Peer, headers: &HeaderMap) -> Peer {
        let socket = Peer { address: socket.address.to_canonical(), ..socket };
        if self.proxies.is_empty() || !self.trusts(socket.address) {
            return socket;
        }
        let socket = Peer { private: true, ..socket };
        let standard = || self.walk(socket, forwarded(headers));
        let customary = || self.walk(socket, x_forwarded(headers));
        match self.header {
            ForwardedBy::Forwarded => standard(),
            ForwardedBy::XForwarded => customary(),
            ForwardedBy::Auto => {
                let has = |name: &str| headers.contains_key(name);
                match (has("forwarded"), has("x-forwarded-for") || has("x-forwarded-proto")) {
                    (true, false) => standard(),
                    (false, _) => customary(),
                    (true, true) => {
                        Some(standard()).filter(|p| *p == customary()).unwrap_or(socket)
                    }
                }
            }
        }
    }

    /// Walks from the nearest proxy outwards while the hops are trusted.
    fn walk(&self, socket: Peer, hops: Vec<Hop>) -> Peer {
        let mut peer = socket;
        for hop in hops.into_iter().rev() {
            peer.secure = hop.secure.unwrap_or(peer.secure);
            let Some(address) = hop.address else { break };
            peer.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        peer
    }
}

/// Splits at `separator` outside quoted strings.
fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
    .map(str::trim)
    .collect()
}

/// The address of a node: `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711`, `2001:db8::1`.
/// `unknown` and obfuscated names (RFC 7239 §6.2, §6.3) are `None`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"').trim();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter();
    lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

/// The hops of `Forwarded` (RFC 7239 §4).
fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let mut hops = Vec::new();
    for line in values(headers, "forwarded") {
        for element in split_outside_quotes(&line, ',').into_iter().filter(|e| !e.is_empty()) {
            let mut hop = Hop { address: None, secure: None };
            for pair in split_outside_quotes(element, ';') {
                let Some((name, value)) = pair.split_once('=') else { continue };
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => hop.address = node(value),
                    "proto" => hop.secure = Some(is_https(value)),
                    _ => {}
                }
            }
            hops.push(hop);
        }
    }
    hops
}

fn is_https(text: &str) -> bool {
    text.trim().trim_matches('"').eq_ignore_ascii_case("https")
}

/// The hops of `X-Forwarded-For`; `X-Forwarded-Proto` runs beside it when it is as long, else
/// its last value is the nearest proxy's.
fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let list = |name| values(headers, name).join(",");
    let (addresses, protocols) = (list("x-forwarded-for"), list("x-forwarded-proto"));
    let items = |text: &str| -> Vec<String> {
        text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
    };
    let protocols: Vec<bool> = items(&protocols).iter().map(|p| is_https(p)).collect();
    let mut hops: Vec<Hop> = items(&addresses)
        .iter()
        .map(|address| Hop { address: node(address), secure: None })
        .collect();
    if hops.is_empty() && !protocols.is_empty() {
        hops.push(Hop { address: None, secure: None });
    }
    for (hop, secure) in hops.iter_mut().rev().zip(protocols.into_iter().rev()) {
        hop.secure = Some(secure);
    }
    hops
}

#[cfg(test)]
mod tests;
