//! The free/busy read URL (CC/S 0903).

use super::*;
use davenport::domain::collection::{Access, Home, Place};
use davenport::domain::directory::admin;
use davenport::domain::link::{self, Detail, Wish};

const DAY: &str = "start=2026-06-02T00:00:00Z&end=2026-06-03T00:00:00Z";

async fn read(user: &User, path: &str) -> Answer {
    user.send("GET", path, &[], "").await
}

dialogues! {
    /// CC/S 0903 §3, §4: one VFREEBUSY without METHOD, about the time that was asked for.
    async fn cc_s_0903_3_the_answer(ada: User) {
        let (bob, address) = person(&ada).await;
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &format!("{}\nSUMMARY:Secret", at(9))).await;
        for url in [format!("/freebusy/{}?{DAY}", bob.name), format!("/freebusy/{address}.ifb?{DAY}"),
            format!("/freebusy?user={address}&start=2026-06-02T02:00:00+02:00&period=P1D")] {
            let answer = read(&ada, &url).await.expect(200);
            assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
            let text = answer.text();
            assert_eq!(periods(&text), ["BUSY:09/10"], "{url}");
            assert!(text.contains("DTSTART:20260602T000000Z\r\nDTEND:20260603T000000Z\r\n"), "{text}");
            assert_eq!(text.matches("BEGIN:VFREEBUSY").count(), 1);
            assert!(!text.contains("METHOD") && !text.contains("Secret"), "{text}");
        }
    }

    /// CC/S 0903 §6: a validator; the time that passes between two requests does not change it.
    async fn cc_s_0903_6_an_etag(ada: User, bob: User) {
        let path = calendar(&bob, "work").await;
        let url = format!("/freebusy/{}?{DAY}", bob.name);
        let tag = read(&ada, &url).await.expect(200).header("etag").unwrap().to_owned();
        let again = [("If-None-Match", tag.as_str())];
        ada.send("GET", &url, &again, "").await.expect(304);
        event(&bob, &path, "e", &at(9)).await;
        ada.send("GET", &url, &again, "").await.expect(200);
    }

    /// CC/S 0903 §6.1, §10: bad parameters; somebody who is not there and one who tells nothing alike.
    async fn cc_s_0903_6_1_what_cannot_be_told(ada: User, bob: User, carol: User) {
        let url = |query: &str| format!("/freebusy/{}?{query}", bob.name);
        assert!(read(&ada, &url("start=20260602")).await.expect(400).text().contains("Start parameter"));
        read(&ada, &url("format=text/html")).await.expect(406);
        ada.send("PUT", &url(""), &[], "x").await.expect(405);
        let nobody = read(&ada, "/freebusy/no-such-user").await.expect(404).text();
        let inbox = bob.path("calendars/inbox/");
        let ace = format!("<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege>\
            <C:schedule-query-freebusy/></D:privilege></D:grant></D:ace>", carol.principal());
        bob.send("ACL", &inbox, &[], document("D:acl", &ace)).await.expect(200);
        assert_eq!(read(&ada, &url("")).await.expect(404).text(), nobody);
        read(&carol, &url("")).await.expect(200);
        // Nobody is told who does not sign in, unless the operator says so.
        let answer = ada.server.send("GET", &url(""), &[], "").await.expect(401);
        assert!(answer.header("www-authenticate").is_some());
    }

    /// CC/S 0903 §5.1: the token is that of a link to a calendar.
    async fn cc_s_0903_5_1_a_token(bob: User) {
        let (path, other) = (calendar(&bob, "work").await, calendar(&bob, "other").await);
        event(&bob, &path, "e", &at(9)).await;
        event(&bob, &other, "f", &at(15)).await;
        let (store, name) = (bob.server.store.clone(), bob.name.clone());
        let token = bob.server.on(async move {
            let who = admin::profile(&store, &name, None).await?.principal;
            let place = Place::new(who.id, &who.name, Home::Calendars, "work")?;
            let access = Access::new(store, who, "test", clock::now());
            link::add(&access, &place, Wish { detail: Detail::Busy, ..Wish::default() }).await
        });
        let token = token.await.unwrap().1;
        let get = async |url: String| bob.server.send("GET", &url, &[], "").await;
        let answer = get(format!("/freebusy/{}?token={token}&{DAY}", bob.name)).await.expect(200);
        assert_eq!(periods(&answer.text()), ["BUSY:09/10"]);
        get(format!("/freebusy?token={token}&{DAY}")).await.expect(200);
        get(format!("/freebusy/somebody-else?token={token}&{DAY}")).await.expect(404);
        get(format!("/freebusy/{}?token=0123&{DAY}", bob.name)).await.expect(404);
    }
}
