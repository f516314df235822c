//! `Authorization: Basic` (RFC 7617).
//!
//! Invariant: a password leaves this file only as a [`Secret`], and no fault repeats a credential.

use super::syntax::{OWS, single};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret::Secret;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;

/// What a request shows to say who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: no header, or one whose user and password are both empty, which clients send
    /// before their user has typed anything.
    Absent,
    /// A user name and a password.
    Basic {
        /// The user name as sent.
        user: String,
        /// The password as sent.
        password: Secret,
    },
    /// Another scheme (`Bearer`, `Digest`, …): to be answered with our challenge.
    Unsupported,
}

/// Padding may be missing, and the last bits need not be zero: some clients' encoders are sloppy.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads the header. The octets are UTF-8 (we ask for it, §2.1), or else ISO-8859-1, as old
/// clients send. A fault when they are not base64, have no colon, or hold a control character.
pub fn parse(headers: &HeaderMap) -> Outcome<Credentials> {
    let bad = |what: &str| Fault::malformed(format!("Authorization: expected {what}"));
    let Some(text) = single(headers, "authorization")? else { return Ok(Credentials::Absent) };
    let (scheme, token) = text.split_once(OWS).unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Ok(if text.is_empty() { Credentials::Absent } else { Credentials::Unsupported });
    }
    let token = token.trim_matches(OWS);
    if token.is_empty() {
        return Ok(Credentials::Absent);
    }
    let octets = BASE64.decode(token).map_err(|_| bad("base64 after Basic"))?;
    let pair = String::from_utf8(octets)
        .unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
    if pair.chars().any(|c| c.is_ascii_control()) {
        return Err(bad("no control characters"));
    }
    match pair.split_once(':') {
        None => Err(bad("user:password in base64")),
        Some(("", "")) => Ok(Credentials::Absent),
        Some((user, password)) => {
            Ok(Credentials::Basic { user: user.to_owned(), password: Secret::new(password) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use base64::engine::general_purpose::STANDARD as ENCODER;
    use proptest::prelude::*;

    fn read(text: &str) -> Outcome<Credentials> {
        parse(&headers(&[("authorization", text.as_bytes())]))
    }

    fn basic(user: &str, password: &str) -> Outcome<Credentials> {
        Ok(Credentials::Basic { user: user.to_owned(), password: Secret::new(password) })
    }

    #[test]
    fn users_and_passwords() {
        assert_eq!(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), basic("Aladdin", "open sesame"));
        assert_eq!(read("basic  dGVzdDoxMjPCow=="), basic("test", "123£"), "RFC 7617 §2.1");
        assert_eq!(read("Basic dGVzdDoxMjPCow"), basic("test", "123£"), "no padding");
        let latin = ENCODER.encode(b"j\xfcrgen:\xa3");
        assert_eq!(read(&format!("Basic {latin}")), basic("jürgen", "£"));
        let colons = ENCODER.encode("u:a:b:");
        assert_eq!(read(&format!("Basic {colons}")), basic("u", "a:b:"));
        let half = ENCODER.encode(":p");
        assert_eq!(read(&format!("Basic {half}")), basic("", "p"));
    }

    #[test]
    fn nothing_and_other_schemes() {
        assert_eq!(parse(&HeaderMap::new()), Ok(Credentials::Absent));
        for text in ["", "Basic", "Basic ", "Basic Og=="] {
            assert_eq!(read(text), Ok(Credentials::Absent), "{text}");
        }
        for text in ["Bearer abc", "Digest username=\"a\"", "Basics Og==", "x"] {
            assert_eq!(read(text), Ok(Credentials::Unsupported), "{text}");
        }
    }

    #[test]
    fn faults_keep_secrets() {
        let colonless = ENCODER.encode("hunter2");
        let control = ENCODER.encode("u:hunter2\n");
        let two = headers(&[("authorization", b"Basic YTpi"), ("authorization", b"Basic YTpj")]);
        let faults = [
            read("Basic hunter2!"),
            read("Basic YTpi YTpi"),
            read(&format!("Basic {colonless}")),
            read(&format!("Basic {control}")),
            parse(&two),
        ];
        for fault in faults {
            let text = fault.unwrap_err().to_string();
            assert!(text.to_lowercase().starts_with("authorization: "), "{text}");
            assert!(!text.contains("hunter2") && !text.contains("YTp"), "{text}");
        }
        assert!(!format!("{:?}", basic("u", "hunter2")).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn round_trip(
            bytes in any::<Vec<u8>>(),
            user in "[^:\\p{Cc}]{1,12}",
            password in "[^\\p{Cc}]{0,12}",
        ) {
            let _ = parse(&headers(&[("authorization", &bytes)]));
            let text = format!("Basic {}", ENCODER.encode(&bytes));
            let _ = read(&text);
            let text = format!("Basic {}", ENCODER.encode(format!("{user}:{password}")));
            prop_assert_eq!(read(&text), basic(&user, &password));
        }
    }
}
