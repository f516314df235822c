//! OPTIONS and what it advertises (RFC 4918 §10.1, §18).

use crate::support::dav::dialogues;

dialogues! {
    /// RFC 4918 §10.1: classes 1 and 2 on every resource that is there.
    async fn the_classes_are_said_everywhere(user: User) {
        user.put("files/f", "text").await;
        for target in ["files/", "files/f", "calendars/", "addressbooks/", "/dav/", "/"] {
            let answer = user.send("OPTIONS", target, &[], "").await;
            assert_eq!(answer.status, 200, "{target}: {answer}");
            let classes = answer.header("dav").expect("DAV").to_owned();
            let classes: Vec<&str> = classes.split(',').map(str::trim).collect();
            assert!(["1", "2", "3"].iter().all(|c| classes.contains(c)), "{target}: {answer}");
        }
    }
}
