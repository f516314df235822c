//! What a session sees: the messages of INBOX as they were when it began.
//!
//! Invariant: numbers of messages stay what they were, also of those that are marked (RFC 1939 §4).

use crate::domain::mail::Message;

/// The messages of a session.
#[derive(Debug)]
pub struct Maildrop {
    /// The UIDVALIDITY of the mailbox.
    validity: u32,
    messages: Vec<(Message, bool)>,
}

impl Maildrop {
    /// Of a mailbox with this UIDVALIDITY.
    pub fn new(validity: u32, messages: Vec<Message>) -> Self {
        Self { validity, messages: messages.into_iter().map(|it| (it, false)).collect() }
    }

    /// The messages that are not marked, with their numbers.
    pub fn listed(&self) -> impl Iterator<Item = (usize, &Message)> {
        let numbered = (1..).zip(&self.messages);
        numbered.filter(|(_, (_, marked))| !marked).map(|(number, (message, _))| (number, message))
    }

    /// How many are not marked, and their octets.
    pub fn size(&self) -> (usize, u64) {
        self.listed().fold((0, 0), |(count, octets), (_, it)| (count + 1, octets + it.size))
    }

    /// The message of this number, if it is not marked.
    pub fn message(&self, number: usize) -> Option<&Message> {
        let (message, marked) = self.messages.get(number.checked_sub(1)?)?;
        (!marked).then_some(message)
    }

    /// Marks a message; gives whether it was there and not marked.
    pub fn mark(&mut self, number: usize) -> bool {
        let found = number.checked_sub(1).and_then(|place| self.messages.get_mut(place));
        found.is_some_and(|(_, marked)| !std::mem::replace(marked, true))
    }

    /// Takes all marks back.
    pub fn reset(&mut self) {
        self.messages.iter_mut().for_each(|(_, marked)| *marked = false);
    }

    /// The UIDs of those that are marked.
    pub fn marked(&self) -> Vec<u32> {
        self.messages.iter().filter(|(_, marked)| *marked).map(|(it, _)| it.uid).collect()
    }

    /// The name of a message that no other ever has in this account (RFC 1939 §7, `UIDL`).
    pub fn unique_id(&self, message: &Message) -> String {
        format!("{:08x}{:08x}", self.validity, message.uid)
    }
}
