//! Properties, grants and locks.

use super::given::{home, moment, user};
use crate::support::on_both;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::kernel::privilege::Privileges;
use davenport::store::ace::{AUTHENTICATED, Grant};
use davenport::store::lock::Lock;
use davenport::store::property::Property;
use davenport::store::{Store, Tx, ace, lock, property};

const ONE: CollectionId = CollectionId(1);
const TWO: CollectionId = CollectionId(2);
const ADA: PrincipalId = PrincipalId(1);
const BOB: PrincipalId = PrincipalId(2);

on_both! {
    async fn properties_are_set_copied_moved_and_cleared(fresh: Fresh) {
        fresh.write(|tx| Box::pin(async move {
            set(tx, ONE, "a.ics", "color", "red").await?;
            set(tx, ONE, "a.ics", "color", "blue").await?;
            set(tx, ONE, "a.ics", "order", "1").await?;
            set(tx, ONE, "", "color", "green").await?;
            set(tx, TWO, "", "color", "white").await?;
            property::copy(tx, (ONE, "a.ics"), (TWO, "b.ics")).await?;
            property::rename(tx, (ONE, "a.ics"), (ONE, "c.ics")).await?;
            property::remove(tx, TWO, "b.ics", ("urn:x", "order")).await?;
            property::remove(tx, TWO, "b.ics", ("urn:x", "none")).await
        })).await.unwrap();
        assert_eq!(of(fresh, ONE, "a.ics").await, [""; 0]);
        assert_eq!(of(fresh, ONE, "c.ics").await, ["color=blue", "order=1"]);
        assert_eq!(of(fresh, TWO, "b.ics").await, ["color=blue"]);
        assert_eq!(of(fresh, ONE, "").await, ["color=green"]);
        let many = fresh.read(|tx| Box::pin(property::of_many(tx, &[2, 1, 77]))).await.unwrap();
        let many: Vec<_> = many.into_iter().map(|(id, p)| (id, p.value)).collect();
        assert_eq!(many, [(ONE, "green".to_owned()), (TWO, "white".to_owned())]);
        let some = fresh.read(|tx| Box::pin(property::of_objects(tx, ONE, "", "c.ics"))).await.unwrap();
        assert_eq!(some.len(), 2, "the collection's own are not among its objects'");
        fresh.write(|tx| Box::pin(async move {
            property::clear(tx, ONE, "").await?;
            property::purge(tx, TWO).await
        })).await.unwrap();
        assert_eq!(of(fresh, ONE, "").await, [""; 0]);
        assert_eq!(of(fresh, ONE, "c.ics").await.len(), 2);
        assert_eq!(of(fresh, TWO, "b.ics").await, [""; 0]);
    }

    async fn grants_are_set_replaced_and_removed(fresh: Fresh) {
        let owner = user(fresh, "ada").await;
        let of = home(fresh, owner).await;
        let grant = |to, privileges| Grant { to, privileges };
        fresh.write(move |tx| Box::pin(async move {
            ace::set(tx, of, grant(BOB, Privileges::ALL)).await?;
            ace::set(tx, of, grant(BOB, Privileges::READ)).await?;
            ace::set(tx, of, grant(AUTHENTICATED, Privileges::READ)).await?;
            ace::set(tx, TWO, grant(BOB, Privileges::ALL)).await
        })).await.unwrap();
        let both = [grant(AUTHENTICATED, Privileges::READ), grant(BOB, Privileges::READ)];
        assert_eq!(fresh.read(|tx| Box::pin(ace::of(tx, of))).await.unwrap(), both);
        let to = |who: PrincipalId, path: &'static str| async move {
            let all = fresh.read(move |tx| Box::pin(async move { ace::to_any(tx, owner, &[who.0]).await }));
            let at = fresh.read(move |tx| Box::pin(async move {
                ace::to_any_at(tx, owner, &[who.0], &[path.to_owned()]).await
            }));
            (all.await.unwrap(), at.await.unwrap())
        };
        let found = vec![("calendars".to_owned(), Privileges::READ)];
        assert_eq!(to(BOB, "calendars").await, (found.clone(), found.clone()));
        assert_eq!(to(BOB, "files").await, (found, vec![]));
        assert_eq!(to(PrincipalId(77), "calendars").await, (vec![], vec![]));
        fresh.write(move |tx| Box::pin(async move {
            let had = ace::of(tx, of).await?;
            ace::change(tx, of, &had, &[grant(BOB, Privileges::ALL), grant(ADA, Privileges::READ)]).await
        })).await.unwrap();
        let other = [grant(ADA, Privileges::READ), grant(BOB, Privileges::ALL)];
        assert_eq!(fresh.read(|tx| Box::pin(ace::of(tx, of))).await.unwrap(), other);
        fresh.write(move |tx| Box::pin(async move {
            ace::change(tx, of, &other, &both).await
        })).await.unwrap();
        fresh.write(move |tx| Box::pin(ace::set(tx, of, grant(BOB, Privileges::NONE)))).await.unwrap();
        assert_eq!(fresh.read(|tx| Box::pin(ace::of(tx, of))).await.unwrap(), both[..1]);
        fresh.write(|tx| Box::pin(ace::purge_principal(tx, BOB))).await.unwrap();
        assert_eq!(fresh.read(|tx| Box::pin(ace::of(tx, TWO))).await.unwrap(), []);
        fresh.write(move |tx| Box::pin(ace::purge(tx, of))).await.unwrap();
        assert_eq!(fresh.read(|tx| Box::pin(ace::of(tx, of))).await.unwrap(), []);
    }

    async fn locks_end_in_time_by_token_or_with_their_path(fresh: Fresh) {
        let all = ["h/a", "h/a/b", "h/ab", "h/a-", "h/\u{e4}"];
        fresh.write(move |tx| Box::pin(async move {
            for (i, path) in all.into_iter().enumerate() {
                lock::insert(tx, ADA, &a_lock(path, 10 + i as i64)).await?;
            }
            lock::insert(tx, BOB, &a_lock("bob's", 100)).await
        })).await.unwrap();
        assert_eq!(locks(fresh, 9).await, ["h/a", "h/a-", "h/a/b", "h/ab", "h/\u{e4}"]);
        assert_eq!(locks(fresh, 10).await, ["h/a-", "h/a/b", "h/ab", "h/\u{e4}"]);
        fresh.write(|tx| Box::pin(lock::refresh(tx, "urn:uuid:h/a", moment(90)))).await.unwrap();
        assert_eq!(locks(fresh, 50).await, ["h/a"]);
        fresh.write(|tx| Box::pin(lock::remove_at(tx, ADA, "h/a"))).await.unwrap();
        assert_eq!(locks(fresh, 0).await, ["h/a-", "h/ab", "h/\u{e4}"]);
        fresh.write(|tx| Box::pin(lock::remove(tx, "urn:uuid:h/ab"))).await.unwrap();
        assert_eq!(locks(fresh, 0).await, ["h/a-", "h/\u{e4}"]);
        assert_eq!(fresh.write(|tx| Box::pin(lock::expire(tx, moment(13)))).await.unwrap(), 1);
        assert_eq!(locks(fresh, 0).await, ["h/\u{e4}"]);
        let mine = fresh.read(|tx| Box::pin(lock::of_account(tx, BOB, moment(0)))).await.unwrap();
        assert_eq!(mine, [a_lock("bob's", 100)]);
    }
}

async fn set(tx: &mut Tx, of: CollectionId, object: &str, name: &str, value: &str) -> Outcome<()> {
    let (namespace, name, value) = ("urn:x".into(), name.into(), value.into());
    property::set(tx, of, object, &Property { namespace, name, value }).await
}

async fn of(store: &Store, of: CollectionId, object: &'static str) -> Vec<String> {
    let all = store.read(|tx| Box::pin(property::of(tx, of, object))).await.unwrap();
    all.into_iter().map(|p| format!("{}={}", p.name, p.value)).collect()
}

fn a_lock(path: &str, ends: i64) -> Lock {
    Lock {
        token: format!("urn:uuid:{path}"),
        path: path.into(),
        infinite: true,
        exclusive: false,
        owner: "<owner/>".into(),
        principal: ADA,
        expires_at: moment(ends),
    }
}

async fn locks(store: &Store, now: i64) -> Vec<String> {
    let all = store.read(|tx| Box::pin(lock::of_account(tx, ADA, moment(now)))).await.unwrap();
    all.into_iter().map(|lock| lock.path).collect()
}
