//! The examples of RFC 5546 §4 among people of one server, each named by its section.

use super::clauses::{change, series, wire};
use super::*;

/// A task that a user gives to others.
fn task(uid: &str, organizer: &User, attendees: &[&User]) -> String {
    let text = meeting(uid, organizer, attendees, "STATUS:NEEDS-ACTION");
    text.replace("VEVENT", "VTODO").replace("DTEND", "DUE")
}

/// The calendar that somebody's tasks come into.
async fn tasks(user: &User) -> String {
    let home = user.path("calendars/");
    let all = user.propfind(&home, "1", "<C:supported-calendar-component-set/>").await;
    let takes = |it: &&crate::support::dav::Response| {
        let set = it.status_of("supported-calendar-component-set") == Some(200);
        let text = || it.prop("supported-calendar-component-set").to_standalone();
        set && !it.href.ends_with("/inbox/")
            && !it.href.ends_with("/outbox/")
            && text().contains("VTODO")
    };
    all.responses.iter().find(takes).unwrap().href.clone()
}

/// Somebody's line in a text.
fn person(text: &str, who: &User) -> String {
    line(text, "ATTENDEE", &at(who)).to_owned()
}

/// The component with this RECURRENCE-ID.
fn instance(text: &str, day: &str) -> String {
    let mut parts = text.split("BEGIN:VEVENT");
    let found = parts.find(|it| it.contains(&format!("RECURRENCE-ID:{day}")));
    found.unwrap_or_else(|| panic!("no instance of {day} in {text}")).to_owned()
}

/// A series of four days with these people.
fn days(uid: &str, organizer: &User, attendees: &[&User]) -> String {
    meeting(uid, organizer, attendees, "RRULE:FREQ=DAILY;COUNT=4")
}

/// One instance with another text.
fn with_instance(text: &str, day: &str, change: impl Fn(&str) -> String) -> String {
    let begin = text.find("BEGIN:VEVENT").unwrap();
    let end = text.find("END:VEVENT").unwrap();
    let one = text[begin..end].replace("RRULE:FREQ=DAILY;COUNT=4\n", "");
    let one = one.replace("20270301T", &format!("{day}T"));
    let one = change(&one) + &format!("RECURRENCE-ID:{day}T100000Z\n") + "END:VEVENT\n";
    text.replace("END:VCALENDAR", &format!("{one}END:VCALENDAR"))
}

dialogues! {
    /// §4.2.5 to §4.2.7: the delegate is asked, the organizer hears of it, and the delegate's answer
    /// comes to both.
    async fn section_4_2_5_a_meeting_is_delegated(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("delegated-on", &ann, &[&ben], "")).await;
        let (theirs, body) = copy(&ben).await;
        let mine = person(&body, &ben);
        let delegated = mine.replace("PARTSTAT=NEEDS-ACTION", &format!("PARTSTAT=DELEGATED;DELEGATED-TO=\"{}\"", at(&cyd)));
        let delegate = format!("ATTENDEE;DELEGATED-FROM=\"{}\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{}", at(&ben), at(&cyd));
        change(&ben, &theirs, &body.replace(&mine, &format!("{delegated}\n{delegate}"))).await.expect(204);
        let organizers = text(&ann.get(&path).await);
        assert!(person(&organizers, &ben).contains("PARTSTAT=DELEGATED"), "{organizers}");
        assert!(person(&organizers, &cyd).contains("DELEGATED-FROM"), "{organizers}");
        answer(&cyd, "ACCEPTED").await.expect(204);
        let organizers = text(&ann.get(&path).await);
        assert!(person(&organizers, &cyd).contains("PARTSTAT=ACCEPTED"), "{organizers}");
        assert!(person(&copy(&ben).await.1, &cyd).contains("PARTSTAT=ACCEPTED"));
    }

    /// §4.2.11, §6.1.3: nobody takes a meeting over.
    async fn section_4_2_11_the_organizer_is_not_replaced(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("replaced", &ann, &[&ben], "")).await;
        let mine = text(&ann.get(&path).await);
        let other = mine.replace(&format!("ORGANIZER:{}", at(&ann)), &format!("ORGANIZER:{}", at(&ben)));
        let answer = ann.send("PUT", &path, &[], wire(&other)).await;
        answer.expect_condition(403, "allowed-organizer-scheduling-object-change");
        assert_eq!(text(&ann.get(&path).await), mine);
    }

    /// §4.4.2, §4.4.3: one instance is moved, one is cancelled; the others stay, and so do the answers.
    async fn section_4_4_2_instances_are_changed_and_cancelled(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &days("days", &ann, &[&ben, &cyd])).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        let moved = with_instance(&mine, "20270302", |one| one.replace("T110000Z", "T120000Z"));
        change(&ann, &path, &moved).await.expect(204);
        let theirs = copy(&ben).await.1;
        let one = instance(&theirs, "20270302");
        assert!(one.contains("T120000Z") && !person(&one, &ben).contains("ACCEPTED"), "{theirs}");
        let master = theirs.split("BEGIN:VEVENT").find(|it| it.contains("RRULE")).unwrap().to_owned();
        assert!(person(&master, &ben).contains("PARTSTAT=ACCEPTED"), "{theirs}");
        let mine = text(&ann.get(&path).await);
        let fewer = mine.replacen("RRULE:FREQ=DAILY;COUNT=4\n", "RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20270303T100000Z\n", 1);
        change(&ann, &path, &fewer).await.expect(204);
        for who in [&ben, &cyd] {
            let told = inbox(who).await;
            let cancel = told.iter().find(|it| it.contains("METHOD:CANCEL")).unwrap();
            assert!(cancel.contains("RECURRENCE-ID:20270303T100000Z"), "{cancel}");
            let theirs = copy(who).await.1;
            assert!(theirs.contains("EXDATE:20270303T100000Z") || instance(&theirs, "20270303").contains("CANCELLED"), "{theirs}");
        }
    }

    /// §4.4.5: clients end the old series and begin a new one; the old one's past stays.
    async fn section_4_4_5_this_and_future(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &days("future", &ann, &[&ben])).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        change(&ann, &path, &mine.replace("COUNT=4", "UNTIL=20270302T100000Z")).await.expect(204);
        let rest = days("future-2", &ann, &[&ben]).replace("20270301T", "20270303T").replace("COUNT=4", "COUNT=2");
        store(&ann, "n.ics", &rest.replace("T100000Z", "T140000Z").replace("T110000Z", "T150000Z")).await;
        let all = texts(&ben, &default_calendar(&ben).await).await;
        let of = |uid: &str| all.iter().find(|(_, text)| text.contains(&format!("UID:{uid}\n"))).unwrap().1.clone();
        assert!(of("future").contains("UNTIL=20270302T100000Z"), "{all:?}");
        assert!(person(&of("future"), &ben).contains("PARTSTAT=ACCEPTED"), "{all:?}");
        assert!(person(&of("future-2"), &ben).contains("PARTSTAT=NEEDS-ACTION"), "{all:?}");
    }

    /// §4.4.2: who is invited to one instance of a group's series answers for that alone.
    async fn section_4_2_10_people_come_and_go_by_instance(ann: User, ben: User, cyd: User) {
        let all = format!("ORGANIZER:{0}\nATTENDEE:{0}\nATTENDEE;PARTSTAT=NEEDS-ACTION:{1}\n", at(&ann), at(&ben));
        let one = format!("{all}ATTENDEE;PARTSTAT=NEEDS-ACTION:{}\n", at(&cyd));
        let path = store(&ann, "m.ics", &series("guests", &all, &one)).await;
        answer(&cyd, "ACCEPTED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(person(&instance(&mine, "20270302"), &cyd).contains("PARTSTAT=ACCEPTED"), "{mine}");
        let gone = instance(&mine, "20270302");
        let without = gone.replace(&format!("{}\n", person(&gone, &cyd)), "");
        change(&ann, &path, &mine.replace(&gone, &without)).await.expect(204);
        assert!(copy(&cyd).await.1.contains("STATUS:CANCELLED"));
        assert!(!copy(&ben).await.1.contains(&at(&cyd)));
    }

    /// §4.5.1 to §4.5.6: a task is given, taken, under way, and done.
    async fn section_4_5_a_task_is_given_and_done(ann: User, ben: User) {
        let path = format!("{}t.ics", tasks(&ann).await);
        ann.send("PUT", &path, &[], task("task", &ann, &[&ben])).await.expect(201);
        settle(&ann).await;
        let list = tasks(&ben).await;
        let theirs = texts(&ben, &list).await.remove(0).0;
        let body = text(&ben.get(&theirs).await);
        assert!(body.contains("BEGIN:VTODO"), "{body}");
        let taken = answered(&ben, &body, "ACCEPTED").replace("\r\n", "\n");
        change(&ben, &theirs, &taken).await.expect(204);
        assert!(person(&text(&ann.get(&path).await), &ben).contains("PARTSTAT=ACCEPTED"));
        let body = text(&ben.get(&theirs).await);
        let way = body.replace("PARTSTAT=ACCEPTED", "PARTSTAT=IN-PROCESS").replacen("ORGANIZER", "PERCENT-COMPLETE:40\nORGANIZER", 1);
        let way = way.replace(&person(&way, &ann), &person(&body, &ann));
        change(&ben, &theirs, &way).await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(person(&mine, &ben).contains("PARTSTAT=IN-PROCESS"), "{mine}");
        let body = text(&ben.get(&theirs).await);
        let done = body.replace("PARTSTAT=IN-PROCESS", "PARTSTAT=COMPLETED").replace("PERCENT-COMPLETE:40", "PERCENT-COMPLETE:100\nCOMPLETED:20270301T105500Z");
        change(&ben, &theirs, &done).await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(person(&mine, &ben).contains("PARTSTAT=COMPLETED"), "{mine}");
    }
}
