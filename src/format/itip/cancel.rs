//! A cancellation, taken into an attendee's copy.
//!
//! Invariant: what is cancelled as a whole stays, marked as cancelled, so that people see it; what is
//! newer than the cancellation is not touched. Standards: RFC 5546 §3.2.5, §3.4.5, §3.5.3.

use super::derive::Deriver;
use super::edit::{Becomes, Edits, folded, is_in, rewrite};
use super::intake::{from_organizer, is_later, is_newer, nothing};
use super::message::ends;
use super::request::with_tail;
use super::settle::{set_sequence, set_stamp};
use super::sheet::{Part, Sheet};
use super::{IsMe, Received, Unusable};
use crate::format::line::Line;
use crate::kernel::clock::Timestamp;

/// See [`super::receive()`].
pub fn cancel(
    message: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    is_me: IsMe<'_>,
    _: Timestamp,
) -> Result<Received, Unusable> {
    from_organizer(message, stored, is_me)?;
    let Some(stored) = stored else { return Ok(nothing("not known here")) };
    let mut work = Cancelling {
        stored,
        deriver: Deriver::new(stored),
        edits: Edits::default(),
        tail: String::new(),
        count: 0,
    };
    let whole = message.master();
    match whole {
        Some(whole) => work.whole(whole),
        None => message.parts.iter().for_each(|part| work.instance(message, part)),
    }
    let count = work.count;
    if count == 0 {
        return Ok(nothing("cancelled already, or newer here"));
    }
    let text = with_tail(work.edits.apply(stored.text), &work.tail);
    let about = match (whole, count) {
        (Some(_), _) => "cancelled".to_owned(),
        (None, 1) => "one instance cancelled".to_owned(),
        (None, count) => format!("{count} instances cancelled"),
    };
    Ok(Received::Store { text, news: true, others: None, keeps_schedule_tag: false, about })
}

struct Cancelling<'s, 'c> {
    stored: &'s Sheet<'c>,
    deriver: Deriver<'s, 'c>,
    edits: Edits,
    tail: String,
    count: usize,
}

impl Cancelling<'_, '_> {
    fn whole(&mut self, by: &Part<'_>) {
        for part in &self.stored.parts {
            if !part.cancelled && is_newer(by, part) {
                self.mark(part, by);
            }
        }
    }

    /// Marks a component as cancelled.
    fn mark(&mut self, part: &Part<'_>, by: &Part<'_>) {
        self.count += 1;
        let line = folded("STATUS:CANCELLED", ends(self.stored));
        match part.component.property("STATUS") {
            Some(old) => self.edits.put(old.start..old.end, line),
            None => self.edits.append(self.stored.text, part.component, line),
        }
        set_sequence(self.stored, part, by.sequence.max(part.sequence), &mut self.edits);
        set_stamp(self.stored, part, by.stamp, &mut self.edits);
    }

    /// Takes an instance out of its series; where there is no series, marks it.
    fn instance(&mut self, message: &Sheet<'_>, by: &Part<'_>) {
        let Some(key) = by.key else { return };
        let own = self.stored.part(by.key);
        let series = self.stored.master();
        let future = message.entry(by).is_some_and(|entry| entry.and_future);
        match (own, series) {
            (Some(part), _) if part.cancelled || !is_newer(by, part) => {}
            (Some(part), None) => self.mark(part, by),
            (Some(part), Some(_)) if future => self.mark(part, by),
            (None, None) => {}
            (None, Some(series)) if !is_later(by, series) => {}
            (_, Some(series)) => {
                let derived = self.deriver.of(key).map(|derived| (derived.id.clone(), derived));
                let Some((id, derived)) = derived else {
                    return own.into_iter().for_each(|part| self.mark(part, by));
                };
                self.count += 1;
                if let Some(part) = own {
                    self.edits.put(part.component.span(), String::new());
                }
                let crlf = ends(self.stored);
                if future {
                    let gone = |line: &Line<'_>| {
                        if is_in(line.full_name(), &["STATUS"]) {
                            Becomes::Gone
                        } else {
                            derived.becomes(line)
                        }
                    };
                    let id = id.replacen("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE", 1);
                    let more = [id, "STATUS:CANCELLED".to_owned()];
                    let it = series.component;
                    self.tail += &rewrite(self.stored.text, it, &gone, &|_| false, &more);
                } else {
                    let line = folded(&id.replacen("RECURRENCE-ID", "EXDATE", 1), crlf);
                    self.edits.append(self.stored.text, series.component, line);
                }
            }
        }
    }
}
