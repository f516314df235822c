//! Rooms that answer invitations by themselves, and are never booked twice at once.

mod policy;
mod seen;
mod whole;

use crate::scheduling::{at, copy, default_calendar, event, line, settle, store, text};
use crate::support::dav::{User, dialogues};
use crate::support::on_both;
use davenport::domain::account::{self, NewAccount};
use davenport::domain::calendar;
use davenport::domain::collection::{Access, Guard, Home, Place, item};
use davenport::domain::delegation::{self, Change, Level};
use davenport::domain::directory::admin;
use davenport::domain::directory::resource::Changes;
use davenport::domain::directory::{Kind, Principal};
use davenport::domain::retention::Progress;
use davenport::domain::scheduling::deliver;
use davenport::kernel::clock::{self, Timestamp};
use davenport::kernel::ids::CollectionId;
use davenport::store::{Store, booking as booking_rows, principal};

const DAY: i64 = 86_400;

async fn room(user: &User) -> User {
    user.server.account(|new| new.kind = Kind::Resource).await
}

/// A DATE-TIME so many days and hours from the day that is now.
fn on(day: i64, hour: i64) -> String {
    let today = clock::now().seconds().div_euclid(DAY) * DAY;
    let it = Timestamp::from_seconds(today + day * DAY + hour * 3_600).rfc3339();
    it.replace(['-', ':'], "")
}

/// A meeting of an hour with a room.
fn booking_of(uid: &str, organizer: &User, room: &User, start: &str, more: &str) -> String {
    let lines = format!(
        "DTSTART:{start}\nDURATION:PT1H\nSUMMARY:Secret {uid}\nORGANIZER:{0}\n\
         ATTENDEE;PARTSTAT=ACCEPTED:{0}\n\
         ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{1}\n{more}",
        at(organizer),
        at(room)
    );
    event(uid, &lines)
}

/// What the organizer's object says of the room.
async fn told(user: &User, path: &str, room: &User) -> String {
    settle(user).await;
    line(&text(&user.get(path).await), "ATTENDEE;", &at(room)).to_owned()
}

/// Tells a room what it is to do.
async fn tell(room: &User, change: impl FnOnce(&mut Changes)) {
    let mut resource = Changes::default();
    change(&mut resource);
    let (store, name) = (room.server.store.clone(), room.name.clone());
    let changes = admin::Changes { resource, ..admin::Changes::default() };
    let work = async move {
        admin::change(&store, &name, Some(Kind::Resource), changes).await.unwrap();
    };
    room.server.on(work).await;
}

/// Has a room managed by somebody.
async fn managed(room: &User, by: &User) {
    let (store, name, by) = (room.server.store.clone(), room.name.clone(), by.name.clone());
    let work = async move {
        let owner =
            store.read(move |tx| Box::pin(async move { principal::by_name(tx, &name).await }));
        let owner = owner.await.unwrap().unwrap();
        let access = Access::new(store, owner.clone(), "test", clock::now());
        let change = Change::Add(vec![(Kind::User, by)]);
        delegation::change(&access, &owner, Level::Write, change, Guard::default()).await.unwrap();
    };
    room.server.on(work).await;
}

dialogues! {
    /// A free room accepts, a taken one declines and says when it is taken, and of what nothing.
    /// Back to back is not at once.
    async fn a_room_accepts_when_it_is_free_and_else_declines(ann: User, ben: User) {
        let room = room(&ann).await;
        let first = store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        assert!(told(&ann, &first, &room).await.contains("PARTSTAT=ACCEPTED"));
        let second = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 10), "")).await;
        assert!(told(&ben, &second, &room).await.contains("PARTSTAT=DECLINED"));
        let text = text(&ben.get(&second).await);
        assert!(text.contains("booked already at"), "{text}");
        assert!(!text.contains("Secret a"), "{text}");
        let third = store(&ben, "c.ics", &booking_of("c", &ben, &room, &on(3, 11), "")).await;
        assert!(told(&ben, &third, &room).await.contains("PARTSTAT=ACCEPTED"));
        assert!(crate::scheduling::inbox(&room).await.is_empty(), "nobody needs to look at it");
    }

    /// What an organizer claims of the room counts for nothing.
    async fn an_organizer_cannot_accept_for_the_room(ann: User, ben: User) {
        let room = room(&ann).await;
        store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        let claimed = booking_of("b", &ben, &room, &on(3, 10), "").replace("NEEDS-ACTION", "ACCEPTED");
        let path = store(&ben, "b.ics", &claimed).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
    }

    /// A cancelled meeting frees the room; so does one that moves, if it can.
    async fn a_cancelled_or_moved_meeting_frees_the_room(ann: User, ben: User) {
        let room = room(&ann).await;
        let first = store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        let second = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 14), "")).await;
        // To where the other one is: declined, and its former time is free.
        let moved = text(&ann.get(&first).await).replace(&on(3, 10), &on(3, 14));
        ann.send("PUT", &first, &[], moved.replace('\n', "\r\n")).await.expect(204);
        assert!(told(&ann, &first, &room).await.contains("PARTSTAT=DECLINED"));
        let third = store(&ben, "c.ics", &booking_of("c", &ben, &room, &on(3, 10), "")).await;
        assert!(told(&ben, &third, &room).await.contains("PARTSTAT=ACCEPTED"));
        ben.delete(&second).await.expect(204);
        settle(&ben).await;
        let moved = text(&ann.get(&first).await).replace("T140000Z", "T143000Z");
        ann.send("PUT", &first, &[], moved.replace('\n', "\r\n")).await.expect(204);
        assert!(told(&ann, &first, &room).await.contains("PARTSTAT=ACCEPTED"));
    }

    /// Of a series the instances that are taken are declined, and named; the others are booked.
    async fn a_series_is_booked_but_for_what_is_taken(ann: User, ben: User) {
        let room = room(&ann).await;
        store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(5, 10), "")).await;
        let series = booking_of("s", &ben, &room, &on(3, 10), "RRULE:FREQ=DAILY;COUNT=8");
        let path = store(&ben, "s.ics", &series).await;
        settle(&ben).await;
        let text = text(&ben.get(&path).await);
        let (master, exception) = text.split_once("END:VEVENT").unwrap();
        assert!(line(master, "ATTENDEE;", &at(&room)).contains("PARTSTAT=ACCEPTED"), "{text}");
        assert!(exception.contains(&format!("RECURRENCE-ID:{}", on(5, 10))), "{text}");
        assert!(line(exception, "ATTENDEE;", &at(&room)).contains("PARTSTAT=DECLINED"), "{text}");
        assert!(master.contains("taken then"), "{text}");
        // What was booked is not free, and what was declined is still the first one's.
        let later = store(&ann, "l.ics", &booking_of("l", &ann, &room, &on(7, 10), "")).await;
        assert!(told(&ann, &later, &room).await.contains("PARTSTAT=DECLINED"));
    }

    /// A series that is taken more often than not, or has no end, is declined as a whole.
    async fn a_series_that_cannot_be_booked_is_declined(ann: User, ben: User) {
        let room = room(&ann).await;
        let series = booking_of("a", &ann, &room, &on(3, 10), "RRULE:FREQ=DAILY;COUNT=8");
        store(&ann, "a.ics", &series).await;
        let other = booking_of("b", &ben, &room, &on(3, 10), "RRULE:FREQ=DAILY;COUNT=9");
        let path = store(&ben, "b.ics", &other).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
        let endless = booking_of("c", &ben, &room, &on(3, 20), "RRULE:FREQ=DAILY");
        let path = store(&ben, "c.ics", &endless).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
        assert!(text(&ben.get(&path).await).contains("it can be booked until"));
    }

    /// Whoever manages the room cannot book it twice, either: by PUT, by accepting, by COPY.
    async fn a_manager_cannot_book_it_twice(ann: User, ben: User) {
        let room = room(&ann).await;
        managed(&room, &ann).await;
        store(&ben, "a.ics", &booking_of("a", &ben, &room, &on(3, 10), "")).await;
        let (path, text) = copy(&room).await;
        let home = default_calendar(&room).await;
        let own = event("own", &format!("DTSTART:{}\nDURATION:PT2H", on(3, 9)));
        let put = ann.send("PUT", &format!("{home}own.ics"), &[], &own).await;
        put.expect_condition(409, "no-booking-conflict");
        let free = own.replace("DURATION", "TRANSP:TRANSPARENT\r\nDURATION");
        ann.send("PUT", &format!("{home}own.ics"), &[], free).await.expect(201);
        ann.send("PUT", &format!("{home}own.ics"), &[], &own).await
            .expect_condition(409, "no-booking-conflict");
        // Its meeting declined by the manager, the room is free.
        let declined = answer(&text, &room, "DECLINED");
        ann.send("PUT", &path, &[], declined).await.expect(204);
        ann.send("PUT", &format!("{home}own.ics"), &[], &own).await.expect(204);
        let now = crate::scheduling::text(&ann.get(&path).await);
        ann.send("PUT", &path, &[], answer(&now, &room, "ACCEPTED")).await
            .expect_condition(409, "no-booking-conflict");
    }
}

/// The room's copy with another answer.
fn answer(text: &str, room: &User, partstat: &str) -> String {
    let lines =
        text.lines().map(|it| match it.ends_with(&at(room)) && it.starts_with("ATTENDEE") {
            true => it.replace("ACCEPTED", partstat).replace("DECLINED", partstat) + "\r\n",
            false => it.to_owned() + "\r\n",
        });
    lines.collect()
}

async fn made(store: &Store, kind: Kind, name: &str) -> Principal {
    account::create(store, NewAccount::of(kind, name), clock::now()).await.unwrap()
}

on_both! {
    /// The store itself refuses two bookings at once, whoever asks.
    async fn the_store_keeps_no_two_bookings_at_once(fresh: Fresh) {
        let room = made(fresh, Kind::Resource, "room").await.id;
        let add = async |name: &'static str, start: i64, end: i64| {
            let one: Vec<_> = std::iter::once(start..end).collect();
            let work = fresh.write(move |tx| {
                Box::pin(async move {
                    booking_rows::add(tx, room, (CollectionId(1), name), &one).await
                })
            });
            work.await.is_ok()
        };
        assert!(add("a", 1_000, 2_000).await);
        for (start, end) in [(1_000, 2_000), (999, 1_001), (1_999, 3_000), (0, 9_000), (1_400, 1_500)] {
            assert!(!add("b", start, end).await, "{start} to {end}");
        }
        assert!(add("b", 2_000, 3_000).await && add("c", 0, 1_000).await);
    }

    /// A thousand people want the room at the same time: one gets it, and all copies agree.
    async fn of_a_thousand_bookings_of_one_slot_one_is_accepted(fresh: Fresh) {
        let room = made(fresh, Kind::Resource, "room").await;
        let mut people = Vec::new();
        for n in 0..40 {
            people.push(made(fresh, Kind::User, &format!("p{n}")).await);
        }
        let mut calendars = Vec::new();
        for it in &people {
            let id = it.id;
            let found = fresh.read(move |tx| Box::pin(async move {
                davenport::domain::collection::scheduling::default_calendar(tx, id, 1).await
            }));
            calendars.push(found.await.unwrap().unwrap().path);
        }
        let start = on(3, 10);
        let puts = (0..1_000).map(|n: usize| {
            let (who, path) = (people[n % 40].clone(), &calendars[n % 40]);
            let place = Place::new(who.id, &who.name, Home::Calendars, "").unwrap();
            let place = place.at(&format!("{path}/{n}.ics"), false);
            let text = event(&format!("m{n}"), &format!(
                "DTSTART:{start}\nDURATION:PT1H\nORGANIZER:mailto:{0}\nATTENDEE:mailto:{0}\n\
                 ATTENDEE;RSVP=TRUE:mailto:{1}", who.name, room.name));
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let index = calendar::examine(None, text.as_bytes()).unwrap();
                let content = item::content(&store, text.into_bytes()).unwrap();
                let access = Access::new(store, who, "test", clock::now());
                item::put(&access, &place, content, index, Guard::default()).await.unwrap();
            })
        });
        let puts: Vec<_> = puts.collect();
        // Somebody delivers meanwhile, with a store of its own, as another node would.
        let other = fresh.again().await;
        for put in puts {
            put.await.unwrap();
            let _ = deliver::step(&other, clock::now()).await;
        }
        other.close().await;
        while deliver::step(&fresh.store, clock::now()).await.unwrap() == Progress::More {}
        let (mut accepted, mut declined) = (0, 0);
        for (who, path) in people.iter().zip(&calendars) {
            let access = Access::new(fresh.store.clone(), who.clone(), "test", clock::now());
            for n in 0..1_000 {
                if people[n % 40].id != who.id {
                    continue;
                }
                let place = Place::new(who.id, &who.name, Home::Calendars, "").unwrap();
                let place = place.at(&format!("{path}/{n}.ics"), false);
                let (_, _, body) = item::read(&access, &place).await.unwrap().unwrap();
                let text = String::from_utf8(body.octets().unwrap().into_owned()).unwrap();
                let text = text.replace("\r\n ", "");
                let said = line(&text.replace("\r\n", "\n"), "ATTENDEE;", &format!("mailto:{}", room.name)).to_owned();
                accepted += usize::from(said.contains("PARTSTAT=ACCEPTED"));
                declined += usize::from(said.contains("PARTSTAT=DECLINED"));
            }
        }
        assert_eq!((accepted, declined), (1, 999));
        assert_eq!(crate::support::raw::rows(&fresh.location, "booking").await, 1);
    }
}
