//! Names of mailboxes as sessions of IMAP4rev1 write them: modified UTF-7.
//!
//! Invariant: what is decoded and encoded again is what it was; what is not as the standard has it is no
//! name. Standard: RFC 3501 §5.1.3.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::DecodePaddingMode::RequireNone;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(RequireNone),
);

/// A name in modified UTF-7.
pub fn encode(name: &str) -> String {
    let (mut out, mut held) = (String::with_capacity(name.len()), Vec::new());
    for c in name.chars() {
        match c {
            ' '..='~' => {
                shift(&mut held, &mut out);
                out.push(c);
                out.extend((c == '&').then_some('-'));
            }
            c => {
                let mut units = [0; 2];
                held.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            }
        }
    }
    shift(&mut held, &mut out);
    out
}

fn shift(held: &mut Vec<u8>, out: &mut String) {
    if !held.is_empty() {
        out.push('&');
        ENGINE.encode_string(&held, out);
        out.push('-');
        held.clear();
    }
}

/// What a name in modified UTF-7 says; none if it is none.
pub fn decode(name: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut rest = std::str::from_utf8(name).ok().filter(|name| name.is_ascii())?;
    while let Some((plain, after)) = rest.split_once('&') {
        out.push_str(plain);
        let (shifted, after) = after.split_once('-')?;
        rest = after;
        if shifted.is_empty() {
            out.push('&');
            continue;
        }
        let octets = ENGINE.decode(shifted).ok().filter(|octets| octets.len() % 2 == 0)?;
        let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        out.push_str(&String::from_utf16(&units.collect::<Vec<_>>()).ok()?);
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 3501 §5.1.3.
    #[test]
    fn section_5_1_3_example() {
        let name = "~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Some(name));
        assert_eq!(encode("a & b"), "a &- b");
        for wrong in ["&", "&x", "&Jj", "&ZeVn", "&====-", "\u{fc}"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(name in "\\PC*") {
            let encoded = encode(&name);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(encoded.as_bytes()), Some(name));
        }
    }
}
