//! The index of texts, against a naive look through all of them.

use super::given::{home, moment, put_in, user};
use crate::support::{Random, on_both, raw};
use davenport::domain::indexing;
use davenport::domain::retention::Progress;
use davenport::format::text_match::searchable;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::kernel::search::{Seeker, Term, Text, Wanted};
use davenport::store::blob::Content;
use davenport::store::object::{Arrival, Index};
use davenport::store::search::{self, Next, Segment, Written};
use davenport::store::{Store, change_log, object};
use std::collections::BTreeMap;

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nFN:Ann Jones\r\nEND:VCARD\r\n";

type Texts = BTreeMap<String, String>;

on_both! {
    /// Whatever was put, replaced, moved, copied and removed, and however much of it is in segments.
    async fn a_search_finds_what_looking_through_all_finds(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut random = Random(5);
        let mut there = Texts::new();
        for step in 0..120 {
            change(fresh, ada, of, &mut there, &mut random, step).await;
            if step % 7 == 6 {
                while index(fresh, of).await {}
            }
            let wanted: Wanted = (0..1 + random.below(2)).map(|_| {
                (0..1 + random.below(2)).map(|_| term(&mut random)).collect()
            }).collect();
            let seeker = Seeker::of(&wanted);
            let naive = there.iter().filter(|(_, text)| seeker.finds(text)).map(|(name, _)| name);
            let naive: Vec<String> = naive.cloned().collect();
            let asked = wanted.clone();
            let found = fresh.read(|tx| Box::pin(async move { search::find(tx, of, &asked).await }));
            assert_eq!(found.await.unwrap(), Some(naive), "step {step}: {wanted:?}");
        }
        let segments = fresh.read(move |tx| Box::pin(search::next(tx, of, 1_000_000))).await;
        assert!(matches!(segments.unwrap(), Next::Nothing));
        assert!(raw::rows(&fresh.location, "search_segment").await > 1);
        raw::assert_texts_sound(&fresh.location).await;
    }

    /// The newest text of a segment that is being made goes, and another comes; and the maker is
    /// overtaken by another one.
    async fn a_text_that_comes_while_a_segment_is_made_is_found(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut random = Random(7);
        let text = |value: &str| {
            let mut text = Text::default();
            text.add(2, value);
            text.finish().unwrap()
        };
        for n in 0..8 {
            put(fresh, ada, of, format!("{n}"), text("OTHER"), &mut random).await;
        }
        let (slow, quick) = (reserved(fresh, of).await, reserved(fresh, of).await);
        let delete = fresh.write(move |tx| Box::pin(async move {
            let (number, _) = change_log::take(tx, ada).await?;
            object::delete(tx, of, "7", number).await
        }));
        delete.await.unwrap();
        put(fresh, ada, of, "8".into(), text("SOUGHT"), &mut random).await;
        assert_eq!(written(fresh, slow.clone()).await, Written::Lost);
        assert_eq!(written(fresh, quick).await, Written::All);
        assert_eq!(written(fresh, slow).await, Written::Lost);
        let wanted = vec![vec![Term { tag: 2, text: "SOUGHT".into(), at_start: false, at_end: false }]];
        let found = fresh.read(|tx| Box::pin(async move { search::find(tx, of, &wanted).await }));
        assert_eq!(found.await.unwrap(), Some(vec!["8".to_owned()]));
    }

    /// Those of a usual spelling are looked for by the UID itself, others by what their keys say.
    async fn a_uid_is_found_by_each_of_its_parts_however_it_is_spelt(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let long = "a".repeat(300);
        let uids = ["uid-1@x", "UID-1@X", "Uid-1@x", "uid-11@x", "ÜID-1", "ｕｉｄ-1@x", "u\tx", "U X", &long];
        let put = uids.iter().enumerate().map(|(n, uid)| {
            let mut text = Text::default();
            text.add(2, &searchable(uid));
            let uid = Some((*uid).to_owned());
            (format!("{n}"), Index { uid, text: text.finish(), ..Index::default() })
        });
        let there: Vec<_> = put.collect();
        let all = there.clone();
        let write = fresh.write(move |tx| Box::pin(async move {
            for (name, index) in &all {
                let content = Content::inline(name.clone().into_bytes());
                put_in(tx, ada, of, name, &content, index).await?;
            }
            Ok(())
        }));
        write.await.unwrap();
        for part in uids.iter().chain(&["id-1", "UID", "x", "uid-1@x ", "a"]) {
            for (at_start, at_end) in [(false, false), (true, false), (false, true), (true, true)] {
                let term = Term { tag: 2, text: searchable(part), at_start, at_end };
                let is_in = |index: &Index| term.may_be_in(index.text.as_deref().unwrap());
                let naive: Vec<_> = there.iter().filter(|it| is_in(&it.1)).map(|it| it.0.clone()).collect();
                let asked = term.clone();
                let found = fresh.read(|tx| {
                    Box::pin(async move { search::find_value(tx, of, &asked).await })
                });
                assert_eq!(found.await.unwrap(), Some(naive), "{term:?}");
            }
        }
        let keys = "SELECT count(DISTINCT key) FROM search_text WHERE key % 281474976710656 = 0";
        assert_eq!(raw::int(&fresh.location, keys).await, 3, "of 3, 7 and 8 octets");
    }

    /// Until all of them are entered, the index says that it cannot say.
    async fn objects_from_before_the_index_are_entered(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let content = Content::inline(CARD.as_bytes().to_vec());
        let put = fresh.write(move |tx| Box::pin(async move {
            for name in ["a.vcf", "b.vcf"] {
                put_in(tx, ada, of, name, &content, &Index::default()).await?;
            }
            Ok(())
        }));
        put.await.unwrap();
        fresh.close().await;
        let old = "INSERT INTO search_due (collection_id, fill) SELECT id, '' FROM collection";
        raw::run(&fresh.location, old).await;
        let store = Store::open(&fresh.location, fresh.folder()).await.unwrap();
        let ask = async || {
            let wanted = vec![vec![Term { tag: 2, text: "JON".into(), at_start: false, at_end: false }]];
            let found = store.read(|tx| Box::pin(async move { search::find(tx, of, &wanted).await }));
            found.await.unwrap()
        };
        assert_eq!(ask().await, None);
        while indexing::step(&store).await.unwrap() == Progress::More {}
        assert_eq!(ask().await, Some(vec!["a.vcf".to_owned(), "b.vcf".to_owned()]));
        let gone = store.write(move |tx| Box::pin(async move {
            let mut gone = Vec::new();
            while let n @ 1.. = search::purge(tx, of, 1).await? {
                gone.push(n);
            }
            Ok(gone)
        }));
        assert_eq!(gone.await.unwrap(), [2]);
        assert_eq!(ask().await, Some(Vec::new()));
        store.close().await;
    }
}

fn value(random: &mut Random) -> String {
    let letter = |random: &mut Random| ['A', 'B', 'C', 'Ø'][random.below(4) as usize];
    (0..random.below(7)).map(|_| letter(random)).collect()
}

fn term(random: &mut Random) -> Term {
    let text = Some(value(random)).filter(|text| !text.is_empty());
    let (at_start, at_end) = (random.below(3) == 0, random.below(3) == 0);
    let tag = 2 + random.below(2) as u8;
    Term { tag, text: text.unwrap_or_else(|| "A".into()), at_start, at_end }
}

fn text(random: &mut Random) -> String {
    let mut text = Text::default();
    for _ in 0..1 + random.below(3) {
        text.add(2 + random.below(2) as u8, &value(random));
    }
    if random.below(20) == 0 {
        text.add(2, &"C".repeat(500));
    }
    text.add(4, "always");
    text.finish().unwrap()
}

/// Of a collection's UIDs each is there once, so only what has none is copied.
fn has_no_uid(name: &str) -> bool {
    name.len() == 1
}

/// One piece of the background work, with small segments; whether there may be more.
async fn index(store: &Store, of: CollectionId) -> bool {
    let next = store.read(move |tx| Box::pin(search::next(tx, of, 8))).await.unwrap();
    let done = store.write(move |tx| {
        Box::pin(async move {
            match next {
                Next::Make(run) => {
                    let mut segment = search::reserve(tx, of, run).await?.unwrap();
                    segment.fill(tx).await?;
                    while segment.write(tx).await? == Written::More {}
                }
                Next::GiveUp => search::give_up(tx, of).await?,
                Next::Purge => drop(search::purge_postings(tx, of).await?),
                Next::Nothing => return Ok(false),
            }
            Ok(true)
        })
    });
    done.await.unwrap()
}

/// Reserves a segment of eight texts and reads them.
async fn reserved(store: &Store, of: CollectionId) -> Segment {
    let next = store.read(move |tx| Box::pin(search::next(tx, of, 8))).await.unwrap();
    let Next::Make(run) = next else { panic!("{next:?}") };
    let reserve = store.write(move |tx| Box::pin(search::reserve(tx, of, run)));
    let mut segment = reserve.await.unwrap().unwrap();
    let fill = store.read(|tx| Box::pin(async move { segment.fill(tx).await.map(|()| segment) }));
    fill.await.unwrap()
}

async fn written(store: &Store, mut segment: Segment) -> Written {
    let write = store.write(move |tx| Box::pin(async move { segment.write(tx).await }));
    write.await.unwrap()
}

async fn change(
    store: &Store,
    account: PrincipalId,
    of: CollectionId,
    there: &mut Texts,
    random: &mut Random,
    step: i64,
) {
    let name = format!("{}", random.below(40));
    let other = format!("to {step}");
    match (random.below(10), there.remove(&name)) {
        (0, Some(_)) => {
            let write = store.write(move |tx| {
                Box::pin(async move {
                    let (number, _) = change_log::take(tx, account).await?;
                    object::delete(tx, of, &name, number).await
                })
            });
            write.await.unwrap();
        }
        (verb @ (1 | 2), Some(text)) if has_no_uid(&name) => {
            there.insert(other.clone(), text.clone());
            if verb == 1 {
                there.insert(name.clone(), text);
            }
            let write = store.write(move |tx| {
                Box::pin(async move {
                    let (number, _) = change_log::take(tx, account).await?;
                    let arrival = Arrival { number, at: moment(0), renewed: false };
                    match verb {
                        1 => object::copy(tx, (of, &name), (of, &other), arrival).await,
                        _ => object::rename(tx, (of, &name), (of, &other), arrival).await,
                    }
                })
            });
            write.await.unwrap();
        }
        (_, text) => {
            there.extend(text.map(|text| (name, text)));
            for _ in 0..3 {
                let (name, text) = (format!("{}", random.below(40)), self::text(random));
                there.insert(name.clone(), text.clone());
                put(store, account, of, name, text, random).await;
            }
        }
    }
}

/// Stores an object with this text; its UID and its time may have changed, too.
async fn put(
    store: &Store,
    account: PrincipalId,
    of: CollectionId,
    name: String,
    text: String,
    random: &mut Random,
) {
    let start = random.below(2) as i64 * 10_000;
    let uid = format!("{name} {}", random.below(2));
    let uid = Some(uid).filter(|_| !has_no_uid(&name));
    let range = Some((start, start + 1));
    let index = Index { text: Some(text), range, uid, ..Index::default() };
    let content = Content::inline(name.clone().into_bytes());
    let write = store.write(move |tx| {
        Box::pin(async move { put_in(tx, account, of, &name, &content, &index).await })
    });
    write.await.unwrap();
}
