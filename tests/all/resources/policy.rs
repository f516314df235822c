//! What a resource is told to do with invitations, and what it may be booked for.

use super::*;
use crate::scheduling::inbox;
use crate::support::raw;
use davenport::domain::collection::booking;
use davenport::domain::directory::mode::Mode;
use davenport::domain::scheduling::history;
use davenport::kernel::fault::Fault;
use davenport::store::Location;

/// Works out the bookings of a room whose bookings are due.
async fn worked_out(room: &User) {
    let (store, name) = (room.server.store.clone(), room.name.clone());
    let work = async move {
        let found =
            store.read(move |tx| Box::pin(async move { principal::by_name(tx, &name).await }));
        let id = found.await.unwrap().unwrap().id;
        while booking::settle(&store, id, clock::now()).await.unwrap() == Progress::More {}
    };
    room.server.on(work).await;
}

fn mode(mode: Mode) -> impl FnOnce(&mut Changes) {
    move |it| it.mode = Some(mode)
}

dialogues! {
    /// Whoever is in a group is answered by the group's rule, of several groups by the first; others by
    /// the mode.
    async fn groups_have_rules_of_their_own(ann: User, ben: User, cyd: User) {
        let room = room(&ann).await;
        let store_of = ann.server.store.clone();
        let groups = [format!("staff-{}", room.name), format!("guests-{}", room.name)];
        let [staff, guests] = groups.clone();
        let members = [vec![ann.name.clone()], vec![ann.name.clone(), ben.name.clone()]];
        let make = async move {
            for (name, members) in groups.into_iter().zip(members) {
                let ties = account::Ties { members, ..Default::default() };
                let new = NewAccount::of(Kind::Group, name);
                account::create_tied(&store_of, new, ties, clock::now()).await.unwrap();
            }
        };
        ann.server.on(make).await;
        let rules = vec![(staff, Mode::Automatic), (guests, Mode::Tentative)];
        tell(&room, |it| {
            it.mode = Some(Mode::DeclineAlways);
            it.rules = Some(rules);
        }).await;
        for (user, hour, status) in
            [(&ann, 8, "ACCEPTED"), (&ben, 10, "TENTATIVE"), (&cyd, 12, "DECLINED"), (&ben, 8, "DECLINED")]
        {
            let uid = format!("rule-{hour}-{status}");
            let body = booking_of(&uid, user, &room, &on(4, hour), "");
            let path = store(user, &format!("{uid}.ics"), &body).await;
            let line = told(user, &path, &room).await;
            assert!(line.contains(&format!("PARTSTAT={status}")), "{line}");
        }
        tell(&room, |it| it.rules = Some(Vec::new())).await;
        let body = booking_of("rule-none", &ann, &room, &on(5, 8), "");
        let path = store(&ann, "none.ics", &body).await;
        assert!(told(&ann, &path, &room).await.contains("PARTSTAT=DECLINED"));
    }

    /// What ends beyond the window or takes too long is declined, and the reply says why, for people
    /// and for programs (RFC 5545 §3.8.8.3, RFC 5546 §3.6.18). What is told to the server holds from
    /// the next invitation on.
    async fn a_reply_says_why_a_room_cannot_be_booked(ann: User, ben: User) {
        let room = room(&ann).await;
        let far = booking_of("far", &ann, &room, &on(20, 10), "");
        let path = store(&ann, "far.ics", &far).await;
        assert!(told(&ann, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
        tell(&room, |it| {
            it.window_days = Some(Some(10));
            it.longest = Some(Some(7_200));
        }).await;
        for (uid, start, length, status, why) in [
            ("a", on(20, 12), "PT1H", "3.5", "it can be booked until"),
            ("b", on(3, 10), "PT3H", "3.5", "for 2 h at once at most"),
            ("c", on(20, 10), "PT1H", "3.5", "it can be booked until"),
        ] {
            let body = booking_of(uid, &ben, &room, &start, "").replace("PT1H", length);
            let path = store(&ben, &format!("{uid}.ics"), &body).await;
            let line = told(&ben, &path, &room).await;
            assert!(line.contains("PARTSTAT=DECLINED"), "{line}");
            assert!(line.contains(&format!("SCHEDULE-STATUS={status}")), "{line}");
            let replies = inbox(&ben).await;
            let reply = replies.iter().find(|it| it.contains(&format!("UID:{uid}\n"))).unwrap();
            let comment = reply.lines().find(|it| it.starts_with("COMMENT:")).unwrap();
            assert!(comment.contains(why), "{reply}");
            assert!(reply.contains(&format!("REQUEST-STATUS:{status};")), "{reply}");
        }
        let fits = booking_of("d", &ben, &room, &on(3, 10), "").replace("PT1H", "PT2H");
        let path = store(&ben, "d.ics", &fits).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
        // What is taken is another reason (RFC 5546 §3.6.28), and names the time.
        let uid = format!("taken-{}", ann.name);
        let path = store(&ann, "e.ics", &booking_of(&uid, &ann, &room, &on(3, 11), "")).await;
        assert!(told(&ann, &path, &room).await.contains("SCHEDULE-STATUS=4.0"));
        let replies = inbox(&ann).await;
        let reply = replies.iter().find(|it| it.contains(&format!("UID:{uid}\n"))).unwrap();
        let time = on(3, 11).replace('Z', "");
        let (day, hour) = time.split_once('T').unwrap();
        let named = format!("{}-{}-{}T{}", &day[..4], &day[4..6], &day[6..], &hour[..2]);
        assert!(reply.contains("REQUEST-STATUS:4.0;Event conflict") && reply.contains(&named), "{reply}");
        // So does the history.
        let kept = ann.server.store.clone();
        let why = ann.server.on(async move { history::of(&kept, &uid, None).await.unwrap() }).await;
        assert!(why.iter().any(|it| it.about.contains("booked already at")), "{why:?}");
    }

    /// A tentative room answers "perhaps" and keeps the invitation for whoever manages it, who decides;
    /// what is decided takes the room, and before that nothing does.
    async fn a_tentative_room_waits_for_its_manager(ann: User, ben: User) {
        let room = room(&ann).await;
        managed(&room, &ben).await;
        tell(&room, mode(Mode::Tentative)).await;
        let first = store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        assert!(told(&ann, &first, &room).await.contains("PARTSTAT=TENTATIVE"));
        let second = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 10), "")).await;
        assert!(told(&ben, &second, &room).await.contains("PARTSTAT=TENTATIVE"));
        // The manager finds both in the inbox that he reads for the room.
        let waiting = ben.propfind(&room.path("calendars/inbox/"), "1", "<D:getetag/>").await;
        assert_eq!(waiting.hrefs().iter().filter(|href| href.ends_with(".ics")).count(), 2);
        let copies = copies(&ben, &room).await;
        let of = |uid: &str| copies.iter().find(|it| it.1.contains(&format!("UID:{uid}\n"))).unwrap();
        let accept = answer(&of("b").1, &room, "ACCEPTED").replace("TENTATIVE", "ACCEPTED");
        ben.send("PUT", &of("b").0, &[], accept).await.expect(204);
        assert!(told(&ben, &second, &room).await.contains("PARTSTAT=ACCEPTED"));
        let too = answer(&of("a").1, &room, "ACCEPTED").replace("TENTATIVE", "ACCEPTED");
        ben.send("PUT", &of("a").0, &[], too).await.expect_condition(409, "no-booking-conflict");
        let third = store(&ann, "c.ics", &booking_of("c", &ann, &room, &on(3, 10), "")).await;
        assert!(told(&ann, &third, &room).await.contains("PARTSTAT=DECLINED"));
        assert_eq!(crate::scheduling::inbox(&room).await.len(), 2, "nobody needs to look at the third");
    }

    /// Where the managers answer, what an organizer claims of the room counts for nothing.
    async fn what_is_left_to_the_managers_is_not_answered_by_a_claim(ann: User, ben: User) {
        let room = room(&ann).await;
        managed(&room, &ben).await;
        for (at, left) in [Mode::None, Mode::DeclineIfBusy].into_iter().enumerate() {
            tell(&room, mode(left)).await;
            let (uid, hour) = (format!("a{at}"), 9 + at as i64 * 2);
            let claimed = booking_of(&uid, &ann, &room, &on(3, hour), "").replace("NEEDS-ACTION", "ACCEPTED");
            let path = store(&ann, &format!("{uid}.ics"), &claimed).await;
            assert!(told(&ann, &path, &room).await.contains("PARTSTAT=NEEDS-ACTION"), "{left:?}");
            let copies = copies(&ben, &room).await;
            let (copy, text) = copies.iter().find(|it| it.1.contains(&format!("UID:{uid}\n"))).unwrap();
            let accept = text.replace('\n', "\r\n").replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED");
            ben.send("PUT", copy, &[], accept).await.expect(204);
            assert!(told(&ann, &path, &room).await.contains("PARTSTAT=ACCEPTED"), "{left:?}");
        }
        // It is taken now.
        let path = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 9), "")).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
        tell(&room, mode(Mode::AcceptIfFree)).await;
        let claimed = booking_of("c", &ben, &room, &on(3, 9), "").replace("NEEDS-ACTION", "ACCEPTED");
        let path = store(&ben, "c.ics", &claimed).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=NEEDS-ACTION"));
    }

    /// Of a series, the instances that are taken are declined at once, and the others wait.
    async fn a_series_that_is_taken_now_and_then_waits_but_for_that(ann: User, ben: User) {
        let room = room(&ann).await;
        managed(&room, &ben).await;
        store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(5, 10), "")).await;
        for (uid, left, partstat) in [("s", Mode::DeclineIfBusy, "NEEDS-ACTION"), ("t", Mode::Tentative, "TENTATIVE")] {
            tell(&room, mode(left)).await;
            let series = booking_of(uid, &ben, &room, &on(3, 10), "RRULE:FREQ=DAILY;COUNT=8");
            let path = store(&ben, &format!("{uid}.ics"), &series).await;
            settle(&ben).await;
            let told = text(&ben.get(&path).await);
            let (master, exception) = told.split_once("END:VEVENT").unwrap();
            assert!(line(master, "ATTENDEE;", &at(&room)).contains(partstat), "{told}");
            assert!(exception.contains(&format!("RECURRENCE-ID:{}", on(5, 10))), "{told}");
            assert!(line(exception, "ATTENDEE;", &at(&room)).contains("PARTSTAT=DECLINED"), "{told}");
        }
        // Nothing of it is booked before somebody says so.
        tell(&room, mode(Mode::Automatic)).await;
        let path = store(&ann, "b.ics", &booking_of("b", &ann, &room, &on(4, 10), "")).await;
        assert!(told(&ann, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
    }

    /// Who is in the group is answered at once, whatever the mode; others as the mode says.
    async fn a_group_can_have_a_room_that_others_cannot(ann: User, ben: User) {
        let room = room(&ann).await;
        let group = format!("staff-{}", ann.name);
        let (store_, name, member) = (ann.server.store.clone(), group.clone(), ann.name.clone());
        ann.server.on(async move {
            made(&store_, Kind::Group, &name).await;
            admin::change_members(&store_, &name, vec![member], vec![]).await.unwrap();
        }).await;
        tell(&room, |it| {
            it.mode = Some(Mode::DeclineAlways);
            it.accepts = Some(Some(group));
        }).await;
        let path = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 10), "")).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
        assert!(text(&ben.get(&path).await).contains("it cannot be booked"));
        let path = store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        assert!(told(&ann, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
        let path = store(&ann, "c.ics", &booking_of("c", &ann, &room, &on(3, 10), "")).await;
        assert!(told(&ann, &path, &room).await.contains("PARTSTAT=DECLINED"), "not twice");
    }

    /// What can be booked twice is; told to be so no more, it knows what it has been booked for.
    async fn what_was_booked_twice_is_known_when_it_cannot_be_any_more(ann: User, ben: User) {
        let room = room(&ann).await;
        tell(&room, mode(Mode::AcceptAlways)).await;
        for uid in ["a", "b"] {
            let path = store(&ann, &format!("{uid}.ics"), &booking_of(uid, &ann, &room, &on(3, 10), "")).await;
            assert!(told(&ann, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
        }
        for n in 0..60 {
            let body = booking_of(&format!("n{n}"), &ann, &room, &on(10 + n, 8), "");
            store(&ann, &format!("n{n}.ics"), &body).await;
        }
        tell(&room, mode(Mode::Automatic)).await;
        worked_out(&room).await;
        for (uid, start) in [("c", on(3, 10)), ("d", on(10, 8)), ("e", on(69, 8))] {
            let body = booking_of(uid, &ben, &room, &start, "");
            let path = store(&ben, &format!("{uid}.ics"), &body).await;
            assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"), "{uid}");
        }
        let path = store(&ben, "f.ics", &booking_of("f", &ben, &room, &on(3, 12), "")).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=ACCEPTED"));
    }
}

/// The objects of a room's calendar as a manager reads them.
async fn copies(manager: &User, room: &User) -> Vec<(String, String)> {
    let home = default_calendar(room).await;
    let listing = manager.propfind(&home, "1", "<D:getetag/>").await;
    let mut all = Vec::new();
    for href in listing.hrefs().into_iter().filter(|href| href.ends_with(".ics")) {
        all.push((href.to_owned(), text(&manager.get(href).await)));
    }
    all
}

const MIGRATION: (&str, &str) = (
    include_str!("../../../schemas/sqlite/0014_resource.sql"),
    include_str!("../../../schemas/postgres/0014_resource.sql"),
);

on_both! {
    /// What was accepted before there were bookings is worked out in parts, each of which can be the
    /// last of a process; of two at once the first has it. Bookings that are over are forgotten.
    async fn bookings_are_worked_out_from_the_calendars(fresh: Fresh) {
        let room = made(fresh, Kind::Resource, "room").await;
        let id = room.id;
        let access = Access::new(fresh.store.clone(), room.clone(), "test", clock::now());
        let found = fresh.read(move |tx| Box::pin(async move {
            davenport::domain::collection::scheduling::default_calendar(tx, id, 1).await
        }));
        let path = found.await.unwrap().unwrap().path;
        let put = async |n: i64| {
            let place = Place::new(id, &room.name, Home::Calendars, "").unwrap();
            let place = place.at(&format!("{path}/{n:03}.ics"), false);
            let text = event(&format!("m{n}"), &format!("DTSTART:{}\nDURATION:PT1H", on(3 + n / 20, n % 20)));
            let index = calendar::examine(None, text.as_bytes()).unwrap();
            let content = item::content(&fresh.store, text.into_bytes()).unwrap();
            item::put(&access, &place, content, index, Guard::default()).await
        };
        for n in 0..120 {
            put(n).await.unwrap();
        }
        let rows = async || raw::rows(&fresh.location, "booking").await;
        assert_eq!(rows().await, 120);
        // As a version of the program left it that knew nothing of bookings.
        for sql in [
            "DELETE FROM booking", "DELETE FROM job", "DROP INDEX booking_end", "DROP TABLE resource",
            "DROP TABLE booking_due",
        ] {
            raw::run(&fresh.location, sql).await;
        }
        let (sqlite, postgres) = MIGRATION;
        let migration = if matches!(fresh.location, Location::Sqlite(_)) { sqlite } else { postgres };
        for sql in migration.split_inclusive(";\n") {
            raw::run(&fresh.location, sql).await;
        }
        let jobs = "SELECT count(*) FROM job WHERE kind = 'bookings' AND due_at = 0";
        assert_eq!(raw::int(&fresh.location, jobs).await, 1);
        assert_eq!(booking::settle(&fresh.store, id, clock::now()).await.unwrap(), Progress::More);
        assert_eq!(rows().await, 50);
        assert!(matches!(put(200).await, Err(Fault::Busy(_))), "who knows whether it is free?");
        // Another process goes on.
        let other = fresh.again().await;
        while booking::settle(&other, id, clock::now()).await.unwrap() == Progress::More {}
        other.close().await;
        assert_eq!(rows().await, 120);
        assert_eq!(booking::settle(&fresh.store, id, clock::now()).await.unwrap(), Progress::Done);
        assert_eq!(rows().await, 120);
        let later = clock::now().plus_seconds(6 * DAY);
        while booking::forget(&fresh.store, later).await.unwrap() == Progress::More {}
        let left = rows().await;
        assert!((1..120).contains(&left), "{left}");
        // A room that goes takes all of it along.
        account::delete(&fresh.store, &room.name, None, clock::now()).await.unwrap();
        for table in ["booking", "booking_due", "resource"] {
            assert_eq!(raw::rows(&fresh.location, table).await, 0, "{table}");
        }
        assert_eq!(raw::int(&fresh.location, "SELECT count(*) FROM job WHERE kind = 'bookings'").await, 0);
    }
}
