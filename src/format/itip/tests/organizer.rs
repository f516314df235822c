//! What an organizer's change means for whom he invited.

use super::*;

#[test]
fn all_are_told_when_the_meeting_goes() {
    let mut world = World::new();
    world.put("o", &single()).unwrap();
    world.settle();
    world.delete("o", true);
    let posted: Vec<Message> = world.post.iter().map(|post| post.message.clone()).collect();
    assert_eq!(told(&posted), ["CANCEL to a: cancelled", "CANCEL to b: cancelled"]);
    world.settle();
    assert!(world.copy("a").contains("STATUS:CANCELLED"), "{}", world.copy("a"));
}

#[test]
fn an_alarm_of_his_own_is_told_to_nobody() {
    let old = single();
    let alarm =
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n";
    let new = old.replace("END:VEVENT", &format!("{alarm}END:VEVENT"));
    let change = organized(Some(&old), Some(&new));
    assert_eq!(told(&change.messages), [""; 0]);
    // RFC 6638 §3.2.10: his own change of the resource is one for his other programs too.
    assert!(!change.keeps_schedule_tag);
}
