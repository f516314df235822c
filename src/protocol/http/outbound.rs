//! Where the server may connect to by itself: public addresses, and those that the operator allows.
//!
//! Invariant: what users make the server fetch (the addresses of feeds and whatever these redirect
//! to) reaches nothing that only the server can reach: no private network, no cloud's metadata, not
//! the server itself. The lists are IANA's registries of special-purpose addresses (RFC 6890).

use super::network::Network;
use crate::format::url::HostName;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::LazyLock;

/// An operator's exception: addresses, or the host of this name whatever its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A network or one address.
    Network(Network),
    /// A host by name, in lower case.
    Name(String),
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let looks_numeric = text.contains([':', '/'])
            || text.rsplit('.').next().is_some_and(|last| last.parse::<u32>().is_ok());
        if looks_numeric {
            return text.parse().map(Self::Network);
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let label = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !part.is_empty() && part.len() <= 63 && part.chars().all(plain)
        };
        match name.len() <= 253 && name.split('.').all(label) {
            true => Ok(Self::Name(name)),
            false => Err(format!("{text:?} is neither a network nor a host's name")),
        }
    }
}

/// Why a connection is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// The address is not one of the public network; the text says of what it is.
    Special(&'static str),
    /// It is the server itself.
    Own,
    /// The port is one of another service.
    Port(u16),
}

/// What users are told; never the address, which would tell them of networks that they cannot see.
impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special(_) => f.write_str("the host is not in the public network"),
            Self::Own => f.write_str("the host is this server itself"),
            Self::Port(port) => write!(f, "port {port} is not one of a web server"),
        }
    }
}

/// The rule.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The operator's exceptions.
    pub allowed: Vec<Allowed>,
    /// Where the server listens.
    pub own: Vec<SocketAddr>,
    /// Host and port of the server's public address.
    pub public: Option<(String, u16)>,
}

/// Whether the operator's exceptions name a host, by its name or by its address.
pub fn vouched(allowed: &[Allowed], host: &HostName) -> bool {
    allowed.iter().any(|it| match (it, host) {
        (Allowed::Name(name), HostName::Name(host)) => name == host,
        (Allowed::Network(network), HostName::Address(address)) => network.contains(*address),
        _ => false,
    })
}

/// Ports below 1024 that web servers use.
const WEB_PORTS: [u16; 2] = [80, 443];

impl Reach {
    /// Whether the server may connect to this address of a host. `here`: the address is one of this
    /// machine.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, host: &HostName, address: SocketAddr, here: bool) -> Result<(), Barred> {
        let ip = reached(address.ip());
        // It stands for the machine itself, where listeners on loopback answer too.
        if ip.is_unspecified() {
            return Err(Barred::Own);
        }
        let is_own = |own: &SocketAddr| {
            let same = own.ip().to_canonical() == ip;
            own.port() == address.port() && (same || here && own.ip().is_unspecified())
        };
        if self.own.iter().any(is_own) {
            return Err(Barred::Own);
        }
        let named = |name: &str| matches!(host, HostName::Name(host) if host == name);
        if self.public.as_ref().is_some_and(|(name, port)| named(name) && *port == address.port()) {
            return Err(Barred::Own);
        }
        let allowed = |it: &Allowed| match it {
            Allowed::Network(network) => network.contains(ip),
            Allowed::Name(name) => named(name),
        };
        if self.allowed.iter().any(allowed) {
            return Ok(());
        }
        match (special(ip), here) {
            (Some(what), _) => Err(Barred::Special(what)),
            (None, true) => Err(Barred::Own),
            (None, false) if address.port() < 1024 && !WEB_PORTS.contains(&address.port()) => {
                Err(Barred::Port(address.port()))
            }
            (None, false) => Ok(()),
        }
    }
}

/// What is not the public network. Relays of IPv4 in IPv6 that are no longer run are refused as a
/// whole; of NAT64 and the like the address inside counts.
static SPECIAL: [(&str, &str); 27] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a provider's customers"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "a cloud's metadata"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, or broadcast"),
    ("::/8", "unspecified, loopback or reserved"),
    ("64:ff9b:1::/48", "local translation"),
    ("100::/8", "discarded or reserved"),
    ("2001::/23", "protocol assignments, Teredo among them"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/9", "link-local or site-local"),
    ("ff00::/8", "multicast"),
];

static NETWORKS: LazyLock<Vec<(Network, &str)>> = LazyLock::new(|| {
    SPECIAL.iter().filter_map(|(network, what)| Some((network.parse().ok()?, *what))).collect()
});

/// The address that a packet to this one ends at, as far as its form tells.
fn reached(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => inside(six).map_or(IpAddr::V6(six), IpAddr::V4),
        four => four,
    }
}

/// What an address is, if it is not one of the public network.
pub fn special(address: IpAddr) -> Option<&'static str> {
    let address = reached(address);
    match address {
        IpAddr::V6(six) if six.segments()[0] & 0xe000 != 0x2000 => {
            Some(among(address).unwrap_or("not assigned"))
        }
        _ => among(address),
    }
}

fn among(address: IpAddr) -> Option<&'static str> {
    NETWORKS.iter().find(|(network, _)| network.contains(address)).map(|(_, what)| *what)
}

/// The IPv4 address that a NAT64 address stands for (RFC 6052 §2.1).
fn inside(six: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    match six.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(std::net::Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_of_the_table_is_one() {
        assert_eq!(NETWORKS.len(), SPECIAL.len());
    }

    #[test]
    fn addresses_that_only_the_server_reaches_are_special() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            // The same within IPv6: mapped, compatible, NAT64 (well known and local), 6to4, Teredo.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:0:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001::1",
            "::",
            "::1",
            "100::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fe80::1:2:3",
            "fec0::1",
            "febf::1",
            "ff02::1",
            "ff0e::1",
            "4000::1",
            "8000::1",
            "200::1",
        ] {
            assert!(special(text.parse().unwrap()).is_some(), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "2003::1",
        ] {
            assert_eq!(special(text.parse().unwrap()), None, "{text}");
        }
    }

    fn name(text: &str) -> HostName {
        HostName::Name(text.to_owned())
    }

    #[test]
    fn the_operators_exceptions_open_only_what_they_name() {
        let allowed = ["10.0.0.0/8", "Intranet.example.org."].map(|text| text.parse().unwrap());
        let reach = Reach { allowed: allowed.to_vec(), ..Reach::default() };
        let ask = |host: &str, at: &str| reach.admits(&name(host), at.parse().unwrap(), false);
        assert_eq!(ask("a.example", "10.1.2.3:25"), Ok(()));
        assert_eq!(ask("a.example", "[::ffff:10.1.2.3]:80"), Ok(()));
        assert_eq!(ask("intranet.example.org", "192.168.0.1:80"), Ok(()));
        assert_eq!(
            ask("x.intranet.example.org", "192.168.0.1:80"),
            Err(Barred::Special("private"))
        );
        assert_eq!(ask("a.example", "192.168.0.1:80"), Err(Barred::Special("private")));
        assert_eq!(ask("a.example", "8.8.8.8:443"), Ok(()));
        assert_eq!(ask("a.example", "8.8.8.8:8080"), Ok(()));
        assert_eq!(ask("a.example", "8.8.8.8:25"), Err(Barred::Port(25)));
        assert_eq!(reach.admits(&name("a"), "8.8.8.8:80".parse().unwrap(), true), Err(Barred::Own));
        for text in ["", "a b", "10.0.0.0/33", "a..b", "*.example.org", "1.2.3", "-/-"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_opens_the_server_itself() {
        let all: Vec<Allowed> =
            ["0.0.0.0/0", "::/0", "me.example"].map(|t| t.parse().unwrap()).to_vec();
        let own = ["127.0.0.1:8008", "[::]:8443"].map(|text| text.parse().unwrap()).to_vec();
        let reach = Reach { allowed: all, own, public: Some(("dav.example".into(), 443)) };
        let ask = |host: &str, at: &str, here| reach.admits(&name(host), at.parse().unwrap(), here);
        assert_eq!(ask("me.example", "127.0.0.1:8008", true), Err(Barred::Own));
        assert_eq!(ask("me.example", "[::ffff:127.0.0.1]:8008", false), Err(Barred::Own));
        assert_eq!(ask("me.example", "192.168.0.7:8443", true), Err(Barred::Own));
        assert_eq!(ask("me.example", "192.168.0.8:8443", false), Ok(()));
        assert_eq!(ask("dav.example", "1.2.3.4:443", false), Err(Barred::Own));
        assert_eq!(ask("me.example", "127.0.0.1:8009", true), Ok(()));
        for any in ["0.0.0.0:8008", "[::]:8008", "[::ffff:0.0.0.0]:8008"] {
            assert_eq!(ask("me.example", any, false), Err(Barred::Own), "{any}");
        }
    }
}
