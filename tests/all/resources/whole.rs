//! A room's bookings, whichever way something comes into its calendar, whoever looks, and whatever
//! happens to the server.

use super::*;
use crate::restart::{end, send, start};
use crate::support::postgres::Database;
use crate::support::process::Process;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

dialogues! {
    /// What would book a room twice cannot be copied or moved into its calendar, one by one or as a
    /// whole, and stays where it was; what is moved away frees the room.
    async fn nothing_comes_into_a_rooms_calendar_that_books_it_twice(ann: User, ben: User) {
        let room = room(&ann).await;
        managed(&room, &ann).await;
        store(&ben, "a.ics", &booking_of("a", &ben, &room, &on(3, 10), "")).await;
        let home = default_calendar(&room).await;
        ann.send("MKCALENDAR", "calendars/own/", &[], "").await.expect(201);
        let own = |uid: &str, hour| event(uid, &format!("DTSTART:{}\nDURATION:PT1H", on(3, hour)));
        ann.put("calendars/own/x.ics", own("x", 10)).await;
        ann.put("calendars/own/y.ics", own("y", 12)).await;
        let (x, y) = (ann.path("calendars/own/x.ics"), ann.path("calendars/own/y.ics"));
        for verb in ["COPY", "MOVE"] {
            let to = ann.url(&format!("{home}x.ics"));
            let answer = ann.send(verb, &x, &[("Destination", &to)], "").await;
            answer.expect_condition(409, "no-booking-conflict");
            let to = ann.url(&room.path("calendars/more/"));
            let whole = ann.send(verb, "calendars/own/", &[("Destination", &to)], "").await;
            whole.expect_condition(409, "no-booking-conflict");
            ann.get(&x).await.expect(200);
            ann.get(&y).await.expect(200);
            ann.get(&room.path("calendars/more/y.ics")).await.expect(404);
        }
        // What does not clash comes in, and takes the room.
        let to = ann.url(&format!("{home}y.ics"));
        ann.send("MOVE", &y, &[("Destination", &to)], "").await.expect(201);
        let taken = booking_of("b", &ben, &room, &on(3, 12), "");
        let path = store(&ben, "b.ics", &taken).await;
        assert!(told(&ben, &path, &room).await.contains("PARTSTAT=DECLINED"));
        // A copy beside it would be a second booking.
        let beside = ann.url(&room.path("calendars/beside/"));
        let copied = ann.send("COPY", &home, &[("Destination", &beside)], "").await;
        copied.expect_condition(409, "no-booking-conflict");
        ann.send("MOVE", &format!("{home}y.ics"), &[("Destination", &ann.url(&y))], "").await.expect(201);
        let free = store(&ben, "c.ics", &booking_of("c", &ben, &room, &on(3, 12), "")).await;
        assert!(told(&ben, &free, &room).await.contains("PARTSTAT=ACCEPTED"));
        // A calendar that goes frees what it took. The last one stays (RFC 6638 §4.3).
        ann.send("DELETE", &home, &[], "").await.expect_condition(403, "default-calendar-needed");
        ann.send("MKCALENDAR", &room.path("calendars/next/"), &[], "").await.expect(201);
        ann.send("DELETE", &home, &[], "").await.expect(204);
        settle(&ann).await;
        let next = store(&ann, "d.ics", &own("d", 10)).await;
        let to = ann.url(&room.path("calendars/next/d.ics"));
        ann.send("COPY", &next, &[("Destination", &to)], "").await.expect(201);
    }

    /// Who may not read a room's calendar learns when it is taken, and nothing of by what.
    async fn nobody_sees_what_takes_a_room(ann: User, ben: User) {
        let room = room(&ann).await;
        store(&ann, "a.ics", &booking_of("a", &ann, &room, &on(3, 10), "")).await;
        let (copy, _) = copy(&room).await;
        let home = default_calendar(&room).await;
        for path in [copy.as_str(), home.as_str(), &room.path("calendars/inbox/")] {
            for who in [&ann, &ben] {
                let status = who.get(path).await.status.as_u16();
                assert!([403, 404].contains(&status), "{path}: {status}");
                let listed = who.send("PROPFIND", path, &[("Depth", "1")], "").await;
                assert!([403, 404].contains(&listed.status.as_u16()), "{path}: {listed}");
            }
        }
        let ask = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nMETHOD:REQUEST\r\n\
             BEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{}\r\nDTEND:{}\r\n\
             ORGANIZER:{}\r\nATTENDEE:{}\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n",
            on(3, 0), on(4, 0), at(&ben), at(&room)
        );
        let headers = [("Content-Type", "text/calendar")];
        let told = ben.send("POST", "calendars/outbox/", &headers, ask).await.expect(200).text();
        assert!(told.contains(&format!("{}/", on(3, 10))), "{told}");
        assert!(!told.contains("Secret") && !told.contains(&ann.name), "{told}");
        let second = store(&ben, "b.ics", &booking_of("b", &ben, &room, &on(3, 10), "")).await;
        settle(&ben).await;
        let mut all = text(&ben.get(&second).await);
        all += &crate::scheduling::inbox(&ben).await.join("\n");
        assert!(!all.contains("Secret a") && !all.contains(&at(&ann)), "{all}");
    }
}

/// Runs the program beside a server over the same store.
fn command(store: &str, folder: &Path, line: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_davenport"));
    program.args(line.split(' ')).env_clear().current_dir(folder);
    program.env("DAVENPORT_DATA_DIR", folder).env("DAVENPORT_STORE", store);
    let ran = program.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// What a room accepted before the server ended, in one way or the other, it has afterwards; what it was
/// told by the command line, it does at the next invitation.
fn run(store: &str, folder: &Path) {
    let calendar = "/dav/calendars/admin/c/";
    let mut process = start(folder, store, &["ready at ", "Password: "]);
    let password = process.password(1);
    command(store, folder, "resource add room --capacity 8");
    let ask = |process: &Process, verb: &str, name: &str, body: &str| {
        send(process, &password, verb, &format!("{calendar}{name}"), &[], body)
    };
    // The answer comes by the server's own work, soon.
    let answered = |process: &Process, uid: &str, hour: i64| {
        let lines = format!(
            "DTSTART:{}\nDURATION:PT1H\nORGANIZER:mailto:admin\nATTENDEE;PARTSTAT=ACCEPTED:mailto:admin\n\
             ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:room",
            on(3, hour)
        );
        let name = format!("{uid}.ics");
        ask(process, "PUT", &name, &event(uid, &lines)).expect(201);
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let now = text(&ask(process, "GET", &name, "").expect(200));
            let said = line(&now, "ATTENDEE;", "mailto:room").to_owned();
            if !said.contains("NEEDS-ACTION") || Instant::now() > end {
                return said;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    send(&process, &password, "MKCALENDAR", calendar, &[], "").expect(201);
    assert!(answered(&process, "a", 10).contains("PARTSTAT=ACCEPTED"));
    for (uid, signal) in [("b", "TERM"), ("c", "KILL")] {
        end(process, signal);
        process = start(folder, store, &["ready at "]);
        assert!(answered(&process, uid, 10).contains("PARTSTAT=DECLINED"), "after {signal}");
    }
    assert!(answered(&process, "d", 12).contains("PARTSTAT=ACCEPTED"));
    command(store, folder, "resource set room --mode decline-always");
    assert!(answered(&process, "e", 14).contains("PARTSTAT=DECLINED"));
    end(process, "TERM");
}

#[test]
fn bookings_outlive_the_process_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    run("sqlite", folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_outlive_the_process_on_postgres() {
    if let Some(database) = Database::create().await {
        let folder = tempfile::tempdir().unwrap();
        let url = database.url();
        tokio::task::block_in_place(|| run(&url, folder.path()));
        database.drop().await;
    }
}
