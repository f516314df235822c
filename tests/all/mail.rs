//! Mailboxes and messages below the protocols: what is forgotten, and what older versions left.

use crate::support::{Fresh, on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::collection::{Access, Content, Place};
use davenport::domain::directory::{Kind, Principal};
use davenport::domain::mail::hub::Hub;
use davenport::domain::mail::{mailbox, message};
use davenport::domain::retention::{self, Progress};
use davenport::kernel::clock::{self, Timestamp};
use std::sync::Arc;

const DAY: i64 = 86_400;

async fn user(fresh: &Fresh, name: &str) -> (Principal, Place) {
    let made = account::create(fresh, NewAccount::of(Kind::User, name), clock::now()).await;
    let who = made.unwrap();
    let place = mailbox::place(who.id, &who.name, "inbox").unwrap();
    (who, place)
}

async fn deliver(fresh: &Fresh, (who, place): &(Principal, Place), text: &str) -> u32 {
    let access = Access::new(fresh.store.clone(), who.clone(), "test", clock::now());
    let content = Content::inline(text.as_bytes().to_vec());
    let new = message::New { content, flags: 0, names: Vec::new(), received_at: clock::now() };
    message::append(&access, place, vec![new], false).await.unwrap().1[0].unwrap()
}

/// All of the retention's work so many days from now, to its end.
async fn retain(fresh: &Fresh, days: i64) {
    let now: Timestamp = clock::now().plus_seconds(days * DAY);
    while retention::forget_history(fresh, now, 30).await.unwrap() == Progress::More {}
    while retention::purge_buried(fresh, now, 30).await.unwrap() == Progress::More {}
    while retention::collect_contents(fresh, now).await.unwrap() == Progress::More {}
}

on_both! {
    async fn what_is_expunged_is_kept_for_the_time_of_retention(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let (gone, kept) = (deliver(fresh, &ada, "gone").await, deliver(fresh, &ada, "kept").await);
        let access = Access::new(fresh.store.clone(), ada.0.clone(), "test", clock::now());
        assert_eq!(message::expunge(&access, &ada.1, vec![gone, 99]).await.unwrap(), 1);
        assert_eq!(message::expunge(&access, &ada.1, vec![gone]).await.unwrap(), 0);
        raw::assert_sound(&fresh.location).await;
        retain(fresh, 29).await;
        assert_eq!(raw::rows(&fresh.location, "blob").await, 2);
        // Once to forget it, once more after the time of grace.
        retain(fresh, 31).await;
        retain(fresh, 32).await;
        assert_eq!(raw::rows(&fresh.location, "expunged").await, 0);
        assert_eq!(raw::rows(&fresh.location, "blob").await, 1);
        let (_, all) = message::all(&access, &ada.1).await.unwrap();
        assert_eq!(all.iter().map(|it| it.uid).collect::<Vec<_>>(), [kept]);
        raw::assert_sound(&fresh.location).await;
    }

    /// Where nothing is kept, what was expunged is forgotten before a session has looked.
    async fn what_is_forgotten_is_gone_all_the_same(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let (gone, kept) = (deliver(fresh, &ada, "gone").await, deliver(fresh, &ada, "kept").await);
        let (hub, access) = (Arc::new(Hub::default()), Access::new(fresh.store.clone(), ada.0.clone(), "test", clock::now()));
        assert_eq!(hub.look(&access, &ada.1).await.unwrap().snapshot.len(), 2);
        message::expunge(&access, &ada.1, vec![gone]).await.unwrap();
        retain(fresh, 31).await;
        assert_eq!(raw::rows(&fresh.location, "expunged").await, 0);
        let seen = hub.look(&access, &ada.1).await.unwrap();
        assert_eq!(seen.snapshot.iter().map(|it| it.uid).collect::<Vec<_>>(), [kept]);
    }

    async fn the_mail_of_a_removed_account_goes_with_its_time(fresh: Fresh) {
        let (ada, bob) = (user(fresh, "ada").await, user(fresh, "bob").await);
        deliver(fresh, &ada, "both have it").await;
        deliver(fresh, &bob, "both have it").await;
        let only = deliver(fresh, &bob, "bob alone").await;
        let access = Access::new(fresh.store.clone(), bob.0.clone(), "test", clock::now());
        message::expunge(&access, &bob.1, vec![only]).await.unwrap();
        account::delete(fresh, "bob", None, clock::now()).await.unwrap();
        retain(fresh, 31).await;
        retain(fresh, 32).await;
        assert_eq!(raw::rows(&fresh.location, "message").await, 1);
        assert_eq!(raw::rows(&fresh.location, "expunged").await, 0);
        assert_eq!(raw::rows(&fresh.location, "mailbox").await, mailbox::FIRST.len() as i64);
        assert_eq!(raw::rows(&fresh.location, "blob").await, 1);
        raw::assert_sound(&fresh.location).await;
    }

    async fn others_reach_no_mailbox(fresh: Fresh) {
        let (ada, eve) = (user(fresh, "ada").await, user(fresh, "eve").await);
        let uid = deliver(fresh, &ada, "private").await;
        let access = Access::new(fresh.store.clone(), eve.0.clone(), "test", clock::now());
        let nobody = mailbox::place(ada.0.id, "ada", "No such mailbox").unwrap();
        for place in [&ada.1, &nobody] {
            let denied = |fault: Result<(), davenport::kernel::fault::Fault>| {
                assert!(matches!(fault, Err(davenport::kernel::fault::Fault::Denied { .. })));
            };
            denied(message::all(&access, place).await.map(drop));
            denied(message::read(&access, place, uid).await.map(drop));
            denied(message::expunge(&access, place, vec![uid]).await.map(drop));
            let content = Content::inline(b"x".to_vec());
            let new = message::New { content, flags: 0, names: Vec::new(), received_at: clock::now() };
            denied(message::append(&access, place, vec![new], false).await.map(drop));
            denied(mailbox::ensure(&access, &place.child("below", true), 0).await.map(drop));
        }
        assert!(mailbox::all(&access, ada.0.id).await.unwrap().is_empty());
    }

    async fn accounts_of_an_older_version_get_mailboxes(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        for sql in ["DELETE FROM mailbox", "DELETE FROM collection WHERE path = 'mail' OR path LIKE 'mail/%'"] {
            raw::run(&fresh.location, sql).await;
        }
        for _ in 0..2 {
            account::complete(fresh, clock::now()).await.unwrap();
            let access = Access::new(fresh.store.clone(), ada.0.clone(), "test", clock::now());
            let names = mailbox::all(&access, ada.0.id).await.unwrap();
            assert_eq!(names.len(), mailbox::FIRST.len());
            assert!(names.iter().any(|it| it.name == "Sent" && it.mailbox.special_use == 1 << 5));
        }
        deliver(fresh, &ada, "x").await;
    }
}
