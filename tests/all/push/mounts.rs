//! Registrations for what others share, by its place in one's own home, and for the inbox (§2.1, §5).

use super::{ALL, CONTENT, calendar, changed, state};
use crate::scheduling::default_calendar;
use crate::sharing::{mounted, share};
use crate::support::dav::{User, dialogues};
use crate::support::push::{NS, PushService};
use crate::sync::event;
use davenport::kernel::limits::PUSH_PAUSE_SECONDS;
use std::time::Duration;

/// A calendar of the owner's, shared; gives where the sharee has it.
async fn given(owner: &User, sharee: &User, level: &str) -> String {
    calendar(owner).await;
    share(owner, "calendars/c/", &[(&sharee.principal(), Some(level))]).await.expect(200);
    mounted(sharee).await
}

dialogues! {
    /// DAVx5 registers for each calendar where it finds it: it has one topic everywhere, whoever changes
    /// it tells the others, and what one changes oneself need not come back.
    async fn what_others_share_is_told_where_it_shows(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read-write").await;
        let service = PushService::start().await;
        let it = service.subscriber("/sharee");
        let address = it.register(&sharee, &mount, CONTENT).await;
        let topic = state(&sharee, &mount).await.0;
        assert_eq!(topic, state(&owner, "calendars/c/").await.0);
        owner.put("calendars/c/a.ics", event("a")).await;
        assert_eq!(service.messages(&it, 1).await, [changed(&sharee, &mount).await]);
        let own = format!("\"{address}\"");
        let target = format!("{mount}mine.ics");
        sharee.send("PUT", &target, &[("Push-Dont-Notify", &own)], event("mine")).await.expect(201);
        tokio::time::sleep(Duration::from_secs(PUSH_PAUSE_SECONDS as u64)).await;
        assert_eq!(service.sent("/sharee").len(), 1);
        // Renewed, it is the same registration; ended, it is told nothing more.
        assert_eq!(it.register(&sharee, &mount, CONTENT).await, address);
        sharee.delete(address.strip_prefix(&sharee.url("")).unwrap()).await.expect(204);
        owner.put("calendars/c/b.ics", event("b")).await;
        tokio::time::sleep(Duration::from_secs(PUSH_PAUSE_SECONDS as u64)).await;
        assert_eq!(service.sent("/sharee").len(), 1);
    }

    /// §7.1: shared no more is told no more.
    async fn what_is_shared_no_more_is_told_no_more(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read").await;
        let service = PushService::start().await;
        let (mine, theirs) = (service.subscriber("/mine"), service.subscriber("/theirs"));
        mine.register(&owner, "calendars/c/", CONTENT).await;
        theirs.register(&sharee, &mount, CONTENT).await;
        share(&owner, "calendars/c/", &[(&sharee.principal(), None)]).await.expect(200);
        owner.put("calendars/c/a.ics", event("a")).await;
        service.messages(&mine, 1).await;
        tokio::time::sleep(Duration::from_secs(PUSH_PAUSE_SECONDS as u64)).await;
        assert!(service.sent("/theirs").is_empty());
    }

    /// §5: the home tells of what others share when it comes, and when it goes.
    async fn a_home_is_told_of_what_comes_and_goes(owner: User, sharee: User) {
        let service = PushService::start().await;
        let it = service.subscriber("/home");
        it.register(&sharee, "calendars/", CONTENT).await;
        given(&owner, &sharee, "read").await;
        let topic = state(&sharee, "calendars/").await.0;
        assert_eq!(service.messages(&it, 1).await[0].topic, topic);
        share(&owner, "calendars/c/", &[(&sharee.principal(), None)]).await.expect(200);
        assert_eq!(service.messages(&it, 2).await[1].topic, topic);
    }

    /// RFC 8607: an attachment that is added by way of a mount changes the object for everybody.
    async fn an_attachment_is_a_change(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read-write").await;
        owner.put("calendars/c/a.ics", event("a")).await;
        let service = PushService::start().await;
        let it = service.subscriber("/owner");
        it.register(&owner, "calendars/c/", CONTENT).await;
        let add = format!("{mount}a.ics?action=attachment-add");
        let added = sharee.send("POST", &add, &[("Content-Type", "text/plain")], "agenda").await;
        assert!(added.status.is_success(), "{added}");
        assert_eq!(service.messages(&it, 1).await, [changed(&owner, "calendars/c/").await]);
    }

    /// §5: an inbox is told of an invitation, and so is the calendar that it comes into.
    async fn an_inbox_is_told_of_invitations(organizer: User, guest: User) {
        let service = PushService::start().await;
        let (inbox, into) = (service.subscriber("/inbox"), service.subscriber("/calendar"));
        let found = guest.propfind("calendars/inbox/", "0", &format!("<supported-triggers xmlns=\"{NS}\"/>")).await;
        assert_eq!(found.only().status_of("supported-triggers"), Some(200));
        inbox.register(&guest, "calendars/inbox/", ALL).await;
        into.register(&guest, &default_calendar(&guest).await, CONTENT).await;
        let lines = format!(
            "DTSTART:20270301T100000Z\nORGANIZER:mailto:{0}\nATTENDEE:mailto:{0}\nATTENDEE:mailto:{1}",
            organizer.name, guest.name
        );
        crate::scheduling::store(&organizer, "m.ics", &crate::scheduling::event("pushed", &lines)).await;
        assert_eq!(service.messages(&inbox, 1).await[0].topic, state(&guest, "calendars/inbox/").await.0);
        service.messages(&into, 1).await;
    }
}
