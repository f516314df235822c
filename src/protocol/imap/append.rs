//! `APPEND`: messages from the client.
//!
//! Invariant: all of the messages of a command come in, or none (RFC 3502). Standard: RFC 9051 §6.3.12,
//! RFC 4315 (`APPENDUID`).

use super::command::{Appended, Name};
use super::sequence::Set;
use super::session::{End, Session, ok};
use crate::domain::collection::Content;
use crate::domain::mail::message;
use crate::kernel::clock::{Timestamp, now};
use crate::kernel::fault::{Fault, Refusal};
use std::io;

impl Session {
    pub(super) async fn append(
        &mut self,
        written: &Name,
        messages: Vec<Appended>,
        mut aside: Vec<Content>,
    ) -> io::Result<End> {
        if aside.iter().any(|content| content.size == 0) || aside.len() != messages.len() {
            return Ok(End::Tagged("NO [CANNOT] a message has at least one octet".to_owned()));
        }
        let mut all = Vec::with_capacity(messages.len());
        // Literals were put aside in the order of the messages.
        for (it, content) in messages.into_iter().zip(aside.drain(..)) {
            let names = it.flags.into_iter().filter(|name| !name.eq_ignore_ascii_case("\\Recent"));
            let received_at = it.date.map_or_else(now, Timestamp::from_seconds);
            all.push(message::New { content, flags: 0, names: names.collect(), received_at });
        }
        let done = async {
            let (access, place) = self.at(written)?;
            match message::append(&access, &place, all, false).await {
                Err(Fault::NotFound) => Err(Refusal::NoParent.into()),
                done => done,
            }
        };
        let done = done.await;
        let done = done.map(|(validity, uids)| {
            let uids = Set::of(uids.into_iter().flatten());
            ok(&format!("[APPENDUID {validity} {uids}] stored"))
        });
        Ok(self.outcome(done))
    }
}
