//! The calendar of birthdays: it follows the cards of its owner, and only them.

use super::{account, refused, sync};
use crate::support::dav::{Answer, User, dialogues};
use davenport::domain::birthdays;
use davenport::kernel::clock;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::PrincipalId;
use davenport::store::Store;
use davenport::store::job::{self, Source};
use std::time::{Duration, Instant};

fn card(uid: &str, name: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\n{lines}END:VCARD\r\n"
    )
}

async fn add(user: &User) -> Outcome<()> {
    let (store, name) = (user.server.store.clone(), user.name.clone());
    let work = async move { birthdays::add(&store, &name, clock::now()).await.map(drop) };
    user.server.on(work).await
}

/// The path of the calendar, if there is one.
async fn calendar(user: &User) -> Option<String> {
    let home = user.path("calendars/");
    let all = user.propfind(&home, "1", "<D:displayname/>").await;
    let named = all
        .responses
        .iter()
        .find(|r| r.status_of("displayname") == Some(200) && r.text("displayname") == "Birthdays");
    named.map(|r| r.href.clone())
}

async fn given(user: &User) -> String {
    add(user).await.unwrap();
    calendar(user).await.unwrap()
}

/// The events between two moments, as they are expanded.
async fn instances(user: &User, at: &str, from: &str, to: &str) -> String {
    let content = format!(
        "<D:prop><C:calendar-data><C:expand start=\"{from}\" end=\"{to}\"/></C:calendar-data></D:prop>\
         <C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
         <C:time-range start=\"{from}\" end=\"{to}\"/></C:comp-filter></C:comp-filter></C:filter>"
    );
    user.report(at, "1", "C:calendar-query", &content).await.expect(207).text()
}

async fn whole(user: &User, at: &str) -> String {
    let answer: Answer = user.get(at).await;
    answer.expect(200).text()
}

/// The whole calendar once this holds: it follows within a moment.
async fn once(user: &User, at: &str, holds: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let text = whole(user, at).await;
        if holds(&text) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn summaries(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("SUMMARY:")).collect();
    all.sort();
    all
}

dialogues! {
    /// RFC 6350 §6.2.5, §6.2.6: cards that are there, put, changed and removed; years unknown, and
    /// days that only leap years have.
    async fn it_follows_the_cards(user: User) {
        user.mkcol("addressbooks/friends/").await;
        user.put("addressbooks/friends/a.vcf", card("a", "Ann", "BDAY:1980-04-12\r\n")).await;
        user.put("addressbooks/friends/n.vcf", card("n", "Nobody", "")).await;
        let at = given(&user).await;
        let has = |all: &'static [&'static str]| move |text: &str| summaries(text) == all;
        once(&user, &at, has(&["Ann's birthday (1980)"])).await;
        let bob = "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29\r\nitem1.X-ABDATE:2001-06-30\r\n\
                   item1.X-ABLabel:_$!<Anniversary>!$_\r\n";
        user.put("addressbooks/friends/b.vcf", card("b", "Bob", bob)).await;
        let all = &["Ann's birthday (1980)", "Bob's anniversary (2001)", "Bob's birthday"];
        once(&user, &at, has(all)).await;
        // 2027 has no 29 February, 2028 has.
        let in_2027 = instances(&user, &at, "20270101T000000Z", "20280101T000000Z").await;
        for day in ["20270228", "20270412", "20270630"] {
            assert!(in_2027.contains(&format!("DTSTART;VALUE=DATE:{day}")), "{day}: {in_2027}");
        }
        assert_eq!(in_2027.matches("BEGIN:VEVENT").count(), 3, "{in_2027}");
        let in_2028 = instances(&user, &at, "20280201T000000Z", "20280315T000000Z").await;
        assert!(in_2028.contains("DTSTART;VALUE=DATE:20280229"), "{in_2028}");
        // A change keeps the UID; of cards without days nothing is told.
        let token = user.propfind(&at, "0", "<D:sync-token/>").await.only().text("sync-token");
        user.put("addressbooks/friends/a.vcf", card("a", "Anna", "BDAY:1981-04-13\r\n")).await;
        once(&user, &at, |text| text.contains("Anna's birthday (1981)")).await;
        let news = sync(&user, &at, &token).await;
        assert_eq!(news.responses.len(), 1);
        assert_eq!(news.responses[0].status, None);
        refused(user.delete(&news.responses[0].href).await, "unbind");
        // The day goes, the card goes, the book goes.
        user.put("addressbooks/friends/a.vcf", card("a", "Anna", "")).await;
        once(&user, &at, has(&["Bob's anniversary (2001)", "Bob's birthday"])).await;
        user.delete("addressbooks/friends/b.vcf").await.expect(204);
        once(&user, &at, has(&[])).await;
        user.put("addressbooks/friends/c.vcf", card("c", "Cid", "BDAY:--0101\r\n")).await;
        once(&user, &at, has(&["Cid's birthday"])).await;
        let to = user.path("addressbooks/other/");
        user.send("COPY", "addressbooks/friends/", &[("Destination", &to)], "").await.expect(201);
        user.delete("addressbooks/friends/").await.expect(204);
        user.put("addressbooks/other/d.vcf", card("d", "Dan", "BDAY:--0102\r\n")).await;
        once(&user, &at, has(&["Cid's birthday", "Dan's birthday"])).await;
        user.delete("addressbooks/other/").await.expect(204);
        once(&user, &at, has(&[])).await;
    }

    /// Once removed it stays away, whatever happens to cards; there is one at a time.
    async fn it_stays_removed(user: User) {
        assert_eq!(calendar(&user).await, None);
        let at = given(&user).await;
        assert!(add(&user).await.is_err(), "a second one");
        user.delete(&at).await.expect(204);
        user.mkcol("addressbooks/friends/").await;
        user.put("addressbooks/friends/a.vcf", card("a", "Ann", "BDAY:1980-04-12\r\n")).await;
        let (store, of) = (user.server.store.clone(), account(&user).await);
        let matters = user.server.on(async move { asks(&store, of, true).await }).await;
        assert!(!matters);
        assert_eq!(calendar(&user).await, None);
        given(&user).await;
        let at = calendar(&user).await.unwrap();
        once(&user, &at, |text| summaries(text) == ["Ann's birthday (1980)"]).await;
        // Neither for cards that have none nor for others' is there work.
        let (store, of) = (user.server.store.clone(), account(&user).await);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!user.server.on(async move { asks(&store, of, false).await }).await);
    }

    /// A new user gets one where that is said.
    async fn a_new_user_may_get_one(user: User) {
        let new = user.server.account(|new| new.birthdays = true).await;
        assert!(calendar(&new).await.is_some() && calendar(&user).await.is_none());
    }
}

/// Whether a change of a card would be work for the account's calendar.
async fn asks(store: &Store, account: PrincipalId, matters: bool) -> bool {
    let write = store.write(move |tx| {
        Box::pin(async move {
            let members = ["none.ics", "none.ics"];
            let of = Source { account, derived: 2, matters, members };
            job::follow(tx, "test", of, clock::now().plus_seconds(1 << 30)).await
        })
    });
    write.await.unwrap()
}
