//! Tables of headers and the peer that they make.

use super::*;
use proptest::prelude::*;

fn trust(header: ForwardedBy) -> Trust {
    let proxies = ["10.0.0.0/8", "2001:db8:5::/48"];
    Trust { proxies: proxies.iter().map(|n| n.parse().unwrap()).collect(), header }
}

fn peer_of(header: ForwardedBy, socket: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let socket = Peer::of_socket(socket.parse().unwrap(), false);
    let peer = trust(header).peer(socket, &map);
    (peer.address.to_string(), peer.secure)
}

const F: &str = "forwarded";
const XF: &str = "x-forwarded-for";
const XP: &str = "x-forwarded-proto";

#[test]
fn headers_count_only_from_trusted_proxies() {
    for (socket, headers, address, secure) in [
        // Not trusted: nothing changes.
        ("192.0.2.9", vec![(F, "for=198.51.100.1;proto=https")], "192.0.2.9", false),
        ("192.0.2.9", vec![(XF, "198.51.100.1"), (XP, "https")], "192.0.2.9", false),
        // Trusted, and silent.
        ("10.0.0.1", vec![], "10.0.0.1", false),
        // RFC 7239 §4 forms.
        ("10.0.0.1", vec![(F, "for=192.0.2.43")], "192.0.2.43", false),
        ("10.0.0.1", vec![(F, "For=\"[2001:db8:cafe::17]:4711\"")], "2001:db8:cafe::17", false),
        ("10.0.0.1", vec![(F, "for=192.0.2.60;proto=https;by=203.0.113.43")], "192.0.2.60", true),
        ("10.0.0.1", vec![(F, "for=\"192.0.2.43:47011\"; PROTO=HTTPS")], "192.0.2.43", true),
        // What the client wrote stands on the left and is not believed.
        ("10.0.0.1", vec![(F, "for=127.0.0.1, for=192.0.2.7;proto=https")], "192.0.2.7", true),
        ("10.0.0.1", vec![(XF, "127.0.0.1, 192.0.2.7")], "192.0.2.7", false),
        ("10.0.0.1", vec![(XF, "127.0.0.1"), (XF, "192.0.2.7")], "192.0.2.7", false),
        // Through two trusted proxies.
        ("10.0.0.1", vec![(F, "for=192.0.2.7;proto=https, for=10.2.2.2")], "192.0.2.7", true),
        ("2001:db8:5::1", vec![(XF, "192.0.2.7, 10.2.2.2"), (XP, "https")], "192.0.2.7", true),
        // A quoted comma is not a separator.
        ("10.0.0.1", vec![(F, "host=\"a,for=1.1.1.1\";for=192.0.2.7")], "192.0.2.7", false),
        // A hidden client: the proxy stands for it.
        ("10.0.0.1", vec![(F, "for=unknown;proto=https")], "10.0.0.1", true),
        ("10.0.0.1", vec![(F, "for=192.0.2.1, for=_hidden")], "10.0.0.1", false),
        ("10.0.0.1", vec![(XP, "https")], "10.0.0.1", true),
        // A socket that names IPv4 as IPv6.
        ("::ffff:10.0.0.1", vec![(XF, "192.0.2.7")], "192.0.2.7", false),
    ] {
        let got = peer_of(ForwardedBy::Auto, socket, &headers);
        assert_eq!(got, (address.to_owned(), secure), "{socket} {headers:?}");
    }
}

#[test]
fn two_headers_that_disagree_are_not_believed() {
    let both = [(F, "for=198.51.100.1"), (XF, "192.0.2.7")];
    assert_eq!(peer_of(ForwardedBy::Auto, "10.0.0.1", &both).0, "10.0.0.1");
    assert_eq!(peer_of(ForwardedBy::XForwarded, "10.0.0.1", &both).0, "192.0.2.7");
    assert_eq!(peer_of(ForwardedBy::Forwarded, "10.0.0.1", &both).0, "198.51.100.1");
    let same = [(F, "for=192.0.2.7"), (XF, "192.0.2.7")];
    assert_eq!(peer_of(ForwardedBy::Auto, "10.0.0.1", &same).0, "192.0.2.7");
}

proptest! {
    #[test]
    fn no_header_panics(text in "[ -~]{0,80}") {
        peer_of(ForwardedBy::Auto, "10.0.0.1", &[(F, text.trim()), (XF, text.trim())]);
    }
}
