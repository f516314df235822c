//! RFC 5546 §4.1 to §4.3: the examples of published and group events, but for delegation. Where an example is not valid
//! iCalendar (a digit too many, a missing `mailto:`), it is mended.

use super::delegation::PHONE;
use super::table::{Arrival, Edit, Now, Then, arrivals, edits};

const PUBLISHED: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    DTSTART:19970701T200000Z
    DTSTAMP:19970611T190000Z
    SUMMARY:ST. PAUL SAINTS -VS- DULUTH-SUPERIOR DUKES
    UID:0981234-1234234-23@example.com
    END:VEVENT";

#[test]
fn section_4_1_what_is_published_is_for_looking_at() {
    arrivals(&[
        Arrival {
            name: "4.1.1 a minimal published event",
            to: "b",
            stored: "",
            method: "PUBLISH",
            comes: PUBLISHED,
            then: Then::Look,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.1.3 cancelling a published event: version 2 ends 0 and 1",
            to: "b",
            stored: PUBLISHED,
            method: "CANCEL",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                COMMENT:DUKES forfeit the game
                SEQUENCE:2
                UID:0981234-1234234-23@example.com
                DTSTAMP:19970613T190000Z
                END:VEVENT",
            then: Then::News,
            has: &[
                "STATUS:CANCELLED",
                "SEQUENCE:2",
                "DTSTART:19970701T200000Z",
                "SUMMARY:ST. PAUL",
            ],
            not: &["METHOD"],
        },
        Arrival {
            name: "4.1.5 an event of whole days",
            to: "b",
            stored: "",
            method: "PUBLISH",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                DTSTAMP:19970614T190000Z
                UID:0981234-1234234-23@example.com
                DTSTART;VALUE=DATE:19970714
                RRULE:FREQ=YEARLY;INTERVAL=1
                SUMMARY: Bastille Day
                END:VEVENT",
            then: Then::Look,
            has: &[],
            not: &[],
        },
    ]);
}

/// §4.2.1.
const CONFERENCE: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED;CN=A:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL;CN=B:mailto:b@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL;CN=C:mailto:c@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL;CN=Hal:mailto:d@example.com
    ATTENDEE;RSVP=FALSE;CUTYPE=ROOM:mailto:conf_big@example.com
    ATTENDEE;ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:e@example.com
    DTSTAMP:19970611T190000Z
    DTSTART:19970701T200000Z
    DTEND:19970701T210000Z
    SUMMARY:Conference
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:0
    STATUS:CONFIRMED
    END:VEVENT";

/// §4.2.2.
pub const ACCEPTS: &str = "BEGIN:VEVENT
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@example.com
    ORGANIZER:mailto:a@example.com
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:0
    REQUEST-STATUS:2.0;Success
    DTSTAMP:19970612T190000Z
    END:VEVENT";

/// §4.2.3.
const MOVED: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:c@example.com
    DTSTART:19970701T180000Z
    DTEND:19970701T190000Z
    SUMMARY:Phone Conference
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:1
    DTSTAMP:19970613T190000Z
    STATUS:CONFIRMED
    END:VEVENT";

#[test]
fn section_4_2_1_to_4_2_3_a_meeting_is_asked_for_answered_and_moved() {
    arrivals(&[
        Arrival {
            name: "4.2.1 a request",
            to: "b",
            stored: "",
            method: "REQUEST",
            comes: CONFERENCE,
            then: Then::News,
            has: &["ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL;CN=B:mailto:b@", "SUMMARY:Conference"],
            not: &["METHOD"],
        },
        Arrival {
            name: "4.2.1 who only is to know is sent a copy",
            to: "e",
            stored: "",
            method: "REQUEST",
            comes: CONFERENCE,
            then: Then::News,
            has: &["ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:e@"],
            not: &[],
        },
        Arrival {
            name: "4.2.2 a reply changes the line of who answers",
            to: "a",
            stored: CONFERENCE,
            method: "REPLY",
            comes: ACCEPTS,
            then: Then::News,
            has: &[
                "ATTENDEE…CN=B…PARTSTAT=ACCEPTED…:mailto:b@",
                "SCHEDULE-STATUS=2.0…:mailto:b@",
                "ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL;CN=C:mailto:c@",
                "SEQUENCE:0",
            ],
            not: &["REQUEST-STATUS", "METHOD"],
        },
        Arrival {
            name: "4.2.2 a reply to what one does not organize",
            to: "c",
            stored: CONFERENCE,
            method: "REPLY",
            comes: ACCEPTS,
            then: Then::Refused,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.2.3 another time, known by UID and a higher SEQUENCE",
            to: "b",
            stored: CONFERENCE,
            method: "REQUEST",
            comes: MOVED,
            then: Then::News,
            has: &["DTSTART:19970701T180000Z", "SEQUENCE:1", "SUMMARY:Phone Conference"],
            not: &["PARTSTAT=ACCEPTED…:mailto:b@", "DTSTART:19970701T200000Z"],
        },
        Arrival {
            name: "4.2.3 the older version late",
            to: "b",
            stored: MOVED,
            method: "REQUEST",
            comes: CONFERENCE,
            then: Then::Nothing,
            has: &[],
            not: &[],
        },
    ]);
    edits(&[
        Edit {
            name: "4.2.1 whom the request goes to",
            of: "a",
            old: "",
            new: Now::Is(CONFERENCE),
            tells: Ok(&[
                "REQUEST to b: invited",
                "REQUEST to c: invited",
                "REQUEST to conf_big: invited",
                "REQUEST to d: invited",
                "REQUEST to e: invited",
            ]),
            sent: &["METHOD:REQUEST", "ATTENDEE…:mailto:c@", "SEQUENCE:0"],
            unsent: &["SCHEDULE-"],
            has: &[],
            not: &["METHOD"],
        },
        Edit {
            name: "4.2.3 the organizer moves it: SEQUENCE counts, all are asked anew",
            of: "a",
            old: CONFERENCE,
            new: Now::With(&[("T200000Z", "T180000Z"), ("T210000Z", "T190000Z")]),
            tells: Ok(&[
                "REQUEST to b: time changed",
                "REQUEST to c: time changed",
                "REQUEST to conf_big: time changed",
                "REQUEST to d: time changed",
                "REQUEST to e: time changed",
            ]),
            sent: &["SEQUENCE:1", "RSVP=TRUE…:mailto:b@", "DTSTART:19970701T180000Z"],
            unsent: &[],
            has: &["SEQUENCE:1", "PARTSTAT=ACCEPTED…:mailto:a@"],
            not: &["SEQUENCE:0"],
        },
    ]);
}

/// §4.2.4, which the counter proposal is about.
const MERITS: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:c@example.com
    DTSTART:19970701T190000Z
    DTEND:19970701T200000Z
    SUMMARY:Discuss the Merits of the election results
    LOCATION:Green Conference Room
    UID:calsrv.example.com-873970198738777a@example.com
    SEQUENCE:0
    DTSTAMP:19970611T190000Z
    STATUS:CONFIRMED
    END:VEVENT";

const PROPOSAL: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    DTSTART:19970701T160000Z
    DTEND:19970701T170000Z
    DTSTAMP:19970612T190000Z
    SUMMARY:Discuss the Merits of the election results
    LOCATION:Blue Conference Room
    COMMENT:This time works much better
    UID:calsrv.example.com-873970198738777a@example.com
    SEQUENCE:0
    END:VEVENT";

const NO_PROPOSAL: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    COMMENT:Sorry, I cannot change this meeting time
    UID:calsrv.example.com-873970198738777a@example.com
    SEQUENCE:0
    DTSTAMP:19970614T190000Z
    END:VEVENT";

#[test]
fn section_4_2_4_a_proposal_and_its_refusal_are_for_people() {
    let case = |name, to, stored, method, comes, then| Arrival {
        name,
        to,
        stored,
        method,
        comes,
        then,
        has: &[],
        not: &[],
    };
    arrivals(&[
        case("4.2.4 a proposal", "a", MERITS, "COUNTER", PROPOSAL, Then::Look),
        case("4.2.4 a proposal to what is not known", "a", "", "COUNTER", PROPOSAL, Then::Nothing),
        case("4.2.4 a proposal to another", "c", MERITS, "COUNTER", PROPOSAL, Then::Refused),
        case("4.2.4 it is not taken", "b", MERITS, "DECLINECOUNTER", NO_PROPOSAL, Then::Look),
        case(
            "4.2.4 not by the organizer",
            "a",
            MERITS,
            "DECLINECOUNTER",
            NO_PROPOSAL,
            Then::Refused,
        ),
    ]);
    edits(&[Edit {
        name: "4.2.4 it is taken: another time, with a higher SEQUENCE",
        of: "a",
        old: MERITS,
        new: Now::With(&[
            ("T190000Z", "T160000Z"),
            ("T200000Z", "T170000Z"),
            ("Green", "Blue"),
            ("results", "results - changed to meet B's schedule"),
        ]),
        tells: Ok(&[
            "REQUEST to b: time changed; LOCATION, SUMMARY changed",
            "REQUEST to c: time changed; LOCATION, SUMMARY changed",
        ]),
        sent: &["SEQUENCE:1", "LOCATION:Blue", "DTSTART:19970701T160000Z"],
        unsent: &[],
        has: &["SEQUENCE:1"],
        not: &[],
    }]);
}

const CANCELLED: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;CUTYPE=INDIVIDUAL:mailto:a@example.com
    ATTENDEE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    ATTENDEE;CUTYPE=INDIVIDUAL:mailto:c@example.com
    COMMENT:Mr. B cannot attend.  It's raining.  Lets cancel.
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:1
    STATUS:CANCELLED
    DTSTAMP:19970613T190000Z
    END:VEVENT";

/// §4.2.9, with what the copy says of it.
const IS_OFF: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:c@example.com
    DTSTART:19970701T200000Z
    DTEND:19970701T210000Z
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:1
    STATUS:CANCELLED
    DTSTAMP:19970613T190000Z
    END:VEVENT";

#[test]
fn section_4_2_9_to_4_2_11_a_meeting_ends_or_goes_on_without_somebody() {
    arrivals(&[
        Arrival {
            name: "4.2.9 it does not take place",
            to: "c",
            stored: CONFERENCE,
            method: "CANCEL",
            comes: CANCELLED,
            then: Then::News,
            has: &["STATUS:CANCELLED", "SEQUENCE:1", "1x STATUS", "DTSTART:19970701T200000Z"],
            not: &["STATUS:CONFIRMED"],
        },
        Arrival {
            name: "4.2.9 an older version, though written later, does not bring it back",
            to: "c",
            stored: IS_OFF,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE:mailto:c@example.com
                DTSTART:19970701T200000Z
                DTEND:19970701T210000Z
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:0
                DTSTAMP:19970620T190000Z
                END:VEVENT",
            then: Then::Nothing,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.2.9 nobody but the organizer cancels",
            to: "a",
            stored: CONFERENCE,
            method: "CANCEL",
            comes: CANCELLED,
            then: Then::Refused,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.2.10 who is no longer invited",
            to: "b",
            stored: CONFERENCE,
            method: "CANCEL",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE:mailto:b@example.com
                COMMENT:You're off the hook for this meeting
                UID:calsrv.example.com-873970198738777@example.com
                DTSTAMP:19970613T193000Z
                SEQUENCE:1
                END:VEVENT",
            then: Then::News,
            has: &["STATUS:CANCELLED", "SEQUENCE:1"],
            not: &[],
        },
        Arrival {
            name: "4.2.11 another organizer does not take over a meeting",
            to: "c",
            stored: CONFERENCE,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:b@example.com
                ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:b@example.com
                ATTENDEE;CUTYPE=INDIVIDUAL:mailto:c@example.com
                DTSTAMP:19970611T190000Z
                DTSTART:19970701T200000Z
                DTEND:19970701T203000Z
                RRULE:FREQ=WEEKLY
                SUMMARY:Phone Conference
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:1
                STATUS:CONFIRMED
                END:VEVENT",
            then: Then::Refused,
            has: &[],
            not: &[],
        },
    ]);
    edits(&[
        Edit {
            name: "4.2.9 all are told",
            of: "a",
            old: PHONE,
            new: Now::Gone,
            tells: Ok(&["CANCEL to c: cancelled"]),
            sent: &["STATUS:CANCELLED", "1x STATUS", "SEQUENCE:1", "ATTENDEE…:mailto:c@"],
            unsent: &["VALARM"],
            has: &[],
            not: &[],
        },
        Edit {
            name: "4.2.10 who is taken out is told, without a STATUS; the others get the new list",
            of: "a",
            old: MERITS,
            new: Now::With(&[(
                "ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com",
                "COMMENT:x",
            )]),
            tells: Ok(&[
                "CANCEL to b: cancelled",
                "REQUEST to c: COMMENT changed; attendees changed",
            ]),
            sent: &["METHOD:CANCEL", "SEQUENCE:1", "1x ATTENDEE", "ATTENDEE…:mailto:b@"],
            unsent: &["STATUS"],
            has: &["SEQUENCE:1"],
            not: &[":mailto:b@"],
        },
    ]);
}

#[test]
fn section_4_3_free_busy_is_no_meeting() {
    let case = |name, method, comes| Arrival {
        name,
        to: "b",
        stored: "",
        method,
        comes,
        then: Then::Refused,
        has: &[],
        not: &[],
    };
    arrivals(&[case(
        "4.3.2 it is asked for by the outbox, and never stored",
        "REQUEST",
        "BEGIN:VFREEBUSY
            ORGANIZER:mailto:a@example.com
            ATTENDEE;ROLE=CHAIR:mailto:a@example.com
            ATTENDEE:mailto:b@example.com
            DTSTAMP:19970613T190000Z
            DTSTART:19970701T080000Z
            DTEND:19970701T200000Z
            UID:calsrv.example.com-873970198738777@example.com
            END:VFREEBUSY",
    )]);
}
