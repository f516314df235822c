//! RFC 5546 §4.5 to §4.7: the examples of tasks, journals, questions for the newest state and lost
//! instances.

use super::table::{Arrival, Edit, Now, Then, arrivals, edits};
use super::{at, is_me, state, told};

/// §4.5.1.
const TASK: &str = "BEGIN:VTODO
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR:mailto:a@example.com
    ATTENDEE;RSVP=TRUE:mailto:b@example.com
    ATTENDEE;RSVP=TRUE:mailto:d@example.com
    DTSTART:19970701T170000Z
    DUE:19970722T170000Z
    PRIORITY:1
    SUMMARY:Create the requirements document
    UID:calsrv.example.com-873970198738777-00@example.com
    SEQUENCE:0
    DTSTAMP:19970717T200000Z
    STATUS:NEEDS-ACTION
    END:VTODO";

/// The same with one who does it.
const HIS_TASK: &str = "BEGIN:VTODO
    ORGANIZER:mailto:a@example.com
    ATTENDEE;RSVP=TRUE:mailto:b@example.com
    DTSTART:19970701T170000Z
    DUE:19970722T170000Z
    UID:calsrv.example.com-873970198738777-00@example.com
    SEQUENCE:0
    DTSTAMP:19970717T200000Z
    STATUS:NEEDS-ACTION
    END:VTODO";

/// §4.5.4.
const THREE_QUARTERS: &str = "BEGIN:VTODO
    ORGANIZER:mailto:a@example.com
    ATTENDEE;PARTSTAT=IN-PROCESS:mailto:b@example.com
    PERCENT-COMPLETE:75
    UID:calsrv.example.com-873970198738777-00@example.com
    DTSTAMP:19970717T233000Z
    SEQUENCE:0
    END:VTODO";

#[test]
fn section_4_5_1_to_4_5_6_a_task_is_given_and_done() {
    arrivals(&[
        Arrival {
            name: "4.5.1 a task is given",
            to: "b",
            stored: "",
            method: "REQUEST",
            comes: TASK,
            then: Then::News,
            has: &["BEGIN:VTODO", "DUE:19970722T170000Z", "STATUS:NEEDS-ACTION"],
            not: &["METHOD"],
        },
        Arrival {
            name: "4.5.2 it is taken",
            to: "a",
            stored: TASK,
            method: "REPLY",
            comes: "BEGIN:VTODO
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@example.com
                UID:calsrv.example.com-873970198738777-00@example.com
                COMMENT:I'll send you my input by email
                SEQUENCE:0
                DTSTAMP:19970717T203000Z
                REQUEST-STATUS:2.0;Success
                END:VTODO",
            then: Then::News,
            has: &["PARTSTAT=ACCEPTED…:mailto:b@", "STATUS:NEEDS-ACTION"],
            not: &["PARTSTAT…:mailto:d@"],
        },
        Arrival {
            name: "4.5.4 how far one of two is, says nothing of the whole",
            to: "a",
            stored: TASK,
            method: "REPLY",
            comes: THREE_QUARTERS,
            then: Then::News,
            has: &["PARTSTAT=IN-PROCESS…:mailto:b@", "STATUS:NEEDS-ACTION"],
            not: &["PERCENT-COMPLETE"],
        },
        Arrival {
            name: "4.5.4 how far the only one is, does",
            to: "a",
            stored: HIS_TASK,
            method: "REPLY",
            comes: THREE_QUARTERS,
            then: Then::News,
            has: &["PARTSTAT=IN-PROCESS…:mailto:b@", "PERCENT-COMPLETE:75"],
            not: &[],
        },
        Arrival {
            name: "4.5.5 one has done his part",
            to: "a",
            stored: TASK,
            method: "REPLY",
            comes: "BEGIN:VTODO
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=COMPLETED:mailto:d@example.com
                UID:calsrv.example.com-873970198738777-00@example.com
                DTSTAMP:19970717T233000Z
                SEQUENCE:0
                END:VTODO",
            then: Then::News,
            has: &["PARTSTAT=COMPLETED…:mailto:d@"],
            not: &["PARTSTAT…:mailto:b@"],
        },
        Arrival {
            name: "4.5.6 how far the whole is: what an attendee says of his own state stays",
            to: "b",
            stored: "BEGIN:VTODO
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=IN-PROCESS:mailto:b@example.com
                DTSTART:19970701T170000Z
                DUE:19970722T170000Z
                UID:calsrv.example.com-873970198738777-00@example.com
                SEQUENCE:0
                DTSTAMP:19970717T200000Z
                PERCENT-COMPLETE:75
                END:VTODO",
            method: "REQUEST",
            comes: "BEGIN:VTODO
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=IN-PROCESS;CUTYPE=INDIVIDUAL:mailto:b@example.com
                ATTENDEE;PARTSTAT=COMPLETED;CUTYPE=INDIVIDUAL:mailto:d@example.com
                DTSTART:19970701T170000Z
                DUE:19970722T170000Z
                SUMMARY:Create the requirements document
                UID:calsrv.example.com-873970198738777-00@example.com
                SEQUENCE:1
                DTSTAMP:19970718T100000Z
                STATUS:IN-PROCESS
                PERCENT-COMPLETE:40
                END:VTODO",
            then: Then::News,
            has: &["PERCENT-COMPLETE:75", "PARTSTAT=COMPLETED…:mailto:d@", "SEQUENCE:1"],
            not: &["PERCENT-COMPLETE:40"],
        },
    ]);
    edits(&[Edit {
        name: "4.5.4 what an attendee says of how far he is",
        of: "b",
        old: TASK,
        new: Now::With(&[
            ("ATTENDEE;RSVP=TRUE:mailto:b", "ATTENDEE;PARTSTAT=IN-PROCESS:mailto:b"),
            ("PRIORITY:1", "PERCENT-COMPLETE:75\nPRIORITY:1"),
        ]),
        tells: Ok(&["REPLY to a: in-process"]),
        sent: &[
            "PERCENT-COMPLETE:75",
            "PARTSTAT=IN-PROCESS:mailto:b@",
            "1x ATTENDEE",
            "SEQUENCE:0",
        ],
        unsent: &["mailto:d@"],
        has: &["PERCENT-COMPLETE:75"],
        not: &[],
    }]);
}

const REPORTS: &str = "BEGIN:VTODO
    ORGANIZER:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:b@example.com
    RRULE:FREQ=MONTHLY;COUNT=10;BYDAY=1FR
    DTSTART:19980102T100000Z
    DUE:19980104T100000Z
    SUMMARY:Send Status Reports to Area Managers
    UID:calsrv.example.com-873970198738777-00@example.com
    SEQUENCE:0
    DTSTAMP:19970717T200000Z
    STATUS:NEEDS-ACTION
    PRIORITY:1
    END:VTODO";

#[test]
fn section_4_5_7_a_task_recurs() {
    arrivals(&[
        Arrival {
            name: "4.5.7.2 one instance is under way",
            to: "a",
            stored: REPORTS,
            method: "REPLY",
            comes: "BEGIN:VTODO
                ATTENDEE;PARTSTAT=IN-PROCESS:mailto:b@example.com
                PERCENT-COMPLETE:75
                UID:calsrv.example.com-873970198738777-00@example.com
                DTSTAMP:19970717T233000Z
                RECURRENCE-ID:19980206T100000Z
                SEQUENCE:1
                END:VTODO",
            then: Then::News,
            has: &[
                "2x BEGIN:VTODO",
                "RECURRENCE-ID:19980206T100000Z",
                "DUE:19980208T100000Z",
                "1x PERCENT-COMPLETE:75",
                "1x PARTSTAT=IN-PROCESS",
            ],
            not: &[],
        },
        Arrival {
            name: "4.5.7.2 an instance that there is not",
            to: "a",
            stored: REPORTS,
            method: "REPLY",
            comes: "BEGIN:VTODO
                ATTENDEE;PARTSTAT=IN-PROCESS:mailto:b@example.com
                UID:calsrv.example.com-873970198738777-00@example.com
                DTSTAMP:19970717T233000Z
                RECURRENCE-ID:19980101T170000Z
                SEQUENCE:1
                END:VTODO",
            then: Then::Nothing,
            has: &[],
            not: &[],
        },
    ]);
}

/// §4.7.2, what B has.
const WEEKLY: &str = "BEGIN:VEVENT
    UID:example-12345@example.com
    SEQUENCE:1
    RRULE:FREQ=WEEKLY
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    SUMMARY:IETF Calendaring Working Group Meeting
    DTSTART:19970801T210000Z
    DTEND:19970801T220000Z
    DTSTAMP:19970701T083000Z
    END:VEVENT";

/// §4.7.2. The example of §4.7.1 names four attendees, against §3.2.6.
const QUESTION: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE:mailto:b@example.com
    UID:example-12345@example.com
    DTSTAMP:19970603T094000Z
    END:VEVENT";

#[test]
fn section_4_6_to_4_7_journals_questions_and_lost_instances() {
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
    let four = "BEGIN:VEVENT
        ORGANIZER:mailto:a@example.com
        ATTENDEE:mailto:b@example.com
        ATTENDEE:mailto:c@example.com
        UID:example-12345@example.com
        DTSTAMP:19970603T094000Z
        END:VEVENT";
    let minutes = "BEGIN:VJOURNAL
        DTSTART:19971002T200000Z
        DTSTAMP:19970717T233100Z
        ORGANIZER:mailto:a@example.com
        SUMMARY:Phone conference minutes
        UID:0981234-1234234-2410@example.com
        END:VJOURNAL";
    arrivals(&[
        case("4.6 a journal is published", "b", "", "PUBLISH", minutes, Then::Look),
        case("4.7.1 the newest state is asked for", "a", WEEKLY, "REFRESH", QUESTION, Then::Asked),
        case("4.7.1 of what is not known", "a", "", "REFRESH", QUESTION, Then::Nothing),
        case("4.7.1 of who does not organize it", "b", WEEKLY, "REFRESH", QUESTION, Then::Refused),
        case("4.7.1 nobody knows who asks", "a", WEEKLY, "REFRESH", four, Then::Refused),
        Arrival {
            name: "4.7.2 an instance that the copy lacks comes as it is told",
            to: "b",
            stored: WEEKLY,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                UID:example-12345@example.com
                SEQUENCE:3
                ORGANIZER:mailto:a@example.com
                ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
                ATTENDEE:mailto:b@example.com
                SUMMARY:IETF Calendaring Working Group Meeting
                DTSTART:19970809T210000Z
                DTEND:19970809T220000Z
                RECURRENCE-ID:19970809T210000Z
                DTSTAMP:19970726T083000Z
                STATUS:CONFIRMED
                END:VEVENT",
            then: Then::News,
            has: &["2x BEGIN:VEVENT", "RECURRENCE-ID:19970809T210000Z"],
            not: &[],
        },
    ]);
}

#[test]
fn section_3_2_6_the_newest_state_goes_to_who_is_invited() {
    let stored = super::table::calendar("", WEEKLY);
    let ask = |who: &str| state(stored.as_bytes(), who, &is_me("a"), at(0));
    let told_him = ask("mailto:b@example.com");
    assert_eq!(told(&told_him), ["REQUEST to b: the newest state, as asked"]);
    assert!(told_him[0].text.contains("DTSTAMP:19970701T083000Z"), "it is no newer than it was");
    assert_eq!(told(&ask("mailto:z@example.com")), [""; 0]);
}
