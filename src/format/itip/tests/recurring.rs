//! RFC 5546 §4.4: the examples of recurring events. Where an example is not valid iCalendar, it is
//! mended.

use super::table::{Arrival, Edit, Now, Then, arrivals, edits};

#[test]
fn section_4_4_1_a_series_comes_with_its_zone() {
    arrivals(&[Arrival {
        name: "4.4.1 a series of one zone, with bare addresses",
        to: "b",
        stored: "",
        method: "REQUEST",
        comes: "BEGIN:VTIMEZONE
            TZID:America-SanJose
            BEGIN:STANDARD
            DTSTART:19671029T020000
            RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
            TZOFFSETFROM:-0700
            TZOFFSETTO:-0800
            END:STANDARD
            BEGIN:DAYLIGHT
            DTSTART:19870405T020000
            RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4
            TZOFFSETFROM:-0800
            TZOFFSETTO:-0700
            END:DAYLIGHT
            END:VTIMEZONE
            BEGIN:VEVENT
            ORGANIZER:mailto:a@example.com
            ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED;CUTYPE=INDIVIDUAL:a@example.com
            ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:b@example.com
            DTSTAMP:19970613T190030Z
            DTSTART;TZID=America-SanJose:19970701T140000
            DTEND;TZID=America-SanJose:19970701T150000
            RRULE:FREQ=WEEKLY;COUNT=20;WKST=SU;BYDAY=TU
            RDATE;TZID=America-SanJose:19970910T140000
            EXDATE;TZID=America-SanJose:19970909T140000
            EXDATE;TZID=America-SanJose:19971028T140000
            SUMMARY:Weekly Phone Conference
            UID:calsrv.example.com-873970198738777@example.com
            SEQUENCE:0
            STATUS:CONFIRMED
            END:VEVENT",
        then: Then::News,
        has: &["TZID:America-SanJose", "2x EXDATE;TZID", "RDATE;TZID", "COUNT=20"],
        not: &["METHOD"],
    }]);
}

/// §4.4.2.
const MONTHLY: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    SEQUENCE:0
    RRULE:FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=19980901T210000Z
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    ATTENDEE:mailto:c@example.com
    DESCRIPTION:IETF-C&S Conference Call
    CLASS:PUBLIC
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970601T210000Z
    DTEND:19970601T220000Z
    LOCATION:Conference Call
    DTSTAMP:19970526T083000Z
    STATUS:CONFIRMED
    END:VEVENT";

/// §4.4.2, the second request.
const JULY: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    RECURRENCE-ID:19970701T210000Z
    SEQUENCE:1
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    ATTENDEE:mailto:c@example.com
    DESCRIPTION:IETF-C&S Conference Call
    CLASS:PUBLIC
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970703T210000Z
    DTEND:19970703T220000Z
    LOCATION:Conference Call
    DTSTAMP:19970626T093000Z
    STATUS:CONFIRMED
    END:VEVENT";

/// The same, as the organizer's program stores it.
const JULY_OF_ORGANIZER: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    RECURRENCE-ID:19970701T210000Z
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    ATTENDEE:mailto:c@example.com
    DESCRIPTION:IETF-C&S Conference Call
    CLASS:PUBLIC
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970703T210000Z
    DTEND:19970703T220000Z
    LOCATION:Conference Call
    DTSTAMP:19970626T093000Z
    STATUS:CONFIRMED
    END:VEVENT
    END:VCALENDAR";

/// §4.4.3.
const NO_AUGUST: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    ATTENDEE:mailto:c@example.com
    RECURRENCE-ID:19970801T210000Z
    SEQUENCE:2
    STATUS:CANCELLED
    DTSTAMP:19970721T093000Z
    END:VEVENT";

/// §4.4.4.
const NO_MORE: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    ATTENDEE:mailto:c@example.com
    DTSTAMP:19970721T103000Z
    STATUS:CANCELLED
    SEQUENCE:3
    END:VEVENT";

/// [`MONTHLY`] and [`JULY`].
const BOTH: &str = "BEGIN:VEVENT
    UID:guid-1@example.com
    SEQUENCE:0
    RRULE:FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=19980901T210000Z
    ORGANIZER:mailto:a@example.com
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@example.com
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970601T210000Z
    DTEND:19970601T220000Z
    DTSTAMP:19970526T083000Z
    END:VEVENT
    BEGIN:VEVENT
    UID:guid-1@example.com
    RECURRENCE-ID:19970701T210000Z
    SEQUENCE:1
    ORGANIZER:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970703T210000Z
    DTEND:19970703T220000Z
    DTSTAMP:19970626T093000Z
    END:VEVENT";

#[test]
fn section_4_4_2_to_4_4_4_instances_are_changed_and_cancelled() {
    arrivals(&[
        Arrival {
            name: "4.4.2 the original request",
            to: "b",
            stored: "",
            method: "REQUEST",
            comes: MONTHLY,
            then: Then::News,
            has: &["1x BEGIN:VEVENT", "RRULE:FREQ=MONTHLY"],
            not: &[],
        },
        Arrival {
            name: "4.4.2 one instance elsewhere, the series stays",
            to: "b",
            stored: MONTHLY,
            method: "REQUEST",
            comes: JULY,
            then: Then::News,
            has: &[
                "2x BEGIN:VEVENT",
                "RRULE:FREQ=MONTHLY",
                "DTSTART:19970601T210000Z",
                "RECURRENCE-ID:19970701T210000Z",
                "DTSTART:19970703T210000Z",
                "SEQUENCE:0",
                "SEQUENCE:1",
            ],
            not: &[],
        },
        Arrival {
            name: "4.4.3 one instance is cancelled",
            to: "b",
            stored: MONTHLY,
            method: "CANCEL",
            comes: NO_AUGUST,
            then: Then::News,
            has: &["EXDATE:19970801T210000Z", "1x BEGIN:VEVENT", "STATUS:CONFIRMED"],
            not: &["STATUS:CANCELLED"],
        },
        Arrival {
            name: "4.4.4 the whole is cancelled, with its exceptions",
            to: "b",
            stored: BOTH,
            method: "CANCEL",
            comes: NO_MORE,
            then: Then::News,
            has: &["2x STATUS:CANCELLED", "2x SEQUENCE:3", "2x BEGIN:VEVENT"],
            not: &[],
        },
        Arrival {
            name: "4.2.9 an instance of what was cancelled does not come back by an older version",
            to: "b",
            stored: "BEGIN:VEVENT
                UID:guid-1@example.com
                RECURRENCE-ID:19970701T210000Z
                SEQUENCE:3
                ORGANIZER:mailto:a@example.com
                ATTENDEE:mailto:b@example.com
                DTSTART:19970701T210000Z
                DTSTAMP:19970721T103000Z
                STATUS:CANCELLED
                END:VEVENT",
            method: "REQUEST",
            comes: JULY,
            then: Then::Nothing,
            has: &[],
            not: &[],
        },
    ]);
    edits(&[
        Edit {
            name: "4.4.2 the organizer moves one instance",
            of: "a",
            old: MONTHLY,
            new: Now::With(&[("END:VCALENDAR", JULY_OF_ORGANIZER)]),
            tells: Ok(&[
                "REQUEST to b: time of one part changed",
                "REQUEST to c: time of one part changed",
            ]),
            sent: &[
                "2x BEGIN:VEVENT",
                "RECURRENCE-ID:19970701T210000Z",
                "SEQUENCE:1",
                "SEQUENCE:0",
            ],
            unsent: &[],
            has: &["SEQUENCE:1", "SEQUENCE:0", "RSVP=TRUE…:mailto:b@"],
            not: &[],
        },
        Edit {
            name: "4.4.3 the organizer takes one instance out",
            of: "a",
            old: MONTHLY,
            new: Now::With(&[("RRULE", "EXDATE:19970801T210000Z\nRRULE")]),
            tells: Ok(&[
                "CANCEL to b: one instance cancelled",
                "(REQUEST to b: instances changed)",
                "CANCEL to c: one instance cancelled",
                "(REQUEST to c: instances changed)",
            ]),
            sent: &[
                "METHOD:CANCEL",
                "RECURRENCE-ID:19970801T210000Z",
                "STATUS:CANCELLED",
                "SEQUENCE:1",
                "ATTENDEE:mailto:b@",
                "ATTENDEE:mailto:c@",
            ],
            unsent: &["RRULE", "EXDATE"],
            has: &["SEQUENCE:1"],
            not: &[],
        },
        Edit {
            name: "4.4.4 the organizer deletes the series",
            of: "a",
            old: BOTH,
            new: Now::Gone,
            tells: Ok(&["CANCEL to b: cancelled"]),
            sent: &["STATUS:CANCELLED", "SEQUENCE:2"],
            unsent: &["RECURRENCE-ID"],
            has: &[],
            not: &[],
        },
    ]);
}

#[test]
fn section_4_4_5_to_4_4_7_a_series_is_changed() {
    arrivals(&[
        Arrival {
            name: "4.4.5 all instances from one on",
            to: "b",
            stored: MONTHLY,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                UID:guid-1@example.com
                RECURRENCE-ID;RANGE=THISANDFUTURE:19970901T210000Z
                SEQUENCE:3
                ORGANIZER:mailto:a@example.com
                ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
                ATTENDEE;RSVP=TRUE:mailto:b@example.com
                SUMMARY:IETF Calendaring Working Group Meeting
                DTSTART:19970901T210000Z
                DTEND:19970901T220000Z
                LOCATION:Building 32\\, Microsoft\\, Seattle\\, WA
                DTSTAMP:19970626T083000Z
                STATUS:CONFIRMED
                END:VEVENT",
            then: Then::News,
            has: &[
                "RANGE=THISANDFUTURE:19970901T210000Z",
                "LOCATION:Building 32",
                "2x BEGIN:VEVENT",
            ],
            not: &[],
        },
        Arrival {
            name: "4.4.6 an instance more is for looking at",
            to: "b",
            stored: MONTHLY,
            method: "ADD",
            comes: "BEGIN:VEVENT
                UID:guid-1@example.com
                SEQUENCE:4
                ORGANIZER:mailto:a@example.com
                ATTENDEE;RSVP=TRUE:mailto:b@example.com
                SUMMARY:IETF Calendaring Working Group Meeting
                DTSTART:19970715T210000Z
                DTEND:19970715T220000Z
                DTSTAMP:19970629T093000Z
                STATUS:CONFIRMED
                END:VEVENT",
            then: Then::Look,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.4.7 a new rule, which takes what was said of instances with it",
            to: "b",
            stored: BOTH,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                UID:guid-1@example.com
                SEQUENCE:7
                RRULE:WKST=SU;BYDAY=TU,TH;FREQ=WEEKLY
                ORGANIZER:mailto:a@example.com
                ATTENDEE;RSVP=TRUE:mailto:b@example.com
                SUMMARY:Review Accounts
                DTSTART:19970603T210000Z
                DTEND:19970603T220000Z
                DTSTAMP:19970629T193000Z
                STATUS:CONFIRMED
                END:VEVENT",
            then: Then::News,
            has: &["BYDAY=TU,TH", "1x BEGIN:VEVENT", "SEQUENCE:7"],
            not: &["RECURRENCE-ID", "PARTSTAT=ACCEPTED"],
        },
    ]);
}

/// §4.4.8: three days, the second elsewhere, and one more.
const REVIEW: &str = "BEGIN:VEVENT
    UID:123456789@example.com
    SEQUENCE:2
    RDATE:19980304T180000Z
    RDATE:19980311T180000Z
    RDATE:19980315T180000Z
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE;RSVP=TRUE:mailto:b@example.com
    SUMMARY:Review Accounts
    DTSTART:19980304T180000Z
    DTEND:19980304T200000Z
    DTSTAMP:19980307T193000Z
    LOCATION:Conference Room A
    STATUS:CONFIRMED
    END:VEVENT
    BEGIN:VEVENT
    SEQUENCE:2
    UID:123456789@example.com
    RECURRENCE-ID:19980311T180000Z
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE;RSVP=TRUE:mailto:b@example.com
    SUMMARY:Review Accounts
    DTSTART:19980311T160000Z
    DTEND:19980311T180000Z
    DTSTAMP:19980307T193000Z
    LOCATION:The Small conference room
    STATUS:CONFIRMED
    END:VEVENT";

#[test]
fn section_4_4_8_to_4_4_10_the_newest_state_a_proposal_and_an_error() {
    arrivals(&[
        Arrival {
            name: "4.4.8 the newest state comes with its exceptions",
            to: "b",
            stored: "BEGIN:VEVENT
                UID:123456789@example.com
                SEQUENCE:0
                RDATE:19980304T180000Z
                RDATE:19980311T180000Z
                RDATE:19980318T180000Z
                ORGANIZER:mailto:a@example.com
                ATTENDEE;RSVP=TRUE:mailto:b@example.com
                SUMMARY:Review Accounts
                DTSTART:19980304T180000Z
                DTEND:19980304T200000Z
                DTSTAMP:19980303T193000Z
                LOCATION:Conference Room A
                END:VEVENT",
            method: "REQUEST",
            comes: REVIEW,
            then: Then::News,
            has: &["2x BEGIN:VEVENT", "3x RDATE", "RDATE:19980315T180000Z", "LOCATION:The Small"],
            not: &["RDATE:19980318T180000Z"],
        },
        Arrival {
            name: "4.4.9 another time is proposed for one instance",
            to: "a",
            stored: MONTHLY,
            method: "COUNTER",
            comes: JULY,
            then: Then::Look,
            has: &[],
            not: &[],
        },
        Arrival {
            name: "4.4.10 a program could not make sense of the request",
            to: "a",
            stored: MONTHLY,
            method: "REPLY",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE:mailto:b@example.com
                REQUEST-STATUS:3.0;Invalid Property Name;FOO
                UID:guid-1@example.com
                SEQUENCE:0
                DTSTAMP:19970603T094000Z
                END:VEVENT",
            then: Then::Quiet,
            has: &["ATTENDEE…SCHEDULE-STATUS=3.0…:mailto:b@"],
            not: &["PARTSTAT…:mailto:b@", "FOO"],
        },
    ]);
}
