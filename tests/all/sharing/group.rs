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

/// The one mount in a home, once it is there.
async fn shown(user: &User, home: &str) -> String {
    let begun = Instant::now();
    loop {
        if let Some(found) = mounts_in(user, &format!("{home}/")).await.pop() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing shows in {home}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
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

    /// A calendar and an address book of a group: its members use them by what is granted to it, each with
    /// his own alarms, and who leaves has nothing more from the next request on.
    async fn members_use_what_their_group_owns(member: User, other: User) {
        let name = group(&member, vec![member.name.clone(), other.name.clone()]).await;
        let admin = member.server.account(|new| new.administrator = true).await;
        let to = format!("/dav/principals/groups/{name}/");
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:C\r\nN:C;;;;\r\nEND:VCARD\r\n";
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
        let rings = event("a").replace("END:VEVENT", &format!("{alarm}END:VEVENT"));
        for (home, object, text) in [("calendars", "a.ics", rings.as_str()), ("addressbooks", "c.vcf", card)] {
            let at = format!("/dav/{home}/{name}/plan/");
            admin.mkcol(&at).await;
            share(&admin, &at, &[(&to, Some("read-write"))]).await.expect(200);
            let (mine, theirs) = (shown(&member, home).await, shown(&other, home).await);
            member.put(&format!("{mine}{object}"), text).await;
            let got = other.get(&format!("{theirs}{object}")).await.expect(200).text();
            assert_eq!(got, if home == "calendars" { event("a") } else { card.to_owned() });
            assert_eq!(member.get(&format!("{mine}{object}")).await.expect(200).text(), text);
            other.get(&format!("{at}{object}")).await.expect(200);
        }
        let mine = [shown(&member, "calendars").await, shown(&member, "addressbooks").await];
        let token = sync(&member, "calendars/", "", None).await.sync_token.unwrap();
        change(&admin, &name, vec![], vec![member.name.clone()]).await;
        for mount in &mine {
            member.get(mount).await.expect(404);
            member.send("PROPFIND", mount, &[("Depth", "1")], "").await.expect(404);
        }
        let put = member.send("PUT", &format!("{}b.ics", mine[0]), &[], event("b")).await;
        assert!([404, 409].contains(&put.status.as_u16()), "409 once the name is gone: {put}");
        member.get(&format!("/dav/calendars/{name}/plan/a.ics")).await.expect(403);
        member.get(&format!("/dav/calendars/{name}/plan/none.ics")).await.expect(403);
        // The names follow in a moment, and the home tells of it.
        let begun = Instant::now();
        let news = loop {
            let news = sync(&member, "calendars/", &token, None).await;
            if !news.responses.is_empty() || begun.elapsed() > Duration::from_secs(30) {
                break news;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(news.of(&mine[0]).status, Some(404));
        assert_eq!(mounts_in(&other, "calendars/").await.len(), 1);
    }

    /// A folder and a calendar of a group that everyone may read: who signs in does, at its address; who
    /// does not is asked for a password, unless it is so set.
    async fn public_folders_are_for_everyone(plain: User, stranger: User) {
        for discreet in [false, true] {
            let server = if discreet { plain.server.discreet().await } else { plain.server };
            let (stranger, anyone) = match discreet {
                true => (server.user().await, 200),
                false => (User { server, name: stranger.name.clone(), password: stranger.password.clone() }, 401),
            };
            let admin = server.account(|new| new.administrator = true).await;
            let name = group(&admin, vec![]).await;
            for (path, object, text) in
                [("files", "f.txt", "text".to_owned()), ("calendars", "a.ics", event("a"))]
            {
                let at = format!("/dav/{path}/{name}/open/");
                admin.mkcol(&at).await;
                let object = format!("{at}{object}");
                admin.put(&object, &text).await;
                stranger.get(&object).await.expect(403);
                let who = if discreet { "<D:all/>" } else { "<D:authenticated/>" };
                let list = format!("<D:ace><D:principal>{who}</D:principal><D:grant><D:privilege><D:read/>\
                                    </D:privilege></D:grant></D:ace>");
                admin.send("ACL", &at, &[], document("D:acl", &list)).await.expect(200);
                assert_eq!(stranger.get(&object).await.expect(200).text(), text);
                stranger.propfind(&at, "1", "<D:getetag/>").await;
                stranger.send("PUT", &object, &[], &text).await.expect(403);
                stranger.delete(&object).await.expect(403);
                server.send("GET", &object, &[], "").await.expect(anyone);
                server.send("PUT", &object, &[], &text).await.expect(401);
                server.send("DELETE", &at, &[], "").await.expect(401);
                assert!(mounts_in(&stranger, "calendars/").await.is_empty());
            }
        }
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
