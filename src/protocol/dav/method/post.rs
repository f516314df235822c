//! POST to a collection adds a member under a name that the server chooses (RFC 5995); several
//! calendar objects or cards in one body are taken apart; an XML body asks for an action. POST to an
//! event is about its attachments (RFC 8607), to a notification the answer to it.
//! Some collections have a meaning of their own for it.

use super::attachment;
use super::import;
use super::put::{done, examined, receive};
use crate::domain::collection::import::target;
use crate::domain::collection::{Guard, Home, item};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::secret::uuid;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::error;
use crate::protocol::dav::body::xml;
use crate::protocol::dav::guard;
use crate::protocol::dav::service::presumed_class;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::On;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_type;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Stores the body under a new name.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    if place.home == Home::Calendars && place.depth() == 2 {
        return match presumed_class(&ask) {
            On::NOTIFICATION => act(ask, body).await,
            _ => attachment::run(ask, body).await,
        };
    }
    let special = ask.service.posts.iter().find(|post| post.path == place.path);
    if let Some(post) = special.filter(|_| !is_xml(&ask)) {
        return (post.run)(ask, body).await;
    }
    // A calendar or an address book is one with or without the slash at its end.
    if !place.collection && place.home == Home::Files {
        return Err(Fault::malformed("POST adds members to collections: end the path with '/'"));
    }
    if place.home != Home::Files && is_xml(&ask) {
        return act(ask, body).await;
    }
    if place.home != Home::Files && place.depth() == 0 {
        return Err(Refusal::UnexpectedBody.into());
    }
    let guard = guard::of(&ask).await?;
    let ending = match place.home {
        Home::Calendars => ".ics",
        Home::Addressbooks => ".vcf",
        Home::Files | Home::Mail => "",
    };
    let member = place.child(&format!("{}{ending}", uuid()), false);
    let (content, index) = if place.home == Home::Files {
        receive(&ask, &member, body).await?
    } else {
        // Rights come before the body, which may be large.
        target(&ask.access, place, &Guard::default()).await.map_err(|fault| match fault {
            Fault::NotFound => Refusal::NoParent.into(),
            fault => fault,
        })?;
        let received = import::receive(&ask, place.home, body).await?;
        if received.count().is_some_and(|count| count > 1) {
            return import::store(ask, received, &guard).await;
        }
        let limit = place.home.child().member_max().unwrap_or(0);
        examined(&ask, place.home, None, received.octets(limit)?)?
    };
    let stored = item::put(&ask.access, &member, content, index, guard).await?;
    done(&ask, &member, &stored, Some(&place_path(&member))).await
}

fn is_xml(ask: &Ask) -> bool {
    let declared = content_type::parse(&ask.headers).ok().flatten();
    // The last is draft-pot-webdav-resource-sharing's.
    let all = ["application/xml", "text/xml", "application/davsharing+xml"];
    declared.is_some_and(|t| all.contains(&t.essence.as_str()))
}

/// Does what an XML body asks for.
async fn act(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let wanted = xml(&ask, body).await?.ok_or_else(|| Fault::malformed("the body is empty"))?;
    let Some(action) = ask.registry().action(&wanted.name, presumed_class(&ask)) else {
        let why = format!("{} is nothing that can be asked for here", wanted.name.local());
        return Ok(error(&ask, StatusCode::FORBIDDEN, &why));
    };
    (action.run)(ask.clone(), wanted).await
}
