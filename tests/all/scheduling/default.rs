//! The calendar that invitations come into (RFC 6638 §4.3, §9.2).

use super::*;

async fn calendar(user: &User, name: &str, component: &str) -> String {
    let path = user.path(&format!("calendars/{name}/"));
    let body = document(
        "C:mkcalendar",
        &format!(
            "<D:set><D:prop><C:supported-calendar-component-set>\
        <C:comp name=\"{component}\"/></C:supported-calendar-component-set></D:prop></D:set>"
        ),
    );
    user.send("MKCALENDAR", &path, &[], body).await.expect(201);
    path
}

/// Names the default calendar.
async fn name(user: &User, value: &str) -> Answer {
    let set = format!(
        "<D:set><D:prop><C:schedule-default-calendar-URL>{value}\
        </C:schedule-default-calendar-URL></D:prop></D:set>"
    );
    user.proppatch("calendars/inbox/", &set).await
}

fn href(path: &str) -> String {
    format!("<D:href>{path}</D:href>")
}

#[track_caller]
fn done(answer: Answer) {
    let answer = answer.expect(207);
    assert_eq!(
        answer.multistatus().only().status_of("schedule-default-calendar-URL"),
        Some(200),
        "{answer}"
    );
}

dialogues! {
    /// RFC 6638 §9.2: invitations come into the calendar that the owner names, under whatever name it
    /// has by then, as absolute URL or path.
    async fn invitations_come_into_the_calendar_that_is_named(ann: User, ben: User) {
        let work = calendar(&ben, "work%20place", "VEVENT").await;
        done(name(&ben, &href(&ben.url(&work))).await);
        assert_eq!(default_calendar(&ben).await, work);
        store(&ann, "m.ics", &meeting("into", &ann, &[&ben], "")).await;
        assert_eq!(texts(&ben, &work).await.len(), 1);
        let to = ben.path("calendars/office/");
        let destination = [("Destination", to.as_str())];
        ben.send("MOVE", &work, &destination, "").await.expect(201);
        assert_eq!(default_calendar(&ben).await, to);
        store(&ann, "n.ics", &meeting("again", &ann, &[&ben], "")).await;
        assert_eq!(texts(&ben, &to).await.len(), 2);
        // Without a choice of his own the server's counts.
        done(name(&ben, "").await);
        assert_ne!(default_calendar(&ben).await, to);
    }

    /// RFC 6638 §4.3.1.2: it is one calendar of the owner's that takes events.
    async fn what_is_no_calendar_of_ones_own_is_refused(ann: User, ben: User) {
        let before = default_calendar(&ben).await;
        let tasks = calendar(&ben, "todo", "VTODO").await;
        let own = ben.path("calendars/");
        for value in [
            href(&default_calendar(&ann).await), href(&tasks), href(&own), href(&ben.path("calendars/inbox/")),
            href(&ben.path("calendars/none/")), href(&ben.path("files/")), href("mailto:x@example.com"),
            format!("{}{}", href(&before), href(&before)), "<D:owner/>".to_owned(),
        ] {
            let answer = name(&ben, &value).await.expect(207);
            let answer = answer.multistatus();
            let it = answer.only();
            assert_eq!(it.status_of("schedule-default-calendar-URL"), Some(403), "{value}");
            let named: Vec<&str> = it.conditions.iter().map(|it| it.name.local()).collect();
            assert_eq!(named, ["valid-schedule-default-calendar-URL"], "{value}");
        }
        assert_eq!(default_calendar(&ben).await, before);
    }

    /// RFC 6638 §4.3: tasks come into a calendar that takes them, whatever the default one is.
    async fn a_task_comes_into_a_calendar_that_takes_it(ann: User, ben: User) {
        let events = calendar(&ben, "events", "VEVENT").await;
        done(name(&ben, &href(&events)).await);
        let path = calendar(&ann, "todo", "VTODO").await;
        let task = meeting("task", &ann, &[&ben], "").replace("VEVENT", "VTODO").replace("DTEND", "DUE");
        ann.send("PUT", &format!("{path}t.ics"), &[], task).await.expect(201);
        settle(&ann).await;
        let home = ben.propfind(&ben.path("calendars/"), "1", "<C:supported-calendar-component-set/>").await;
        let mut into = Vec::new();
        for it in home.responses.iter().filter(|it| it.href.matches('/').count() == 5) {
            if !it.href.ends_with("/inbox/") && !texts(&ben, &it.href).await.is_empty() {
                into.push(it.prop("supported-calendar-component-set").to_standalone());
            }
        }
        assert!(into.len() == 1 && into[0].contains("VTODO"), "{into:?}");
    }

    /// RFC 6638 §4.3.1.1: the last calendar that takes events stays; with another one, that takes its
    /// place.
    async fn the_last_calendar_for_events_stays(ann: User, ben: User) {
        let first = default_calendar(&ben).await;
        let refused = ben.delete(&first).await;
        refused.expect_condition(403, "default-calendar-needed");
        calendar(&ben, "todo", "VTODO").await;
        ben.delete(&first).await.expect_condition(403, "default-calendar-needed");
        let other = calendar(&ben, "other", "VEVENT").await;
        done(name(&ben, &href(&first)).await);
        ben.delete(&first).await.expect(204);
        assert_eq!(default_calendar(&ben).await, other);
        store(&ann, "m.ics", &meeting("moved-in", &ann, &[&ben], "")).await;
        assert_eq!(texts(&ben, &other).await.len(), 1);
        // A calendar for tasks alone goes any time.
        ben.delete("calendars/todo/").await.expect(204);
    }
}
