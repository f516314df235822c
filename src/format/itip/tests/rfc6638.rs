//! The flows of RFC 6638, appendix B, as dialogues of copies.

use super::*;

#[test]
fn b_1_to_b_4_an_invitation_is_answered_and_everybody_knows() {
    let mut world = World::new();
    world.put("o", &single()).unwrap();
    let posted: Vec<Message> = world.post.iter().map(|post| post.message.clone()).collect();
    assert_eq!(told(&posted), ["REQUEST to a: invited", "REQUEST to b: invited"]);
    world.settle();
    assert_eq!(partstat(world.copy("a"), "a"), "NEEDS-ACTION");
    assert!(!world.copy("a").contains("METHOD"));
    world.answer("a", "ACCEPTED");
    let reply = world.post[0].message.clone();
    assert_eq!(told(std::slice::from_ref(&reply)), ["REPLY to o: accepted"]);
    assert_eq!(reply.text.matches("ATTENDEE").count(), 1, "{}", reply.text);
    let Ok(Received::Store { news, others, keeps_schedule_tag, .. }) = world.deliver(0) else {
        panic!("not taken in")
    };
    assert!(news && others.is_some() && keeps_schedule_tag);
    assert_eq!(partstat(world.copy("o"), "a"), "ACCEPTED");
    assert!(unfolded(world.copy("o")).contains("SCHEDULE-STATUS=2.0"));
    let posted: Vec<Message> = world.post.iter().map(|post| post.message.clone()).collect();
    assert_eq!(told(&posted), ["(REQUEST to b: an answer of another attendee)"]);
    let Ok(Received::Store { news, keeps_schedule_tag, .. }) = world.deliver(0) else {
        panic!("not taken in")
    };
    assert!(!news && keeps_schedule_tag, "an answer of another is nothing to look at");
    assert_eq!(partstat(world.copy("b"), "a"), "ACCEPTED");
    assert!(world.post.is_empty());
}

#[test]
fn b_7_declining_an_instance_makes_an_exception_everywhere() {
    let mut world = World::new();
    world.put("o", &series()).unwrap();
    world.settle();
    world.answer("a", "ACCEPTED");
    world.settle();
    let people = PEOPLE.replace("NEEDS-ACTION:mailto:a", "DECLINED:mailto:a");
    let exception = format!(
        "RECURRENCE-ID:20260604T090000Z\nDTSTART:20260604T090000Z\nDTEND:20260604T100000Z\n\
         SUMMARY:Plan\n{people}"
    );
    let text = plus(world.copy("a"), &exception);
    world.put("a", &text).unwrap();
    let reply = world.post[0].message.clone();
    assert_eq!(told(std::slice::from_ref(&reply)), ["REPLY to o: declined: one instance"]);
    assert_eq!(line(&reply.text, "RECURRENCE-ID"), "RECURRENCE-ID:20260604T090000Z");
    assert!(!reply.text.contains("RRULE"));
    world.settle();
    for who in ["o", "b"] {
        let text = world.copy(who);
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 2, "{text}");
        assert_eq!(partstat(text, "a"), "ACCEPTED");
        let exception = &text[text.rfind("BEGIN:VEVENT").unwrap()..];
        assert_eq!(partstat(exception, "a"), "DECLINED", "{text}");
        assert_eq!(partstat(exception, "b"), "NEEDS-ACTION", "{text}");
    }
}

#[test]
fn b_8_taking_an_instance_out_declines_it() {
    let mut world = World::new();
    world.put("o", &series()).unwrap();
    world.settle();
    world.answer("a", "ACCEPTED");
    world.settle();
    world.change("a", "RRULE", "EXDATE:20260604T090000Z\r\nRRULE");
    let reply = world.post[0].message.clone();
    assert_eq!(told(std::slice::from_ref(&reply)), ["REPLY to o: declined: one instance"]);
    assert_eq!(line(&reply.text, "RECURRENCE-ID"), "RECURRENCE-ID:20260604T090000Z");
    assert_eq!(partstat(&reply.text, "a"), "DECLINED");
    world.settle();
    let text = world.copy("o");
    assert_eq!(partstat(&text[text.rfind("BEGIN:VEVENT").unwrap()..], "a"), "DECLINED");
    // It stays out of his copy when something else changes.
    world.change("o", "SUMMARY:Plan", "SUMMARY:Other");
    world.settle();
    assert!(world.copy("a").contains("EXDATE:20260604T090000Z"), "{}", world.copy("a"));
    assert!(world.copy("a").contains("SUMMARY:Other"));
    assert_eq!(world.copy("a").matches("BEGIN:VEVENT").count(), 1);
}
