//! POST to a scheduling outbox: a request for free/busy (RFC 6638 §5), or, as JSON, for a time that
//! suits several people. KDE's programs send theirs to the inbox, which means the same.
//!
//! Invariants: rights come before the body; `Originator` and `Recipient`, which older drafts demanded,
//! are not looked at; of somebody whom the asker may not know about nothing is told but that.

use super::availability::ROWS;
use super::find_time;
use crate::domain::availability::{self, Answer, Mask, Question};
use crate::domain::calendar;
use crate::domain::collection::Access;
use crate::domain::collection::scheduling::{INBOX, OUTBOX};
use crate::format::ical::attendance::folded;
use crate::format::ical::request::{Request, Wrong};
use crate::format::line::shown;
use crate::format::uri;
use crate::format::xml::Writer;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::FREEBUSY_BODY_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{XML, full};
use crate::protocol::dav::body::collect;
use crate::protocol::dav::extension::{Extension, Post};
use crate::protocol::dav::name::{HREF, names};
use crate::protocol::dav::space::{Target, target};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_type;
use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

names! {
    SCHEDULE_RESPONSE = CalDav "schedule-response",
    RESPONSE = CalDav "response",
    RECIPIENT = CalDav "recipient",
    REQUEST_STATUS = CalDav "request-status",
    CALENDAR_DATA = CalDav "calendar-data",
}

/// What free/busy brings: `calendar-availability` says that RFC 7953 is served as a whole,
/// `inbox-availability` is Apple's older word.
pub static FREE_BUSY: Extension = Extension {
    features: &["calendar-availability", "inbox-availability"],
    properties: &ROWS,
    methods: &[],
    reports: &[],
    actions: &[],
};

/// What POST means to outbox and inbox.
pub static POSTS: [Post; 2] = [
    Post { path: OUTBOX, run: |ask, body| Box::pin(run(ask, body)) },
    Post { path: INBOX, run: |ask, body| Box::pin(run(ask, body)) },
];

async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let (asker, addresses) = availability::asker(&ask.access, ask.need_place()?).await?;
    let declared = content_type::parse(&ask.headers)?.map(|media| media.essence);
    let octets = collect(body, FREEBUSY_BODY_MAX).await?;
    match declared.as_deref() {
        Some("application/json") => find_time::run(&ask, &asker, &octets).await,
        media => answer(&ask, &asker, &addresses, text(media, octets)?).await,
    }
}

/// The body as iCalendar, in whichever of its forms it came.
fn text(media: Option<&str>, octets: Bytes) -> Outcome<Bytes> {
    if let Some(converted) = calendar::converted(media, &octets, false)? {
        return Ok(Bytes::from(converted));
    }
    calendar::takes(media)?;
    Ok(octets)
}

async fn answer(
    ask: &Ask,
    asker: &Access,
    addresses: &[String],
    octets: Bytes,
) -> Outcome<Response<Body>> {
    let request = Request::parse(&octets).map_err(|why| match why {
        Wrong::Data(why) => Refusal::from(why),
        Wrong::Message(why) => Refusal::InvalidMessage(why),
    })?;
    if !addresses.contains(&folded(&address(&request.organizer))) {
        return Err(Refusal::ForeignOrganizer(shown(&request.organizer).to_owned()).into());
    }
    let mut question = Question::about(request.window.clone())?;
    let organizer = request.organizer.clone();
    question.mask = request.mask.clone().map(|uid| Mask { uid, organizer });
    let whom: Vec<String> = request.attendees.iter().map(|it| address(it)).collect();
    let open = ask.service.policy.open_free_busy;
    let answers = availability::ask(asker, open, &whom, &question).await?;
    let mut w = Writer::with_capacity(4 << 10);
    w.document_start(&SCHEDULE_RESPONSE);
    let stamp = ask.access.now.seconds();
    for (number, (recipient, answer)) in request.attendees.iter().zip(answers).enumerate() {
        w.open(&RESPONSE);
        w.open(&RECIPIENT);
        w.element(&HREF, recipient);
        w.close(&RECIPIENT);
        w.element(&REQUEST_STATUS, status(&answer));
        if let Answer::Times(times) = answer {
            w.element(&CALENDAR_DATA, &times.to_reply(stamp, &request.lines(number)));
        }
        w.close(&RESPONSE);
    }
    w.close(&SCHEDULE_RESPONSE);
    Ok(full(StatusCode::OK, XML, w.out))
}

/// The status of an answer (RFC 5546 §3.6).
pub fn status(answer: &Answer) -> &'static str {
    match answer {
        Answer::Times(_) => "2.0;Success",
        Answer::Nobody => "3.7;Invalid calendar user",
        Answer::NoAuthority => "3.8;No authority",
        Answer::TooMuch => "5.1;Service unavailable",
        Answer::Elsewhere => "5.3;No scheduling support for user",
    }
}

/// A calendar user address as the directory knows it: of the path or URL of a principal its name.
pub fn address(written: &str) -> String {
    let path = uri::parse_reference(written).map(|(_, path)| path);
    let decoded = path.filter(|path| path.starts_with('/')).and_then(uri::decode_path);
    match decoded.as_deref().map(target) {
        Some(Target::Principal(_, name)) => name,
        _ => written.to_owned(),
    }
}
