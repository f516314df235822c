//! `SEARCH`: which messages are so.
//!
//! Invariant: a message's octets are read only where what is known of it does not decide. Texts are compared
//! decoded and without case. Standard: RFC 9051 §6.4.4 and §7.3.4, RFC 4731 (`ESEARCH`), RFC 5182
//! (`SEARCHRES`), RFC 5032, RFC 7162 §3.1.5.

use super::command::Returning;
use super::criterion::{Criterion, Which};
use super::sequence::{Set, Written};
use super::session::{End, Session, ok};
use crate::domain::mail::Message;
use crate::domain::mail::flag::Keywords;
use crate::format::mail::date::date;
use crate::format::mail::{Fields, Structure, charset, word};
use crate::format::text_match::searchable;
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::CONTENTS_BATCH;
use memchr::memmem;
use std::io;

/// A criterion whose sets are resolved and whose texts are in the form that is compared.
enum Test {
    All,
    And(Vec<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
    Numbers(Set),
    Uids(Set),
    /// One of these bits, or none: nobody has such a flag.
    Flag(i64),
    Header(String, String),
    Body(String),
    Text(String),
    Day(Which, Option<i64>, Option<i64>),
    /// It came at this second or later.
    Since(i64),
    Larger(u64),
    Smaller(u64),
    ModSeq(u64),
    EmailId(String),
    Never,
}

/// What is resolved with.
struct Context<'s> {
    len: u32,
    last_uid: u32,
    saved: &'s Set,
    keywords: &'s Keywords,
    now: i64,
}

impl Context<'_> {
    fn test(&self, criterion: Criterion) -> Test {
        match criterion {
            Criterion::All => Test::All,
            Criterion::And(all) => Test::And(all.into_iter().map(|it| self.test(it)).collect()),
            Criterion::Or(one, other) => {
                Test::Or(Box::new(self.test(*one)), Box::new(self.test(*other)))
            }
            Criterion::Not(it) => Test::Not(Box::new(self.test(*it))),
            Criterion::Numbers(Written::Saved) | Criterion::Uids(Written::Saved) => {
                Test::Uids(self.saved.clone())
            }
            Criterion::Numbers(Written::Ranges(it)) => Test::Numbers(Set::resolve(&it, self.len)),
            Criterion::Uids(Written::Ranges(it)) => Test::Uids(Set::resolve(&it, self.last_uid)),
            Criterion::Flag(bit) => Test::Flag(bit),
            Criterion::Keyword(name) => Test::Flag(self.keywords.bit(&name).unwrap_or(0)),
            Criterion::Recent | Criterion::ThreadId(_) => Test::Never,
            Criterion::Header(name, text) => Test::Header(name, searchable(&text)),
            Criterion::Body(text) => Test::Body(searchable(&text)),
            Criterion::Text(text) => Test::Text(searchable(&text)),
            Criterion::Day(which, from, before) => Test::Day(which, from, before),
            Criterion::Younger(seconds) => Test::Since(self.now - i64::from(seconds)),
            Criterion::Larger(octets) => Test::Larger(octets),
            Criterion::Smaller(octets) => Test::Smaller(octets),
            Criterion::ModSeq(number) => Test::ModSeq(number),
            Criterion::EmailId(id) => Test::EmailId(id),
        }
    }
}

/// What is known of a message: its octets only if they have been read.
struct Candidate<'m> {
    number: u32,
    message: &'m Message,
    octets: Option<&'m [u8]>,
}

impl Candidate<'_> {
    /// Whether the message is so; none: its octets decide.
    fn is(&self, test: &Test) -> Option<bool> {
        let it = self.message;
        Some(match test {
            Test::All => true,
            Test::Never => false,
            Test::And(all) => return self.all(all),
            Test::Or(one, other) => match (self.is(one), self.is(other)) {
                (Some(true), _) | (_, Some(true)) => true,
                (Some(false), Some(false)) => false,
                _ => return None,
            },
            Test::Not(it) => return self.is(it).map(|is| !is),
            Test::Numbers(set) => set.contains(self.number),
            Test::Uids(set) => set.contains(it.uid),
            Test::Flag(bits) => it.flags & bits != 0,
            Test::Larger(octets) => it.size > *octets,
            Test::Smaller(octets) => it.size < *octets,
            Test::Since(seconds) => it.received_at.seconds() >= *seconds,
            Test::ModSeq(number) => it.change.0 as u64 >= *number,
            Test::EmailId(id) => *id == format!("E{}", it.blob.0),
            Test::Day(which, from, before) => {
                let day = match which {
                    Which::Received => it.received_at.seconds().div_euclid(86_400),
                    Which::Saved => it.saved_at.seconds().div_euclid(86_400),
                    Which::Sent => match sent(self.octets?) {
                        Some(day) => day,
                        None => return Some(false),
                    },
                };
                from.is_none_or(|from| from <= day) && before.is_none_or(|before| day < before)
            }
            Test::Header(name, text) => has_field(self.octets?, name, text),
            Test::Body(text) => has_text(self.octets?, text, false),
            Test::Text(text) => has_text(self.octets?, text, true),
        })
    }

    fn all(&self, all: &[Test]) -> Option<bool> {
        let mut known = Some(true);
        for test in all {
            match self.is(test) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => known = None,
            }
        }
        known
    }
}

/// The day that the field `Date` says, whatever its zone.
fn sent(octets: &[u8]) -> Option<i64> {
    let field = Fields::new(octets).find(|field| field.is("date"))?;
    date(field.value).map(|it| it.local.div_euclid(86_400))
}

fn has(text: &str, wanted: &str) -> bool {
    memmem::find(searchable(text).as_bytes(), wanted.as_bytes()).is_some()
}

fn has_field(octets: &[u8], name: &str, wanted: &str) -> bool {
    let mut fields = Fields::new(octets).filter(|field| field.is(name));
    fields.any(|field| wanted.is_empty() || has(&word::decode(&field.unfolded()), wanted))
}

/// Whether a text is in the texts of a message, or with `headers` in any header of it.
fn has_text(octets: &[u8], wanted: &str, headers: bool) -> bool {
    let structure = Structure::read(octets);
    structure.parts.iter().any(|part| {
        let header = octets.get(part.header.clone()).unwrap_or_default();
        let in_header = || {
            let mut fields = Fields::new(header);
            fields.any(|field| {
                let name = String::from_utf8_lossy(field.name);
                has(&format!("{name}: {}", word::decode(&field.unfolded())), wanted)
            })
        };
        let in_body = || {
            let body = octets.get(part.body.clone()).unwrap_or_default();
            let body = part.content.transfer().decode(body);
            has(&charset::text(part.content.parameter("charset"), &body), wanted)
        };
        (headers && in_header())
            || (part.children.is_empty() && part.content.is_text() && in_body())
    })
}

/// A message that is so.
struct Hit {
    number: u32,
    uid: u32,
    change: u64,
}

impl Session {
    pub(super) async fn search(
        &mut self,
        tag: &str,
        uid: bool,
        returning: Option<Vec<Returning>>,
        (charset, criterion): (Option<String>, Criterion),
    ) -> io::Result<End> {
        let known =
            |name: &String| ["UTF-8", "US-ASCII"].iter().any(|it| it.eq_ignore_ascii_case(name));
        if charset.as_ref().is_some_and(|name| !known(name)) {
            let why = "NO [BADCHARSET (UTF-8 US-ASCII)] a search is written in UTF-8";
            return Ok(End::Tagged(why.to_owned()));
        }
        let by_change = asks_for_change(&criterion);
        self.enabled.condstore |= by_change;
        let hits = match self.hits(criterion).await {
            Ok(hits) => hits,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        let mod_seq = hits.iter().map(|hit| hit.change).max().filter(|_| by_change);
        let numbers = hits.iter().map(|hit| if uid { hit.uid } else { hit.number });
        let returning = match (returning, self.enabled.rev2) {
            (None, true) => Some(vec![Returning::All]),
            (returning, _) => returning,
        };
        let Some(returning) = returning else {
            let list: String = numbers.map(|number| format!(" {number}")).collect();
            let mod_seq = mod_seq.map_or(String::new(), |it| format!(" (MODSEQ {it})"));
            self.say(&format!("* SEARCH{list}{mod_seq}")).await?;
            return Ok(ok("that is all"));
        };
        let asks = |what| returning.contains(&what);
        if asks(Returning::Save) {
            let all = asks(Returning::All) || asks(Returning::Count);
            let some = !all && (asks(Returning::Min) || asks(Returning::Max));
            let ends = hits.first().filter(|_| asks(Returning::Min)).into_iter();
            let ends = ends.chain(hits.last().filter(|_| asks(Returning::Max)));
            let saved = match some {
                true => Set::of(ends.map(|hit| hit.uid)),
                false => Set::of(hits.iter().map(|hit| hit.uid)),
            };
            if let Some(selected) = &mut self.selected {
                selected.saved = saved;
            }
            if returning.len() == 1 {
                return Ok(ok("it is saved"));
            }
        }
        let numbers: Vec<u32> = numbers.collect();
        let mut line = format!("* ESEARCH (TAG \"{tag}\")");
        line.push_str(if uid { " UID" } else { "" });
        if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
            if asks(Returning::Min) {
                line.push_str(&format!(" MIN {first}"));
            }
            if asks(Returning::Max) {
                line.push_str(&format!(" MAX {last}"));
            }
            if asks(Returning::All) {
                line.push_str(&format!(" ALL {}", Set::of(numbers.iter().copied())));
            }
        }
        if asks(Returning::Count) {
            line.push_str(&format!(" COUNT {}", numbers.len()));
        }
        if let Some(mod_seq) = mod_seq {
            line.push_str(&format!(" MODSEQ {mod_seq}"));
        }
        self.say(&line).await?;
        Ok(ok("that is all"))
    }

    async fn hits(&self, criterion: Criterion) -> Outcome<Vec<Hit>> {
        let selected = self.selected.as_ref().ok_or_else(|| Fault::internal("nothing selected"))?;
        let keywords = selected.seen.keywords();
        let context = Context {
            len: selected.view.len(),
            last_uid: selected.view.last_uid(),
            saved: &selected.saved,
            keywords: &keywords,
            now: clock::now().seconds(),
        };
        let test = context.test(criterion);
        let (mut hits, mut open) = (Vec::new(), Vec::new());
        for number in 1..=selected.view.len() {
            let Some((message, true)) = selected.view.get(number) else { continue };
            match (Candidate { number, message, octets: None }).is(&test) {
                Some(true) => hits.push(Hit::new(number, message)),
                Some(false) => {}
                None => open.push((number, message)),
            }
        }
        for batch in open.chunks(CONTENTS_BATCH) {
            let bodies = self.contents(batch.iter().map(|(_, message)| message.uid)).await?;
            // Both go up by UID.
            let mut bodies = bodies.into_iter().peekable();
            for (number, message) in batch {
                let Some((_, body)) = bodies.next_if(|(it, _)| it.uid == message.uid) else {
                    continue;
                };
                let octets = body.octets()?;
                let candidate = Candidate { number: *number, message, octets: Some(&octets) };
                if candidate.is(&test) == Some(true) {
                    hits.push(Hit::new(*number, message));
                }
            }
        }
        hits.sort_unstable_by_key(|hit| hit.number);
        Ok(hits)
    }
}

impl Hit {
    fn new(number: u32, message: &Message) -> Self {
        Self { number, uid: message.uid, change: message.change.0 as u64 }
    }
}

fn asks_for_change(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::ModSeq(_) => true,
        Criterion::And(all) => all.iter().any(asks_for_change),
        Criterion::Or(one, other) => asks_for_change(one) || asks_for_change(other),
        Criterion::Not(it) => asks_for_change(it),
        _ => false,
    }
}
