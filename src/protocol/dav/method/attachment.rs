//! POST of an attachment to an event (RFC 8607 §3.3): `?action=attachment-add`, `-update` and
//! `-remove`, with `rid` and `managed-id`.

use super::put::{done, receive_file};
use crate::domain::attachment::{self, Action, Attachment, Sent};
use crate::domain::collection::item;
use crate::format::ical::attach::{AttachFault, Which};
use crate::format::uri;
use crate::kernel::fault::{AttachRule, Fault, Outcome, Refusal};
use crate::kernel::limits::ATTACHMENT_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{absolute, set};
use crate::protocol::dav::body::none;
use crate::protocol::dav::guard;
use crate::protocol::dav::space::ATTACHMENT_ROOT;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_disposition::filename;
use crate::protocol::http::header::content_type;
use crate::protocol::http::query::Query;
use http::header::{ETAG, LOCATION};
use http::{HeaderName, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// What names the attachment that an action brought (§5.1).
const MANAGED_ID: HeaderName = HeaderName::from_static("cal-managed-id");

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Update,
    Remove,
}

/// The verbs, with the status of their success (§3.4 to §3.6).
const VERBS: [(&str, Verb, StatusCode); 3] = [
    ("attachment-add", Verb::Add, StatusCode::CREATED),
    ("attachment-update", Verb::Update, StatusCode::OK),
    ("attachment-remove", Verb::Remove, StatusCode::NO_CONTENT),
];

/// Carries out the action.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let guard = guard::of(&ask).await?;
    let query = Query(&ask.query);
    let (verb, status) = verb(&query)?;
    let which = which(&query, verb)?;
    let id = managed_id(&query, verb)?;
    // Rights and conditions come before the body, which may be large.
    item::precheck(&ask.access, place, &guard).await?;
    let action = match (verb, id) {
        (Verb::Add, _) => Action::Add(which, sent(&ask, body).await?),
        (Verb::Update, Some(id)) => Action::Update(id, sent(&ask, body).await?),
        (_, id) => {
            none(body).await?;
            Action::Remove(which, id.unwrap_or_default())
        }
    };
    let address = |it: &Attachment| absolute(&ask, &path(it));
    let changed = attachment::change(&ask.access, place, &action, address, &guard).await?;
    let mut response = done(&ask, place, &changed.stored, None).await?;
    if response.status() == StatusCode::NO_CONTENT {
        // The validator of what is not given: the client reads the event anew (§3.4).
        response.headers_mut().remove(ETAG);
        *response.status_mut() = status;
    } else if verb == Verb::Add {
        *response.status_mut() = status;
    }
    if let Some(it) = &changed.attachment {
        set(&mut response, MANAGED_ID, &it.managed_id);
        if verb == Verb::Add {
            set(&mut response, LOCATION, &address(it));
        }
    }
    Ok(response)
}

/// The path of an attachment: its secret, and for people its name.
fn path(it: &Attachment) -> String {
    let name = it.filename.as_deref().unwrap_or("attachment");
    uri::encoded(&format!("{ATTACHMENT_ROOT}{}/{name}", it.token))
}

fn broken<T>(rule: AttachRule, why: &str) -> Outcome<T> {
    Err(Refusal::Attachment(rule, why.to_owned()).into())
}

fn verb(query: &Query<'_>) -> Outcome<(Verb, StatusCode)> {
    let action = query.once("action", ()).ok().flatten().unwrap_or_default();
    match VERBS.iter().find(|row| row.0 == action) {
        Some((_, verb, status)) => Ok((*verb, *status)),
        None => broken(AttachRule::Action, "action: attachment-add, -update or -remove, once"),
    }
}

fn which(query: &Query<'_>, verb: Verb) -> Outcome<Which> {
    const WHY: &str = "rid: M and RECURRENCE-IDs, each once, and not for an update";
    if verb == Verb::Update && query.has("rid") {
        return broken(AttachRule::Instance, WHY);
    }
    let Ok(rid) = query.once("rid", ()) else { return broken(AttachRule::Instance, WHY) };
    Which::read(rid.as_deref()).or_else(|fault| match fault {
        AttachFault::Instance(_) => broken(AttachRule::Instance, WHY),
        _ => Err(Fault::malformed(WHY)),
    })
}

fn managed_id(query: &Query<'_>, verb: Verb) -> Outcome<Option<String>> {
    match (query.once("managed-id", ()), verb) {
        (Ok(None), Verb::Add) => Ok(None),
        (Ok(Some(id)), Verb::Update | Verb::Remove) if !id.is_empty() => Ok(Some(id)),
        _ => broken(AttachRule::ManagedId, "managed-id: once, for an update or a removal alone"),
    }
}

/// The attachment that the body is.
async fn sent(ask: &Ask, body: Incoming) -> Outcome<Sent> {
    let declared = content_type::parse(&ask.headers)?.map(|_| ask.header("content-type"));
    let media_type = declared.flatten().unwrap_or("application/octet-stream").to_owned();
    let content = receive_file(ask, body, ATTACHMENT_MAX).await.map_err(|fault| match fault {
        Fault::Refused(Refusal::TooLarge { limit }) => {
            let why = format!("an attachment has {limit} octets at most");
            Refusal::Attachment(AttachRule::Size, why).into()
        }
        fault => fault,
    })?;
    Ok(Sent { content, media_type, filename: filename(&ask.headers) })
}
