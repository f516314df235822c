//! `DAV:sync-collection` (RFC 6578), and its drafts as clients still send them: Depth 1 with or
//! without a sync-level means level 1 (CLIENTS-SOURCE §3).

use crate::domain::collection::Place;
use crate::domain::collection::derived::{left_on, left_on_members};
use crate::domain::collection::list;
use crate::domain::collection::sync::{Change, Changes, Level, changes};
use crate::format::xml::Element;
use crate::kernel::change::SyncToken;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::SYNC_MEMBERS_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, of_verdict, streamed};
use crate::protocol::dav::fault::{About, Verdict, verdict};
use crate::protocol::dav::method::report::not_served;
use crate::protocol::dav::multistatus::{Wanted, write_response, write_status};
use crate::protocol::dav::name::SYNC_TOKEN;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::{Node, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::error_body;
use crate::protocol::http::header::depth::{self, Depth};
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};
use std::sync::Arc;

/// Answers with what changed since the token.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?.clone();
    let level = level(&ask, &root)?;
    let Some(token) = root.child("DAV:", "sync-token") else {
        return Err(Fault::malformed("a sync-collection has a sync-token, empty at first"));
    };
    let since = match token.text().trim() {
        "" => None,
        text => match SyncToken::parse(text) {
            Some(token) => Some(token),
            None => return Ok(bad_token(&ask)),
        },
    };
    let limit = limit(&root)?.unwrap_or(SYNC_MEMBERS_MAX).min(SYNC_MEMBERS_MAX);
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    match changes(&ask.access, &place, since, level, limit).await {
        Ok(Some(found)) => Ok(streamed(move |sheet| async move {
            write(&ask, &place, &wanted, found, sheet).await;
        })),
        Ok(None) => Ok(not_served(&ask, &root)),
        Err(Fault::Refused(Refusal::InvalidSyncToken)) => Ok(bad_token(&ask)),
        Err(fault) => Err(fault),
    }
}

/// The level (RFC 6578 §6.3). Without one Depth tells it, and 0 means 1 (CLIENTS-SOURCE).
fn level(ask: &Ask, root: &Element) -> Outcome<Level> {
    let level = root.child("DAV:", "sync-level").map(|e| e.text().trim().to_owned());
    match level.as_deref() {
        Some("1") => Ok(Level::One),
        Some("infinite" | "infinity") => Ok(Level::Infinite),
        None | Some("") => match depth::parse(&ask.headers)? {
            Some(Depth::Infinity) => Ok(Level::Infinite),
            _ => Ok(Level::One),
        },
        Some(_) => Err(Fault::malformed("sync-level is 1 or infinite")),
    }
}

/// `DAV:limit/DAV:nresults` (RFC 5323 §5.17). None at all cannot be kept (RFC 6578 §3.7).
pub fn limit(root: &Element) -> Outcome<Option<usize>> {
    let Some(limit) = root.child("DAV:", "limit") else { return Ok(None) };
    let text = limit.child("DAV:", "nresults").map(|e| e.text().trim().to_owned());
    match text.as_deref().unwrap_or("").parse::<usize>() {
        Ok(0) => Err(Refusal::TooManyMatches.into()),
        Ok(n) => Ok(Some(n)),
        Err(_) => Err(Fault::malformed("nresults is a number")),
    }
}

/// 403 with `valid-sync-token`, except for Thunderbird's address books: they recover from 400
/// only, and from nothing else ever again (CLIENTS.md, Thunderbird CardDAV).
fn bad_token(ask: &Ask) -> Response<Body> {
    let fault = Fault::Refused(Refusal::InvalidSyncToken);
    let mut verdict = verdict(&fault, ask.about());
    let thunderbird = ask.header("user-agent").is_some_and(|ua| ua.contains("Thunderbird"));
    if thunderbird && ask.about() == About::Addressbooks {
        verdict.status = StatusCode::BAD_REQUEST;
    }
    of_verdict(&verdict, &fault.to_string(), error_body(&ask.headers))
}

async fn write(ask: &Ask, place: &Place, wanted: &Wanted, found: Changes, mut sheet: Sheet) {
    match write_changes(ask, place, wanted, &found, &mut sheet).await {
        Ok(Ok(())) => {}
        Ok(Err(Gone)) => return,
        Err(fault) => return sheet.break_off(&fault).await,
    }
    if found.truncated {
        // The collection itself, its path exactly as requested, last (CLIENTS-SOURCE §3).
        let verdict = Verdict {
            status: StatusCode::INSUFFICIENT_STORAGE,
            condition: Some(crate::protocol::dav::name::NUMBER_OF_MATCHES),
            hrefs: Vec::new(),
            privilege: None,
        };
        write_status(&ask.path, verdict.status, Some(&verdict), &mut sheet.writer);
    }
    sheet.writer.element(&SYNC_TOKEN, &found.token.to_string());
    sheet.finish().await;
}

/// Members that are loaded together when content or properties are wanted.
const BATCH: usize = 64;

async fn write_changes(
    ask: &Ask,
    place: &Place,
    wanted: &Wanted,
    found: &Changes,
    sheet: &mut Sheet,
) -> Outcome<Result<(), Gone>> {
    let want = wanted.want();
    let mut here = place.at(&found.collection.path, true);
    let (mut stem, mut path) = (place_path(&here), String::new());
    let rights = list::rights_in(&ask.access, &here).await?;
    for batch in found.members.chunks(BATCH) {
        let loaded = list::load(&ask.access, place, batch, want).await?;
        for member in batch {
            if sheet.flush().await.is_err() {
                return Ok(Err(Gone));
            }
            let text = loaded.content_of(member).and_then(text_of);
            if member.holder.path != here.path {
                here = place.at(&member.holder.path, true);
                stem = place_path(&here);
            }
            path.clear();
            path.push_str(&stem);
            let own;
            let mut around = &loaded.around;
            let (node, at, rights) = match &member.change {
                Change::Gone(name) => {
                    path.push_str(name);
                    write_status(&path, StatusCode::NOT_FOUND, None, &mut sheet.writer);
                    continue;
                }
                Change::Object(it) => {
                    path.push_str(&it.name);
                    let rights = left_on_members(rights.on(&here.path), member.holder.derived);
                    (Node::Object(it, text.as_deref()), &here, rights)
                }
                Change::Collection(it) if list::is_mount(it) => {
                    let Some(shown) = loaded.mounts.get(&it.id) else {
                        path = place_path(&place.at(&it.path, true));
                        write_status(&path, StatusCode::NOT_FOUND, None, &mut sheet.writer);
                        continue;
                    };
                    path = place_path(&shown.place);
                    around = &shown.around;
                    (Node::Collection(&shown.target), &shown.place, shown.rights)
                }
                Change::Collection(it) => {
                    own = place.at(&it.path, true);
                    path = place_path(&own);
                    (Node::Collection(it), &own, left_on(rights.on(&own.path), it))
                }
            };
            let stored = loaded.properties_of(member);
            let place = Some(at);
            let subject = Subject { ask, node, path: &path, place, rights, stored, around };
            write_response(wanted, &subject, &mut sheet.writer);
        }
    }
    Ok(Ok(()))
}
