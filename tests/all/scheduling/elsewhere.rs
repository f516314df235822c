//! People elsewhere: what waits for them until an outlet takes it (RFC 6638 §3.2.9), and what comes from
//! them (RFC 6047 §2.2, §3).

use super::*;
use davenport::domain::scheduling::incoming::{self, Mail, Taken};
use davenport::domain::scheduling::outlet::{self, Closed, Handed, Outgoing, Outlet};
use davenport::store::Future;
use std::sync::{Arc, Mutex};

/// An outlet that keeps what one organizer sends, and says of it what it is told to.
#[derive(Clone)]
struct Shelf {
    of: String,
    says: Handed,
    kept: Arc<Mutex<Vec<(Outgoing, String)>>>,
}

impl Outlet for Shelf {
    fn is_open(&self) -> bool {
        true
    }

    fn hand_over<'a>(&'a self, letter: &'a Outgoing, message: &'a [u8]) -> Future<'a, Handed> {
        Box::pin(async {
            if letter.sender != self.of && letter.recipient != self.of {
                return Ok(Handed::Over);
            }
            let text = String::from_utf8(message.to_vec()).unwrap().replace("\r\n ", "");
            self.kept.lock().unwrap().push((letter.clone(), text));
            Ok(self.says.clone())
        })
    }
}

/// Who hands over takes all letters of a server, so one test at a time does.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Somebody with a mail address, on a server with an outlet.
async fn sender(like: &User) -> (User, tokio::sync::MutexGuard<'static, ()>) {
    let alone = ALONE.lock().await;
    let server = like.server.outbound().await;
    let user = server.user().await;
    let store = server.store.clone();
    let ready = async move { outlet::announce(&store, &shelf("", Handed::Over)).await };
    server.on(ready).await.unwrap();
    (user, alone)
}

fn shelf(of: &str, says: Handed) -> Shelf {
    Shelf { of: of.to_owned(), says, kept: Arc::default() }
}

/// The sender's mail address.
fn mail(user: &User) -> String {
    format!("{}@localhost", user.name)
}

/// Has everything handed over that waits, `later` seconds from now.
async fn hand_over(user: &User, shelf: &Shelf, later: i64) -> Vec<(Outgoing, String)> {
    let (store, shelf) = (user.server.store.clone(), shelf.clone());
    let kept = shelf.kept.clone();
    let steps = async move {
        let now = clock::now().plus_seconds(later);
        while outlet::step(&store, &shelf, now).await.unwrap() == Progress::More {}
    };
    user.server.on(steps).await;
    settle_after(user, later).await;
    std::mem::take(&mut *kept.lock().unwrap())
}

async fn receive(user: &User, message: &str, from: &str) -> Taken {
    let (store, to) = (user.server.store.clone(), mail(user));
    let mail = Mail { message: message.as_bytes().to_vec(), from: from.to_owned(), to };
    let taken = user.server.on(async move { incoming::receive(&store, mail, clock::now()).await });
    let taken = taken.await.unwrap();
    settle(user).await;
    taken
}

/// A meeting with somebody elsewhere.
fn invites(organizer: &User, uid: &str, guest: &str) -> String {
    let lines = format!(
        "{SLOT}\nSUMMARY:Plan\nORGANIZER:mailto:{0}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{0}\n\
         ATTENDEE;RSVP=TRUE:mailto:{guest}",
        mail(organizer)
    );
    event(uid, &lines)
}

dialogues! {
    /// RFC 6638 §3.2.9: 1.0 while it waits, 1.1 when it was handed over, and the letters of one
    /// recipient leave in their order.
    async fn letters_wait_and_leave(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "letters", &guest)).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("SCHEDULE-STATUS=1.0"), "{mine}");
        let later = mine.replace("20270301T", "20270302T").replace('\n', "\r\n");
        ann.send("PUT", &path, &[], later).await.expect(204);
        let kept = hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        let days: Vec<bool> = kept.iter().map(|(_, it)| it.contains("20270302T")).collect();
        assert_eq!(days, [false, true]);
        let (letter, message) = &kept[0];
        assert_eq!((&*letter.method, &letter.recipient), ("REQUEST", &guest));
        assert_eq!((&letter.sender, &*letter.uid), (&mail(&ann), "letters"));
        assert!(message.contains("METHOD:REQUEST"), "{message}");
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("SCHEDULE-STATUS=1.1"), "{mine}");
        assert!(hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await.is_empty());
        ann.delete(&path).await.expect(204);
        let kept = hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        assert_eq!(kept.iter().map(|it| &*it.0.method).collect::<Vec<_>>(), ["CANCEL"]);
    }

    /// What is not taken now is tried again, what never is, is told: 5.2 if it was refused, 5.1 if
    /// nobody took it in time.
    async fn what_does_not_leave_is_told(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "refused", &guest)).await;
        let not_now = shelf(&mail(&ann), Handed::Later("not now".into()));
        assert_eq!(hand_over(&ann, &not_now, 0).await.len(), 1);
        assert!(hand_over(&ann, &not_now, 10).await.is_empty());
        let again = hand_over(&ann, &not_now, 70).await;
        assert_eq!(again.iter().map(|it| it.0.attempts).collect::<Vec<_>>(), [2]);
        let never = shelf(&mail(&ann), Handed::Refused("no such mailbox".into()));
        assert_eq!(hand_over(&ann, &never, 3_600).await.len(), 1);
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("SCHEDULE-STATUS=5.2"), "{mine}");
    }

    /// A letter that is given up has not arrived.
    async fn what_waited_too_long_is_given_up(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "old", &guest)).await;
        let server = ann.server.store.clone();
        let late = async move {
            let now = clock::now().plus_seconds(4 * 86_400);
            while outlet::step(&server, &Closed, now).await.unwrap() == Progress::More {}
        };
        ann.server.on(late).await;
        settle_after(&ann, 4 * 86_400).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("SCHEDULE-STATUS=5.1"), "{mine}");
    }

    /// RFC 6047 §2.2, §3: an invitation comes in, its answer goes out, its cancellation ends it; and
    /// nobody speaks in another's name.
    async fn mail_comes_in_from_who_speaks(like: User) {
        let (ann, _alone) = sender(&like).await;
        let host = format!("{}@example.com", ann.name);
        let message = |method: &str, host: &str, more: &str| {
            let lines = format!(
                "{SLOT}\nORGANIZER:mailto:{host}\nATTENDEE:mailto:{host}\n\
                 ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{}{more}",
                mail(&ann)
            );
            let text = event("from-elsewhere", &lines);
            text.replace("VERSION:2.0", &format!("VERSION:2.0\r\nMETHOD:{method}"))
        };
        let request = message("REQUEST", &host, "");
        let denied = |it: Taken| assert!(matches!(it, Taken::Refused("3.8", _)), "{it:?}");
        denied(receive(&ann, &request, "evil@example.com").await);
        let spoofed = message("REQUEST", &mail(&ann), "");
        denied(receive(&ann, &spoofed, &mail(&ann)).await);
        assert!(inbox(&ann).await.is_empty());
        assert_eq!(receive(&ann, &request, &host.to_uppercase()).await, Taken::In);
        let (path, mine) = copy(&ann).await;
        assert_eq!(inbox(&ann).await.len(), 1);
        let old = line(&mine, "ATTENDEE", &mail(&ann)).to_owned();
        let yes = mine.replace(&old, &old.replace("NEEDS-ACTION", "ACCEPTED"));
        ann.send("PUT", &path, &[], yes.replace('\n', "\r\n")).await.expect(204);
        let kept = hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        assert_eq!(kept.iter().map(|it| &*it.0.method).collect::<Vec<_>>(), ["REPLY"]);
        assert!(line(&kept[0].1.replace("\r\n", "\n"), "ATTENDEE", &mail(&ann)).contains("ACCEPTED"));
        let evil = message("CANCEL", "evil@example.com", "\nSEQUENCE:5");
        assert_eq!(receive(&ann, &evil, "evil@example.com").await, Taken::In);
        assert!(!copy(&ann).await.1.contains("STATUS:CANCELLED"));
        let cancel = message("CANCEL", &host, "\nSEQUENCE:5");
        assert_eq!(receive(&ann, &cancel, &host).await, Taken::In);
        assert!(copy(&ann).await.1.contains("STATUS:CANCELLED"));
    }

    /// RFC 6638 §3.2.9, §4.2: what a reply brought stays when it is told late that the letter left.
    async fn an_answer_says_more_than_that_it_left(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "early", &guest)).await;
        let lines = format!("ORGANIZER:mailto:{}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{guest}", mail(&ann));
        let reply = event("early", &lines).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REPLY");
        assert_eq!(receive(&ann, &reply, &guest).await, Taken::In);
        hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("SCHEDULE-STATUS=2.0"), "{mine}");
    }

    /// RFC 5546 §3.2.7: another time that a guest proposes stands in the organizer's inbox, and changes
    /// nothing; one whom nobody invited proposes nothing.
    async fn rfc_5546_4_2_4_a_proposal_comes_in(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "proposed", &guest)).await;
        let before = text(&ann.get(&path).await);
        let counter = invites(&ann, "proposed", &guest).replace("20270301T", "20270308T")
            .replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:COUNTER");
        assert_eq!(receive(&ann, &counter, &guest).await, Taken::In);
        let told = inbox(&ann).await;
        assert!(told.len() == 1 && told[0].contains("METHOD:COUNTER"), "{told:?}");
        assert!(told[0].contains("DTSTART:20270308T100000Z"), "{told:?}");
        assert_eq!(text(&ann.get(&path).await), before);
        let stranger = format!("x{}@example.com", ann.name);
        assert!(matches!(receive(&ann, &counter, &stranger).await, Taken::Refused("3.8", _)));
    }

    /// RFC 5546 §3.2.6, §6.1.6: who is invited and asks is sent the newest state, and nobody else is.
    async fn rfc_5546_3_2_6_who_asks_is_told_the_newest_state(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        store(&ann, "m.ics", &invites(&ann, "asked", &guest)).await;
        hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        let refresh = |who: &str| {
            let lines = format!("ORGANIZER:mailto:{}\nATTENDEE:mailto:{who}", mail(&ann));
            event("asked", &lines).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REFRESH")
        };
        assert_eq!(receive(&ann, &refresh(&guest), &guest).await, Taken::In);
        // Deliveries of tests are done two seconds ahead.
        let kept = hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 5).await;
        assert_eq!(kept.iter().map(|it| (&*it.0.method, &it.0.recipient)).collect::<Vec<_>>(), [("REQUEST", &guest)]);
        assert!(kept[0].1.contains("SUMMARY:Plan"), "{}", kept[0].1);
        let stranger = format!("x{}@example.com", ann.name);
        receive(&ann, &refresh(&stranger), &stranger).await;
        assert!(hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 5).await.is_empty());
    }

    /// RFC 5546 §4.2.8: who was forwarded an invitation does not come in by an answer; the organizer
    /// sees that he would.
    async fn rfc_5546_4_2_8_whom_it_was_forwarded_to(like: User) {
        let (ann, _alone) = sender(&like).await;
        let (guest, other) = (format!("{}@example.com", ann.name), format!("o{}@example.com", ann.name));
        let path = store(&ann, "m.ics", &invites(&ann, "forwarded", &guest)).await;
        let lines = format!("{SLOT}\nORGANIZER:mailto:{}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{other}", mail(&ann));
        let reply = event("forwarded", &lines).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REPLY");
        receive(&ann, &reply, &other).await;
        let mine = text(&ann.get(&path).await);
        assert!(!mine.contains(&other), "{mine}");
        let told = inbox(&ann).await;
        assert!(told.len() == 1 && told[0].contains(&other), "{told:?}");
    }

    /// RFC 5546 §3.2.1, §3.2.4: what is published, and instances that are added, are for looking at.
    async fn rfc_5546_3_2_4_what_is_added_or_published(like: User) {
        let (ann, _alone) = sender(&like).await;
        let host = format!("{}@example.com", ann.name);
        let lines = |more: &str| format!(
            "{SLOT}\nORGANIZER:mailto:{host}\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{}{more}", mail(&ann)
        );
        let of = |method: &str, uid: &str, lines: &str| {
            event(uid, lines).replace("VERSION:2.0", &format!("VERSION:2.0\r\nMETHOD:{method}"))
        };
        assert_eq!(receive(&ann, &of("REQUEST", "added", &lines("")), &host).await, Taken::In);
        let before = copy(&ann).await.1;
        let more = lines("\nSEQUENCE:1").replace("20270301T", "20270308T");
        assert_eq!(receive(&ann, &of("ADD", "added", &more), &host).await, Taken::In);
        assert_eq!(inbox(&ann).await.len(), 2);
        assert_eq!(copy(&ann).await.1, before);
        let published = format!("{SLOT}\nSUMMARY:Open day\nORGANIZER:mailto:{host}");
        assert_eq!(receive(&ann, &of("PUBLISH", "published", &published), &host).await, Taken::In);
        assert!(inbox(&ann).await.iter().any(|it| it.contains("METHOD:PUBLISH")));
        assert_eq!(copy(&ann).await.1, before);
    }

    /// A guest's answer comes into the organizer's event; another's answer for him does not.
    async fn answers_come_in(like: User) {
        let (ann, _alone) = sender(&like).await;
        let guest = format!("{}@example.com", ann.name);
        let path = store(&ann, "m.ics", &invites(&ann, "answers", &guest)).await;
        hand_over(&ann, &shelf(&mail(&ann), Handed::Over), 0).await;
        let lines = format!(
            "ORGANIZER:mailto:{}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{guest}\n\
             STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<script>x()</script>", mail(&ann)
        );
        let reply = event("answers", &lines).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REPLY");
        assert!(matches!(receive(&ann, &reply, "x@example.com").await, Taken::Refused("3.8", _)));
        assert_eq!(receive(&ann, &reply, &guest).await, Taken::In);
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &guest).contains("PARTSTAT=ACCEPTED"), "{mine}");
        // RFC 6638 §2.3: a message that does not say when is found at any time.
        let at = ann.path("calendars/inbox/");
        let ever = super::inbox::within("VEVENT", "20370101T000000Z", "20370102T000000Z");
        let found = super::inbox::query(&ann, &at, &ever).await;
        assert_eq!(found.len(), 1);
        // RFC 9073 §9.2.
        assert!(!found[0].1.contains("script"), "{}", found[0].1);
        // RFC 6638 §6.1: an inbox that takes from some only takes from nobody elsewhere.
        let aces = ace("<D:authenticated/>", "<D:privilege><C:schedule-deliver/></D:privilege>");
        grant(&ann, "calendars/inbox/", &aces).await;
        assert!(matches!(receive(&ann, &reply, &guest).await, Taken::Refused("3.8", _)));
    }
}
