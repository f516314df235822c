//! What an envelope says of a message.
//!
//! Invariant: values are as they are written, on one line. Standard: RFC 9051 §7.5.2 (`ENVELOPE`),
//! RFC 5322 §3.6.

use super::address::{Address, addresses};
use super::header::Fields;
use std::borrow::Cow;

/// The fields of a header that say what a message is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `Date`.
    pub date: Option<Cow<'a, [u8]>>,
    /// `Subject`, with its encoded words.
    pub subject: Option<Cow<'a, [u8]>>,
    /// `From`.
    pub from: Vec<Address<'a>>,
    /// `Sender`, or what `From` says if it says nothing.
    pub sender: Vec<Address<'a>>,
    /// `Reply-To`, or what `From` says if it says nothing.
    pub reply_to: Vec<Address<'a>>,
    /// `To`.
    pub to: Vec<Address<'a>>,
    /// `Cc`.
    pub cc: Vec<Address<'a>>,
    /// `Bcc`.
    pub bcc: Vec<Address<'a>>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<Cow<'a, [u8]>>,
    /// `Message-ID`.
    pub message_id: Option<Cow<'a, [u8]>>,
}

impl<'a> Envelope<'a> {
    /// What a header says. Of a field that may stand once, the first counts; recipients that stand in
    /// several fields are put together.
    pub fn read(header: &'a [u8]) -> Self {
        let mut said = Self::default();
        for field in Fields::new(header) {
            let text = |slot: &mut Option<Cow<'a, [u8]>>| {
                slot.get_or_insert_with(|| field.unfolded());
            };
            let list = |slot: &mut Vec<Address<'a>>, once: bool| {
                if !once || slot.is_empty() {
                    slot.extend(addresses(field.value));
                }
            };
            match field.name.len() {
                2 if field.is("to") => list(&mut said.to, false),
                2 if field.is("cc") => list(&mut said.cc, false),
                3 if field.is("bcc") => list(&mut said.bcc, false),
                4 if field.is("date") => text(&mut said.date),
                4 if field.is("from") => list(&mut said.from, true),
                6 if field.is("sender") => list(&mut said.sender, true),
                7 if field.is("subject") => text(&mut said.subject),
                8 if field.is("reply-to") => list(&mut said.reply_to, true),
                10 if field.is("message-id") => text(&mut said.message_id),
                11 if field.is("in-reply-to") => text(&mut said.in_reply_to),
                _ => {}
            }
        }
        for slot in [&mut said.sender, &mut said.reply_to] {
            if slot.is_empty() {
                slot.clone_from(&said.from);
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_what_from_says() {
        let said = Envelope::read(
            b"From: a@b\r\nFrom: c@d\r\nSender:\r\nTo: e@f\r\nto: g@h\r\nSubject: x\r\n y\r\n\r\nDate: z",
        );
        assert_eq!(said.from.len(), 1);
        assert_eq!((&said.sender, &said.reply_to), (&said.from, &said.from));
        assert_eq!((said.to.len(), said.date), (2, None));
        assert_eq!(said.subject.as_deref(), Some(&b"x y"[..]));
    }
}
