//! RFC 5546 §4.2.5 to §4.2.8: the examples of delegation.

use super::group::ACCEPTS;
use super::table::{Arrival, Edit, Now, Then, arrivals, edits};

pub const PHONE: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:a@example.com
    ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:c@example.com
    DTSTART:19970701T180000Z
    DTEND:19970701T200000Z
    SUMMARY:Phone Conference
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:0
    STATUS:CONFIRMED
    DTSTAMP:19970611T190000Z
    END:VEVENT";

/// §4.2.5, what C sends to E and what A has then.
const DELEGATED: &str = "BEGIN:VEVENT
    ORGANIZER:mailto:a@example.com
    ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:e@example.com\":mailto:c@example.com
    ATTENDEE;RSVP=TRUE;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@example.com
    DTSTART:19970701T180000Z
    DTEND:19970701T200000Z
    SUMMARY:Phone Conference
    UID:calsrv.example.com-873970198738777@example.com
    SEQUENCE:0
    STATUS:CONFIRMED
    DTSTAMP:19970611T190000Z
    END:VEVENT";

#[test]
fn section_4_2_5_to_4_2_7_a_meeting_is_delegated() {
    arrivals(&[
        Arrival {
            name: "4.2.5 the organizer hears of it: the delegate comes in",
            to: "a",
            stored: PHONE,
            method: "REPLY",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:e@example.com\":mailto:c@example.com
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:0
                REQUEST-STATUS:2.0;Success
                DTSTAMP:19970611T190000Z
                END:VEVENT",
            then: Then::News,
            has: &[
                "PARTSTAT=DELEGATED…DELEGATED-TO=\"mailto:e@example.com\"…:mailto:c@",
                "PARTSTAT=NEEDS-ACTION;RSVP=TRUE;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@",
            ],
            not: &[],
        },
        Arrival {
            name: "4.2.5 the delegate is asked",
            to: "e",
            stored: "",
            method: "REQUEST",
            comes: DELEGATED,
            then: Then::News,
            has: &["RSVP=TRUE;DELEGATED-FROM…:mailto:e@"],
            not: &[],
        },
        Arrival {
            name: "4.2.6 the delegate accepts, and names his delegator",
            to: "a",
            stored: DELEGATED,
            method: "REPLY",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@example.com
                ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:e@example.com\":mailto:c@example.com
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:0
                REQUEST-STATUS:2.0;Success
                DTSTAMP:19970614T190000Z
                END:VEVENT",
            then: Then::News,
            has: &["PARTSTAT=ACCEPTED…:mailto:e@", "PARTSTAT=DELEGATED…:mailto:c@"],
            not: &[],
        },
        Arrival {
            name: "4.2.7 the delegate declines",
            to: "a",
            stored: DELEGATED,
            method: "REPLY",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:e@example.com\":mailto:c@example.com
                ATTENDEE;PARTSTAT=DECLINED;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@example.com
                COMMENT:Sorry, I will be out of town at that time.
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:0
                REQUEST-STATUS:2.0;Success
                DTSTAMP:19970614T190000Z
                END:VEVENT",
            then: Then::News,
            has: &["PARTSTAT=DECLINED…:mailto:e@", "PARTSTAT=DELEGATED…:mailto:c@"],
            not: &[],
        },
        Arrival {
            name: "4.2.7 the delegator hears of it",
            to: "c",
            stored: DELEGATED,
            method: "REQUEST",
            comes: "BEGIN:VEVENT
                ORGANIZER:mailto:a@example.com
                ATTENDEE;PARTSTAT=DECLINED;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@example.com
                ATTENDEE;RSVP=TRUE:mailto:c@example.com
                UID:calsrv.example.com-873970198738777@example.com
                SEQUENCE:0
                SUMMARY:Phone Conference
                DTSTART:19970701T180000Z
                DTEND:19970701T200000Z
                DTSTAMP:19970614T200000Z
                COMMENT:DELEGATE (ATTENDEE mailto:e@example.com) DECLINED YOUR INVITATION
                END:VEVENT",
            then: Then::News,
            has: &["PARTSTAT=DECLINED…:mailto:e@"],
            not: &[],
        },
        Arrival {
            name: "4.2.8 who was forwarded a request does not come in by an answer",
            to: "a",
            stored: PHONE,
            method: "REPLY",
            comes: ACCEPTS,
            then: Then::Look,
            has: &[],
            not: &[],
        },
    ]);
    edits(&[Edit {
        name: "4.2.5 the delegator's reply names him and the delegate, who answers for himself",
        of: "c",
        old: PHONE,
        new: Now::With(&[(
            "ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:c@example.com",
            "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:e@example.com\":mailto:c@example.com
             ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:c@example.com\":mailto:e@example.com",
        )]),
        tells: Ok(&["REPLY to a: delegated"]),
        sent: &[
            "PARTSTAT=DELEGATED…DELEGATED-TO=\"mailto:e@example.com\"…:mailto:c@",
            "PARTSTAT=NEEDS-ACTION…DELEGATED-FROM=\"mailto:c@example.com\"…:mailto:e@",
            "2x ATTENDEE",
        ],
        unsent: &["PARTSTAT=ACCEPTED"],
        has: &["…:mailto:e@"],
        not: &[],
    }]);
}
