//! Where people answer before anything shows in their homes (`sharing.auto_accept = false`).

use crate::support::{Fresh, on_both};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::collection::acl::{Ace, Grantee, Origin, set};
use davenport::domain::collection::{Access, Guard, Home, Place, item, list};
use davenport::domain::directory::{Kind, Principal};
use davenport::domain::sharing::Level;
use davenport::domain::sharing::invite::{Change, Whom, answer, reply, share};
use davenport::domain::sharing::settle::step;
use davenport::format::xml::parse;
use davenport::kernel::clock;
use davenport::kernel::privilege::Privileges;
use davenport::protocol::dav::notification;
use davenport::store::mount;

async fn user(fresh: &Fresh, name: &str) -> Access {
    let new = NewAccount::of(Kind::User, name);
    let who: Principal = account::create(fresh, new, clock::now()).await.unwrap();
    Access::new((**fresh).clone(), who, "test", clock::now())
}

fn place(of: &Access, names: &str) -> Place {
    Place::new(of.who.id, &of.who.name, Home::Calendars, names).unwrap()
}

/// How many mounts show in a home.
async fn shown(of: &Access) -> usize {
    let want = list::Want { children: true, ..list::Want::default() };
    let sight = list::see(of, &place(of, "/"), want).await.unwrap();
    sight.children.iter().filter(|(it, _)| list::is_mount(it)).count()
}

async fn state(fresh: &Fresh, of: &Access) -> Vec<i64> {
    let id = of.who.id;
    let all = fresh.read(move |tx| Box::pin(mount::of_account(tx, id))).await.unwrap();
    all.into_iter().map(|it| it.state).collect()
}

on_both! {
    /// caldav-sharing §5.4.1: an invitation shows nothing until it is accepted, whatever runs meanwhile;
    /// who declines stays left alone.
    async fn nothing_shows_before_the_answer(fresh: Fresh) {
        let (owner, sharee) = (user(fresh, "alice").await, user(fresh, "bob").await);
        let want = list::Want { children: true, ..list::Want::default() };
        let sight = list::see(&owner, &place(&owner, "/"), want).await.unwrap();
        let calendar = sight.children.iter().find(|(it, _)| it.components == 1).unwrap();
        let at = place(&owner, "/").at(&calendar.0.path, true);
        let ace = Ace {
            to: Grantee::Principal(Kind::User, "bob".into()),
            privileges: Privileges::READ,
            origin: Origin::Own,
        };
        set(&owner, &at, vec![ace], Guard::default()).await.unwrap();
        for _ in 0..2 {
            step(fresh, sharee.who.id, false, clock::now()).await.unwrap();
            assert_eq!((shown(&sharee).await, state(fresh, &sharee).await), (0, vec![mount::INVITED]));
        }
        let home = place(&sharee, "/");
        let shows = reply(&sharee, &home, &at, true, Some("Ours".into())).await.unwrap();
        assert!(shows.is_some_and(|it| it.name().starts_with("shared-")));
        assert_eq!((shown(&sharee).await, state(fresh, &sharee).await), (1, vec![mount::MOUNTED]));
        assert_eq!(reply(&sharee, &home, &at, false, None).await.unwrap(), None);
        step(fresh, sharee.who.id, true, clock::now()).await.unwrap();
        assert_eq!((shown(&sharee).await, state(fresh, &sharee).await), (0, vec![mount::DECLINED]));
        // What is not shared any more cannot be accepted.
        set(&owner, &at, vec![], Guard::default()).await.unwrap();
        assert!(reply(&sharee, &home, &at, true, None).await.is_err());
        step(fresh, sharee.who.id, true, clock::now()).await.unwrap();
        assert!(state(fresh, &sharee).await.is_empty());
    }

    /// draft-pot-webdav-resource-sharing §4.6.1, §4.7.1: who has not answered is told where to, and his
    /// answer brings the calendar into the home that he names; the notification goes.
    async fn a_notification_says_where_to_answer(fresh: Fresh) {
        let (owner, sharee) = (user(fresh, "alice").await, user(fresh, "bob").await);
        let want = list::Want { children: true, ..list::Want::default() };
        let sight = list::see(&owner, &place(&owner, "/"), want).await.unwrap();
        let calendar = sight.children.iter().find(|(it, _)| it.components == 1).unwrap();
        let at = place(&owner, "/").at(&calendar.0.path, true);
        let change = Change {
            whom: Whom::Principal(Kind::User, "bob".into()),
            level: Some(Level::Read),
            common_name: String::new(),
            summary: "Ours".into(),
        };
        share(&owner, &at, vec![change], Guard::default()).await.unwrap();
        step(fresh, sharee.who.id, false, clock::now()).await.unwrap();
        let id = sharee.who.id;
        let told = fresh.read(move |tx| Box::pin(mount::of_account(tx, id))).await.unwrap();
        let notice = place(&sharee, &format!("notifications/{}.xml", told[0].uid));
        let (_, _, content) = item::read(&sharee, &notice).await.unwrap().unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("accept", notification::MEDIA_TYPE.parse().unwrap());
        let told = notification::form(&headers, &content, Some(&notice)).unwrap();
        let told = parse(&told).unwrap();
        let told = told.child("DAV:", "share-invite-notification").unwrap();
        assert!(told.child("DAV:", "invite-noresponse").is_some());
        let url = told.child("DAV:", "reply-url").unwrap().child("DAV:", "href").unwrap();
        assert_eq!(url.text(), format!("/dav/{}", notice.dav_path()));
        let name = told.child("DAV:", "prop").unwrap().child("DAV:", "displayname").unwrap();
        assert_eq!(name.text(), "Ours");
        let wrong = Place::new(id, "bob", Home::Addressbooks, "/").unwrap();
        assert!(answer(&sharee, &notice, Some(wrong), None).await.is_err());
        assert_eq!(shown(&sharee).await, 0);
        let home = place(&sharee, "/");
        assert!(answer(&sharee, &notice, Some(home), Some("T".into())).await.unwrap().is_some());
        assert_eq!((shown(&sharee).await, state(fresh, &sharee).await), (1, vec![mount::MOUNTED]));
        assert!(item::read(&sharee, &notice).await.is_err());
    }
}
