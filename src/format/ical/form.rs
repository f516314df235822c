//! The forms that a calendar object can be given and taken in beside its text: a table of them.

use super::{Calendar, jcal, xcal};
use crate::format::ical::merge;
use crate::format::line::Malformed;
use crate::format::xml::Writer;
use serde_json::Value;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// jCal (RFC 7265).
    Json,
    /// xCal (RFC 6321).
    Xml,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Json, Self::Xml];

    /// The form of this media type, whatever its case.
    pub fn named(media: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.media_type().eq_ignore_ascii_case(media))
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => jcal::MEDIA_TYPE,
            Self::Xml => xcal::MEDIA_TYPE,
        }
    }

    /// What the tag of an object in this form has more than that of the stored octets.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Json => jcal::MARK,
            Self::Xml => xcal::MARK,
        }
    }

    /// An object in this form.
    ///
    /// # Errors
    /// A text that is not one calendar object.
    pub fn of(self, text: &str) -> Result<String, Malformed> {
        match self {
            Self::Json => jcal::jcal(text),
            Self::Xml => xcal::xcal(text),
        }
    }

    /// One object in this form as iCalendar.
    ///
    /// # Errors
    /// What is not of this form, or goes beyond a limit.
    pub fn icalendar(self, octets: &[u8]) -> Result<String, Malformed> {
        match self {
            Self::Json => jcal::icalendar(octets),
            Self::Xml => xcal::icalendar(octets),
        }
    }

    /// One or more objects in this form as iCalendar.
    ///
    /// # Errors
    /// As [`Form::icalendar`].
    pub fn stream(self, octets: &[u8]) -> Result<String, Malformed> {
        match self {
            Self::Json => jcal::stream(octets),
            Self::Xml => xcal::stream(octets),
        }
    }
}

/// One object in a form that is written component by component.
#[derive(Clone, Copy, Debug)]
pub struct Pieces {
    form: Form,
    empty: bool,
}

impl Pieces {
    /// Begins one whose properties stand in these lines, which begin with BEGIN and end with no END.
    pub fn begin(form: Form, head: &[u8], out: &mut Vec<u8>) -> Self {
        let whole = [head, merge::TAIL].concat();
        let calendar = Calendar::parse(&whole).ok();
        let properties = calendar.map_or(Value::Null, |it| jcal::component(it.root()));
        match form {
            Form::Json => {
                let properties = properties.get(1).cloned().unwrap_or_else(|| Value::Array(vec![]));
                out.extend_from_slice(format!("[\"vcalendar\",{properties},[").as_bytes());
            }
            Form::Xml => {
                out.extend_from_slice(xcal::HEAD.as_bytes());
                let mut writer = Writer::default();
                xcal::component(&properties, &mut writer);
                let end = b"</vcalendar>";
                let text = writer.out.strip_suffix(end).unwrap_or(b"<vcalendar>");
                out.extend_from_slice(text);
                out.extend_from_slice(b"<components>");
            }
        }
        Self { form, empty: true }
    }

    /// Adds components, which stand one after the other.
    pub fn add(&mut self, components: &[u8], out: &mut Vec<u8>) {
        let whole = [b"BEGIN:VCALENDAR\r\n", components, merge::TAIL].concat();
        let Ok(calendar) = Calendar::parse(&whole) else { return };
        for it in calendar.root().children() {
            let it = jcal::component(it);
            match self.form {
                Form::Json => {
                    out.extend_from_slice(if self.empty { b"" } else { b",\n" });
                    out.extend_from_slice(it.to_string().as_bytes());
                }
                Form::Xml => {
                    let mut writer = Writer { out: std::mem::take(out) };
                    xcal::component(&it, &mut writer);
                    *out = writer.out;
                }
            }
            self.empty = false;
        }
    }

    /// How it ends.
    pub fn tail(form: Form) -> &'static [u8] {
        match form {
            Form::Json => b"]]\n",
            Form::Xml => b"</components></vcalendar></icalendar>\n",
        }
    }
}
