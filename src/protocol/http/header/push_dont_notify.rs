//! `Push-Dont-Notify` (draft-bitfire-webdav-push-00 §4.2): `1#(quoted-string) / "*"`, the addresses of
//! registrations that need not be told of what the request changes.

use super::syntax::{joined, name_value, split};
use crate::kernel::limits::PUSH_QUIET_MAX;
use http::HeaderMap;

/// The registrations' names, joined by commas; `*` stands for all. None when there is none that could
/// be one of this server: whatever cannot be read is ignored. `root` is what their paths begin with.
pub fn parse(headers: &HeaderMap, root: &str) -> Option<String> {
    let text = joined(headers, "push-dont-notify")?;
    if split(&text, ',').any(|it| it == "*") {
        return Some("*".to_owned());
    }
    let mut names = Vec::new();
    for quoted in split(&text, ',').filter(|it| it.starts_with('"')) {
        let address = name_value(&format!("a={quoted}")).1;
        let name = address.split_once(root).map(|(_, name)| name).unwrap_or_default();
        let plain = !name.is_empty() && name.len() <= 64;
        if plain && name.bytes().all(|b| b.is_ascii_alphanumeric()) && names.len() < PUSH_QUIET_MAX
        {
            names.push(name.to_owned());
        }
    }
    (!names.is_empty()).then(|| names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("push-dont-notify", value.parse().unwrap());
        }
        parse(&headers, "/dav/push/")
    }

    #[test]
    fn registrations_are_named_by_their_addresses() {
        let one = "\"https://h.example/dav/push/ab12\"";
        assert_eq!(read(&[one]).as_deref(), Some("ab12"));
        assert_eq!(
            read(&[&format!("{one}, \"http://h/dav/push/c\""), "\"/dav/push/d\""]).as_deref(),
            Some("ab12,c,d")
        );
        assert_eq!(read(&["*"]).as_deref(), Some("*"));
        for wrong in [
            "",
            "x",
            "https://h.example/dav/push/ab12",
            "\"https://h.example/other/ab12\"",
            "\"/dav/push/\"",
            "\"/dav/push/a,b\"",
            "\"/dav/push/*\"",
        ] {
            assert_eq!(read(&[wrong]), None, "{wrong}");
        }
        assert_eq!(read(&[]), None);
        let many = vec![one; 1_000].join(",");
        assert_eq!(read(&[&many]).unwrap().split(',').count(), PUSH_QUIET_MAX);
    }
}
