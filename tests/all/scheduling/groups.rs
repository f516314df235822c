//! Groups as attendees (RFC 5545 §3.2.11, §3.2.3; RFC 6638 §3.2.1): their members are invited.

use super::*;
use davenport::domain::account::{self, NewAccount, Ties};
use davenport::domain::directory::{Kind, admin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Somebody, and the address that stands for him.
pub async fn addressed(of: &User) -> (User, String) {
    let user = of.server.user().await;
    let address = format!("mailto:{}@localhost", user.name);
    (user, address)
}

/// A fresh group with these members; gives its name.
async fn group(of: &User, members: &[&str]) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("invited{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (store, new) = (of.server.store.clone(), NewAccount::of(Kind::Group, name.clone()));
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    let ties = Ties { members, ..Ties::default() };
    let made = async move { account::create_tied(&store, new, ties, clock::now()).await };
    of.server.on(made).await.unwrap();
    name
}

async fn change_members(of: &User, group: &str, add: &[&str], remove: &[&str]) {
    let (store, group) = (of.server.store.clone(), group.to_owned());
    let owned = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let (add, remove) = (owned(add), owned(remove));
    let work = async move { admin::change_members(&store, &group, add, remove).await };
    of.server.on(work).await.unwrap();
}

/// A meeting with a group.
fn with_group(uid: &str, organizer: &User, groups: &[&str], more: &str) -> String {
    let mut lines = format!("{SLOT}\nSUMMARY:Plan\nORGANIZER:{}\n", at(organizer));
    for group in groups {
        lines += &format!("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT:mailto:{group}\n");
    }
    event(uid, &format!("{lines}{more}"))
}

/// Stores a text that came from the server, changed.
async fn change(user: &User, path: &str, from: impl Fn(&str) -> String) {
    let body = from(&text(&user.get(path).await)).replace('\n', "\r\n");
    let answer = user.send("PUT", path, &[], body).await;
    assert!(answer.status.is_success(), "{answer}");
    settle(user).await;
}

/// A text without the line of an attendee.
fn without(body: &str, attendee: &str) -> String {
    body.replace(&format!("{}\n", line(body, "ATTENDEE", attendee)), "")
}

fn count(body: &str, attendee: &str) -> usize {
    body.lines()
        .filter(|it| it.starts_with("ATTENDEE") && it.ends_with(&format!(":{attendee}")))
        .count()
}

dialogues! {
    /// RFC 5545 §3.2.11: members come as attendees of their own who name the group, those of a group in
    /// it too, each once; the organizer is not invited by himself.
    async fn members_of_a_group_are_invited(ann: User) {
        let ((ben, ben_at), (cyd, cyd_at)) = (addressed(&ann).await, addressed(&ann).await);
        let inner = group(&ann, &[&cyd.name, &ben.name]).await;
        let team = group(&ann, &[&ann.name, &ben.name, &inner]).await;
        let path = format!("{}m.ics", default_calendar(&ann).await);
        let sent = ann.send("PUT", &path, &[], with_group("team", &ann, &[&team], "")).await;
        // RFC 4791 §5.3.4: what is stored is not what was sent.
        assert_eq!(sent.expect(201).header("etag"), None);
        settle(&ann).await;
        let mine = text(&ann.get(&path).await);
        assert!(mine.is_ascii() && count(&mine, &ben_at) == 1 && count(&mine, &cyd_at) == 1, "{mine}");
        for member in [&ben_at, &cyd_at] {
            let line = line(&mine, "ATTENDEE", member);
            for part in [&format!("MEMBER=\"mailto:{team}\""), "CUTYPE=INDIVIDUAL",
                "ROLE=OPT-PARTICIPANT", "PARTSTAT=NEEDS-ACTION", "SCHEDULE-STATUS=1.2"] {
                assert!(line.contains(part), "{part}: {line}");
            }
        }
        let groups = line(&mine, "ATTENDEE", &format!(":mailto:{team}"));
        assert!(groups.contains("CUTYPE=GROUP") && groups.contains("SCHEDULE-STATUS=1.2"), "{groups}");
        assert!(!mine.contains(&inner) && mine.matches("\nATTENDEE").count() == 3, "{mine}");
        // What they get says who else comes, as RFC 5546 §3.2.2 has it.
        for member in [&ben, &cyd] {
            let (_, theirs) = copy(member).await;
            assert!(count(&theirs, &ben_at) == 1 && count(&theirs, &cyd_at) == 1, "{theirs}");
            assert!(!theirs.contains("SCHEDULE-STATUS"), "{theirs}");
            assert_eq!(inbox(member).await.len(), 1);
        }
        assert!(inbox(&ann).await.is_empty());
        // RFC 6638 §3.2.10: a member's answer leaves the Schedule-Tag, and others stay as they are.
        let tag = ann.get(&path).await.header("schedule-tag").unwrap().to_owned();
        let (his, body) = copy(&ben).await;
        let accepted = body.replace(&format!("{}\n", line(&body, "ATTENDEE", &ben_at)),
            &format!("{}\n", line(&body, "ATTENDEE", &ben_at).replace("NEEDS-ACTION", "ACCEPTED")));
        ben.send("PUT", &his, &[], accepted.replace('\n', "\r\n")).await.expect(204);
        settle(&ben).await;
        let mine = ann.get(&path).await;
        assert_eq!(mine.header("schedule-tag"), Some(tag.as_str()));
        assert!(line(&text(&mine), "ATTENDEE", &ben_at).contains("PARTSTAT=ACCEPTED"));
        assert_eq!((inbox(&ben).await.len(), inbox(&cyd).await.len()), (1, 1));
    }

    /// A group is expanded once: whom the organizer takes out stays out, and who joins the group later
    /// comes when the organizer demands it (RFC 6638 §7.2).
    async fn a_group_is_expanded_once(ann: User) {
        let ((ben, ben_at), (cyd, _)) = (addressed(&ann).await, addressed(&ann).await);
        let team = group(&ann, &[&ann.name, &ben.name, &cyd.name]).await;
        let path = store(&ann, "m.ics", &with_group("once", &ann, &[&team], "")).await;
        let (dan, dan_at) = addressed(&ann).await;
        change_members(&ann, &team, &[&dan.name], &[]).await;
        change(&ann, &path, |it| without(it, &ben_at)).await;
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
        change(&ann, &path, |it| it.replace("SUMMARY:Plan", "SUMMARY:Other")).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &ben_at) == 0 && count(&mine, &dan_at) == 0, "{mine}");
        assert!(copy(&cyd).await.1.contains("SUMMARY:Other"));
        assert!(inbox(&dan).await.is_empty());
        let of_team = format!(":mailto:{team}");
        change(&ann, &path, |it| {
            let line = line(it, "ATTENDEE", &of_team);
            it.replace(line, &line.replace("ATTENDEE;", "ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST;"))
        }).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &ben_at) == 1 && count(&mine, &dan_at) == 1, "{mine}");
        assert!(!mine.contains("FORCE-SEND"), "{mine}");
        assert_eq!(inbox(&dan).await.len(), 1);
        assert!(copy(&dan).await.1.contains("SUMMARY:Other"));
    }

    /// A client that stores once more what it stored at first has not seen the members, and takes
    /// nobody out.
    async fn a_client_that_has_not_seen_the_members_keeps_them(ann: User) {
        let (ben, ben_at) = addressed(&ann).await;
        let team = group(&ann, &[&ann.name, &ben.name]).await;
        let body = with_group("again", &ann, &[&team], "");
        let path = store(&ann, "m.ics", &body).await;
        let later = body.replace("T100000Z", "T103000Z");
        ann.send("PUT", &path, &[], later).await.expect(204);
        settle(&ann).await;
        assert_eq!(count(&text(&ann.get(&path).await), &ben_at), 1);
        let (_, theirs) = copy(&ben).await;
        assert!(theirs.contains("T103000Z") && !theirs.contains("CANCELLED"), "{theirs}");
        // One that drops what it does not know does not make him an attendee of his own.
        let member = format!("MEMBER=\"mailto:{team}\";");
        change(&ann, &path, |it| it.replace(&member, "").replace("Plan", "New")).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &ben_at).contains(member.trim_end_matches(';')), "{mine}");
    }

    /// Who has a line of his own is invited once, and stays when the group goes; who came by the group
    /// alone goes with it, and who came by two when both have gone.
    async fn who_came_by_a_group_goes_with_it(ann: User) {
        let (ben, ben_at) = addressed(&ann).await;
        let ((cyd, cyd_at), (dan, dan_at)) = (addressed(&ann).await, addressed(&ann).await);
        let team = group(&ann, &[&ann.name, &ben.name, &cyd.name]).await;
        let board = group(&ann, &[&ann.name, &cyd.name, &dan.name]).await;
        // The path of a principal is an address as well (RFC 6638 §2.4.1).
        let own = format!("ATTENDEE;RSVP=TRUE:{}\n", ben.principal());
        let path = store(&ann, "m.ics", &with_group("two", &ann, &[&team, &board], &own)).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &ben_at) == 0 && count(&mine, &ben.principal()) == 1, "{mine}");
        let both = format!("MEMBER=\"mailto:{team}\",\"mailto:{board}\"");
        assert!(line(&mine, "ATTENDEE", &cyd_at).contains(&both), "{mine}");
        assert_eq!((inbox(&ben).await.len(), inbox(&cyd).await.len()), (1, 1));
        change(&ann, &path, |it| without(it, &format!(":mailto:{board}"))).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &dan_at) == 0 && count(&mine, &cyd_at) == 1, "{mine}");
        assert!(copy(&dan).await.1.contains("STATUS:CANCELLED"));
        change(&ann, &path, |it| without(it, &format!(":mailto:{team}"))).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &cyd_at) == 0 && count(&mine, &ben.principal()) == 1, "{mine}");
        assert!(copy(&cyd).await.1.contains("STATUS:CANCELLED"));
        assert!(!copy(&ben).await.1.contains("STATUS:CANCELLED"));
        ann.delete(&path).await.expect(204);
        settle(&ann).await;
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
    }

    /// Of a series a group may be invited to one instance alone.
    async fn a_group_comes_to_one_instance(ann: User) {
        let ((ben, ben_at), (cyd, cyd_at)) = (addressed(&ann).await, addressed(&ann).await);
        let team = group(&ann, &[&ann.name, &cyd.name]).await;
        let rule = format!("RRULE:FREQ=DAILY;COUNT=3\nATTENDEE:{ben_at}");
        let path = store(&ann, "m.ics", &with_group("series", &ann, &[], &rule)).await;
        change(&ann, &path, |it| {
            let from = it.find("BEGIN:VEVENT").unwrap();
            let to = it.find("END:VCALENDAR").unwrap();
            let one = it[from..to].replace("RRULE:FREQ=DAILY;COUNT=3\n", "")
                .replace("20270301T", "20270302T")
                .replace("END:VEVENT", &format!("RECURRENCE-ID:20270302T100000Z\nATTENDEE:mailto:{team}\nEND:VEVENT"));
            format!("{}{one}END:VCALENDAR\n", &it[..to])
        }).await;
        let mine = text(&ann.get(&path).await);
        assert!(count(&mine, &cyd_at) == 1 && count(&mine, &ben_at) == 2, "{mine}");
        let (_, theirs) = copy(&cyd).await;
        assert!(theirs.contains("RECURRENCE-ID:20270302") && !theirs.contains("RRULE"), "{theirs}");
        assert!(copy(&ben).await.1.contains("RRULE"));
    }

    /// Where the directory does not show who is in a group, only its members and administrators invite
    /// it; others are told so (3.8) and learn nothing.
    async fn a_closed_group_is_invited_by_its_members(plain: User) {
        let server = plain.server.discreet().await;
        let (ann, eve) = (server.user().await, server.user().await);
        let root = server.account(|new| new.administrator = true).await;
        let (ben, ben_at) = addressed(&ann).await;
        let team = group(&ann, &[&ann.name, &ben.name]).await;
        for (user, uid, invited) in [(&eve, "eve", false), (&ann, "ann", true), (&root, "root", true)] {
            let path = store(user, "m.ics", &with_group(uid, user, &[&team], "")).await;
            let mine = text(&user.get(&path).await);
            assert_eq!(count(&mine, &ben_at), usize::from(invited), "{mine}");
            let status = if invited { "SCHEDULE-STATUS=1.2" } else { "SCHEDULE-STATUS=3.8" };
            assert!(line(&mine, "ATTENDEE", &format!(":mailto:{team}")).contains(status), "{mine}");
        }
        assert_eq!(inbox(&ben).await.len(), 2);
    }

    /// Where the directory's address book shows who is in a group, everyone invites it.
    async fn an_open_group_is_invited_by_everyone(eve: User) {
        let (ben, ben_at) = addressed(&eve).await;
        let team = group(&eve, &[&ben.name]).await;
        let book = "/dav/addressbooks/-directory/people/";
        // It is made a moment after the first start.
        while eve.send("PROPFIND", book, &[("Depth", "0")], "").await.status != 207 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let path = store(&eve, "m.ics", &with_group("open", &eve, &[&team], "")).await;
        assert_eq!(count(&text(&eve.get(&path).await), &ben_at), 1);
        assert_eq!(inbox(&ben).await.len(), 1);
    }

    /// RFC 6638 §7.1: who wants to tell a group himself does.
    async fn a_group_that_the_client_tells_is_left_to_it(ann: User, ben: User) {
        let team = group(&ann, &[&ann.name, &ben.name]).await;
        let by_client = format!("ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:{team}");
        let path = store(&ann, "m.ics", &with_group("client", &ann, &[], &by_client)).await;
        assert_eq!(text(&ann.get(&path).await).matches("\nATTENDEE").count(), 1);
        assert!(inbox(&ben).await.is_empty());
    }
}
