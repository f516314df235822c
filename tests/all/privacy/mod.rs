//! What is private or confidential (RFC 5545 §3.8.1.3), as those see it with whom a calendar is
//! shared: dialogues with a running server on both engines.

mod change;
mod table;
mod validator;

use crate::support::dav::{Answer, User, document};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::collection::privacy::Viewer;
use davenport::domain::collection::{Access, Home, Place};
use davenport::domain::directory::{Kind, admin};
use davenport::domain::link::{self, Detail, Wish};
use davenport::format::ical::redact::Class;
use davenport::kernel::clock;

/// Every place of the domain that reads contents or rows as they are stored. Whoever adds one says
/// here why nobody sees by it what is private.
const RAW: [(&str, &str); 16] = [
    ("attachment.rs", "asks `privacy::demand`"),
    ("availability/told.rs", "tells times only"),
    ("birthdays.rs", "cards, for their owner"),
    ("calendar.rs", "`veil`"),
    ("collection/booking.rs", "tells times only"),
    ("collection/copy_move.rs", "asks `privacy::hides` of each"),
    ("collection/derived.rs", "the server, for the owner"),
    ("collection/implicit.rs", "what `item::write` has admitted"),
    ("collection/import.rs", "asks `privacy::hides`"),
    ("collection/item.rs", "`veil`"),
    ("collection/list.rs", "`veil`"),
    ("collection/sync.rs", "`veil`"),
    ("collection/tree.rs", "whoever shows what it finds calls `veil`"),
    ("exception.rs", "asks `privacy::hides`"),
    ("feed.rs", "what came from elsewhere"),
    ("indexing.rs", "tells nobody"),
];
/// The same of some more, which are for no clients.
const OTHERS: [(&str, &str); 6] = [
    ("link.rs", "`redacted`, as for strangers"),
    ("scheduling/deliver.rs", "the server, for the owner"),
    ("scheduling/gone.rs", "tells whom the owner had invited"),
    ("scheduling/outlet.rs", "reads the letters that are for people elsewhere"),
    ("collection/personal.rs", "splits what somebody sends, who sees all of the object"),
    ("sharing/notice.rs", "takes out the oldest notices of their owner"),
];

#[test]
fn contents_are_read_as_they_are_stored_in_known_places_only() {
    let words = [
        "object::by_names",
        "object::page",
        "object::content_at",
        "object::by_keys",
        "object::find(",
        "object::since",
        "object::overlapping",
        "walk::objects",
        "blob::read",
        "page_of(",
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if words
                .iter()
                .any(|word| std::fs::read_to_string(&path).unwrap().contains(word))
            {
                found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    let mut known: Vec<&str> = RAW.iter().chain(&OTHERS).map(|(file, _)| *file).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

/// The name, UID and secret word of the object of a class; also its line, which need not be the
/// class's name.
const OBJECTS: [(&str, &str, Class); 4] = [
    ("open", "CLASS:PUBLIC\n", Class::Public),
    ("between", "CLASS:CONFIDENTIAL\n", Class::Confidential),
    ("shut", "CLASS:PRIVATE\n", Class::Private),
    ("odd", "CLASS:X-OURS\n", Class::Private),
];

fn one(name: &str, lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:uid-{name}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// An event with its word wherever there is room for words.
fn event(name: &str, class: &str) -> String {
    let word = word(name);
    one(
        name,
        &format!(
            "DTSTART:20260302T100000Z\nDTEND:20260302T110000Z\nRRULE:FREQ=DAILY;COUNT=3\n\
             {class}SUMMARY:{word}\nLOCATION:{word}\nDESCRIPTION:{word}\nCATEGORIES:{word}\n\
             ORGANIZER;CN={word}:mailto:{word}@example.com\nATTENDEE:mailto:{word}@example.com\n\
             ATTACH:http://example.com/{word}\nX-{word}:{word}\nURL:http://example.com/{word}\n\
             BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:{word}\nEND:VALARM"
        ),
    )
}

/// Nothing else holds it.
fn word(name: &str) -> String {
    format!("word-{name}")
}

/// A calendar with an object of each class; gives its path.
async fn filled(owner: &User) -> String {
    owner.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
    let path = owner.path("calendars/all/");
    for (name, class, _) in OBJECTS {
        owner.put(&format!("{path}{name}.ics"), &event(name, class)).await;
    }
    path
}

/// Grants these privileges, and those of earlier calls no longer.
async fn grant(owner: &User, at: &str, grants: &[(&User, &str)]) {
    let ace = |(user, privileges): &(&User, &str)| {
        let one = |p: &str| format!("<D:privilege><{p}/></D:privilege>");
        let all: String = privileges.split(' ').map(one).collect();
        format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant>{all}</D:grant></D:ace>",
            user.principal()
        )
    };
    let all: String = grants.iter().map(ace).collect();
    owner.send("ACL", at, &[], document("D:acl", &all)).await.expect(200);
}

/// Somebody for each row of the table that signs in.
struct People {
    delegate: User,
    reader: User,
    writer: User,
    administrator: User,
    busy: User,
}

impl People {
    async fn of(owner: &User) -> Self {
        let server = owner.server;
        let it = Self {
            delegate: server.user().await,
            reader: server.user().await,
            writer: server.user().await,
            administrator: server.account(|new| new.administrator = true).await,
            busy: server.user().await,
        };
        grant(owner, "calendars/", &[(&it.delegate, "D:read D:write")]).await;
        let shared = [
            (&it.reader, "D:read"),
            (&it.writer, "D:read D:write"),
            (&it.busy, "C:read-free-busy"),
        ];
        grant(owner, "calendars/all/", &shared).await;
        it
    }

    /// The people of a row.
    fn who<'p>(&'p self, owner: &'p User, viewer: Viewer) -> Vec<&'p User> {
        match viewer {
            Viewer::Owner => vec![owner],
            Viewer::Administrator => vec![&self.administrator],
            Viewer::Delegate => vec![&self.delegate],
            Viewer::Sharee => vec![&self.reader, &self.writer],
            Viewer::FreeBusy => vec![&self.busy],
            Viewer::Link | Viewer::BusyLink => vec![],
        }
    }
}

/// Makes a link to the calendar; gives its path.
async fn linked(owner: &User, detail: Detail) -> String {
    let (store, name) = (owner.server.store.clone(), owner.name.clone());
    let work = async move {
        let who = admin::profile(&store, &name, None).await.unwrap().principal;
        let place = Place::new(who.id, &who.name, Home::Calendars, "all").unwrap();
        let access = Access::new(store, who, "test", clock::now());
        link::add(&access, &place, Wish { detail, ..Wish::default() }).await.unwrap().1
    };
    format!("/links/{}.ics", owner.server.on(work).await)
}

/// A group with this member, who may do there what its owner may; gives its name.
async fn group(member: &User) -> String {
    let (store, name) = (member.server.store.clone(), member.name.clone());
    let group = format!("g-{name}");
    let made = group.clone();
    let work = async move {
        account::create(&store, NewAccount::of(Kind::Group, made.clone()), clock::now())
            .await
            .unwrap();
        admin::change_members(&store, &made, vec![name], vec![]).await.unwrap();
    };
    member.server.on(work).await;
    group
}
