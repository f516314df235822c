//! A whole calendar or address book sent to its collection (PUT, or POST of several objects): it
//! is taken apart by UID, and each object is stored, left alone or refused by itself, with a
//! report. Nothing is deleted.
//!
//! Invariant: the text is read while it arrives and lies on the disk, so memory is bounded however
//! large it is. The report is a multistatus, JSON or plain text, by `Accept`.

use crate::domain::collection::import::{self, Fate, How, Item};
use crate::domain::collection::{Guard, Home, Place, Spool, guard::Tags, item};
use crate::domain::{calendar, contacts};
use crate::format::split::{Objects, Splitter, Stream};
use crate::format::uri::encoded;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{IMPORT_BATCH, IMPORT_BATCH_OCTETS, IMPORT_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, full, streamed, words};
use crate::protocol::dav::body::refusal;
use crate::protocol::dav::fault::verdict;
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
    let (stream, taken) = match home {
        Home::Calendars => (Stream::Calendars, calendar::takes(declared.as_deref())),
        _ => (Stream::Cards, contacts::takes(declared.as_deref())),
    };
    taken?;
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

/// PUT of a whole calendar or address book.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    import::target(&ask.access, place).await?;
    let received = receive(&ask, place.home, body).await?;
    store(ask, received).await
}

/// Stores what was received, and reports.
pub async fn store(ask: Arc<Ask>, received: Received) -> Outcome<Response<Body>> {
    let Received { spool, objects, stream } = received;
    let objects = objects?;
    let place = ask.need_place()?.clone();
    let given = guard::of(&ask).await?;
    let how = How {
        keep: given.if_none_match == Tags::Any,
        guard: Guard { if_lists: given.if_lists, ..Guard::default() },
        ending: if stream == Stream::Calendars { ".ics" } else { ".vcf" },
        same: match stream {
            Stream::Calendars => Stream::same_calendar,
            Stream::Cards => Stream::same_card,
        },
    };
    let form = error_body(&ask.headers);
    let work = Work { ask, place, how, stream, source: Arc::new((spool, objects)), next: 0 };
    match form {
        ErrorBody::Xml => Ok(streamed(|sheet| multistatus(work, sheet))),
        ErrorBody::Json => json(work).await,
        ErrorBody::Text => text(work).await,
    }
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

/// An object's UID, and what became of it.
type Told = (String, Fate);

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
        let ready = tokio::task::spawn_blocking(move || {
            let one = |number| {
                let (uid, size) = source.1.about(number);
                let mut uid = uid.unwrap_or_default().to_owned();
                let whole = match size > limit {
                    true => Err(Refusal::TooLarge { limit }.into()),
                    false => source.1.whole(number, |at| source.0.read(at)),
                };
                let item = whole.and_then(|whole| {
                    uid.clone_from(&whole.uid);
                    let (text, index) = match stream {
                        Stream::Calendars => {
                            let index = calendar::examine(None, &whole.text)?;
                            (whole.text, index)
                        }
                        Stream::Cards => contacts::examine_any(whole.text)?,
                    };
                    Ok(Item { content: item::content(&store, text)?, index })
                });
                (uid, item)
            };
            range.map(one).collect::<Vec<(String, Outcome<Item>)>>()
        });
        let mut told = Vec::new();
        let (mut items, mut of) = (Vec::new(), Vec::new());
        for (uid, item) in ready.await.map_err(Fault::internal)? {
            match item {
                Ok(item) => {
                    items.push(item);
                    of.push(told.len());
                    told.push((uid, Fate::Kept(String::new())));
                }
                Err(fault @ Fault::Refused(_)) => told.push((uid, Fate::Refused(fault))),
                Err(fault) => return Err(fault),
            }
        }
        let fates = import::put_all(&self.ask.access, &self.place, items, self.how.clone()).await?;
        for (at, fate) in of.into_iter().zip(fates) {
            if let Some(slot) = told.get_mut(at) {
                slot.1 = fate;
            }
        }
        Ok(Some(told))
    }

    /// The path of a member; of one that there is not, the collection's.
    fn path(&self, name: Option<&str>) -> String {
        place_path(&match name {
            Some(name) => self.place.child(name, false),
            None => self.place.at(&self.place.path, true),
        })
    }
}

/// The words and the status of a fate.
fn word(fate: &Fate) -> (&'static str, StatusCode, Option<&str>) {
    match fate {
        Fate::Created(name) => ("created", StatusCode::CREATED, Some(name)),
        Fate::Updated(name) => ("updated", StatusCode::NO_CONTENT, Some(name)),
        Fate::Unchanged(name) => ("unchanged", StatusCode::OK, Some(name)),
        Fate::Kept(name) => ("kept", StatusCode::PRECONDITION_FAILED, Some(name)),
        Fate::Refused(_) => ("refused", StatusCode::FORBIDDEN, None),
    }
}

async fn multistatus(mut work: Work, mut sheet: Sheet) {
    loop {
        let told = match work.batch().await {
            Ok(Some(told)) => told,
            Ok(None) => return sheet.finish().await,
            Err(fault) => return sheet.break_off(&fault).await,
        };
        for (uid, fate) in told {
            let (word, status, name) = word(&fate);
            let (verdict, why) = match &fate {
                Fate::Refused(fault) => {
                    (Some(verdict(fault, work.ask.about())), format!("{uid}: {}", words(fault)))
                }
                _ => (None, format!("{uid}: {word}")),
            };
            let status = verdict.as_ref().map_or(status, |verdict| verdict.status);
            let path = work.path(name);
            write_described(&path, status, verdict.as_ref(), &why, &mut sheet.writer);
        }
        if let Err(Gone) = sheet.flush().await {
            return;
        }
    }
}

/// The words in the order in which they are counted.
const WORDS: [&str; 5] = ["created", "updated", "unchanged", "kept", "refused"];

fn count(counts: &mut [usize; 5], word: &str) {
    let at = WORDS.iter().position(|known| *known == word);
    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
        *count += 1;
    }
}

async fn json(mut work: Work) -> Outcome<Response<Body>> {
    let (mut counts, mut objects) = ([0; 5], Vec::new());
    while let Some(told) = work.batch().await? {
        for (uid, fate) in told {
            let (word, _, name) = word(&fate);
            count(&mut counts, word);
            let mut row = serde_json::json!({ "uid": uid, "outcome": word });
            match &fate {
                Fate::Refused(fault) => row["error"] = words(fault).into(),
                _ => row["href"] = encoded(&work.path(name)).into(),
            }
            objects.push(row);
        }
    }
    let mut report = serde_json::json!({ "objects": objects });
    for (word, count) in WORDS.iter().zip(counts) {
        report[*word] = count.into();
    }
    Ok(full(StatusCode::OK, "application/json", format!("{report}\n").into_bytes()))
}

async fn text(mut work: Work) -> Outcome<Response<Body>> {
    use std::fmt::Write as _;
    let (mut counts, mut out) = ([0; 5], String::new());
    while let Some(told) = work.batch().await? {
        for (uid, fate) in told {
            let (word, _, name) = word(&fate);
            count(&mut counts, word);
            let _ = match &fate {
                Fate::Refused(fault) => writeln!(out, "{word} {uid}: {}", words(fault)),
                _ => writeln!(out, "{word} {uid} {}", encoded(&work.path(name))),
            };
        }
    }
    let sums: Vec<String> =
        WORDS.iter().zip(counts).map(|(word, count)| format!("{count} {word}")).collect();
    let _ = writeln!(out, "{}", sums.join(", "));
    Ok(full(StatusCode::OK, "text/plain; charset=utf-8", out.into_bytes()))
}
