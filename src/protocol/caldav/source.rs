//! Calendars that the server fetches from elsewhere: where from, and how that goes.
//!
//! Invariants: user and password of an address are never shown, and the rest of it, which can be a
//! secret too, only to who may change the calendar. Standard: calendarserver.org's `CS:source`, also
//! where Apple's programs fetch by themselves (`CS:subscribed`): there it is kept as it was set.

use crate::domain::collection::subscription::Subscription;
use crate::domain::collection::{Collection, Derived};
use crate::format::url::WebUrl;
use crate::format::xml::{Element, Writer};
use crate::kernel::clock::Timestamp;
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::{Shown, show_kept};
use crate::protocol::dav::source::SOURCE;
use crate::protocol::dav::subject::Subject;

names! {
    STATUS = Davenport "subscription-status",
    LAST_SUCCESS = Davenport "last-success",
    LAST_TRY = Davenport "last-try",
    NEXT_TRY = Davenport "next-try",
    EVENTS = Davenport "events",
    LEFT_OUT = Davenport "left-out",
    ERROR = Davenport "error",
}

fn is_fetched(it: &Collection) -> bool {
    Derived::of(it) == Some(Derived::Feed)
}

fn subscription<'s>(subject: &'s Subject<'_>) -> Option<&'s Subscription> {
    let it = subject.collection().filter(|it| is_fetched(it))?;
    subject.around.feeds.iter().find(|of| of.collection == it.id)
}

/// `CS:source`.
pub fn source(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    if !subject.collection().is_some_and(is_fetched) {
        return show_kept(subject, asked, w);
    }
    let may = subject.rights.has(Privilege::WriteProperties);
    let url = subscription(subject).filter(|_| may).map(|it| WebUrl::parse(&it.feed.url));
    let Some(Ok(url)) = url else { return Shown::No };
    w.open(&SOURCE);
    w.raw(b"<D:href>");
    w.text(&url.to_string());
    w.raw(b"</D:href>");
    w.close(&SOURCE);
    Shown::Yes
}

/// How fetching goes: times in RFC 3339, numbers of events, and what is wrong, in words.
pub fn status(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subscription(subject) else { return Shown::No };
    w.open(&STATUS);
    let next = Some(it.feed.next_at).filter(|_| !it.feed.stopped());
    let times = [(LAST_SUCCESS, it.feed.ok_at), (LAST_TRY, it.feed.tried_at), (NEXT_TRY, next)];
    for (name, at) in times {
        if let Some(at) = at {
            w.element(&name, &Timestamp::rfc3339(at));
        }
    }
    w.element(&EVENTS, &it.feed.members.to_string());
    w.element(&LEFT_OUT, &it.feed.left_out.to_string());
    if let Some(why) = it.trouble() {
        w.element(&ERROR, why);
    }
    w.close(&STATUS);
    Shown::Yes
}
