//! OPTIONS and what it advertises (RFC 4918 §10.1, §18).

use crate::support::dav::dialogues;

/// The class tokens that RFCs and the calendar servers' own documents define.
const KNOWN: &[&str] = &[
    "1",
    "2",
    "3",
    "access-control",
    "extended-mkcol",
    "calendar-access",
    "calendar-no-timezone",
    "calendar-managed-attachments",
    "addressbook",
    "calendar-query-extended",
    "calendarserver-principal-property-search",
    "calendarserver-principal-search",
    "calendarserver-subscribed",
    "calendarserver-sharing",
    "resource-sharing",
    "calendar-proxy",
    // RFC 7953 §7.
    "calendar-availability",
    // Apple's word for it, older than the RFC.
    "inbox-availability",
    // Named by draft-bitfire-webdav-push-00 §2.
    "webdav-push",
    "calendar-auto-schedule",
];

dialogues! {
    /// RFC 4918 §10.1, §18: classes 1, 2 and 3 on every resource that is there.
    async fn the_classes_are_said_everywhere(user: User) {
        user.put("files/f", "text").await;
        let principal = user.principal();
        let all = ["files/", "files/f", "calendars/", "addressbooks/", "/dav/", "/", &principal];
        for target in all {
            let answer = user.send("OPTIONS", target, &[], "").await;
            assert_eq!(answer.status, 200, "{target}: {answer}");
            let classes = answer.header("dav").expect("DAV").to_owned();
            let classes: Vec<&str> = classes.split(',').map(str::trim).collect();
            assert!(["1", "2", "3"].iter().all(|c| classes.contains(c)), "{target}: {answer}");
        }
    }

    /// RFC 4918 §10.1: a token of our own would have to be a URL.
    async fn every_class_is_a_registered_one(user: User) {
        let answer = user.send("OPTIONS", "files/", &[], "").await.expect(200);
        for token in answer.header("dav").unwrap().split(',').map(str::trim) {
            assert!(KNOWN.contains(&token) || token.starts_with('<'), "{token}");
        }
    }

    /// Clients ask before they know a password, and get the same of every path.
    async fn nobody_needs_a_password_to_ask_for_the_classes(user: User) {
        let path = user.path("files/");
        let first = user.server.send("OPTIONS", &path, &[], "").await.expect(200);
        let other = user.server.send("OPTIONS", "/dav/files/nobody/x", &[], "").await.expect(200);
        assert_eq!(first.header("dav"), other.header("dav"));
        assert_eq!(first.header("allow"), other.header("allow"));
    }

    /// RFC 4918 §9.11: where LOCK is allowed, UNLOCK is.
    async fn the_methods_of_a_resource_are_allowed(user: User) {
        user.put("files/f", "text").await;
        let allow = |answer: &crate::support::dav::Answer| -> Vec<String> {
            answer.header("allow").unwrap().split(", ").map(str::to_owned).collect()
        };
        let file = allow(&user.send("OPTIONS", "files/f", &[], "").await);
        for method in ["GET", "HEAD", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "COPY", "MOVE"] {
            assert!(file.contains(&method.to_owned()), "{method}: {file:?}");
        }
        for target in ["files/", "files/f", "calendars/"] {
            let methods = allow(&user.send("OPTIONS", target, &[], "").await);
            let lock = ["LOCK", "UNLOCK"].map(|m| methods.contains(&m.to_owned()));
            assert_eq!(lock, [true, true], "{target}");
        }
    }

    /// RFC 9110 §15.5.6: a 405 says what is allowed; §15.6.2: an unknown method is a 501.
    async fn a_method_that_is_not_allowed_is_405_with_allow(user: User) {
        let answer = user.send("PUT", "calendars/", &[], "x").await.expect(405);
        assert!(answer.header("allow").unwrap().contains("PROPFIND"));
        let answer = user.send("MKCOL", "files/", &[], "").await.expect(405);
        assert!(answer.header("allow").unwrap().contains("PROPFIND"), "{answer}");
        user.send("BREW", "files/", &[], "").await.expect(501);
    }
}
