//! Groups expanded: what the rules make of a text.

use super::*;
use crate::kernel::limits::ATTENDEES_MAX;
use std::collections::HashMap;

fn member(name: &str) -> Member {
    let names = vec![name.to_owned()];
    Member { address: mailto(name), names, name: format!("{name}, Dr."), kind: "INDIVIDUAL" }
}

fn known(address: &str) -> Option<String> {
    address.strip_prefix("mailto:").map(|it| it.trim_end_matches("@example.com").to_owned())
}

/// What a text becomes, where the group `g` has these members.
fn expanded(old: Option<&str>, new: &str, members: &[&str]) -> Result<Option<String>, usize> {
    let old = old.map(str::as_bytes);
    let asked = newcomers(old, new.as_bytes(), &is_me("o"));
    let members = || members.iter().map(|name| member(name)).collect::<Vec<_>>();
    let groups = asked.into_iter().filter(|it| *it == mailto("g")).map(|it| (it, members()));
    expand(old, new.as_bytes(), (&is_me("o"), &known), &groups.collect::<HashMap<_, _>>())
}

fn with_group() -> String {
    single().replace("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:b@", "ATTENDEE:mailto:g@")
}

#[test]
fn a_new_line_is_expanded_and_a_known_one_is_not() {
    let made = expanded(None, &with_group(), &["a", "c"]).unwrap().unwrap();
    let text = unfolded(&made);
    assert!(line(&text, "ATTENDEE;CN=\"c, Dr.\"").contains("MEMBER=\"mailto:g@example.com\""));
    assert_eq!(text.matches(":mailto:a@example.com").count(), 1, "{text}");
    assert_eq!(expanded(Some(&made), &made, &["a", "c", "d"]), Ok(None));
    // Whoever divides a series, or copies a meeting, has the members already.
    assert!(!expanded(None, &made, &["d"]).unwrap().unwrap_or_default().contains("d@"));
    assert_eq!(expanded(None, &single(), &["d"]), Ok(None));
}

#[test]
fn a_group_that_goes_takes_along_who_came_by_it_alone() {
    let made = expanded(None, &with_group(), &["a", "c"]).unwrap().unwrap();
    let gone = made.replace("ATTENDEE;CUTYPE=GROUP:mailto:g@example.com\r\n", "");
    let left = expanded(Some(&made), &gone, &[]).unwrap().unwrap();
    assert!(!left.contains("c@") && left.contains(":mailto:a@"), "{left}");
    let change =
        organize(Some(made.as_bytes()), Some(left.as_bytes()), &is_me("o"), at(0)).unwrap();
    let told = told(&change.messages);
    assert!(told.contains(&"CANCEL to c: cancelled".to_owned()), "{told:?}");
    assert!(!told.iter().any(|it| it.starts_with("CANCEL to a")), "{told:?}");
}

#[test]
fn more_people_than_an_event_may_have_are_refused() {
    let many: Vec<String> = (0..ATTENDEES_MAX).map(|n| format!("m{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(expanded(None, &with_group(), &many), Err(ATTENDEES_MAX + 3));
    assert!(expanded(None, &with_group(), &many[..ATTENDEES_MAX - 3]).unwrap().is_some());
}
