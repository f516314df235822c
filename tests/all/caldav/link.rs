//! Links to calendars: what their addresses show, to whom, and for how long.

use super::{calendar, one};
use crate::support::dav::{Answer, User, dialogues, document};
use davenport::domain::collection::{Access, Home, Place};
use davenport::domain::directory::admin;
use davenport::domain::link::{self, Detail, Wish};
use davenport::kernel::clock;

async fn access(user: &User) -> (Access, Place) {
    let (store, name) = (user.server.store.clone(), user.name.clone());
    let who = user
        .server
        .on(async move { admin::profile(&store, &name, None).await })
        .await
        .unwrap()
        .principal;
    let place = Place::new(who.id, &who.name, Home::Calendars, "all").unwrap();
    let store = user.server.store.clone();
    (Access::new(store, who, "test", clock::now()), place)
}

/// Makes a link to the calendar; gives its path.
async fn made(user: &User, wish: Wish) -> String {
    let (access, place) = access(user).await;
    let token = user.server.on(async move { link::add(&access, &place, wish).await }).await;
    format!("/links/{}.ics", token.unwrap().1)
}

async fn open(user: &User, path: &str) -> Answer {
    user.server.send("GET", path, &[], "").await
}

async fn filled(user: &User) -> String {
    let path = calendar(user).await;
    for (name, lines) in [
        ("plain", "SUMMARY:Lunch"),
        ("secret", "CLASS:PRIVATE\nSUMMARY:Doctor"),
        ("free", "TRANSP:TRANSPARENT\nSUMMARY:Birthday"),
    ] {
        let lines = format!("UID:{name}\nDTSTART:20260301T100000Z\n{lines}");
        user.put(&format!("{path}{name}.ics"), &one("VEVENT", &lines)).await;
    }
    user.put(&format!("{path}todo.ics"), &one("VTODO", "UID:todo\nSUMMARY:Buy")).await;
    path
}

async fn published(user: &User, path: &str) -> Option<String> {
    let found = user.propfind(path, "0", "<S:publish-url/>").await;
    let it = found.responses.first().unwrap();
    if it.status_of("publish-url") != Some(200) {
        return None;
    }
    let text = it.prop("publish-url").elements().next()?.text().into_owned();
    Some(text.split_once("/links/").map(|(_, name)| format!("/links/{name}")).unwrap())
}

dialogues! {
    /// Whoever knows the address sees the calendar, but for what is private.
    async fn a_link_shows_what_is_public(user: User) {
        filled(&user).await;
        let path = made(&user, Wish::default()).await;
        let answer = open(&user, &path).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
        let text = answer.text();
        for shown in ["SUMMARY:Lunch", "SUMMARY:Birthday", "SUMMARY:Buy", "SUMMARY:Busy"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("Doctor") && !text.contains("UID:secret"), "{text}");
        let head = user.server.send("HEAD", &path, &[], "").await.expect(200);
        assert_eq!(head.header("content-type"), answer.header("content-type"));
    }

    /// Of a link that only shows when the owner is busy, nothing else is learnt.
    async fn a_busy_link_shows_times_only(user: User) {
        filled(&user).await;
        let wish = Wish { detail: Detail::Busy, ..Wish::default() };
        let name = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname>Hospital\
            </D:displayname></D:prop></D:set></D:propertyupdate>";
        user.send("PROPPATCH", "calendars/all/", &[], name).await.expect(207);
        let answer = open(&user, &made(&user, wish).await).await.expect(200);
        assert_eq!((answer.header("last-modified"), answer.header("content-disposition")), (None, None));
        let text = answer.text();
        assert!(!text.contains("Hospital"), "{text}");
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 2, "{text}");
        assert_eq!(text.matches("SUMMARY:").count(), text.matches("SUMMARY:Busy").count());
        assert!(!text.contains("UID:plain") && !text.contains("VTODO"), "{text}");
    }

    /// A program asks again and again: what did not change is not sent again.
    async fn a_link_has_a_validator(user: User) {
        let path = filled(&user).await;
        let link = made(&user, Wish::default()).await;
        let tag = open(&user, &link).await.expect(200).header("etag").unwrap().to_owned();
        let again = [("If-None-Match", tag.as_str())];
        user.server.send("GET", &link, &again, "").await.expect(304);
        user.delete(&format!("{path}plain.ics")).await.expect(204);
        user.server.send("GET", &link, &again, "").await.expect(200);
    }

    /// One that has ended, was taken back or never was, and that of a calendar that is gone.
    async fn a_link_that_is_no_more_shows_nothing(user: User) {
        let path = filled(&user).await;
        let ending = clock::now().plus_seconds(2);
        let ended = made(&user, Wish { expires_at: Some(ending), ..Wish::default() }).await;
        let link = made(&user, Wish::default()).await;
        open(&user, &ended).await.expect(200);
        tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
        open(&user, &ended).await.expect(404);
        open(&user, "/links/0123456789012345678901234567890123456789.ics").await.expect(404);
        open(&user, "/links/").await.expect(404);
        user.server.send("PUT", &link, &[], "x").await.expect(405);
        user.delete(&path).await.expect(204);
        open(&user, &link).await.expect(404);
    }

    /// Apple's "Public Calendar": published, seen by its owner, taken back.
    async fn a_calendar_is_published_and_taken_back(user: User, stranger: User) {
        let path = filled(&user).await;
        let ask = |what: &str| document(&format!("S:{what}"), "");
        let xml = [("Content-Type", "application/xml")];
        assert_eq!(published(&user, &path).await, None);
        let modes = user.propfind(&path, "0", "<S:allowed-sharing-modes/>").await;
        modes.responses[0].prop("allowed-sharing-modes");
        stranger.send("POST", &path, &xml, &ask("publish-calendar")).await.expect(403);
        user.send("POST", &path, &xml, &ask("publish-calendar")).await.expect(200);
        let link = published(&user, &path).await.unwrap();
        assert!(open(&user, &link).await.expect(200).text().contains("SUMMARY:Lunch"));
        // Once more changes nothing.
        user.send("POST", &path, &xml, &ask("publish-calendar")).await.expect(200);
        assert_eq!(published(&user, &path).await.as_ref(), Some(&link));
        stranger.send("POST", &path, &xml, &ask("unpublish-calendar")).await.expect(403);
        user.send("POST", &path, &xml, &ask("unpublish-calendar")).await.expect(200);
        assert_eq!(published(&user, &path).await, None);
        open(&user, &link).await.expect(404);
        user.send("POST", &path, &xml, &ask("something-else")).await.expect(403);
        user.send("POST", &path, &xml, "<bad").await.expect(400);
    }

    /// A secret link is not shown again, and publishing does not touch it.
    async fn a_secret_link_stays_secret(user: User) {
        let path = filled(&user).await;
        let link = made(&user, Wish::default()).await;
        assert_eq!(published(&user, &path).await, None);
        user.send("POST", &path, &[("Content-Type", "text/xml")], document("S:unpublish-calendar", "")).await.expect(200);
        open(&user, &link).await.expect(200);
    }
}
