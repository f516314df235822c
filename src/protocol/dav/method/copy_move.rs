//! COPY and MOVE (RFC 4918 §9.8, §9.9).

use crate::domain::collection::Home;
use crate::domain::collection::copy_move::{Arrived, Verb, copy_or_move};
use crate::format::uri::encoded;
use crate::kernel::change::ScheduleTag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{SCHEDULE_TAG, blocked, empty, error, fault_about, set};
use crate::protocol::dav::body::none;
use crate::protocol::dav::guard;
use crate::protocol::dav::space::place_path;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use crate::protocol::http::header::destination::{self, Destination};
use crate::protocol::http::header::overwrite;
use http::header::LOCATION;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Copies or moves to the `Destination`.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    none(body).await?;
    let from = ask.need_place()?;
    let moving = ask.method.as_str() == "MOVE";
    let verb = match (moving, depth::parse(&ask.headers)?) {
        (true, None | Some(Depth::Infinity)) => Verb::Move,
        // Depth means nothing for a single object.
        (true, Some(_)) if !from.collection => Verb::Move,
        (true, Some(_)) => return Err(Fault::malformed("MOVE takes Depth: infinity only")),
        (false, Some(Depth::Zero)) => Verb::CopyAlone,
        (false, Some(Depth::One)) => {
            return Err(Fault::malformed("COPY takes Depth 0 or infinity"));
        }
        (false, None | Some(Depth::Infinity)) => Verb::Copy,
    };
    let overwrite = overwrite::parse(&ask.headers)?;
    let path = match destination::parse(&ask.headers, ask.authority.as_deref())? {
        Destination::Here(path) => path,
        Destination::Elsewhere => {
            let words = "the destination is on another server";
            return Ok(error(&ask, StatusCode::BAD_GATEWAY, words));
        }
    };
    let to = match ask.place_of(&path).await {
        Ok(to) => to,
        Err(Fault::NotFound) => {
            let words = "nothing can be at the destination";
            return Ok(error(&ask, StatusCode::FORBIDDEN, words));
        }
        Err(fault) => return Err(fault),
    };
    let guard = guard::of(&ask).await?;
    match copy_or_move(&ask.access, from, &to, verb, overwrite, guard).await {
        Ok(Arrived { created, schedule_tag }) => {
            let status = if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
            let mut response = empty(status);
            set(&mut response, LOCATION, &encoded(&place_path(&to)));
            if let Some(number) = schedule_tag {
                let tag = ScheduleTag { epoch: ask.access.store.epoch().clone(), number };
                set(&mut response, SCHEDULE_TAG, &tag.to_string());
            }
            Ok(response)
        }
        // RFC 4918 §9.8.5: `Overwrite: F` on a taken name is a failed condition.
        Err(Fault::Refused(Refusal::Exists)) => {
            let words = "something is at the destination, and Overwrite is F";
            Ok(error(&ask, StatusCode::PRECONDITION_FAILED, words))
        }
        Err(fault) => match blocked(&ask, fault, &[from, &to]) {
            // A calendar is out of place wherever it is not a home's child (RFC 4791 §5.3.1.1).
            Err(fault @ Fault::Refused(Refusal::CollectionPlacement(_)))
                if from.home != Home::Files =>
            {
                Ok(fault_about(&ask, &fault, from.home.into()))
            }
            // All else is refused for the destination's sake: its conditions name why.
            Err(fault @ Fault::Refused(_)) => Ok(fault_about(&ask, &fault, to.home.into())),
            answer => answer,
        },
    }
}
