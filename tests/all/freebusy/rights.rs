//! Who may know when somebody is busy (RFC 6638 §6.1.4, §11.3; RFC 4791 §6.1.1).

use super::*;
use davenport::domain::availability::{self, Answer as Told, Open, Question};
use davenport::domain::collection::Access;
use davenport::domain::directory::admin;

/// The periods that somebody is told on a server that is not open, or none.
pub async fn ask_closed(asker: &User, of: &User, address: &str) -> Option<Vec<String>> {
    let (store, name) = (of.server.store.clone(), asker.name.clone());
    let address = address.to_owned();
    let answers = of.server.on(async move {
        let who = admin::profile(&store, &name, None).await?.principal;
        let access = Access::new(store, who, "test", clock::now());
        let question = Question::about(1_780_358_400..1_780_444_800)?;
        availability::ask(&access, Open(false), &[address], &question).await
    });
    match answers.await.unwrap().remove(0) {
        Told::Times(times) => Some(periods(&times.to_text(0, "u"))),
        Told::NoAuthority => None,
        other => panic!("{other:?}"),
    }
}

/// An access control list that grants this alone.
pub fn grant(to: &User, privilege: &str) -> String {
    let href = to.principal();
    let ace = format!(
        "<D:ace><D:principal><D:href>{href}</D:href></D:principal><D:grant><D:privilege>\
        <C:{privilege}/></D:privilege></D:grant></D:ace>"
    );
    document("D:acl", &ace)
}

dialogues! {
    /// RFC 6638 §6.1.4: who grants it to some says that nobody else may.
    async fn rfc_6638_6_1_4_an_inbox_closes_to_all_but_those_who_are_named(ada: User, bob: User, carol: User) {
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &at(9)).await;
        let whom = format!("mailto:{}", bob.name);
        for asker in [&ada, &carol] {
            assert_eq!(of_one(&ask(asker, &[&whom], "").await).0, SUCCESS);
        }
        let inbox = bob.path("calendars/inbox/");
        bob.send("ACL", &inbox, &[], grant(&ada, "schedule-query-freebusy")).await.expect(200);
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await), (SUCCESS.into(), vec!["BUSY:09/10".into()]));
        assert_eq!(of_one(&ask(&carol, &[&whom], "").await), (DENIED.into(), vec![]));
        assert_eq!(of_one(&ask(&bob, &[&whom], "").await).0, SUCCESS, "his own");
        // A group with such a member is not told of in part.
        let team = format!("closed-{}", ada.name);
        principal(&ada, Kind::Group, &team, &[&bob.name, &ada.name]).await;
        assert_eq!(of_one(&ask(&carol, &[&format!("mailto:{team}")], "").await).0, DENIED);
    }

    /// On a server that is not open.
    async fn on_a_closed_server_only_what_was_granted_is_told(ada: User, bob: User) {
        let (work, home) = (calendar(&bob, "work").await, calendar(&bob, "home").await);
        event(&bob, &work, "e", &at(9)).await;
        event(&bob, &home, "f", &at(15)).await;
        let whom = format!("mailto:{}", bob.name);
        assert_eq!(ask_closed(&ada, &bob, &whom).await, None);
        let wanted = |some: &[&str]| Some(some.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(ask_closed(&bob, &bob, &whom).await, wanted(&["BUSY:09/10", "BUSY:15/16"]));
        // RFC 4791 §6.1.1: of one calendar.
        bob.send("ACL", &work, &[], grant(&ada, "read-free-busy")).await.expect(200);
        assert_eq!(ask_closed(&ada, &bob, &whom).await, wanted(&["BUSY:09/10"]));
        let inbox = bob.path("calendars/inbox/");
        bob.send("ACL", &inbox, &[], grant(&ada, "schedule-query-freebusy")).await.expect(200);
        assert_eq!(ask_closed(&ada, &bob, &whom).await, wanted(&["BUSY:09/10", "BUSY:15/16"]));
    }
}
