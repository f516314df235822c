//! A whole calendar or address book sent to its collection (PUT, or POST of several objects): it
//! is taken apart by UID, and each object is stored, left alone or refused by itself, with a
//! report. Nothing is deleted.
//!
//! Invariant: the text is read while it arrives and lies on the disk, so memory is bounded however
//! large it is. The report is a multistatus, JSON or plain text, by `Accept`.

use super::put::{converted, is_converted};
use super::{bulk, whole};
use crate::domain::collection::import::{self, Fate, How, Item};
use crate::domain::collection::{Collection, Guard, Home, Place, Spool, guard::Tags, item};
use crate::domain::{calendar, contacts};
use crate::format::split::{Objects, Splitter, Stream};
use crate::format::uri::encoded;
use crate::format::xml::Writer;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{IMPORT_BATCH, IMPORT_BATCH_OCTETS, IMPORT_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, poured, streamed, words};
use crate::protocol::dav::body::{collect, refusal};
use crate::protocol::dav::guard;
use crate::protocol::dav::multistatus::write_described;
use crate::protocol::dav::space::place_path;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::{ErrorBody, error_body};
use crate::protocol::http::header::content_type;
use crate::protocol::http::intake::{Pace, next_chunk};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// A body that was taken in, and what is in it.
pub struct Received {
    spool: Spool,
    objects: Result<Objects, Fault>,
    stream: Stream,
}

impl Received {
    /// How many objects it holds, if it is one or more calendars or cards at all.
    pub fn count(&self) -> Option<usize> {
        self.objects.as_ref().ok().map(Objects::len)
    }

    /// All its octets, if they are no more than one object may have.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn octets(&self, limit: u64) -> Outcome<Vec<u8>> {
        match self.spool.size() > limit {
            true => Err(Refusal::TooLarge { limit }.into()),
            false => self.spool.read(0..self.spool.size()),
        }
    }
}

/// Takes a body in and finds its objects.
///
/// # Errors
/// `UnsupportedType`, `TooLarge`, a body that breaks off.
pub async fn receive(ask: &Ask, home: Home, mut body: Incoming) -> Outcome<Received> {
    let declared = content_type::parse(&ask.headers)?.map(|t| t.essence);
    let stream = if home == Home::Calendars { Stream::Calendars } else { Stream::Cards };
    if is_converted(ask, home) {
        return convert(ask, home, stream, declared, body).await;
    }
    match stream {
        Stream::Calendars => calendar::takes(declared.as_deref())?,
        Stream::Cards => contacts::takes(declared.as_deref())?,
    }
    if http_body::Body::size_hint(&body).lower() > IMPORT_MAX {
        return Err(Refusal::TooLarge { limit: IMPORT_MAX }.into());
    }
    let (mut pace, mut splitter) = (Pace::default(), Ok(Splitter::new(stream)));
    let mut spool = Spool::new(ask.access.store.files());
    while let Some(piece) =
        next_chunk(&mut body, &mut pace).await.map_err(|e| refusal(e, IMPORT_MAX))?
    {
        if pace.octets() > IMPORT_MAX {
            return Err(Refusal::TooLarge { limit: IMPORT_MAX }.into());
        }
        spool.write(&piece)?;
        if let Ok(it) = &mut splitter
            && let Err(why) = it.take(&piece)
        {
            splitter = Err(why);
        }
    }
    let objects = splitter.and_then(Splitter::finish);
    let objects = objects.map_err(|why| Fault::from(Refusal::from(why)));
    Ok(Received { spool, objects, stream })
}

/// Takes in a body of another form, whose tree stands in memory while it is made a text: it may be
/// no larger than one object.
async fn convert(
    ask: &Ask,
    home: Home,
    stream: Stream,
    declared: Option<String>,
    body: Incoming,
) -> Outcome<Received> {
    let limit = home.child().member_max().unwrap_or(0);
    let octets = collect(body, limit as usize).await?;
    // Thousands of objects would keep the connections of this thread waiting.
    let made = spawn_blocking(move || converted(home, declared.as_deref(), &octets, true));
    let text = made.await.map_err(Fault::internal)??.unwrap_or_default();
    let mut spool = Spool::new(ask.access.store.files());
    spool.write(text.as_bytes())?;
    let mut splitter = Splitter::new(stream);
    let objects = splitter.take(text.as_bytes()).and_then(|()| splitter.finish());
    let objects = objects.map_err(|why| Fault::from(Refusal::from(why)));
    Ok(Received { spool, objects, stream })
}

/// PUT of a whole calendar or address book.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let guard = guard::of(&ask).await?;
    let it = import::target(&ask.access, place, &guard).await?;
    holds(&ask, &it, &guard)?;
    let received = receive(&ask, place.home, body).await?;
    store(ask, received, &guard).await
}

/// The conditions about the whole (RFC 9110 §13.1), whose tag a GET of it gives.
fn holds(ask: &Ask, it: &Collection, guard: &Guard) -> Outcome<()> {
    let named = |tag: &String| whole::is_named(ask.access.store.epoch(), it, tag);
    let names = |tags: &Tags| matches!(tags, Tags::These(all) if all.iter().any(named));
    let since = guard.unmodified_since.map(Timestamp::seconds);
    let fails =
        guard.if_match != Tags::Unset && guard.if_match != Tags::Any && !names(&guard.if_match)
            || names(&guard.if_none_match)
            || since.is_some_and(|since| it.modified_at.seconds() > since);
    if fails { Err(Refusal::ConditionFailed.into()) } else { Ok(()) }
}

/// Stores what was received, and reports.
pub async fn store(ask: Arc<Ask>, received: Received, guard: &Guard) -> Outcome<Response<Body>> {
    let Received { spool, objects, stream } = received;
    let objects = objects?;
    let place = ask.need_place()?.clone();
    let how = How {
        keep: guard.if_none_match == Tags::Any,
        guard: guard.tokens_only(),
        ending: if stream == Stream::Calendars { ".ics" } else { ".vcf" },
        same: match stream {
            Stream::Calendars => Stream::same_calendar,
            Stream::Cards => Stream::same_card,
        },
    };
    let form = error_body(&ask.headers);
    let work = Work { ask, place, how, stream, source: Arc::new((spool, objects)), next: 0 };
    Ok(match form {
        ErrorBody::Xml => streamed(|sheet| work.report(sheet, multistatus, |_, _| ())),
        ErrorBody::Json => {
            let mut writer = Writer::with_capacity(4 << 10);
            writer.raw(b"{\"objects\":[");
            poured("application/json", (writer, b"}\n"), |sheet| work.report(sheet, json, json_end))
        }
        ErrorBody::Text => {
            let writer = Writer::with_capacity(4 << 10);
            poured("text/plain; charset=utf-8", (writer, b"\n"), |sheet| {
                work.report(sheet, text, text_end)
            })
        }
    })
}

/// An import under way.
struct Work {
    ask: Arc<Ask>,
    place: Place,
    how: How,
    stream: Stream,
    source: Arc<(Spool, Objects)>,
    next: usize,
}

/// What became of an object.
struct Told {
    uid: String,
    /// Whether its text is that which was sent, neither converted nor given a UID.
    as_sent: bool,
    fate: Fate,
}

impl Told {
    /// Of one that has this UID, before anything is known.
    fn of(uid: Option<&str>) -> Self {
        let fate = Fate::Kept(String::new());
        Self { uid: uid.unwrap_or_default().to_owned(), as_sent: uid.is_some(), fate }
    }
}

impl Work {
    /// Stores the next batch; none when everything is done.
    async fn batch(&mut self) -> Outcome<Option<Vec<Told>>> {
        let objects = &self.source.1;
        let (first, mut octets) = (self.next, 0);
        while self.next < objects.len()
            && self.next - first < IMPORT_BATCH
            && octets < IMPORT_BATCH_OCTETS
        {
            octets += objects.about(self.next).1;
            self.next += 1;
        }
        if first == self.next {
            return Ok(None);
        }
        let (source, stream, store) =
            (self.source.clone(), self.stream, self.ask.access.store.clone());
        let limit = self.place.home.child().member_max().unwrap_or(0);
        let range = first..self.next;
        // Reading and checking would keep the connections of this thread waiting.
        let ready = spawn_blocking(move || {
            let one = |number| {
                let mut told = Told::of(source.1.about(number).0);
                let whole = source.1.whole(number, limit, |at| source.0.read(at));
                let whole = whole.and_then(|w| w.ok_or(Refusal::TooLarge { limit }.into()));
                let item = whole.and_then(|whole| {
                    told.uid.clone_from(&whole.uid);
                    let (text, index) = match stream {
                        Stream::Calendars => {
                            let index = calendar::examine(None, &whole.text)?;
                            (whole.text, index)
                        }
                        Stream::Cards => {
                            let (text, converted, index) = contacts::examine_any(whole.text)?;
                            told.as_sent &= !converted;
                            (text, index)
                        }
                    };
                    Ok(Item { content: item::content(&store, text)?, index })
                });
                (told, item)
            };
            range.map(one).collect::<Vec<(Told, Outcome<Item>)>>()
        });
        let mut all = Vec::new();
        let (mut items, mut of) = (Vec::new(), Vec::new());
        for (mut told, item) in ready.await.map_err(Fault::internal)? {
            match item {
                Ok(item) => {
                    items.push(item);
                    of.push(all.len());
                }
                Err(fault @ Fault::Refused(_)) => told.fate = Fate::Refused(fault),
                Err(fault) => return Err(fault),
            }
            all.push(told);
        }
        let fates = import::put_all(&self.ask.access, &self.place, items, self.how.clone()).await?;
        for (at, fate) in of.into_iter().zip(fates) {
            if let Some(told) = all.get_mut(at) {
                told.fate = fate;
            }
        }
        Ok(Some(all))
    }

    /// The path of a member; of one that there is not, the collection's.
    fn path(&self, name: Option<&str>) -> String {
        place_path(&match name {
            Some(name) => self.place.child(name, false),
            None => self.place.at(&self.place.path, true),
        })
    }
}

/// The word for a fate, and the member's name.
fn word(fate: &Fate) -> (&'static str, Option<&str>) {
    match fate {
        Fate::Created(name, _) => ("created", Some(name)),
        Fate::Updated(name, _) => ("updated", Some(name)),
        Fate::Unchanged(name) => ("unchanged", Some(name)),
        Fate::Kept(name) => ("kept", Some(name)),
        Fate::Refused(_) => ("refused", None),
    }
}

/// Writes what became of an object.
type Row = fn(&Work, &Told, &mut Writer);

impl Work {
    /// Stores everything, and writes a row for each object and the sums at the end.
    async fn report(mut self, mut sheet: Sheet, row: Row, end: fn([usize; 5], &mut Writer)) {
        let mut counts = [0; 5];
        loop {
            let told = match self.batch().await {
                Ok(Some(told)) => told,
                Ok(None) => break,
                Err(fault) => return sheet.break_off(&fault).await,
            };
            for it in &told {
                row(&self, it, &mut sheet.writer);
                let word = word(&it.fate).0;
                let at = WORDS.iter().position(|known| *known == word);
                if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                    *count += 1;
                }
            }
            if let Err(Gone) = sheet.flush().await {
                return;
            }
        }
        end(counts, &mut sheet.writer);
        sheet.finish().await;
    }
}

/// The words in the order in which they are counted.
const WORDS: [&str; 5] = ["created", "updated", "unchanged", "kept", "refused"];

/// A member that was stored has its UID, and its validator: a text taken apart has no other one.
fn multistatus(work: &Work, Told { uid, as_sent, fate }: &Told, w: &mut Writer) {
    let (word, name) = word(fate);
    let (path, told) = (work.path(name), format!("{uid}: {word}"));
    match fate {
        Fate::Created(_, etag) | Fate::Updated(_, etag) => {
            let as_sent = *as_sent && !is_converted(&work.ask, work.place.home);
            let etag = Some(*etag).filter(|_| as_sent);
            bulk::write_done(&path, (Some(uid), etag), &told, w);
        }
        Fate::Unchanged(_) => bulk::write_done(&path, (Some(uid), None), &told, w),
        Fate::Kept(_) => write_described(&path, StatusCode::PRECONDITION_FAILED, None, &told, w),
        Fate::Refused(fault) => bulk::write_failed(&work.ask, &path, Some(uid), fault, w),
    }
}

fn json(work: &Work, Told { uid, fate, .. }: &Told, w: &mut Writer) {
    let (word, name) = word(fate);
    let mut row = serde_json::json!({ "uid": uid, "outcome": word });
    match fate {
        Fate::Refused(fault) => row["error"] = words(fault).into(),
        _ => row["href"] = encoded(&work.path(name)).into(),
    }
    if !w.out.ends_with(b"[") {
        w.raw(b",\n");
    }
    w.raw(row.to_string().as_bytes());
}

fn json_end(counts: [usize; 5], w: &mut Writer) {
    w.raw(b"]");
    for (word, count) in WORDS.iter().zip(counts) {
        w.raw(format!(",\"{word}\":{count}").as_bytes());
    }
}

fn text(work: &Work, Told { uid, fate, .. }: &Told, w: &mut Writer) {
    let (word, name) = word(fate);
    let rest = match fate {
        Fate::Refused(fault) => format!(": {}", words(fault)),
        _ => format!(" {}", encoded(&work.path(name))),
    };
    w.raw(format!("{word} {uid}{rest}\n").as_bytes());
}

fn text_end(counts: [usize; 5], w: &mut Writer) {
    let sums = WORDS.iter().zip(counts).map(|(word, count)| format!("{count} {word}"));
    w.raw(sums.collect::<Vec<_>>().join(", ").as_bytes());
}
