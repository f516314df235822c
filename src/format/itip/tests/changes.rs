//! RFC 6638 §3.2.1 and §3.2.2: what organizers and attendees may change, and who is told.

use super::table::{Edit, Now, edits};

const COPY: &str = "BEGIN:VEVENT
    UID:u1
    DTSTAMP:19970601T000000Z
    SEQUENCE:3
    DTSTART:19970801T090000Z
    DTEND:19970801T100000Z
    RRULE:FREQ=DAILY;COUNT=5
    SUMMARY:Plan
    LOCATION:Here
    ORGANIZER:mailto:o@example.com
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:o@example.com
    ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:a@example.com
    ATTENDEE;PARTSTAT=TENTATIVE:mailto:b@example.com
    ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:c@example.com
    END:VEVENT";

type Change = &'static [(&'static str, &'static str)];

const fn by_attendee(name: &'static str, change: Change) -> Edit {
    Edit {
        name,
        of: "a",
        old: COPY,
        new: Now::With(change),
        tells: Ok(&[]),
        sent: &[],
        unsent: &[],
        has: &[],
        not: &[],
    }
}

const fn kept(name: &'static str, change: Change, has: &'static [&'static str]) -> Edit {
    Edit { has, ..by_attendee(name, change) }
}

const fn said(name: &'static str, change: Change, tells: &'static [&'static str]) -> Edit {
    Edit { tells: Ok(tells), ..by_attendee(name, change) }
}

const fn refused(name: &'static str, change: Change, why: &'static str) -> Edit {
    Edit { tells: Err(why), ..by_attendee(name, change) }
}

const ALARM: &str = "BEGIN:VALARM
    ACTION:DISPLAY
    TRIGGER:-PT5M
    DESCRIPTION:x
    END:VALARM
    END:VEVENT";

const DECLINED_ONE: &str = "END:VEVENT
    BEGIN:VEVENT
    UID:u1
    DTSTAMP:19970601T000000Z
    SEQUENCE:3
    RECURRENCE-ID:19970803T090000Z
    DTSTART:19970803T090000Z
    DTEND:19970803T100000Z
    SUMMARY:Plan
    LOCATION:Here
    ORGANIZER:mailto:o@example.com
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:o@example.com
    ATTENDEE;PARTSTAT=DECLINED:mailto:a@example.com
    ATTENDEE;PARTSTAT=TENTATIVE:mailto:b@example.com
    END:VEVENT";

const QUIET_ONE: &str = "END:VEVENT
    BEGIN:VEVENT
    UID:u1
    DTSTAMP:19970601T000000Z
    SEQUENCE:3
    RECURRENCE-ID:19970803T090000Z
    DTSTART:19970803T090000Z
    DTEND:19970803T100000Z
    SUMMARY:Plan
    LOCATION:Here
    TRANSP:TRANSPARENT
    ORGANIZER:mailto:o@example.com
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:o@example.com
    ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:a@example.com
    ATTENDEE;PARTSTAT=TENTATIVE:mailto:b@example.com
    END:VEVENT";

#[test]
fn section_3_2_2_1_what_an_attendee_may_change() {
    edits(&[
        Edit {
            has: &["PARTSTAT=ACCEPTED…:mailto:a@"],
            sent: &["PARTSTAT=ACCEPTED:mailto:a@", "1x ATTENDEE", "SEQUENCE:3"],
            unsent: &["RSVP", "mailto:b@"],
            ..said(
                "1. PARTSTAT",
                &[("PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:a", "PARTSTAT=ACCEPTED:mailto:a")],
                &["REPLY to o: accepted"],
            )
        },
        kept("2. TRANSP", &[("SUMMARY", "TRANSP:TRANSPARENT\nSUMMARY")], &["TRANSP:TRANSPARENT"]),
        kept("5. VALARM", &[("END:VEVENT", ALARM)], &["BEGIN:VALARM", "TRIGGER:-PT5M"]),
        kept("6. CALSCALE", &[("VERSION", "CALSCALE:GREGORIAN\nVERSION")], &["CALSCALE"]),
        kept("7. PRODID", &[("PRODID:-//E//EN", "PRODID:-//F//EN")], &["PRODID:-//F//EN"]),
        Edit {
            has: &["EXDATE:19970803T090000Z"],
            sent: &["PARTSTAT=DECLINED…:mailto:a@", "RECURRENCE-ID:19970803T090000Z"],
            ..said(
                "8. EXDATE takes an instance out",
                &[("SUMMARY", "EXDATE:19970803T090000Z\nSUMMARY")],
                &["REPLY to o: declined: one instance"],
            )
        },
        kept("9. CREATED", &[("SUMMARY", "CREATED:19970601T000000Z\nSUMMARY")], &["CREATED"]),
        kept(
            "9. LAST-MODIFIED",
            &[("SUMMARY", "LAST-MODIFIED:19970601T000000Z\nSUMMARY")],
            &["LAST-MODIFIED"],
        ),
        // It is let through, but what the organizer said is what the copy's version counts by.
        kept("9. DTSTAMP", &[("DTSTAMP:19970601", "DTSTAMP:19970602")], &["DTSTAMP:19970601"]),
        kept(
            "10. SCHEDULE-STATUS of whom the client tells",
            &[("SCHEDULE-AGENT=CLIENT", "SCHEDULE-AGENT=CLIENT;SCHEDULE-STATUS=2.0")],
            &["SCHEDULE-STATUS=2.0:mailto:c@"],
        ),
        Edit {
            has: &["2x BEGIN:VEVENT", "PARTSTAT=DECLINED…:mailto:a@", "NEEDS-ACTION…:mailto:a@"],
            sent: &["RECURRENCE-ID:19970803T090000Z", "PARTSTAT=DECLINED…:mailto:a@"],
            ..said(
                "11. an exception with an answer",
                &[("END:VEVENT", DECLINED_ONE)],
                &["REPLY to o: declined: one instance"],
            )
        },
        kept(
            "11. an exception that takes no time",
            &[("END:VEVENT", QUIET_ONE)],
            &["2x BEGIN:VEVENT", "1x TRANSP:TRANSPARENT"],
        ),
        kept("own notes", &[("SUMMARY", "X-MY-NOTE:1\nCATEGORIES:W\nSUMMARY")], &["X-MY", "CATEG"]),
    ]);
}

#[test]
fn section_3_2_2_1_what_an_attendee_does_of_a_task() {
    const TASK: &str = "BEGIN:VTODO
        UID:u1
        DTSTAMP:19970601T000000Z
        DUE:19970801T100000Z
        SUMMARY:Plan
        ORGANIZER:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com
        END:VTODO";
    let of = |name, change, has| Edit {
        old: TASK,
        tells: Ok(&["REPLY to o: accepted"]),
        ..kept(name, change, has)
    };
    edits(&[
        of("3. PERCENT-COMPLETE", &[("DUE", "PERCENT-COMPLETE:40\nDUE")], &["PERCENT-COMPLETE:40"]),
        of("4. COMPLETED", &[("DUE", "COMPLETED:19970630T000000Z\nDUE")], &["COMPLETED:1997"]),
        Edit {
            tells: Err("an attendee cannot change times"),
            ..of("DUE is the organizer's", &[("DUE:19970801", "DUE:19970802")], &[])
        },
    ]);
}

#[test]
fn section_3_2_2_1_what_is_the_organizers() {
    let times = "an attendee cannot change times";
    let set = "an attendee cannot change which instances";
    edits(&[
        refused("DTSTART", &[("DTSTART:19970801T09", "DTSTART:19970801T08")], times),
        refused("DTEND", &[("DTEND:19970801T10", "DTEND:19970801T11")], times),
        refused("RRULE, longer", &[("COUNT=5", "COUNT=6")], times),
        refused("RRULE, shorter", &[("COUNT=5", "COUNT=4")], times),
        refused("RRULE gone", &[("RRULE:FREQ=DAILY;COUNT=5", "X-A:b")], times),
        refused("RDATE", &[("SUMMARY", "RDATE:19970901T090000Z\nSUMMARY")], times),
        refused(
            "an instance that there is not",
            &[
                ("END:VEVENT", DECLINED_ONE),
                ("RECURRENCE-ID:19970803T09", "RECURRENCE-ID:19970803T08"),
            ],
            set,
        ),
        refused(
            "an instance elsewhere",
            &[
                ("END:VEVENT", DECLINED_ONE),
                ("DTSTART:19970803T090000Z", "DTSTART:19970803T080000Z"),
            ],
            times,
        ),
        refused("ORGANIZER", &[("ORGANIZER:mailto:o", "ORGANIZER:mailto:a")], "ORGANIZER cannot"),
        refused(
            "ORGANIZER gone",
            &[("ORGANIZER:mailto:o@example.com", "X-A:b")],
            "ORGANIZER cannot",
        ),
        kept("SEQUENCE", &[("SEQUENCE:3", "SEQUENCE:9")], &["SEQUENCE:3"]),
        kept("SEQUENCE gone", &[("SEQUENCE:3", "X-A:b")], &["SEQUENCE:3"]),
        kept("SUMMARY", &[("SUMMARY:Plan", "SUMMARY:Mine")], &["SUMMARY:Plan"]),
        kept("LOCATION", &[("LOCATION:Here", "LOCATION:There")], &["LOCATION:Here"]),
        kept("STATUS", &[("LOCATION", "STATUS:CANCELLED\nLOCATION")], &["LOCATION:Here"]),
        kept(
            "another's answer",
            &[("PARTSTAT=TENTATIVE", "PARTSTAT=DECLINED")],
            &["PARTSTAT=TENTATIVE:mailto:b@"],
        ),
        kept(
            "another is invited",
            &[("LOCATION", "ATTENDEE:mailto:z@example.com\nLOCATION")],
            &["4x ATTENDEE"],
        ),
        kept(
            "another is taken out",
            &[("ATTENDEE;PARTSTAT=TENTATIVE:mailto:b@example.com", "X-A:b")],
            &["4x ATTENDEE", "PARTSTAT=TENTATIVE:mailto:b@"],
        ),
    ]);
    edits(&[
        Edit {
            not: &["STATUS:CANCELLED"],
            ..by_attendee("it is not cancelled", &[("LOCATION", "STATUS:CANCELLED\nLOCATION")])
        },
        Edit {
            not: &["mailto:z@"],
            ..by_attendee("nobody comes in", &[("LOCATION", "ATTENDEE:mailto:z@x.com\nLOCATION")])
        },
    ]);
}

#[test]
fn section_3_2_2_2_to_3_2_2_4_who_sends_an_attendees_answer() {
    const ACCEPTED: &str = "BEGIN:VEVENT
        UID:u1
        DTSTAMP:19970601T000000Z
        DTSTART:19970801T090000Z
        ORGANIZER:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com
        END:VEVENT";
    const BY_CLIENT: &str = "BEGIN:VEVENT
        UID:u1
        DTSTAMP:19970601T000000Z
        DTSTART:19970801T090000Z
        ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com
        END:VEVENT";
    const BY_NOBODY: &str = "BEGIN:VEVENT
        UID:u1
        DTSTAMP:19970601T000000Z
        DTSTART:19970801T090000Z
        ORGANIZER;SCHEDULE-AGENT=NONE:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com
        END:VEVENT";
    let to = |name, old, new, tells: &'static [&'static str]| Edit {
        old,
        new,
        ..said(name, &[], tells)
    };
    let declines = &[("PARTSTAT=ACCEPTED", "PARTSTAT=DECLINED")];
    let time = &[("T090000Z", "T080000Z")];
    edits(&[
        to("an import answers: SERVER", "", Now::Is(ACCEPTED), &["REPLY to o: accepted"]),
        to("an import: CLIENT", "", Now::Is(BY_CLIENT), &[]),
        to("an import: NONE", "", Now::Is(BY_NOBODY), &[]),
        to("an answer: SERVER", ACCEPTED, Now::With(declines), &["REPLY to o: declined"]),
        to("an answer: CLIENT", BY_CLIENT, Now::With(declines), &[]),
        to("an answer: NONE", BY_NOBODY, Now::With(declines), &[]),
        to("no special processing: CLIENT", BY_CLIENT, Now::With(time), &[]),
        to("no special processing: NONE", BY_NOBODY, Now::With(time), &[]),
        to("deleted: SERVER", ACCEPTED, Now::Gone, &["REPLY to o: declined"]),
        to("deleted: CLIENT", BY_CLIENT, Now::Gone, &[]),
        to("deleted: NONE", BY_NOBODY, Now::Gone, &[]),
    ]);
}

/// A meeting whose second attendee is as the line says.
fn meeting(line: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:u1\nDTSTAMP:19970601T000000Z\nSEQUENCE:1\nDTSTART:19970801T090000Z\n\
         SUMMARY:Plan\nORGANIZER:mailto:o@example.com\nATTENDEE:mailto:o@example.com\n\
         ATTENDEE;SCHEDULE-AGENT=NONE:mailto:x@example.com\n{line}\nEND:VEVENT"
    )
}

#[test]
fn section_3_2_1_whom_the_server_tells_of_an_organizers_change() {
    let line = |agent: &str| match agent {
        "" => String::new(),
        "SERVER" => "ATTENDEE:mailto:a@example.com".to_owned(),
        agent => format!("ATTENDEE;SCHEDULE-AGENT={agent}:mailto:a@example.com"),
    };
    let agents = ["", "SERVER", "CLIENT", "NONE"];
    let created = ["", "REQUEST to a: invited", "", ""];
    let removed = ["", "CANCEL to a: cancelled", "", ""];
    let tells = |old: Option<&str>, new: Option<&str>| {
        let text = |agent: &str| super::table::calendar("", &meeting(&line(agent)));
        let (old, new) = (old.map(text), new.map(text));
        super::told(&super::organized(old.as_deref(), new.as_deref()).messages).join(", ")
    };
    for (at, agent) in agents.iter().enumerate() {
        assert_eq!(tells(None, Some(agent)), created[at], "§3.2.1.1 {agent}");
        assert_eq!(tells(Some(agent), None), removed[at], "§3.2.1.3 {agent}");
        for (to, new) in agents.iter().enumerate() {
            let expected = match (at, to) {
                (1, 1) => "",
                (1, _) => "CANCEL to a: cancelled",
                (_, 1) => "REQUEST to a: invited",
                _ => "",
            };
            assert_eq!(tells(Some(agent), Some(new)), expected, "§3.2.1.2 {agent} to {new}");
        }
    }
}

#[test]
fn section_3_2_1_what_an_organizer_may_change() {
    const MEETING: &str = "BEGIN:VEVENT
        UID:u1
        DTSTAMP:19970601T000000Z
        SEQUENCE:3
        DTSTART:19970801T090000Z
        DTEND:19970801T100000Z
        SUMMARY:Plan
        ORGANIZER:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:o@example.com
        ATTENDEE;PARTSTAT=ACCEPTED;X-DAVENPORT-REPLIED=19970602T000000Z:mailto:a@example.com
        END:VEVENT";
    let of = |name, change, tells: &'static [&'static str], has| Edit {
        of: "o",
        old: MEETING,
        tells: Ok(tells),
        ..kept(name, change, has)
    };
    edits(&[
        of(
            "another's answer is his own",
            &[("PARTSTAT=ACCEPTED;X-D", "PARTSTAT=DECLINED;X-D")],
            &[],
            &["PARTSTAT=ACCEPTED…:mailto:a@"],
        ),
        of(
            "a new attendee has not answered",
            &[("SUMMARY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@example.com\nSUMMARY")],
            &["(REQUEST to a: attendees changed)", "REQUEST to b: invited"],
            &["PARTSTAT=NEEDS-ACTION…:mailto:b@", "PARTSTAT=ACCEPTED…:mailto:a@"],
        ),
        of(
            "another time: all answer anew",
            &[("DTSTART:19970801T09", "DTSTART:19970801T08")],
            &["REQUEST to a: time changed"],
            &["SEQUENCE:4", "PARTSTAT=NEEDS-ACTION…RSVP=TRUE…:mailto:a@"],
        ),
        of("SEQUENCE does not go back", &[("SEQUENCE:3", "SEQUENCE:0")], &[], &["SEQUENCE:3"]),
        of(
            "a client may raise SEQUENCE",
            &[("SEQUENCE:3", "SEQUENCE:8"), ("SUMMARY:Plan", "SUMMARY:New")],
            &["REQUEST to a: SUMMARY changed"],
            &["SEQUENCE:8", "PARTSTAT=ACCEPTED…:mailto:a@"],
        ),
        of("nobody cares", &[("SUMMARY", "CATEGORIES:W\nTRANSP:OPAQUE\nSUMMARY")], &[], &["CATEG"]),
        of("the same said otherwise", &[("DTEND:19970801T100000Z", "DURATION:PT1H")], &[], &[]),
        Edit {
            unsent: &["SCHEDULE-FORCE-SEND"],
            not: &["SCHEDULE-FORCE-SEND"],
            ..of(
                "§7.2 the client asks for a message",
                &[("PARTSTAT=ACCEPTED;X-D", "SCHEDULE-FORCE-SEND=REQUEST;PARTSTAT=ACCEPTED;X-D")],
                &["REQUEST to a: asked again"],
                &[],
            )
        },
        Edit {
            tells: Err("ORGANIZER cannot"),
            ..of("another ORGANIZER", &[("ORGANIZER:mailto:o", "ORGANIZER:mailto:a")], &[], &[])
        },
        of(
            "no meeting any more",
            &[("ORGANIZER:mailto:o@example.com", "X-A:b")],
            &["CANCEL to a: cancelled"],
            &[],
        ),
    ]);
}
