//! Cases as tables: what is there before, what comes or is changed, what must hold after.

use super::*;

/// `19970701T000000Z`, when the examples of RFC 5546 §4 take place.
pub const THEN: i64 = 867_715_200;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The copy changes, and its owner hears of it.
    News,
    /// The copy changes.
    Quiet,
    /// Nothing changes, but the owner looks at the message.
    Look,
    /// Nothing changes.
    Nothing,
    /// The organizer tells the newest state.
    Asked,
    /// It is no message, or not from who may send it.
    Refused,
}

/// A message that comes to somebody.
pub struct Arrival {
    pub name: &'static str,
    pub to: &'static str,
    /// The components that he has; empty: none.
    pub stored: &'static str,
    pub method: &'static str,
    pub comes: &'static str,
    pub then: Then,
    /// What lines his copy has after, see [`has`].
    pub has: &'static [&'static str],
    pub not: &'static [&'static str],
}

/// A change that somebody's program makes.
pub struct Edit {
    pub name: &'static str,
    pub of: &'static str,
    /// The components before; empty: none.
    pub old: &'static str,
    pub new: Now,
    /// Who is told what, see [`told`], in any order; or the beginning of why it is refused.
    pub tells: Result<&'static [&'static str], &'static str>,
    /// What lines the first message has.
    pub sent: &'static [&'static str],
    pub unsent: &'static [&'static str],
    /// What lines the stored text has.
    pub has: &'static [&'static str],
    pub not: &'static [&'static str],
}

/// The text after a change.
pub enum Now {
    /// These components.
    Is(&'static str),
    /// The old one with these pieces, each replaced where it stands first.
    With(&'static [(&'static str, &'static str)]),
    /// It is deleted.
    Gone,
}

/// A calendar of components, with a method or without.
pub fn calendar(method: &str, components: &str) -> String {
    let lines = components.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
    let method = if method.is_empty() { String::new() } else { format!("METHOD:{method}\r\n") };
    format!("BEGIN:VCALENDAR\r\nPRODID:-//E//EN\r\n{method}VERSION:2.0\r\n{lines}END:VCALENDAR\r\n")
}

/// Whether a text has a line with all of these pieces, in their order, that `…` parts. A pattern may
/// begin with how many: `2x BEGIN:VEVENT`.
pub fn has(text: &str, pattern: &str) -> bool {
    let (count, pattern) = match pattern.split_once("x ") {
        Some((count, rest)) if count.parse::<usize>().is_ok() => (count.parse().ok(), rest),
        _ => (None, pattern),
    };
    let fits = |line: &&str| {
        let mut rest = *line;
        pattern.split('…').all(|piece| match rest.split_once(piece) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    let found = unfolded(text).lines().filter(fits).count();
    count.map_or(found > 0, |count: usize| found == count)
}

/// What a text lacks, or has and must not have.
fn wrong(text: &str, must: &[&str], must_not: &[&str]) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(must.iter().filter(|p| !has(text, p)).map(|p| format!("has no {p}")));
    wrong.extend(must_not.iter().filter(|p| has(text, p)).map(|p| format!("has {p}")));
    if !wrong.is_empty() {
        wrong.push(text.to_owned());
    }
    wrong
}

fn report(name: &str, wrong: Vec<String>, all: &mut Vec<String>) {
    if !wrong.is_empty() {
        all.push(format!("{name}:\n  {}", wrong.join("\n  ")));
    }
}

/// Has each message arrive, once and again.
pub fn arrivals(cases: &[Arrival]) {
    let mut all = Vec::new();
    for case in cases {
        report(case.name, arrival(case), &mut all);
    }
    assert!(all.is_empty(), "{} cases fail:\n{}", all.len(), all.join("\n"));
}

fn arrival(case: &Arrival) -> Vec<String> {
    let now = Timestamp::from_seconds(THEN);
    let stored = (!case.stored.is_empty()).then(|| calendar("", case.stored));
    let message = calendar(case.method, case.comes);
    let before = stored.as_deref().map(str::as_bytes);
    let received = receive(message.as_bytes(), before, &is_me(case.to), now);
    let (then, text) = match &received {
        Ok(Received::Store { text, news: true, .. }) => (Then::News, Some(text)),
        Ok(Received::Store { text, .. }) => (Then::Quiet, Some(text)),
        Ok(Received::Nothing { news: true, .. }) => (Then::Look, None),
        Ok(Received::Nothing { .. } | Received::Remove { .. }) => (Then::Nothing, None),
        Ok(Received::Asked { .. }) => (Then::Asked, None),
        Err(_) => (Then::Refused, None),
    };
    if then != case.then {
        return vec![format!("{then:?}, not {:?}: {received:?}", case.then)];
    }
    let Some(text) = text else { return Vec::new() };
    let read = Calendar::parse(text.as_bytes()).unwrap();
    if let Err(fault) = check_resource(&read) {
        return vec![fault.to_string(), text.clone()];
    }
    let again = receive(message.as_bytes(), Some(text.as_bytes()), &is_me(case.to), now);
    let mut wrong = wrong(text, case.has, case.not);
    if let Ok(Received::Store { text, .. }) = again {
        wrong.push(format!("the second time changes something: {text}"));
    }
    wrong
}

/// Makes each change.
pub fn edits(cases: &[Edit]) {
    let mut all = Vec::new();
    for case in cases {
        report(case.name, edit(case), &mut all);
    }
    assert!(all.is_empty(), "{} cases fail:\n{}", all.len(), all.join("\n"));
}

fn edit(case: &Edit) -> Vec<String> {
    let now = Timestamp::from_seconds(THEN);
    let old = (!case.old.is_empty()).then(|| calendar("", case.old));
    let new = match case.new {
        Now::Is(components) => Some(calendar("", components)),
        Now::Gone => None,
        Now::With(changes) => {
            let mut text = old.clone().unwrap();
            for (from, to) in changes {
                assert!(text.contains(from), "{}: no {from}", case.name);
                text = text.replacen(from, to, 1);
            }
            Some(text.lines().map(|line| format!("{}\r\n", line.trim())).collect())
        }
    };
    let (before, after) = (old.as_deref().map(str::as_bytes), new.as_deref().map(str::as_bytes));
    let me = is_me(case.of);
    let of = |text: &str| role(&Calendar::parse(text.as_bytes()).unwrap(), &me);
    let change = match old.as_deref().or(new.as_deref()).map(of) {
        Some(Role::Attendee) => attend(before, after, &me, true, now),
        _ => organize(before, after, &me, now),
    };
    let change = match (change, case.tells) {
        (Err(why), Err(expected)) if why.to_string().starts_with(expected) => return Vec::new(),
        (Err(why), _) => return vec![format!("refused: {why}")],
        (Ok(_), Err(_)) => return vec!["is not refused".to_owned()],
        (Ok(change), Ok(_)) => change,
    };
    let (mut tells, mut found) = (case.tells.unwrap().to_vec(), Vec::new());
    let mut all = told(&change.messages);
    tells.sort_unstable();
    all.sort_unstable();
    if all != tells {
        found.push(format!("tells {all:?}, not {tells:?}"));
    }
    if let Some(first) = change.messages.first() {
        found.extend(wrong(&first.text, case.sent, case.unsent));
    }
    if let Some(text) = change.stored.as_deref().or(new.as_deref()) {
        found.extend(wrong(text, case.has, case.not));
        check_resource(&Calendar::parse(text.as_bytes()).unwrap()).unwrap();
    }
    found
}
