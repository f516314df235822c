//! `Prefer` (RFC 7240, RFC 8144), and `Brief`, its forerunner that Apple's and Microsoft's clients
//! send.
//!
//! Invariant: a preference is a wish; one that is not understood changes nothing (RFC 7240 §2).

use super::syntax::{joined, name_value, split};
use http::{HeaderMap, HeaderValue};

/// What `Vary` must list in every answer that preferences could have changed, whether or not the
/// request had any (RFC 7240 §2).
pub const VARY: &str = "Brief, Prefer";

/// The kind of answer that is preferred (RFC 7240 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `return=minimal`: leave out what can be inferred.
    Minimal,
    /// `return=representation`: the new state of the resource.
    Representation,
}

/// The preferences of a request that this server knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `return`, from `Prefer`.
    pub answer: Option<Return>,
    /// `depth-noroot`: leave the resource itself out (RFC 8144 §4); not with depth 0.
    pub depth_noroot: bool,
    /// `Brief: t`: leave out properties that are not there.
    pub brief: bool,
}

impl Preferences {
    /// Reads both headers. Of several instances of a preference the first counts (RFC 7240 §2).
    pub fn parse(headers: &HeaderMap) -> Self {
        let brief = joined(headers, "brief").is_some_and(|v| v.trim().eq_ignore_ascii_case("t"));
        let mut preferences = Self { brief, ..Self::default() };
        let mut decided = false;
        for member in split(&joined(headers, "prefer").unwrap_or_default(), ',') {
            let (name, value) = split(member, ';').next().map(name_value).unwrap_or_default();
            let Some(meaning) = meaning(name, &value) else { continue };
            match meaning {
                Meaning::DepthNoRoot => preferences.depth_noroot = true,
                Meaning::Return(answer) if !decided => {
                    preferences.answer = answer;
                    decided = true;
                }
                Meaning::Return(_) => {}
            }
        }
        preferences
    }

    /// Whether the answer should leave out what can be inferred (RFC 8144 §2), asked for by
    /// either header.
    pub fn minimal(&self) -> bool {
        self.answer.map_or(self.brief, |answer| answer == Return::Minimal)
    }

    /// Whether the answer should carry the resource's new state (RFC 8144 §3).
    pub fn representation(&self) -> bool {
        self.answer == Some(Return::Representation)
    }

    /// What of these a listing honours: leaving out what is not there, and with `members` leaving
    /// out the resource itself.
    pub fn of_listing(self, members: bool) -> Self {
        Self {
            answer: self.answer.filter(|answer| *answer == Return::Minimal),
            depth_noroot: self.depth_noroot && members,
            ..self
        }
    }

    /// What of these an answer about one resource honours.
    pub fn of_resource(self) -> Self {
        Self { depth_noroot: false, ..self }
    }

    /// The value of `Preference-Applied` (RFC 7240 §3), none when there is nothing to say. Clear
    /// what was not honoured first. `Brief` is no preference, so it is not listed.
    pub fn applied(&self) -> Option<HeaderValue> {
        let text = match (self.answer, self.depth_noroot) {
            (None, false) => return None,
            (None, true) => "depth-noroot",
            (Some(Return::Minimal), false) => "return=minimal",
            (Some(Return::Minimal), true) => "return=minimal, depth-noroot",
            (Some(Return::Representation), false) => "return=representation",
            (Some(Return::Representation), true) => "return=representation, depth-noroot",
        };
        Some(HeaderValue::from_static(text))
    }
}

enum Meaning {
    /// `return`, possibly with a value that is not known.
    Return(Option<Return>),
    DepthNoRoot,
}

/// Names are compared without case, values with it (RFC 7240 §2).
fn meaning(name: &str, value: &str) -> Option<Meaning> {
    let answer = |value: &str| match value {
        "minimal" => Some(Return::Minimal),
        "representation" => Some(Return::Representation),
        _ => None,
    };
    match name.to_ascii_lowercase().as_str() {
        "return" => Some(Meaning::Return(answer(value))),
        // The spelling of the drafts before RFC 7240, which old clients kept.
        "return-minimal" => Some(Meaning::Return(Some(Return::Minimal))),
        "return-representation" => Some(Meaning::Return(Some(Return::Representation))),
        "depth-noroot" => Some(Meaning::DepthNoRoot),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn preferences_and_their_echo() {
        let table: [(&[&str], Option<&str>); 13] = [
            (&["return=minimal"], Some("return=minimal")),
            (&["Return = \"minimal\"; foo=\"a,b\""], Some("return=minimal")),
            (&["return=representation"], Some("return=representation")),
            (&["depth-noroot, return=minimal"], Some("return=minimal, depth-noroot")),
            (&["wait=10", "depth-noroot; x"], Some("depth-noroot")),
            (&["return=minimal, return=representation"], Some("return=minimal")),
            (&["return=full", "return=minimal"], None),
            (&["return-minimal"], Some("return=minimal")),
            (&["return=MINIMAL"], None),
            (&["foo=\"return=minimal\""], None),
            (&["foo; return=minimal"], None),
            (&["return"], None),
            (&["", ",;="], None),
        ];
        for (values, expected) in table {
            let fields: Vec<_> = values.iter().map(|v| ("prefer", v.as_bytes())).collect();
            let applied = Preferences::parse(&headers(&fields)).applied();
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(applied, expected, "{values:?}");
        }
        assert_eq!(Preferences::parse(&HeaderMap::new()), Preferences::default());
    }

    #[test]
    fn brief_is_minimal_without_an_echo() {
        let read = |brief: &[u8], prefer: &[u8]| {
            Preferences::parse(&headers(&[("brief", brief), ("prefer", prefer)]))
        };
        assert!(read(b"t", b"").minimal());
        assert!(read(b" T ", b"").minimal());
        assert_eq!(read(b"t", b"").applied(), None);
        assert!(!read(b"f", b"").minimal());
        assert!(read(b"f", b"return=minimal").minimal());
        let both = read(b"t", b"return=representation");
        assert!(both.representation() && !both.minimal());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), like in r#"[return=mil,;"\\ -]{0,24}"#) {
            for value in [&bytes[..], like.as_bytes()] {
                let _ = Preferences::parse(&headers(&[("prefer", value), ("brief", value)]));
            }
        }
    }
}
