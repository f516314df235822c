//! `sync-collection` (RFC 6578) as clients use it: dialogues with a running server on both engines.

mod model;
mod token;
mod tree;

use crate::support::dav::{Answer, Multistatus, User, dialogues, document};

const ETAG: &str = "<D:getetag/>";

/// What a `sync-collection` says, beside its properties.
#[derive(Clone, Copy)]
struct Ask<'a> {
    token: &'a str,
    level: &'a str,
    limit: usize,
    depth: &'a str,
}

const FIRST: Ask<'static> = Ask { token: "", level: "1", limit: 0, depth: "0" };

fn body(ask: Ask<'_>, prop: &str) -> String {
    let limit = match ask.limit {
        0 => String::new(),
        n => format!("<D:limit><D:nresults>{n}</D:nresults></D:limit>"),
    };
    let level = match ask.level {
        "" => String::new(),
        level => format!("<D:sync-level>{level}</D:sync-level>"),
    };
    let token = format!("<D:sync-token>{}</D:sync-token>", ask.token);
    document("D:sync-collection", &format!("{token}{level}{limit}<D:prop>{prop}</D:prop>"))
}

async fn ask(user: &User, target: &str, ask: Ask<'_>, prop: &str) -> Answer {
    let headers = [("Depth", ask.depth), ("Content-Type", "application/xml")];
    user.send("REPORT", target, &headers, body(ask, prop)).await
}

async fn sync(user: &User, target: &str, token: &str) -> Multistatus {
    ask(user, target, Ask { token, ..FIRST }, ETAG).await.expect(207).multistatus()
}

async fn token(user: &User, target: &str) -> String {
    sync(user, target, "").await.sync_token.expect("a token")
}

/// What an answer says of each name below the collection: 200, or the status of the whole.
fn told(user: &User, target: &str, answer: &Multistatus) -> Vec<(String, u16)> {
    let base = user.path(target);
    let mut all: Vec<(String, u16)> = answer
        .responses
        .iter()
        .map(|r| {
            (r.href.strip_prefix(&base).unwrap_or(&r.href).to_owned(), r.status.unwrap_or(200))
        })
        .collect();
    all.sort();
    all
}

fn list(names: &[(&str, u16)]) -> Vec<(String, u16)> {
    let mut all: Vec<_> = names.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect();
    all.sort();
    all
}

/// A calendar object with this UID.
pub fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\n\
         SUMMARY:{uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

dialogues! {
    /// RFC 6578 §3.4: an empty token lists every member of every kind and none that is gone.
    async fn the_first_answer_lists_what_is_there_and_nothing_else(user: User) {
        user.mkcol("files/c/").await;
        for name in ["a", "b", "gone"] {
            user.put(&format!("files/c/{name}"), name).await;
        }
        user.mkcol("files/c/d/").await;
        user.put("files/c/d/deep", "x").await;
        user.delete("files/c/gone").await.expect(204);
        let first = sync(&user, "files/c/", "").await;
        assert_eq!(told(&user, "files/c/", &first), list(&[("a", 200), ("b", 200), ("d/", 200)]));
        assert_eq!(first.root.elements().filter(|e| e.is("DAV:", "sync-token")).count(), 1);
        for response in &first.responses {
            assert!(response.status.is_none(), "a member that is there has no status of its own");
        }
    }

    /// RFC 6578 §3.5: each change once, whatever it was; nothing else.
    async fn each_changed_member_is_told_once(user: User) {
        user.mkcol("files/c/").await;
        for name in ["a", "b", "c", "d", "same", "x"] {
            user.put(&format!("files/c/{name}"), name).await;
        }
        user.put("files/y", "y").await;
        let before = token(&user, "files/c/").await;
        assert_eq!(sync(&user, "files/c/", &before).await.responses.len(), 0);
        user.put("files/c/a", "a2").await;
        let etag = user.put("files/c/a", "a3").await;
        user.proppatch("files/c/a", "<D:set><D:prop><Z xmlns='z:'>1</Z></D:prop></D:set>").await;
        user.delete("files/c/b").await.expect(204);
        user.delete("files/c/c").await.expect(204);
        user.put("files/c/c", "again").await;
        let to = user.path("files/c/copy");
        user.send("COPY", "files/c/x", &[("Destination", &to)], "").await.expect(201);
        let to = user.path("files/c/in");
        user.send("MOVE", "files/y", &[("Destination", &to)], "").await.expect(201);
        let to = user.path("files/out");
        user.send("MOVE", "files/c/d", &[("Destination", &to)], "").await.expect(201);
        let to = user.path("files/c/renamed");
        user.send("MOVE", "files/c/x", &[("Destination", &to)], "").await.expect(201);
        user.mkcol("files/c/sub/").await;
        user.put("files/c/brief", "1").await;
        user.delete("files/c/brief").await.expect(204);
        let changes = sync(&user, "files/c/", &before).await;
        let expected = [
            ("a", 200), ("b", 404), ("c", 200), ("copy", 200), ("in", 200), ("d", 404),
            ("x", 404), ("renamed", 200), ("sub/", 200), ("brief", 404),
        ];
        assert_eq!(told(&user, "files/c/", &changes), list(&expected));
        assert_eq!(changes.of(&user.path("files/c/a")).text("getetag"), etag);
        let gone = changes.of(&user.path("files/c/b"));
        assert!(gone.properties.is_empty(), "a removed member has no propstat");
        let line = gone.element.child("DAV:", "status").unwrap().text().into_owned();
        assert_eq!(line, "HTTP/1.1 404 Not Found");
        let after = changes.sync_token.unwrap();
        assert_eq!(sync(&user, "files/c/", &after).await.responses.len(), 0);
    }

    /// RFC 6578 §3.5.1: properties alone are a change too, and leave the tag as it was.
    async fn a_change_of_properties_alone_is_told(user: User) {
        let etag = user.put("files/f", "f").await;
        let before = token(&user, "files/").await;
        user.proppatch("files/f", "<D:set><D:prop><Z xmlns='z:'>1</Z></D:prop></D:set>")
            .await
            .expect(207);
        let told = sync(&user, "files/", &before).await;
        assert_eq!(told.only().text("getetag"), etag);
    }

    /// A member's own properties that nobody gave: 404 inside, 200 before it.
    async fn a_changed_member_has_propstats_good_ones_first(user: User) {
        user.put("files/f", "f").await;
        let props = "<Z xmlns='z:'/><D:getetag/><D:resourcetype/>";
        let answer = ask(&user, "files/", FIRST, props).await.expect(207);
        let it = answer.multistatus();
        assert_eq!(it.only().status_of("Z"), Some(404));
        assert!(it.only().prop("resourcetype").elements().next().is_none());
        let text = answer.text();
        let (good, bad) = (text.find("HTTP/1.1 200 OK"), text.find("HTTP/1.1 404 Not Found"));
        assert!(good.is_some() && good < bad, "{text}");
    }

    /// Apple syncs the home: calendars made, renamed, changed inside, removed.
    async fn the_home_tells_of_its_calendars(user: User) {
        let home = "calendars/";
        let empty = document("C:mkcalendar", "");
        for name in ["one", "two", "three"] {
            user.send("MKCALENDAR", &format!("calendars/{name}/"), &[], &empty).await.expect(201);
        }
        let before = token(&user, home).await;
        user.proppatch(
            "calendars/one/",
            "<D:set><D:prop><I:calendar-color>#ff0000</I:calendar-color></D:prop></D:set>",
        )
        .await
        .expect(207);
        let after = sync(&user, home, &before).await;
        assert_eq!(told(&user, home, &after), list(&[("one/", 200)]));
        user.put("calendars/two/e.ics", event("e")).await;
        user.delete("calendars/three/").await.expect(204);
        user.send("MKCALENDAR", "calendars/four/", &[], &empty).await.expect(201);
        let next = sync(&user, home, &after.sync_token.unwrap()).await;
        let expected = [("two/", 200), ("three/", 404), ("four/", 200)];
        assert_eq!(told(&user, home, &next), list(&expected));
        let to = user.path("calendars/five/");
        user.send("MOVE", "calendars/four/", &[("Destination", &to)], "").await.expect(201);
        user.delete("calendars/one/").await.expect(204);
        user.send("MKCALENDAR", "calendars/one/", &[], &empty).await.expect(201);
        let last = sync(&user, home, &next.sync_token.unwrap()).await;
        let expected = [("four/", 404), ("five/", 200), ("one/", 200)];
        assert_eq!(told(&user, home, &last), list(&expected));
        let ctags = "<S:getctag/><D:sync-token/><C:supported-calendar-component-set/>";
        let first = ask(&user, home, FIRST, ctags).await.expect(207).multistatus();
        let five = first.of(&user.path("calendars/five/"));
        assert!(five.text("getctag").contains(&five.text("sync-token")));
    }

    /// A folder moved with what is in it: the old name is gone, the members sync under the new.
    async fn a_moved_folder_keeps_its_own_token(user: User) {
        user.mkcol("files/a/").await;
        user.put("files/a/f", "1").await;
        let (above, inside) = (token(&user, "files/").await, token(&user, "files/a/").await);
        let to = user.path("files/b/");
        user.send("MOVE", "files/a/", &[("Destination", &to)], "").await.expect(201);
        let told_above = sync(&user, "files/", &above).await;
        assert_eq!(told(&user, "files/", &told_above), list(&[("a/", 404), ("b/", 200)]));
        user.put("files/b/g", "2").await;
        let told_inside = sync(&user, "files/b/", &inside).await;
        assert_eq!(told(&user, "files/b/", &told_inside), list(&[("g", 200)]));
    }

    /// RFC 6578 §3.6, §3.7: a cut answer ends with the collection and 507; nothing is lost and
    /// nothing comes twice, also when things change in between.
    async fn a_cut_answer_is_gone_on_from(user: User) {
        user.mkcol("files/c/").await;
        for n in 0..20 {
            user.put(&format!("files/c/{n:02}"), n.to_string()).await;
        }
        let mut seen = std::collections::BTreeMap::new();
        let (mut at, mut rounds) = (String::new(), 0);
        loop {
            let with = Ask { token: &at, limit: 7, ..FIRST };
            let part = ask(&user, "files/c/", with, ETAG).await.expect(207).multistatus();
            let cut = part.responses.last().is_some_and(|r| r.status == Some(507));
            if cut {
                let last = part.responses.last().unwrap();
                assert_eq!(last.href, user.path("files/c/"));
                assert!(last.has_condition("number-of-matches-within-limits"));
                assert!(last.properties.is_empty());
                assert_eq!(part.responses.len(), 8);
            }
            for response in part.responses.iter().filter(|r| r.status != Some(507)) {
                *seen.entry(response.href.clone()).or_insert(0) += 1;
            }
            at = part.sync_token.clone().unwrap();
            rounds += 1;
            if rounds == 1 {
                user.put("files/c/00", "changed").await;
                user.delete("files/c/19").await.expect(204);
            }
            if !cut {
                break;
            }
        }
        assert_eq!(seen.remove(&user.path("files/c/00")), Some(2), "first, and after its change");
        assert_eq!(seen.len(), 19, "{seen:?}");
        assert!(seen.values().all(|n| *n == 1), "{seen:?}");
        assert_eq!(sync(&user, "files/c/", &at).await.responses.len(), 0);
    }

    /// RFC 6578 §3.7: a limit that cannot be kept fails.
    async fn a_limit_of_nothing_is_refused(user: User) {
        let body = document(
            "D:sync-collection",
            "<D:sync-token/><D:sync-level>1</D:sync-level><D:limit><D:nresults>0</D:nresults>\
             </D:limit><D:prop/>",
        );
        let answer = user.send("REPORT", "files/", &[("Depth", "0")], &body).await;
        answer.expect_condition(403, "number-of-matches-within-limits");
    }

    /// The forms of the drafts that clients still send (Thunderbird, Apple, eM Client).
    async fn the_drafts_forms_mean_level_1(user: User) {
        user.put("files/f", "f").await;
        for (level, depth) in [("1", "0"), ("1", "1"), ("", "1"), ("", "0"), ("1", "infinity")] {
            let it = ask(&user, "files/", Ask { level, depth, ..FIRST }, ETAG).await;
            let it = it.expect(207).multistatus();
            assert_eq!(told(&user, "files/", &it), list(&[("f", 200)]), "{level} {depth}");
        }
        let no_depth = user.send("REPORT", "files/", &[], body(FIRST, ETAG)).await.expect(207);
        assert_eq!(told(&user, "files/", &no_depth.multistatus()), list(&[("f", 200)]));
    }

    /// RFC 6578 §6: what is not a sync-collection.
    async fn bodies_that_are_not_the_report_are_refused(user: User) {
        user.put("files/f", "f").await;
        for content in [
            "<D:sync-level>1</D:sync-level><D:prop/>",
            "<D:sync-token/><D:sync-level>2</D:sync-level><D:prop/>",
            "<D:sync-token/><D:sync-level>1</D:sync-level>\
             <D:limit><D:nresults>x</D:nresults></D:limit><D:prop/>",
        ] {
            user.report("files/", "0", "D:sync-collection", content).await.expect(400);
        }
        for target in ["files/f", "calendars/nowhere/e.ics", "/dav/calendars/", "/dav/"] {
            let answer = ask(&user, target, FIRST, ETAG).await;
            answer.expect_condition(403, "supported-report");
        }
        ask(&user, "files/nowhere/", FIRST, ETAG).await.expect(404);
    }

    /// Contents inside the answer, as Thunderbird's address books want them; also large ones,
    /// which stand in files.
    async fn contents_come_inside(user: User) {
        let books = user.propfind("addressbooks/", "1", "<D:resourcetype/>").await;
        let book = books.hrefs().into_iter().find(|h| *h != user.path("addressbooks/")).unwrap();
        let photo = "QUJD".repeat(50_000);
        let card = |uid: &str, more: &str| {
            format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:x\r\nN:x;;;;\r\n{more}END:VCARD\r\n")
        };
        let (small, large) = (card("a", ""), card("b", &format!("PHOTO;ENCODING=b:{photo}\r\n")));
        user.put(&format!("{book}a.vcf"), &small).await;
        user.put(&format!("{book}b.vcf"), &large).await;
        let it = ask(&user, book, FIRST, "<D:getetag/><A:address-data/>").await;
        let it = it.expect(207).multistatus();
        assert_eq!(it.of(&format!("{book}a.vcf")).text("address-data"), small);
        assert_eq!(it.of(&format!("{book}b.vcf")).text("address-data"), large);
    }
}
