//! Messages that cross each other, step by step: what one does while what another did is on its way
//! (RFC 5546 §2.1.5), and what a start finds waiting.

use super::{event, line, text_of};
use crate::kill::client::Server;
use crate::support::{Fresh, on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::calendar;
use davenport::domain::collection::{Access, Guard, Home, Place, item, tree};
use davenport::domain::directory::{Kind, Principal};
use davenport::domain::retention::Progress;
use davenport::domain::scheduling::deliver;
use davenport::kernel::clock;
use davenport::store::{job, object};
use std::time::Duration;

const DELIVERY: &str = "itip";

/// Somebody with an account.
struct One<'a> {
    fresh: &'a Fresh,
    who: Principal,
}

impl<'a> One<'a> {
    async fn new(fresh: &'a Fresh, name: &str) -> Self {
        let new = NewAccount::of(Kind::User, name);
        Self { fresh, who: account::create(fresh, new, clock::now()).await.unwrap() }
    }

    fn access(&self) -> Access {
        Access::new(self.fresh.store.clone(), self.who.clone(), "test", clock::now())
    }

    fn place(&self, path: &str) -> Place {
        let home = Place::new(self.who.id, &self.who.name, Home::Calendars, "").unwrap();
        home.at(path, false)
    }

    /// Where his copy is, and its text.
    async fn copy(&self, uid: &str) -> Option<(String, String)> {
        let (id, uid, files) = (self.who.id, uid.to_owned(), self.fresh.files().clone());
        let read = self.fresh.read(move |tx| {
            Box::pin(async move {
                let found = object::of_uid(tx, id, 10, &uid).await?.into_iter().next();
                let Some((path, _)) = found else { return Ok(None) };
                let at = path.rsplit_once('/').unwrap();
                let (_, _, body) = object::content_at(tx, id, at, &files).await?.unwrap();
                Ok(Some((path.clone(), body.octets()?.into_owned())))
            })
        });
        read.await.unwrap().map(|(path, octets)| (path, text_of(&octets)))
    }

    async fn put(&self, path: &str, text: &str) {
        let octets = text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        let index = calendar::examine(None, &octets).unwrap();
        let content = item::content(self.fresh, octets).unwrap();
        let place = self.place(path);
        item::put(&self.access(), &place, content, index, Guard::default()).await.unwrap();
    }

    async fn remove(&self, path: &str) {
        tree::remove(&self.access(), &self.place(path), Guard::default()).await.unwrap();
    }
}

async fn settle(fresh: &Fresh) {
    while deliver::step(fresh, clock::now()).await.unwrap() == Progress::More {}
}

/// A calendar that every user has, by its path in the home.
async fn calendar_of(one: &One<'_>) -> String {
    let id = one.who.id;
    let read = one.fresh.read(move |tx| {
        Box::pin(async move {
            davenport::domain::collection::scheduling::default_calendar(tx, id, 1).await
        })
    });
    read.await.unwrap().unwrap().path
}

const MEETING: &str = "DTSTART:20270301T100000Z\nDTEND:20270301T110000Z\nSUMMARY:Plan\n\
    ORGANIZER:mailto:ann\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann\n\
    ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ben\n";

/// Ann has invited Ben, who knows.
async fn invited(fresh: &Fresh) -> (One<'_>, One<'_>, String) {
    let (ann, ben) = (One::new(fresh, "ann").await, One::new(fresh, "ben").await);
    let path = format!("{}/m.ics", calendar_of(&ann).await);
    ann.put(&path, &event("m", MEETING)).await;
    settle(fresh).await;
    assert!(ben.copy("m").await.is_some());
    (ann, ben, path)
}

on_both! {
    /// Ben throws the invitation away while Ann renames it: her letter brings it back, and says what
    /// became of it once she knows that he declined.
    async fn a_copy_thrown_away_while_it_changes_says_declined(fresh: Fresh) {
        let (ann, ben, path) = invited(fresh).await;
        let (theirs, _) = ben.copy("m").await.unwrap();
        ben.remove(&theirs).await;
        let (_, text) = ann.copy("m").await.unwrap();
        ann.put(&path, &text.replace("SUMMARY:Plan", "SUMMARY:Other")).await;
        settle(fresh).await;
        let (_, organizers) = ann.copy("m").await.unwrap();
        assert!(line(&organizers, "ATTENDEE", "mailto:ben").contains("PARTSTAT=DECLINED"));
        let (_, text) = ben.copy("m").await.unwrap();
        assert!(line(&text, "ATTENDEE", "mailto:ben").contains("PARTSTAT=DECLINED"), "{text}");
        assert!(text.contains("SUMMARY:Other"), "{text}");
    }

    /// Who answered while nothing was on its way to him is told nothing that he knows.
    async fn an_answer_that_crosses_nothing_is_not_told_back(fresh: Fresh) {
        let (_, ben, _) = invited(fresh).await;
        let (theirs, text) = ben.copy("m").await.unwrap();
        ben.put(&theirs, &text.replace("NEEDS-ACTION", "ACCEPTED")).await;
        settle(fresh).await;
        let letters = "SELECT count(*) FROM itip";
        assert_eq!(raw::int(&fresh.location, letters).await, 2, "an invitation and its answer");
    }

    /// He answers, throws the copy away, and is told of the first answer before the second is known.
    async fn the_last_of_two_answers_counts_in_both_copies(fresh: Fresh) {
        let (ann, ben, path) = invited(fresh).await;
        let (theirs, text) = ben.copy("m").await.unwrap();
        ben.put(&theirs, &text.replace("NEEDS-ACTION", "TENTATIVE")).await;
        ben.remove(&theirs).await;
        let (_, text) = ann.copy("m").await.unwrap();
        ann.put(&path, &text.replace("SUMMARY:Plan", "SUMMARY:Other")).await;
        settle(fresh).await;
        for one in [&ann, &ben] {
            let (_, text) = one.copy("m").await.unwrap();
            assert!(line(&text, "ATTENDEE", "mailto:ben").contains("PARTSTAT=DECLINED"), "{text}");
        }
    }

    /// Letters that a server had in hand when it died are taken up by the next start, not when its
    /// lease ends.
    async fn a_start_takes_up_what_was_under_way(fresh: Fresh) {
        let (_, ben, _) = invited(fresh).await;
        let (theirs, text) = ben.copy("m").await.unwrap();
        ben.put(&theirs, &text.replace("NEEDS-ACTION", "ACCEPTED")).await;
        let taken = fresh.write(|tx| {
            Box::pin(async move {
                let now = clock::now();
                job::lease(tx, now, now.plus_seconds(300), 1_000).await
            })
        });
        assert!(taken.await.unwrap().iter().any(|job| job.kind == DELIVERY));
        fresh.close().await;
        let mut server = Server::start(fresh.folder(), &fresh.location);
        let waits = "SELECT count(*) FROM itip WHERE done_at IS NULL";
        let begun = std::time::Instant::now();
        while raw::int(&fresh.location, waits).await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the letter still waits");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.kill();
    }
}
