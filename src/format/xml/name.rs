//! Expanded names (Namespaces in XML 1.0 §2.1): a namespace and a local part, cheap to compare.
//!
//! Invariant: the local part is an NCName, and [`Ns::Other`] never holds the name of a namespace
//! that has its own variant, so equal names are equal values.

use super::chars::is_ncname;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A namespace. The known ones cost nothing to copy and to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ns {
    /// No namespace.
    #[default]
    None,
    /// `DAV:` (RFC 4918 §21.1).
    Dav,
    /// `urn:ietf:params:xml:ns:caldav` (RFC 4791).
    CalDav,
    /// `urn:ietf:params:xml:ns:carddav` (RFC 6352).
    CardDav,
    /// `http://calendarserver.org/ns/`: ctag, sharing.
    CalendarServer,
    /// `http://apple.com/ns/ical/`: colour and order of a calendar.
    AppleIcal,
    /// `http://me.com/_namespace/`.
    Me,
    /// `https://davenport.example/ns/`: what no standard has a property for.
    Davenport,
    /// `https://bitfire.at/webdav-push` (draft-bitfire-webdav-push-00 §1.4).
    Push,
    /// `http://nextcloud.com/ns`: what rooms are like.
    Nextcloud,
    /// `http://www.w3.org/XML/1998/namespace`, which the prefix `xml` always means.
    Xml,
    /// Any other; make it by [`Ns::of`].
    Other(Arc<str>),
}

/// The namespaces that have a variant: variant, namespace name, the prefix that we write.
pub(super) static KNOWN: [(Ns, &str, &str); 10] = [
    (Ns::Dav, "DAV:", "D"),
    (Ns::CalDav, "urn:ietf:params:xml:ns:caldav", "C"),
    (Ns::CardDav, "urn:ietf:params:xml:ns:carddav", "A"),
    (Ns::CalendarServer, "http://calendarserver.org/ns/", "S"),
    (Ns::AppleIcal, "http://apple.com/ns/ical/", "I"),
    (Ns::Me, "http://me.com/_namespace/", "M"),
    (Ns::Davenport, "https://davenport.example/ns/", "V"),
    (Ns::Push, "https://bitfire.at/webdav-push", "P"),
    (Ns::Nextcloud, "http://nextcloud.com/ns", "N"),
    (Ns::Xml, "http://www.w3.org/XML/1998/namespace", "xml"),
];

impl Ns {
    /// The namespace of this name; the empty name is [`Ns::None`].
    pub fn of(uri: &str) -> Self {
        if uri.is_empty() {
            return Self::None;
        }
        match KNOWN.iter().find(|(_, known, _)| *known == uri) {
            Some((ns, _, _)) => ns.clone(),
            None => Self::Other(Arc::from(uri)),
        }
    }

    /// The namespace name, empty for none.
    pub fn uri(&self) -> &str {
        match self {
            Self::Other(uri) => uri,
            known => known.row().map_or("", |(_, uri, _)| uri),
        }
    }

    /// The prefix that our own documents bind to a known namespace.
    pub fn prefix(&self) -> Option<&'static str> {
        self.row().map(|(_, _, prefix)| *prefix)
    }

    /// The row of [`KNOWN`], whose order is that of the variants (a test keeps it so).
    fn row(&self) -> Option<&'static (Ns, &'static str, &'static str)> {
        let row = match self {
            Self::None | Self::Other(_) => return None,
            Self::Dav => 0,
            Self::CalDav => 1,
            Self::CardDav => 2,
            Self::CalendarServer => 3,
            Self::AppleIcal => 4,
            Self::Me => 5,
            Self::Davenport => 6,
            Self::Push => 7,
            Self::Nextcloud => 8,
            Self::Xml => 9,
        };
        KNOWN.get(row)
    }
}

impl PartialEq<str> for Ns {
    fn eq(&self, uri: &str) -> bool {
        self.uri() == uri
    }
}

/// An expanded name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    ns: Ns,
    local: Cow<'static, str>,
}

impl Name {
    /// A name written in our own source, for static tables. The local part must be an NCName.
    pub const fn known(ns: Ns, local: &'static str) -> Self {
        Self { ns, local: Cow::Borrowed(local) }
    }

    /// A name from anywhere; None if the local part is not an NCName.
    pub fn new(ns: Ns, local: &str) -> Option<Self> {
        is_ncname(local).then(|| Self::checked(ns, local))
    }

    /// A name whose local part the reader has checked.
    pub(super) fn checked(ns: Ns, local: &str) -> Self {
        Self { ns, local: Cow::Owned(local.to_owned()) }
    }

    /// The inverse of Display: `{DAV:}getetag`, or `author` for no namespace.
    pub fn from_clark(text: &str) -> Option<Self> {
        match text.strip_prefix('{') {
            Some(rest) => rest.rsplit_once('}').and_then(|(uri, l)| Self::new(Ns::of(uri), l)),
            None => Self::new(Ns::None, text),
        }
    }

    /// The namespace.
    pub fn ns(&self) -> &Ns {
        &self.ns
    }

    /// The local part.
    pub fn local(&self) -> &str {
        &self.local
    }
}

/// Clark's notation, `{namespace}local`: one text per name, good as a key.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ns {
            Ns::None => f.write_str(&self.local),
            ref ns => write!(f, "{{{}}}{}", ns.uri(), self.local),
        }
    }
}
