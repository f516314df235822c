//! Calendars that show a feed: one of another server, which the server fetches (see
//! `domain::feed`).
//!
//! Invariant: such a calendar has a subscription from the transaction that makes it until it goes.

use super::access::Access;
use super::derived::Derived;
use super::guard::Guard;
use super::place::Place;
use super::property::Instruction;
use super::tree::{Found, Making, make_in};
use crate::format::url::WebUrl;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::SUBSCRIPTIONS_MAX;
use crate::store::{collection, feed};

pub use crate::store::feed::Subscription;

/// The property that says where a calendar comes from (calendarserver.org).
const SOURCE: (&str, &str) = ("http://calendarserver.org/ns/", "source");

/// Demands that no instruction is about where a calendar comes from that shows a feed: its members
/// would stay another feed's until the next look. Whoever wants another feed subscribes to it.
///
/// # Errors
/// `Protected`.
pub fn keeps_source(found: &Found, instructions: &[Instruction]) -> Outcome<()> {
    let fetched = found.collection().is_some_and(|it| Derived::of(it) == Some(Derived::Feed));
    let named = |it: &Instruction| match it {
        Instruction::Set(it) => (it.namespace.as_str(), it.name.as_str()) == SOURCE,
        Instruction::Remove(namespace, name) => (namespace.as_str(), name.as_str()) == SOURCE,
        Instruction::Language(_) => false,
    };
    match fetched && instructions.iter().any(named) {
        true => Err(Refusal::Protected.into()),
        false => Ok(()),
    }
}

/// Makes a calendar that shows the feed at an address.
///
/// # Errors
/// Those of `tree::make`; `Malformed` when the account has too many.
pub async fn make(
    access: &Access,
    place: &Place,
    making: Making,
    url: &WebUrl,
    guard: Guard,
) -> Outcome<()> {
    let (access, place, url) = (access.clone(), place.clone(), url.exposed());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let id = make_in(tx, &access, &place, &making, &guard).await?;
                if feed::count(tx, place.account).await? >= SUBSCRIPTIONS_MAX {
                    let why = format!("the account has {SUBSCRIPTIONS_MAX} subscriptions already");
                    return Err(Fault::malformed(why));
                }
                collection::derive(tx, id, Derived::Feed.number()).await?;
                feed::subscribe(tx, id, &url, access.now).await
            })
        })
        .await
}
