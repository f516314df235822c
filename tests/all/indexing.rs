//! The index that queries look into, worked out anew by the background work: whatever state it is in,
//! a query answers what the objects themselves say.

use crate::support::{Fresh, on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::collection::acl::{self, Ace, Grantee, Origin};
use davenport::domain::collection::copy_move::{Verb, copy_or_move};
use davenport::domain::collection::tree::{self, Making};
use davenport::domain::collection::{Access, Collection, Guard, Home, Index, Place, item, list};
use davenport::domain::directory::{self, Principal};
use davenport::domain::indexing::{self, Page};
use davenport::domain::retention::Progress;
use davenport::domain::{calendar, contacts};
use davenport::format::ical::filter::CompFilter;
use davenport::format::recur::Steps;
use davenport::format::text_match::{Collation, Relation, TextMatch};
use davenport::format::tz::Zone;
use davenport::format::vcard::filter::{Filter, PropFilter};
use davenport::kernel::clock;
use davenport::kernel::fault::Fault;
use davenport::kernel::ids::CollectionId;
use davenport::kernel::limits::{ATTENDEES_MAX, BLOB_INLINE_MAX};
use davenport::kernel::privilege::Privileges;
use davenport::kernel::secret::sha256;
use davenport::store::collection;
use davenport::store::due::{self, Due};

const DAY: i64 = 86_400;
/// 2026-03-01.
const MARCH: i64 = 1_772_323_200;

/// Somebody with two calendars and two address books, called `a` and `b`.
struct One<'a> {
    fresh: &'a Fresh,
    who: Principal,
}

fn event(uid: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260310T100000\r\n\
         DURATION:PT1H\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn card(uid: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:Ann Jones\r\nN:Jones;Ann;;;\r\nEND:VCARD\r\n"
    )
}

impl<'a> One<'a> {
    async fn new(fresh: &'a Fresh) -> Self {
        indexing::begin(fresh).await.unwrap();
        let new = NewAccount::of(directory::Kind::User, "ada");
        let who = account::create(fresh, new, clock::now()).await.unwrap();
        let one = Self { fresh, who };
        for (home, components) in [(Home::Calendars, 1), (Home::Addressbooks, 0)] {
            for name in ["a", "b"] {
                let making = Making { kind: home.child(), components, properties: Vec::new() };
                let place = one.place(home, name);
                tree::make(&one.access(), &place, making, Guard::default()).await.unwrap();
            }
        }
        one
    }

    fn access(&self) -> Access {
        let (store, who) = (self.fresh.store.clone(), self.who.clone());
        Access::new(store, who, "test", clock::now())
    }

    fn place(&self, home: Home, names: &str) -> Place {
        Place::new(self.who.id, &self.who.name, home, names).unwrap()
    }

    async fn of(&self, home: Home, name: &str) -> Collection {
        let place = self.place(home, name);
        let find = self.fresh.read(|tx| {
            Box::pin(async move { collection::at(tx, place.account, &place.path).await })
        });
        find.await.unwrap().unwrap()
    }

    /// Stores an object with this index.
    async fn keep(&self, home: Home, names: &str, text: &str, index: Index) {
        let content = item::content(self.fresh, text.as_bytes().to_vec()).unwrap();
        let place = self.place(home, names);
        item::put(&self.access(), &place, content, index, Guard::default()).await.unwrap();
    }

    async fn put(&self, home: Home, names: &str, text: &str) {
        let index = match home {
            Home::Calendars => calendar::examine(None, text.as_bytes()),
            _ => contacts::examine(None, text.as_bytes()),
        };
        self.keep(home, names, text, index.unwrap()).await;
    }

    async fn carry(&self, home: Home, verb: Verb, from: &str, to: &str) {
        let (from, to) = (self.place(home, from), self.place(home, to));
        copy_or_move(&self.access(), &from, &to, verb, false, Guard::default()).await.unwrap();
    }

    /// The events of the tenth of March in a calendar.
    async fn then(&self, name: &str) -> Vec<String> {
        let start = MARCH + 9 * DAY;
        self.within(name, start..start + DAY).await
    }

    async fn within(&self, name: &str, range: std::ops::Range<i64>) -> Vec<String> {
        let comp = |name: &str, range, comps| CompFilter {
            name: name.into(),
            range,
            comps,
            ..CompFilter::default()
        };
        let filters = vec![comp("VCALENDAR", None, vec![comp("VEVENT", Some(range), Vec::new())])];
        let floating = Zone::utc();
        let query = calendar::Query { filters, floating, contents: false, only: None };
        let (of, mut steps) = (self.of(Home::Calendars, name).await, Steps::new(1_000_000));
        let found = calendar::matching(&self.access(), &of, query, &mut steps).await.unwrap();
        sorted(found.into_iter().map(|it| it.0.name))
    }

    /// The cards of an address book that have a text in their name.
    async fn named(&self, name: &str, text: &str) -> Vec<String> {
        let text = TextMatch::new(text, Collation::UnicodeCasemap, Relation::Contains, false);
        let prop = PropFilter { name: "FN".into(), texts: vec![text], ..PropFilter::default() };
        let filter = Filter { all: false, props: vec![prop] };
        let query = contacts::Query { filter, contents: false, only: None, limit: 1_000 };
        let of = self.of(Home::Addressbooks, name).await.id;
        let of = (self.access().who.id, of);
        let found = contacts::matching(&self.access(), of, &query).await.unwrap();
        sorted(found.into_iter().map(|it| it.0.name))
    }

    /// Everything in a collection, as a sync without a token tells it.
    async fn members(&self, home: Home, name: &str) -> Vec<String> {
        let of = self.of(home, name).await.id;
        let of = (self.access().who.id, of);
        let page = list::page(&self.access(), of, String::new(), list::Want::default()).await;
        sorted(page.unwrap().objects.into_iter().map(|it| it.0.name))
    }

    async fn sql(&self, text: &str) {
        raw::run(&self.fresh.location, text).await;
    }

    async fn int(&self, text: &str) -> i64 {
        raw::int(&self.fresh.location, text).await
    }

    /// Has the stored times of every event be wrong by ten days, exact ones too.
    async fn spoil(&self) {
        self.put(Home::Calendars, "b/other.ics", &event("other", "").replace("0310", "0320")).await;
        let other = "SELECT times FROM object WHERE name = 'other.ics'";
        self.sql(&format!(
            "UPDATE object SET first_start = first_start + {0}, last_end = last_end + {0},
                times = ({other}) WHERE times IS NOT NULL AND name <> 'other.ics'",
            10 * DAY
        ))
        .await;
        tree::remove(&self.access(), &self.place(Home::Calendars, "b/other.ics"), Guard::default())
            .await
            .unwrap();
    }

    /// Has the index of a collection be as that of one from before there was one.
    async fn unfill(&self, of: &Collection) {
        self.sql(&format!("DELETE FROM search_text WHERE collection_id = {}", of.id)).await;
        self.sql(&format!("UPDATE object SET doc = NULL WHERE collection_id = {}", of.id)).await;
        let mark = format!("INSERT INTO search_due (collection_id, fill) VALUES ({}, '')", of.id);
        self.sql(&mark).await;
    }

    /// The work that is due for a collection.
    async fn due(&self, of: CollectionId) -> Option<Due> {
        let before = CollectionId(of.0 - 1);
        let due = self.fresh.read(move |tx| Box::pin(due::next(tx, before))).await.unwrap();
        due.filter(|due| due.of == of)
    }

    /// The background work, to its end; it comes to one soon.
    async fn work(&self) {
        for _ in 0..20 {
            if indexing::step(self.fresh).await.unwrap() == Progress::Done {
                assert_eq!(raw::rows(&self.fresh.location, "search_due").await, 0);
                return raw::assert_texts_sound(&self.fresh.location).await;
            }
        }
        panic!("there is no end of it");
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// What a write costs on the embedded engine, whose one writer counts for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_run_few_statements() {
    let fresh = Fresh::sqlite().await;
    {
        let ada = One::new(&fresh).await;
        let count =
            async || fresh.write(|tx| Box::pin(async move { Ok(tx.statements()) })).await.unwrap();
        ada.put(Home::Calendars, "a/first.ics", &event("first", "")).await;
        let mut costs = Vec::new();
        for summary in ["", "SUMMARY:again\r\n"] {
            let before = count().await;
            ada.put(Home::Calendars, "a/e.ics", &event("e", summary)).await;
            costs.push(count().await - before);
        }
        let before = count().await;
        let place = ada.place(Home::Calendars, "a/e.ics");
        tree::remove(&ada.access(), &place, Guard::default()).await.unwrap();
        costs.push(count().await - before);
        // A new one, a replaced one, a removed one with what others have in it for themselves.
        assert_eq!(costs, [13, 10, 14]);
    }
    fresh.end().await;
}

on_both! {
    /// At the next start with another time zone database, and not before.
    async fn times_of_another_time_zone_database_are_not_trusted_and_are_worked_out_anew(
        fresh: Fresh
    ) {
        let ada = One::new(fresh).await;
        ada.put(Home::Calendars, "a/e.ics", &event("e", "")).await;
        ada.put(Home::Addressbooks, "a/c.vcf", &card("c")).await;
        let range = "SELECT first_start FROM object WHERE name = 'e.ics'";
        let right = ada.int(range).await;
        ada.spoil().await;
        indexing::begin(fresh).await.unwrap();
        assert!(ada.then("a").await.is_empty(), "the version is the same: what is kept is trusted");
        let version = indexing::version();
        let rules = version.rsplit_once('/').unwrap().1;
        let old = format!("UPDATE store SET value = '1999z/{rules}' WHERE key = 'index.version'");
        ada.sql(&old).await;
        indexing::begin(fresh).await.unwrap();
        assert_eq!(ada.int("SELECT count(*) FROM search_due").await, 1, "cards have no times");
        assert_eq!(ada.then("a").await, ["e.ics"]);
        assert_eq!(ada.within("a", MARCH + 19 * DAY..MARCH + 20 * DAY).await, [""; 0]);
        ada.work().await;
        assert_eq!(ada.then("a").await, ["e.ics"]);
        assert_eq!(ada.int(range).await, right);
        assert_eq!(ada.named("a", "jones").await, ["c.vcf"]);
        indexing::begin(fresh).await.unwrap();
        assert_eq!(raw::rows(&fresh.location, "search_due").await, 0, "once is enough");
    }

    /// Of an object that was stored before its class was noted nobody but its owner sees more than
    /// of a private one, until it is noted.
    async fn what_nobody_has_looked_at_counts_as_private(fresh: Fresh) {
        let ada = One::new(fresh).await;
        for (name, class) in [("open", ""), ("shut", "CLASS:PRIVATE\r\n")] {
            ada.put(Home::Calendars, &format!("a/{name}.ics"), &event(name, &format!("SUMMARY:word\r\n{class}"))).await;
        }
        let new = NewAccount::of(directory::Kind::User, "bob");
        let bob = account::create(fresh, new, clock::now()).await.unwrap();
        let ace = Ace { to: Grantee::Authenticated, privileges: Privileges::READ, origin: Origin::Own };
        let place = ada.place(Home::Calendars, "a");
        acl::set(&ada.access(), &place, vec![ace], Guard::default()).await.unwrap();
        let bob = Access { who: bob, ..ada.access() };
        let seen = async |name: &str| {
            let place = ada.place(Home::Calendars, &format!("a/{name}.ics"));
            let (_, object, body) = item::read(&bob, &place).await.unwrap().unwrap();
            let words = String::from_utf8_lossy(&body.octets().unwrap()).contains("word");
            (object.hidden, words, object.etag)
        };
        let before = seen("open").await;
        ada.sql("UPDATE object SET class = NULL").await;
        // What can be looked at is shown as what it is, by a validator that tells nothing.
        let unknown = seen("open").await;
        assert!(unknown.0 && unknown.1 && unknown.2 != before.2);
        assert!(!seen("shut").await.1);
        let place = ada.place(Home::Calendars, "a/open.ics");
        let why = tree::remove(&bob, &place, Guard::default()).await;
        assert!(matches!(why, Err(Fault::Denied { .. })), "{why:?}");
        ada.sql("DELETE FROM store WHERE key = 'index.version'").await;
        indexing::begin(fresh).await.unwrap();
        ada.work().await;
        assert_eq!(seen("open").await, before);
        let (hidden, words, _) = seen("shut").await;
        assert!(hidden && !words);
    }

    /// An index from before there was a version, or of other rules: cards, too.
    async fn an_index_of_other_rules_is_worked_out_anew_as_a_whole(fresh: Fresh) {
        let ada = One::new(fresh).await;
        ada.put(Home::Calendars, "a/e.ics", &event("e", "")).await;
        ada.put(Home::Addressbooks, "a/c.vcf", &card("c")).await;
        ada.spoil().await;
        ada.sql("UPDATE search_text SET text = 'x' WHERE name = 'c.vcf'").await;
        ada.sql("DELETE FROM store WHERE key = 'index.version'").await;
        indexing::begin(fresh).await.unwrap();
        for _ in 0..2 {
            assert_eq!(ada.then("a").await, ["e.ics"]);
            assert_eq!(ada.named("a", "jones").await, ["c.vcf"]);
            ada.work().await;
        }
    }

    /// A start that was cut short after the first calendar, in a program with these rules.
    async fn marking_goes_on_where_it_was_cut_short(fresh: Fresh) {
        let ada = One::new(fresh).await;
        let (first, second) = (ada.of(Home::Calendars, "a").await, ada.of(Home::Calendars, "b").await);
        for name in ["a/e.ics", "b/e.ics"] {
            ada.put(Home::Calendars, name, &event("e", "")).await;
        }
        ada.spoil().await;
        let marking = format!("{} 1 {}", indexing::version(), first.id);
        ada.sql("UPDATE store SET value = '' WHERE key = 'index.version'").await;
        ada.sql(&format!("UPDATE store SET value = '{marking}' WHERE key = 'index.marking'")).await;
        if ada.int("SELECT count(*) FROM store WHERE key = 'index.marking'").await == 0 {
            ada.sql(&format!("INSERT INTO store VALUES ('index.marking', '{marking}')")).await;
        }
        // The background work of another node goes on with it, too.
        ada.work().await;
        assert_eq!((ada.then("a").await.len(), ada.then("b").await.len()), (0, 1));
        assert!(ada.due(second.id).await.is_none());
        let current = format!("SELECT count(*) FROM store WHERE value = '{}'", indexing::version());
        assert_eq!(ada.int(&current).await, 1);
    }

    /// Another node, with other rules, was started while this one looked into objects.
    async fn nobody_enters_objects_by_other_rules_than_those_of_the_last_start(fresh: Fresh) {
        let ada = One::new(fresh).await;
        ada.put(Home::Calendars, "a/e.ics", &event("e", "")).await;
        let of = ada.of(Home::Calendars, "a").await;
        ada.unfill(&of).await;
        let due = ada.due(of.id).await.unwrap();
        let page = Page::of(fresh, &due).await.unwrap().unwrap();
        ada.sql("UPDATE store SET value = '2999z/9' WHERE key = 'index.version'").await;
        assert_eq!(page.enter(fresh).await.unwrap(), Progress::Done);
        assert_eq!(indexing::step(fresh).await.unwrap(), Progress::Done);
        assert_eq!(ada.due(of.id).await.unwrap().fill.as_deref(), Some(""));
        assert_eq!(ada.then("a").await, ["e.ics"]);
    }

    async fn an_object_that_is_replaced_while_it_is_looked_into_is_entered_as_it_is(fresh: Fresh) {
        let ada = One::new(fresh).await;
        let (old, new) = (event("e", "").replace("0310", "0325"), event("e", ""));
        for name in ["a", "e", "z"] {
            ada.put(Home::Calendars, &format!("a/{name}.ics"), &old.replace(":e", &format!(":{name}"))).await;
        }
        let of = ada.of(Home::Calendars, "a").await;
        ada.unfill(&of).await;
        let due = ada.due(of.id).await.unwrap();
        let page = Page::of(fresh, &due).await.unwrap().unwrap();
        ada.put(Home::Calendars, "a/e.ics", &new).await;
        tree::remove(&ada.access(), &ada.place(Home::Calendars, "a/z.ics"), Guard::default()).await.unwrap();
        assert_eq!(page.enter(fresh).await.unwrap(), Progress::More);
        assert_eq!(ada.due(of.id).await.unwrap().fill.as_deref(), Some("a.ics"));
        assert_eq!(ada.then("a").await, ["e.ics"]);
        ada.work().await;
        assert_eq!(ada.then("a").await, ["e.ics"]);
        let range = "SELECT first_start FROM object WHERE name = 'e.ics'";
        assert_eq!(ada.int(range).await, MARCH + 9 * DAY + 9 * 3_600);
    }

    /// What comes from a collection that is still to be entered is entered where it came to.
    async fn what_is_copied_moved_or_renamed_before_it_is_entered_is_found(fresh: Fresh) {
        let ada = One::new(fresh).await;
        for name in ["copied", "moved", "renamed", "stays"] {
            ada.put(Home::Calendars, &format!("a/{name}.ics"), &event(name, "")).await;
            ada.put(Home::Addressbooks, &format!("a/{name}.vcf"), &card(name)).await;
        }
        ada.spoil().await;
        for home in [Home::Calendars, Home::Addressbooks] {
            ada.unfill(&ada.of(home, "a").await).await;
        }
        for (home, end) in [(Home::Calendars, "ics"), (Home::Addressbooks, "vcf")] {
            let name = |collection: &str, name: &str| format!("{collection}/{name}.{end}");
            ada.carry(home, Verb::Copy, &name("a", "copied"), &name("b", "copied")).await;
            ada.carry(home, Verb::Move, &name("a", "moved"), &name("b", "moved")).await;
            ada.carry(home, Verb::Move, &name("a", "renamed"), &name("a", "aardvark")).await;
        }
        for _ in 0..2 {
            assert_eq!(ada.then("a").await, ["aardvark.ics", "copied.ics", "stays.ics"]);
            assert_eq!(ada.then("b").await, ["copied.ics", "moved.ics"]);
            assert_eq!(ada.named("a", "jones").await, ["aardvark.vcf", "copied.vcf", "stays.vcf"]);
            assert_eq!(ada.named("b", "jones").await, ["copied.vcf", "moved.vcf"]);
            ada.work().await;
        }
        // All of them have been entered, and none was renamed while some were still to be.
        ada.carry(Home::Calendars, Verb::Move, "a/stays.ics", "b/stays.ics").await;
        assert_eq!(raw::rows(&fresh.location, "search_due").await, 0);
    }

    /// A rename in the middle of the fill, to a name that it has passed already.
    async fn what_is_renamed_to_before_the_fill_is_found(fresh: Fresh) {
        let ada = One::new(fresh).await;
        ada.put(Home::Calendars, "a/z.ics", &event("z", "")).await;
        ada.spoil().await;
        let of = ada.of(Home::Calendars, "a").await;
        ada.unfill(&of).await;
        ada.sql(&format!("UPDATE search_due SET fill = 'm' WHERE collection_id = {}", of.id)).await;
        ada.carry(Home::Calendars, Verb::Move, "a/z.ics", "a/b.ics").await;
        for _ in 0..2 {
            assert_eq!(ada.then("a").await, ["b.ics"]);
            ada.work().await;
        }
    }

    /// What today's limits refuse was taken once, and what cannot be read was there: both are told of
    /// by queries and by sync, and hold up nothing.
    async fn what_is_refused_today_or_cannot_be_read_is_kept_and_holds_up_no_other(fresh: Fresh) {
        let ada = One::new(fresh).await;
        let guests: String =
            (0..=ATTENDEES_MAX).map(|n| format!("ATTENDEE:mailto:a{n}@example.org\r\n")).collect();
        let refused = event("refused", &guests);
        assert!(calendar::examine(None, refused.as_bytes()).is_err());
        let index = calendar::examine(None, event("refused", "").as_bytes()).unwrap();
        ada.keep(Home::Calendars, "a/refused.ics", &refused, index).await;
        let long = format!("DESCRIPTION:{}\r\n", "x".repeat(BLOB_INLINE_MAX));
        let lost = event("lost", &long);
        ada.put(Home::Calendars, "a/lost.ics", &lost).await;
        let lost_card = card("lost").replace("N:Jones", &format!("NOTE:{}\r\nN:Jones", "x".repeat(BLOB_INLINE_MAX)));
        ada.put(Home::Addressbooks, "a/lost.vcf", &lost_card).await;
        let broken = Index { uid: Some("broken".into()), ..Index::default() };
        ada.keep(Home::Addressbooks, "a/broken.vcf", "no card", broken).await;
        for name in ["b", "z"] {
            ada.put(Home::Calendars, &format!("a/{name}.ics"), &event(name, "")).await;
            ada.put(Home::Addressbooks, &format!("a/{name}.vcf"), &card(name)).await;
        }
        ada.put(Home::Calendars, "b/e.ics", &event("e", "")).await;
        ada.spoil().await;
        for text in [&lost, &lost_card] {
            std::fs::remove_file(fresh.files().path(&sha256(text.as_bytes()))).unwrap();
        }
        for home in [Home::Calendars, Home::Addressbooks] {
            ada.unfill(&ada.of(home, "a").await).await;
        }
        ada.unfill(&ada.of(Home::Calendars, "b").await).await;
        for _ in 0..2 {
            assert_eq!(ada.then("a").await, ["b.ics", "lost.ics", "refused.ics", "z.ics"]);
            assert_eq!(ada.then("b").await, ["e.ics"]);
            let cards = ["b.vcf", "broken.vcf", "lost.vcf", "z.vcf"];
            assert_eq!(ada.named("a", "jones").await, cards);
            assert_eq!(ada.members(Home::Addressbooks, "a").await, cards);
            ada.work().await;
        }
        // Where there is a time at which it is not, the object itself says so.
        let (year, free) = (365 * DAY, ["lost.ics"]);
        assert_eq!(ada.within("a", MARCH + year..MARCH + year + DAY).await, free);
    }
}
