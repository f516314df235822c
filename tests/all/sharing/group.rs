//! What is shared with a group, and what a group owns.

use super::*;
use crate::support::dav::dialogues;
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, admin};
use davenport::kernel::clock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fresh group of these; gives its name.
async fn group(of: &User, members: Vec<String>) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("team{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (store, made) = (of.server.store.clone(), name.clone());
    of.server
        .on(async move {
            account::create(&store, NewAccount::of(Kind::Group, made.clone()), clock::now())
                .await
                .unwrap();
            admin::change_members(&store, &made, members, vec![]).await.unwrap();
        })
        .await;
    name
}

async fn change(of: &User, group: &str, add: Vec<String>, remove: Vec<String>) {
    let (store, group) = (of.server.store.clone(), group.to_owned());
    of.server
        .on(async move { admin::change_members(&store, &group, add, remove).await.unwrap() })
        .await;
}

dialogues! {
    /// Each member has a mount of his own, groups in groups included, and it comes and goes with the
    /// membership; who declines does so for himself alone.
    async fn members_have_what_is_shared_with_their_group(owner: User, one: User, other: User) {
        owner.mkcol("calendars/work/").await;
        let inner = group(&owner, vec![other.name.clone()]).await;
        let outer = group(&owner, vec![one.name.clone(), inner.clone()]).await;
        let to = format!("/dav/principals/groups/{outer}/");
        share(&owner, "calendars/work/", &[(&to, Some("read-write"))]).await.expect(200);
        let (first, second) = (mounted(&one).await, mounted(&other).await);
        one.put(&format!("{first}a.ics"), event("a")).await;
        other.get(&format!("{second}a.ics")).await.expect(200);
        one.delete(&first).await.expect(204);
        assert_eq!(mounted(&other).await, second);
        change(&owner, &inner, vec![], vec![other.name.clone()]).await;
        mounts(&other, 0).await;
        change(&owner, &outer, vec![other.name.clone()], vec![]).await;
        mounted(&other).await;
        assert!(mounts_in(&one, "calendars/").await.is_empty(), "he declined");
    }

    /// The calendars of a group show to its members, when they are made and when a right is granted.
    async fn what_a_group_owns_shows_to_its_members(member: User, stranger: User) {
        let name = group(&member, vec![member.name.clone()]).await;
        let admin = member.server.account(|new| new.administrator = true).await;
        let home = format!("/dav/calendars/{name}/");
        admin.mkcol(&format!("{home}plan/")).await;
        let list = "<D:ace><D:principal><D:property><D:owner/></D:property></D:principal><D:grant>\
                    <D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>";
        admin.send("ACL", &home, &[], document("D:acl", list)).await.expect(200);
        let plan = mounted(&member).await;
        member.put(&format!("{plan}a.ics"), event("a")).await;
        let owner = member.propfind(&plan, "0", "<D:owner/>").await;
        let owner = owner.only().prop("owner").child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(owner, format!("/dav/principals/groups/{name}/"));
        admin.mkcol(&format!("{home}second/")).await;
        mounts(&member, 2).await;
        assert!(mounts_in(&stranger, "calendars/").await.is_empty());
    }

    /// A change in what is shared with many writes nothing to any of them.
    async fn a_change_costs_the_same_however_many_have_it(owner: User, one: User) {
        owner.mkcol("calendars/work/").await;
        let store = owner.server.store.clone();
        let made = owner.server.on(async move {
            let mut names = Vec::new();
            for n in 0..100 {
                let new = NewAccount::of(Kind::Resource, format!("m{n}-{}", davenport::kernel::secret::uuid().to_lowercase()));
                names.push(account::create(&store, new, clock::now()).await.unwrap());
            }
            names
        }).await;
        let mut names: Vec<_> = made.iter().map(|it| it.name.clone()).collect();
        names.push(one.name.clone());
        let ids: Vec<_> = made.iter().map(|it| it.id).collect();
        let all = group(&owner, names).await;
        share(&owner, "calendars/work/", &[(&format!("/dav/principals/groups/{all}/"), Some("read"))]).await.expect(200);
        let mount = mounted(&one).await;
        let (store, sum) = (owner.server.store.clone(), ids.clone());
        // The last change of each, and how many of them have it.
        let state = move || {
            let (store, ids) = (store.clone(), sum.clone());
            async move {
                store.read(move |tx| Box::pin(async move {
                    let (mut numbers, mut mounts) = (0, 0);
                    for id in ids {
                        numbers += davenport::store::change_log::current(tx, id).await?.0.0;
                        mounts += davenport::store::mount::of_account(tx, id).await?.len();
                    }
                    Ok((numbers, mounts))
                })).await.unwrap()
            }
        };
        let begun = Instant::now();
        let before = loop {
            let now = owner.server.on(state()).await;
            if now.1 == 100 {
                break now;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{now:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        owner.put("calendars/work/a.ics", event("a")).await;
        one.get(&format!("{mount}a.ics")).await.expect(200);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(owner.server.on(state()).await, before, "nobody who has it is written to");
    }
}
