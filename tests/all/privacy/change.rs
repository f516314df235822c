//! Who sees an object only in part changes nothing of it, by no verb, and takes nothing away of it.

use super::*;
use crate::support::dav::{LOCKINFO, dialogues};

/// Ways of changing or taking `shut.ics`, each with what it names.
const WAYS: [&str; 14] = [
    "PUT",
    "PUT as jCal",
    "DELETE",
    "PROPPATCH",
    "MOVE",
    "MOVE home",
    "MOVE over",
    "COPY",
    "COPY over",
    "COPY the calendar",
    "exception",
    "bulk update",
    "bulk delete",
    "import",
];

fn multiput(href: &str, what: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><M:multiput xmlns:M=\"http://me.com/_namespace/\" xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><M:resource><D:href>{href}</D:href>{what}\
         </M:resource></M:multiput>"
    )
}

async fn change(who: &User, way: &str, path: &str) -> Answer {
    let object = format!("{path}shut.ics");
    let new = event("shut", "");
    let to = |at: String| [("Destination", at)];
    let send = |method: &'static str,
                at: String,
                headers: Vec<(&'static str, String)>,
                body: String| async move {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        who.send(method, &at, &headers, body).await
    };
    let xml = || vec![("Content-Type", "application/xml".to_owned())];
    let none = String::new;
    match way {
        "PUT" => send("PUT", object, vec![], new).await,
        "PUT as jCal" => {
            let json = "[\"vcalendar\",[[\"version\",{},\"text\",\"2.0\"],[\"prodid\",{},\"text\",\"x\"]],\
                [[\"vevent\",[[\"uid\",{},\"text\",\"uid-shut\"],[\"dtstamp\",{},\"date-time\",\"2026-01-01T00:00:00Z\"],\
                [\"dtstart\",{},\"date-time\",\"2026-03-02T10:00:00Z\"]],[]]]]";
            send(
                "PUT",
                object,
                vec![("Content-Type", "application/calendar+json".into())],
                json.into(),
            )
            .await
        }
        "DELETE" => send("DELETE", object, vec![], none()).await,
        "PROPPATCH" => who.proppatch(&object, "<D:set><D:prop><S:x>1</S:x></D:prop></D:set>").await,
        "MOVE" => send("MOVE", object, to(format!("{path}moved.ics")).into(), none()).await,
        "MOVE home" => {
            send("MOVE", object, to(who.path("calendars/own/shut.ics")).into(), none()).await
        }
        "MOVE over" => {
            let mine = who.path("calendars/own/mine.ics");
            who.put(&mine, new).await;
            let answer = send("MOVE", mine.clone(), to(object).into(), none()).await;
            who.delete(&mine).await.expect(204);
            answer
        }
        "COPY" => send("COPY", object, to(who.path("calendars/own/shut.ics")).into(), none()).await,
        "COPY over" => {
            let mine = who.path("calendars/own/mine.ics");
            who.put(&mine, new).await;
            let answer = send("COPY", mine.clone(), to(object).into(), none()).await;
            who.delete(&mine).await.expect(204);
            answer
        }
        "COPY the calendar" => {
            send("COPY", path.to_owned(), to(who.path("calendars/copied/")).into(), none()).await
        }
        "exception" => {
            let lines = "RECURRENCE-ID:20260303T100000Z\nDTSTART:20260303T120000Z\nSUMMARY:mine";
            send("PUT", format!("{path}exception.ics"), vec![], one("shut", lines)).await
        }
        "bulk update" => {
            let data =
                format!("<D:set><D:prop><C:calendar-data>{new}</C:calendar-data></D:prop></D:set>");
            send("POST", path.to_owned(), xml(), multiput(&object, &data)).await
        }
        "bulk delete" => {
            send("POST", path.to_owned(), xml(), multiput(&object, "<M:delete/>")).await
        }
        "import" => {
            send("PUT", path.to_owned(), vec![("Content-Type", "text/calendar".into())], new).await
        }
        other => panic!("{other}"),
    }
}

dialogues! {
    /// Every verb is refused, and the owner's object stays what it was.
    async fn what_is_seen_in_part_is_not_changed(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let object = format!("{path}shut.ics");
        let before = owner.get(&object).await.expect(200);
        for who in [&people.delegate, &people.writer] {
            who.send("MKCALENDAR", "calendars/own/", &[], "").await.expect(201);
            for way in WAYS {
                let answer = change(who, way, &path).await;
                let text = answer.text();
                let refused = answer.status == 403 || (answer.status.is_success() && text.contains("403"))
                    || text.contains("private or confidential");
                assert!(refused, "{way}: {answer}");
                assert!(!text.contains("word-shut"), "{way}: {answer}");
                let now = owner.get(&object).await.expect(200);
                assert_eq!((now.header("etag"), now.text()), (before.header("etag"), before.text()), "{way}");
            }
            let own = who.send("GET", "calendars/own/", &[("Accept", "text/calendar")], "").await;
            assert!(!own.text().contains("word-"), "{own}");
            who.get(&who.path("calendars/copied/shut.ics")).await.expect(404);
            who.send("PUT", &object, &[], &event("shut", "")).await.expect_condition(403, "need-privileges");
        }
        // Those who see it all change it.
        people.administrator.put(&object, &event("shut", "CLASS:PRIVATE\nX-A:b\n")).await;
        owner.delete(&object).await.expect(204);
    }

    /// A calendar with hidden members can be renamed in its home, and goes to no other.
    async fn a_calendar_is_moved_within_its_home_only(owner: User) {
        filled(&owner).await;
        let people = People::of(&owner).await;
        let delegate = &people.delegate;
        let (from, to) = (owner.path("calendars/all/"), delegate.path("calendars/taken/"));
        let moved = delegate.send("MOVE", &from, &[("Destination", &to)], "").await;
        moved.expect_condition(403, "need-privileges");
        let to = owner.path("calendars/renamed/");
        delegate.send("MOVE", &from, &[("Destination", &to)], "").await.expect(201);
        let text = delegate.get(&format!("{to}shut.ics")).await.expect(200).text();
        assert!(!text.contains("word-shut"), "{text}");
        assert!(owner.get(&format!("{to}shut.ics")).await.text().contains("word-shut"));
    }

    /// Who writes into another's calendar stores nothing that he could not see afterwards.
    async fn nobody_locks_himself_out(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        for (who, class, status) in [
            (&people.writer, "", 201),
            (&people.writer, "CLASS:CONFIDENTIAL\n", 403),
            (&people.writer, "CLASS:PRIVATE\n", 403),
            (&people.delegate, "CLASS:CONFIDENTIAL\n", 201),
            (&people.delegate, "CLASS:PRIVATE\n", 403),
            (&people.administrator, "CLASS:PRIVATE\n", 201),
        ] {
            let new = format!("{}-{}", who.name, class.len());
            let at = format!("{path}{new}.ics");
            let answer = who.send("PUT", &at, &[], &event(&new, class)).await.expect(status);
            if status == 201 {
                let read = who.get(&at).await.expect(200);
                assert_eq!(read.header("etag"), answer.header("etag"));
                assert_eq!(read.text(), event(&new, class));
            }
        }
        // Neither by a change of what is there, nor by a copy of his own.
        let open = format!("{path}open.ics");
        let shut = event("open", "CLASS:PRIVATE\n");
        people.writer.send("PUT", &open, &[], &shut).await.expect_condition(403, "need-privileges");
        people.writer.send("MKCALENDAR", "calendars/own/", &[], "").await.expect(201);
        let mine = people.writer.path("calendars/own/mine.ics");
        people.writer.put(&mine, &event("mine", "CLASS:PRIVATE\n")).await;
        let to = format!("{path}mine.ics");
        people.writer.send("COPY", &mine, &[("Destination", &to)], "").await.expect(403);
        people.writer.put(&open, &event("open", "X-MORE:b\n")).await;
    }

    /// What may be done with it: see it, lock it like any other.
    async fn the_privileges_told_are_those_there_are(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let prop = "<D:current-user-privilege-set/>";
        let found = people.writer.propfind(&path, "1", prop).await;
        for (name, _, class) in OBJECTS {
            let set = found.of(&format!("{path}{name}.ics")).prop("current-user-privilege-set");
            let writes = set.elements().any(|e| e.child("DAV:", "write-content").is_some());
            assert_eq!(writes, class == Class::Public, "{name}");
        }
        people.writer.send("LOCK", &format!("{path}open.ics"), &[("Depth", "0")], LOCKINFO).await.expect(200);
    }
}
