//! Validators of what is seen only in part: the same wherever they stand, and nothing can be guessed
//! with them.

use super::*;
use crate::support::dav::dialogues;

async fn tags(who: &User, path: &str, name: &str) -> Vec<String> {
    let object = format!("{path}{name}.ics");
    let prop = "<D:getetag/>";
    let one = who.propfind(&object, "0", prop).await.only().text("getetag");
    let listed = who.propfind(path, "1", prop).await.of(&object).text("getetag");
    let sync = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
    let synced = who.report(path, "0", "D:sync-collection", sync).await.expect(207).multistatus();
    let asked = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{object}</D:href>");
    let got = who.report(path, "0", "C:calendar-multiget", &asked).await.expect(207).multistatus();
    let time = "<C:time-range start=\"20260301T000000Z\" end=\"20260310T000000Z\"/>";
    let filter = format!(
        "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
         <C:comp-filter name=\"VEVENT\">{time}</C:comp-filter></C:comp-filter></C:filter>"
    );
    let found = who.report(path, "1", "C:calendar-query", &filter).await.expect(207).multistatus();
    let get = who.get(&object).await.expect(200).header("etag").unwrap().to_owned();
    vec![
        get,
        one,
        listed,
        synced.of(&object).text("getetag"),
        got.of(&object).text("getetag"),
        found.of(&object).text("getetag"),
    ]
}

dialogues! {
    /// One validator, wherever it is told; another one than that of the stored content.
    async fn one_validator_wherever_it_is_told(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        for (name, _, class) in OBJECTS {
            let own = tags(&owner, &path, name).await;
            let theirs = tags(&people.reader, &path, name).await;
            for all in [&own, &theirs] {
                assert!(all.iter().all(|tag| *tag == all[0]), "{name}: {all:?}");
            }
            assert_eq!(own[0] == theirs[0], class == Class::Public, "{name}");
        }
    }

    /// It validates, and changes with the object.
    async fn it_validates_what_is_seen(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let object = format!("{path}shut.ics");
        let first = people.reader.get(&object).await.expect(200);
        let tag = first.header("etag").unwrap();
        people.reader.send("GET", &object, &[("If-None-Match", tag)], "").await.expect(304);
        people.reader.send("GET", &object, &[("If-Match", tag)], "").await.expect(200);
        let head = people.reader.send("HEAD", &object, &[], "").await.expect(200);
        assert_eq!(head.header("content-length"), Some(first.body.len().to_string().as_str()));
        owner.put(&object, &event("shut", "CLASS:PRIVATE\n").replace("LOCATION:", "LOCATION:at ")).await;
        let later = people.reader.send("GET", &object, &[("If-None-Match", tag)], "").await.expect(200);
        assert_ne!(later.header("etag"), Some(tag));
    }

    /// Who guesses what is hidden cannot try his guess: neither the validator nor the size of the
    /// stored content is told or taken.
    async fn a_guess_cannot_be_tried(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let object = format!("{path}shut.ics");
        let right = owner.get(&object).await.expect(200).header("etag").unwrap().to_owned();
        let writer = &people.writer;
        writer.send("GET", &object, &[("If-Match", &right)], "").await.expect(412);
        writer.send("GET", &object, &[("If-None-Match", &right)], "").await.expect(200);
        writer.send("PUT", &object, &[("If-Match", &right)], &event("shut", "")).await.expect(412);
        let listed = format!("([{right}])");
        writer.send("PROPFIND", &object, &[("If", &listed), ("Depth", "0")], "").await.expect(412);
        writer.send("DELETE", &object, &[("If", &listed)], "").await.expect(412);
        let same = writer.send("PUT", &path, &[("Content-Type", "text/calendar"), ("Accept", "application/json")],
            &event("shut", "CLASS:PRIVATE\n")).await;
        assert!(same.text().contains("\"unchanged\":0"), "{same}");
        let found = writer.propfind(&path, "1", "<D:getcontentlength/>").await;
        assert_eq!(found.of(&object).status_of("getcontentlength"), Some(404));
        assert_eq!(found.of(&format!("{path}open.ics")).status_of("getcontentlength"), Some(200));
    }

    /// A whole is another one for who sees less of it.
    async fn a_whole_has_a_validator_of_its_own_for_each_view(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let mut tags = Vec::new();
        for who in [&owner, &people.delegate, &people.reader] {
            let text = [("Accept", "text/calendar")];
            let tag = who.send("GET", &path, &text, "").await.expect(200).header("etag").unwrap().to_owned();
            assert!(!tags.contains(&tag), "{tags:?} {tag}");
            let same = [("Accept", "text/calendar"), ("If-None-Match", tag.as_str())];
            who.send("GET", &path, &same, "").await.expect(304);
            tags.push(tag);
        }
    }
}
