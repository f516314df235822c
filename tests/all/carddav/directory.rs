//! The directory as an address book (draft-daboo-carddav-directory-gateway): who finds whom in it,
//! and that it follows the directory by itself.

use super::card;
use crate::support::dav::{Answer, Server, User, dialogues, document};
use crate::support::on_both;
use davenport::domain::account::{self, NewAccount, Ties};
use davenport::domain::collection::{Access, Home, Place, list};
use davenport::domain::contacts::{self, Query};
use davenport::domain::directory::admin::{self, Changes};
use davenport::domain::directory::{BOOK_ACCOUNT, BOOK_OWNER, Kind, lookup};
use davenport::domain::directory_book;
use davenport::format::text_match::{Collation, Relation, TextMatch};
use davenport::format::vcard::filter::{Filter, PropFilter};
use davenport::format::xml::Element;
use davenport::kernel::clock;
use davenport::store::principal::{self, NewPrincipal};
use std::time::{Duration, Instant};

const BOOK: &str = "/dav/addressbooks/-directory/people/";

async fn search(user: &User, property: &str, text: &str) -> Vec<String> {
    let filter = format!(
        "<D:prop><D:getetag/><A:address-data/></D:prop><A:filter><A:prop-filter name=\"{property}\">\
         <A:text-match match-type=\"contains\">{text}</A:text-match></A:prop-filter></A:filter>"
    );
    let answer = user.report(BOOK, "1", "A:addressbook-query", &filter).await;
    // Before the first start has made it there is none.
    if answer.status == 404 || answer.status == 403 {
        return Vec::new();
    }
    let found = answer.expect(207).multistatus();
    found.responses.iter().map(|r| r.text("address-data")).collect()
}

/// The cards found once there are so many: the book follows within a moment.
async fn found(user: &User, property: &str, text: &str, count: usize) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let cards = search(user, property, text).await;
        if cards.len() == count || begun.elapsed() > Duration::from_secs(30) {
            assert_eq!(cards.len(), count, "{text}: {cards:?}");
            return cards;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn made(server: &'static Server, kind: Kind, name: &str, title: &str, members: &[&str]) {
    let store = server.store.clone();
    let new = NewAccount { display_name: title.to_owned(), ..NewAccount::of(kind, name) };
    let members = members.iter().map(|m| (*m).to_owned()).collect();
    let ties = Ties { members, ..Ties::default() };
    let work = async move { account::create_tied(&store, new, ties, clock::now()).await };
    server.on(work).await.unwrap();
}

async fn changed(server: &'static Server, name: &str, changes: Changes) {
    let (store, name) = (server.store.clone(), name.to_owned());
    server.on(async move { admin::change(&store, &name, None, changes).await }).await.unwrap();
}

fn line<'c>(card: &'c str, start: &str) -> &'c str {
    card.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start} in {card}"))
}

fn refused(answer: Answer) {
    assert_eq!(answer.status, 403, "{answer}");
    assert!(answer.text().contains("need-privileges"), "{answer}");
}

dialogues! {
    /// Draft §3, §6: the principal says where it is; a search finds people, groups and rooms, each
    /// with a UID that stays.
    async fn everyone_finds_everyone(user: User) {
        let (server, tail) = (user.server, user.name.clone());
        let (ann, room, all) = (format!("ann-{tail}"), format!("room-{tail}"), format!("all-{tail}"));
        made(server, Kind::User, &ann, &format!("Ann Zimt{tail}q"), &[]).await;
        made(server, Kind::Resource, &room, &format!("Room Zimt{tail}q"), &[]).await;
        made(server, Kind::Group, &all, &format!("All Zimt{tail}q"), &[&ann, &user.name]).await;
        let told = user.propfind(&user.principal(), "0", "<A:directory-gateway/>").await;
        let gateway = told.only().prop("directory-gateway");
        assert_eq!(gateway.elements().next().unwrap().text(), BOOK);
        let cards = found(&user, "FN", &format!("zimt{tail}Q"), 3).await;
        let own = user.propfind(&user.principal(), "0", "<A:principal-address/>").await;
        let own = own.only().prop("principal-address").elements().next().unwrap().text().into_owned();
        assert!(user.get(&own).await.expect(200).text().contains(&format!("FN:{}", user.name)));
        let of = |name: &str| cards.iter().find(|c| c.contains(&format!("FN:{name} Z"))).unwrap();
        assert_eq!(line(of("Ann"), "N:"), format!("N:Zimt{tail}q;Ann;;;"));
        assert_eq!(line(of("Ann"), "EMAIL"), format!("EMAIL;TYPE=INTERNET,PREF:{ann}@localhost"));
        assert_eq!(line(of("Ann"), "CALADRURI"), format!("CALADRURI:mailto:{ann}@localhost"));
        assert_eq!(line(of("Room"), "X-ADDRESSBOOKSERVER-KIND"), "X-ADDRESSBOOKSERVER-KIND:location");
        let uid = line(of("Ann"), "UID:").replace("UID:", "");
        assert!(of("All").contains(&format!("X-ADDRESSBOOKSERVER-MEMBER:{uid}")));
        assert_eq!(of("All").matches("-MEMBER:").count(), 2);
        // It follows what changes.
        let token = user.propfind(BOOK, "0", "<D:sync-token/>").await.only().text("sync-token");
        let name = Some(format!("Ann Mohn{tail}q"));
        changed(server, &ann, Changes { display_name: name, ..Changes::default() }).await;
        let again = found(&user, "FN", &format!("mohn{tail}q"), 1).await;
        assert_eq!(line(&again[0], "UID:"), format!("UID:{uid}"));
        let content = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>\
            <D:prop><A:address-data/></D:prop>");
        let news = user.send("REPORT", BOOK, &[], document("D:sync-collection", &content)).await;
        let news = news.expect(207).multistatus();
        let text = |r: &crate::support::dav::Response| r.element.to_standalone();
        assert!(news.responses.iter().any(|r| text(r).contains(&format!("Mohn{tail}q"))));
        assert!(!news.responses.iter().any(|r| text(r).contains(&format!("FN:Room Zimt{tail}q"))));
        // Whoever may not sign in, or is gone, is in it no longer.
        changed(server, &ann, Changes { locked: Some(true), ..Changes::default() }).await;
        found(&user, "FN", &format!("mohn{tail}q"), 0).await;
        let all = found(&user, "FN", &format!("all zimt{tail}q"), 1).await;
        assert_eq!(all[0].matches("-MEMBER:").count(), 1);
        let (store, gone) = (server.store.clone(), room.clone());
        server.on(async move { account::delete(&store, &gone, None, clock::now()).await }).await.unwrap();
        found(&user, "FN", &format!("room zimt{tail}q"), 0).await;
    }

    /// Draft §4.1, §7; RFC 3744: it is a directory, in nobody's home, and nobody changes anything of
    /// it, administrators included.
    async fn nobody_changes_the_directory(user: User) {
        let admin = user.server.account(|new| new.administrator = true).await;
        let own = found(&user, "EMAIL", &format!("{}@localhost", user.name), 1).await;
        let uid = line(&own[0], "UID:").replace("UID:urn:uuid:", "");
        let member = format!("{BOOK}{uid}.vcf");
        let kinds = "<D:resourcetype/><D:current-user-privilege-set/><D:owner/><A:addressbook-home-set/>";
        for who in [&user, &admin] {
            let told = who.propfind(BOOK, "0", kinds).await;
            let told = told.only();
            let kind = told.prop("resourcetype");
            for name in ["addressbook", "directory"] {
                assert!(kind.child("urn:ietf:params:xml:ns:carddav", name).is_some(), "{name}");
            }
            let rights = told.prop("current-user-privilege-set").to_standalone();
            let no = ["write", "bind", "all/>", "unlock"];
            assert!(rights.contains("read") && !no.iter().any(|n| rights.contains(n)), "{rights}");
            assert_eq!(told.prop("owner").elements().count(), 0);
            let home: &Element = told.prop("addressbook-home-set");
            assert_eq!(home.elements().next().unwrap().text(), who.path("addressbooks/"));
            who.get(&member).await.expect(200);
            let to = format!("{BOOK}new.vcf");
            let set = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
            refused(who.send("PUT", &member, &[], card(&uid, "")).await);
            refused(who.send("PUT", &to, &[], card("new", "")).await);
            refused(who.delete(&member).await);
            refused(who.delete(BOOK).await);
            refused(who.proppatch(BOOK, set).await);
            refused(who.proppatch("/dav/addressbooks/-directory/", set).await);
            refused(who.proppatch(&member, set).await);
            refused(who.send("MKCOL", "/dav/addressbooks/-directory/more/", &[], "").await);
            refused(who.send("ACL", BOOK, &[], document("D:acl", "")).await);
            let away = who.path("addressbooks/taken/");
            refused(who.send("MOVE", BOOK, &[("Destination", &away)], "").await);
            refused(who.send("POST", BOOK, &[("Content-Type", "text/vcard")], card("n", "")).await);
            let copy = who.path("addressbooks/own/me.vcf");
            who.mkcol("addressbooks/own/").await;
            who.send("COPY", &member, &[("Destination", &copy)], "").await.expect(201);
        }
        let home = user.path("addressbooks/");
        assert!(!user.propfind(&home, "1", "<D:displayname/>").await.hrefs().contains(&BOOK));
        let stranger = user.server.send("GET", &member, &[], "").await;
        assert_eq!(stranger.status, 401);
    }
}

on_both! {
    /// A directory of 1 200 is brought into the book and searched by its index; switched off, the book
    /// is gone; on again, it is whole.
    async fn a_large_directory_is_searched(fresh: Fresh) {
        let store = fresh.store.clone();
        let now = clock::now();
        let fill = store.write(move |tx| {
            Box::pin(async move {
                for n in 0..1_200 {
                    let (name, display_name) = (format!("n{n}"), format!("Nora Nummer{n}"));
                    let (name, display_name) = (name.as_str(), display_name.as_str());
                    let (password, administrator, quota) = (None, n == 7, None);
                    let row = NewPrincipal { kind: 1, name, display_name, password, administrator, quota, zone: None, at: now };
                    let id = principal::insert(tx, &row).await?;
                    principal::add_address(tx, id, &format!("{name}@example.org")).await?;
                }
                Ok(())
            })
        });
        fill.await.unwrap();
        let begun = Instant::now();
        directory_book::step(&store, true, now).await.unwrap();
        let filled = begun.elapsed();
        let begun = Instant::now();
        directory_book::step(&store, true, now).await.unwrap();
        println!("1 200 entries: filled in {filled:?}, compared in {:?}", begun.elapsed());
        let who = lookup::by_name(&store, "n3").await.unwrap().unwrap();
        let access = Access::new(store.clone(), who, "test", now);
        let book = || Place::new(BOOK_ACCOUNT, BOOK_OWNER, Home::Addressbooks, "people/").unwrap();
        let sight = list::see(&access, &book(), list::Want::default()).await.unwrap();
        let it = sight.found.collection().unwrap();
        assert_eq!(it.member_count, 1_200);
        let text = TextMatch::new("n77@", Collation::UnicodeCasemap, Relation::Contains, false);
        let email = PropFilter { name: "EMAIL".into(), texts: vec![text], ..PropFilter::default() };
        let filter = Filter { all: true, props: vec![email] };
        let query = Query { filter, contents: true, only: None, limit: usize::MAX };
        let begun = Instant::now();
        let found = contacts::matching(&access, (it.account, it.id), &query).await.unwrap();
        println!("one of 1 200 found in {:?}", begun.elapsed());
        assert_eq!(found.len(), 1);
        directory_book::step(&store, false, now).await.unwrap();
        assert!(list::see(&access, &book(), list::Want::default()).await.is_err());
        directory_book::step(&store, true, now).await.unwrap();
        let again = list::see(&access, &book(), list::Want::default()).await.unwrap();
        assert_eq!(again.found.collection().unwrap().member_count, 1_200);
    }
}
