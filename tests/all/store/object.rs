//! Objects: listings, sync, time ranges, against models.

use super::given::{home, moment, put, put_in, user};
use crate::support::{Random, on_both};
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::ids::{BlobId, CollectionId, PrincipalId};
use davenport::store::blob::{Body, Content};
use davenport::store::object::{Index, SPANS};
use davenport::store::{Store, change_log, object};
use std::collections::BTreeMap;

on_both! {
    async fn what_is_put_is_found(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        put(fresh, ada, of, "b.ics", b"first").await.unwrap();
        let number = put(fresh, ada, of, "b.ics", "zweiter Inhalt: \u{e9}\r\n".as_bytes()).await.unwrap();
        put(fresh, ada, of, "\u{e4}.ics", b"").await.unwrap();
        let files = fresh.files().clone();
        let found = fresh.read(move |tx| Box::pin(async move {
            object::content_at(tx, ada, ("calendars", "b.ics"), &files).await
        })).await.unwrap();
        let (_, it, body) = found.unwrap();
        assert_eq!(body, Body::Inline("zweiter Inhalt: \u{e9}\r\n".as_bytes().to_vec()));
        assert_eq!((it.change, it.size, it.created_at), (number, 20, moment(0)));
        let files = fresh.files().clone();
        let names = ["b.ics", "none.ics", "\u{e4}.ics"].map(str::to_owned);
        let mut some = fresh.read(move |tx| Box::pin(async move {
            object::by_names(tx, of, &names, &files).await
        })).await.unwrap();
        some.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        assert_eq!(some.iter().map(|(o, _)| &o.name[..]).collect::<Vec<_>>(), ["b.ics", "\u{e4}.ics"]);
        assert_eq!(some[1].1, Body::Inline(Vec::new()));
    }

    async fn pages_go_by_octets(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut names = ["a", "B", "_", "a.ics", "a-", "\u{e4}", "z", "Z", "\u{1f600}", "10", "9", "~"];
        for name in names {
            put(fresh, ada, of, name, b"x").await.unwrap();
        }
        names.sort_unstable();
        let (mut after, mut all) = (String::new(), Vec::new());
        loop {
            let from = after.clone();
            let page = fresh.read(|tx| Box::pin(async move { object::page(tx, of, &from, 5).await }));
            let page = page.await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.name.clone();
            all.extend(page.into_iter().map(|o| o.name));
        }
        assert_eq!(all, names);
    }

    async fn a_uid_is_there_once_a_collection(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let with_uid = |name: &'static str| fresh.write(move |tx| Box::pin(async move {
            let index = Index { uid: Some("uid-1".into()), ..Index::default() };
            put_in(tx, ada, of, name, &Content::inline(b"x".to_vec()), &index).await
        }));
        with_uid("a.ics").await.unwrap();
        with_uid("a.ics").await.unwrap();
        assert!(with_uid("b.ics").await.is_err());
        let name = fresh.read(|tx| Box::pin(object::with_uid(tx, of, "uid-1"))).await.unwrap();
        assert_eq!(name.as_deref(), Some("a.ics"));
        assert_eq!(fresh.read(|tx| Box::pin(object::with_uid(tx, of, "UID-1"))).await.unwrap(), None);
    }

    async fn an_update_moves_what_the_indexes_say(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let states = [("one", 0, 7), ("one", 0, 8), ("one", 900_000, 8), ("two", 900_000, 8)];
        for (uid, start, data) in states {
            let range = Some((start, start + 60));
            let index = Index { uid: Some(uid.into()), component: 1, range, ..Index::default() };
            let content = Content::inline(vec![data]);
            fresh.write(move |tx| Box::pin(async move {
                put_in(tx, ada, of, "a", &content, &index).await
            })).await.unwrap();
            let (there, early, late) = fresh.read(move |tx| Box::pin(async move {
                let mut there = Vec::new();
                for uid in ["one", "two"] {
                    there.extend(object::with_uid(tx, of, uid).await?.map(|_| uid));
                }
                let early = object::overlapping(tx, of, 1, (0, 100)).await?.len();
                Ok((there, early, object::overlapping(tx, of, 1, (900_000, 900_100)).await?.len()))
            })).await.unwrap();
            assert_eq!(there, [uid]);
            assert_eq!((early, late), if start == 0 { (1, 0) } else { (0, 1) });
        }
    }

    /// From every past state, what changed and what is gone leads to the present.
    async fn a_sync_equals_the_model(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut random = Random(7);
        let mut history: Vec<Listing> = vec![Listing::new(); 2];
        for step in 0..150 {
            let mut now = history.last().unwrap().clone();
            change_something(fresh, ada, of, &mut now, &mut random, step).await;
            history.push(now);
            let from = random.below(history.len() as u64) as usize;
            let mut client = history[from].clone();
            let page = 1 + random.below(20) as usize;
            let (changed, gone) = sync(fresh, of, from as i64, page).await;
            for (name, _) in &gone {
                client.remove(name);
            }
            for it in &changed {
                client.insert(it.name.clone(), it.blob);
                assert!(gone.iter().all(|(name, _)| *name != it.name), "{} is both", it.name);
            }
            assert_eq!(client, *history.last().unwrap(), "step {step}, from {from}");
        }
    }

    async fn overlapping_ranges_equal_a_naive_filter(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let mut random = Random(11);
        let ranges: Vec<(i64, (i64, i64))> =
            (0..300).map(|_| (1 << random.below(2), range(&mut random))).collect();
        let all = ranges.clone();
        fresh.write(move |tx| Box::pin(async move {
            let content = Content::inline(b"x".to_vec());
            for (i, (component, range)) in all.into_iter().enumerate() {
                let index = Index { component, range: Some(range), ..Index::default() };
                put_in(tx, ada, of, &format!("{i}"), &content, &index).await?;
            }
            put_in(tx, ada, of, "no range", &content, &Index { component: 1, ..Index::default() }).await
        })).await.unwrap();
        let mut hits = 0;
        for _ in 0..150 {
            let (from, to) = range(&mut random);
            let found = fresh.read(move |tx| Box::pin(object::overlapping(tx, of, 1, (from, to))));
            let mut found: Vec<_> = found.await.unwrap().into_iter().map(|it| (it.object.name, it.range)).collect();
            let naive = ranges.iter().enumerate().filter(|(_, (component, range))| {
                *component == 1 && range.0 <= to && range.1 >= from
            });
            let mut naive: Vec<_> = naive.map(|(i, (_, range))| (i.to_string(), *range)).collect();
            found.sort();
            naive.sort();
            assert_eq!(found, naive, "{from} to {to}");
            hits += found.len();
        }
        assert!(hits > 1_000, "{hits}");
    }
}

type Listing = BTreeMap<String, BlobId>;

/// Puts, deletes or renames; each takes one number.
async fn change_something(
    store: &Store,
    account: PrincipalId,
    of: CollectionId,
    model: &mut Listing,
    random: &mut Random,
    step: usize,
) {
    let pick = |random: &mut Random| format!("{}.ics", random.below(10));
    let (name, other, kind) = (pick(random), pick(random), random.below(3));
    let live = model.contains_key(&name);
    if kind == 0 && live {
        let gone = name.clone();
        store
            .write(move |tx| {
                Box::pin(async move {
                    let (number, _) = change_log::take(tx, account).await?;
                    object::delete(tx, of, &gone, number).await
                })
            })
            .await
            .unwrap();
        model.remove(&name);
    } else if kind == 1 && live && !model.contains_key(&other) {
        let (from, to) = (name.clone(), other.clone());
        store
            .write(move |tx| {
                Box::pin(async move {
                    let (number, _) = change_log::take(tx, account).await?;
                    let arrival = object::Arrival { number, at: moment(0), renewed: false };
                    object::rename(tx, (of, &from), (of, &to), arrival).await?;
                    object::bury_name(tx, of, &from, number).await
                })
            })
            .await
            .unwrap();
        let blob = model.remove(&name).unwrap();
        model.insert(other, blob);
    } else {
        let data = format!("content {step}");
        put(store, account, of, &name, data.as_bytes()).await.unwrap();
        let find = name.clone();
        let found = store.read(|tx| Box::pin(async move { object::find(tx, of, &find).await }));
        model.insert(name, found.await.unwrap().unwrap().blob);
    }
}

/// Everything after a number, page by page.
async fn sync(
    store: &Store,
    of: CollectionId,
    from: i64,
    page: usize,
) -> (Vec<object::Object>, Vec<(String, ChangeNumber)>) {
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    let mut after = ChangeNumber(from);
    loop {
        let next = store.read(|tx| Box::pin(object::since(tx, of, after, page))).await.unwrap();
        let Some(last) = next.last() else { break };
        after = last.change;
        changed.extend(next);
    }
    after = ChangeNumber(from);
    loop {
        let next = store.read(|tx| Box::pin(object::gone_since(tx, of, after, page)));
        let next = next.await.unwrap();
        let Some(last) = next.last() else { break };
        after = last.1;
        gone.extend(next);
    }
    (changed, gone)
}

/// A range of any of the spans' lengths and around their bounds, or with an end that is none.
fn range(random: &mut Random) -> (i64, i64) {
    let start = random.below(4_000_000_000) as i64 - 1_000_000_000;
    let span = SPANS.get(random.below(SPANS.len() as u64 + 1) as usize).copied();
    let length = span.unwrap_or(2_000_000_000) - 1 + random.below(3) as i64;
    match random.below(12) {
        0 => (start, i64::MAX),
        1 => (i64::MIN, start),
        2 => (i64::MIN, i64::MAX),
        3 => (start, start + random.below(2) as i64),
        4..8 => (start, start + 1 + random.below(length as u64) as i64),
        _ => (start, start + length),
    }
}
