//! `DAV:principal-property-search` (RFC 3744 §9.4), with what Apple's programs add: `test` on the
//! report and `match-type` on each match.
//!
//! Invariant: only principals that the asker may look at are searched, so a search tells nobody
//! more than PROPFIND would.

use super::resource::{demand_depth_zero, fetch, inside, write_truncated};
use crate::domain::collection::list::Want;
use crate::domain::directory::admin::Profile;
use crate::domain::directory::{Kind, lookup};
use crate::format::xml::{self, Element, Name, Node as XmlNode, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{PAGE_MEMBERS, PRINCIPALS_FOUND_MAX, PRINCIPALS_SEARCHED_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::multistatus;
use crate::protocol::dav::method::propfind::bare;
use crate::protocol::dav::multistatus::{Wanted, show, write_response};
use crate::protocol::dav::name::PROP;
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::space::principal_path;
use crate::protocol::dav::subject::{Node, Subject};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::sync::Arc;

/// The properties that can be searched, the usual ones first, each with what it is in English.
pub static SEARCHABLE: [(Name, &str); 8] = [
    (Name::known(Ns::Dav, "displayname"), "Name"),
    (Name::known(Ns::CalendarServer, "email-address-set"), "Address"),
    (Name::known(Ns::CalendarServer, "first-name"), "First name"),
    (Name::known(Ns::CalendarServer, "last-name"), "Last name"),
    (Name::known(Ns::CalDav, "calendar-user-address-set"), "Calendar user address"),
    (Name::known(Ns::CalDav, "calendar-user-type"), "Person, group or resource"),
    (Name::known(Ns::CalDav, "calendar-home-set"), "Where the calendars are"),
    (Name::known(Ns::CardDav, "addressbook-home-set"), "Where the address books are"),
];

/// How a text is compared; case never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// The whole.
    Equals,
}

/// Values of `match-type`.
static HOW: [(&str, How); 4] = [
    ("contains", How::Contains),
    ("starts-with", How::StartsWith),
    ("ends-with", How::EndsWith),
    ("equals", How::Equals),
];

/// A condition on a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Every one of these holds.
    All(Vec<Test>),
    /// One of these holds.
    Any(Vec<Test>),
    /// The property has such a text; the text is in lower case.
    Has(Name, How, String),
}

/// Answers with the principals that match.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    let test = test(&root)?;
    fetch(&ask, &ask.path, Want::default()).await?;
    let everywhere = root.child("DAV:", "apply-to-principal-collection-set").is_some();
    let scope = if everywhere { "/".to_owned() } else { inside(&ask) };
    answer(&ask, &root, &scope, &Kind::ALL, &test, PRINCIPALS_FOUND_MAX).await
}

fn test(root: &Element) -> Outcome<Test> {
    let mut all = Vec::new();
    for search in root.elements().filter(|e| e.is("DAV:", "property-search")) {
        let (prop, text) = (search.child("DAV:", "prop"), search.child("DAV:", "match"));
        let (Some(prop), Some(text)) = (prop, text) else {
            return Err(Fault::malformed("a property-search holds a prop and a match"));
        };
        let how = match text.attribute("match-type") {
            None => How::Contains,
            Some(word) => match HOW.iter().find(|h| h.0 == word) {
                Some((_, how)) => *how,
                None => return Err(Fault::malformed(format!("match-type {word:?} is none"))),
            },
        };
        let text = text.text().trim().to_lowercase();
        let has = |e: &Element| Test::Has(e.name.clone(), how, text.clone());
        let tests: Vec<Test> = prop.elements().map(has).collect();
        if tests.is_empty() {
            return Err(Fault::malformed("a property-search names at least one property"));
        }
        all.push(Test::All(tests));
    }
    match (all.is_empty(), root.attribute("test")) {
        (true, _) => Err(Fault::malformed("a search has at least one property-search")),
        (_, Some("anyof")) => Ok(Test::Any(all)),
        (_, None | Some("allof")) => Ok(Test::All(all)),
        _ => Err(Fault::malformed("test is anyof or allof")),
    }
}

/// Answers with the principals of these kinds, inside a path, on which a test holds; at most
/// `limit` of them.
pub async fn answer(
    ask: &Ask,
    root: &Element,
    scope: &str,
    kinds: &[Kind],
    test: &Test,
    limit: usize,
) -> Outcome<Response<Body>> {
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), root, minimal);
    let mut found: Vec<(String, Profile)> = Vec::new();
    let mut left = PRINCIPALS_SEARCHED_MAX;
    let mut whole = true;
    for kind in kinds {
        let mut after = Some(String::new());
        while let (true, Some(from)) = (whole, after) {
            let (store, who) = (&ask.access.store, &ask.access.who);
            let page = lookup::visible_to(store, who, *kind, &from, PAGE_MEMBERS).await?;
            left = left.saturating_sub(page.len());
            let last = page.last().filter(|_| page.len() == PAGE_MEMBERS);
            after = last.map(|last| last.principal.name.clone());
            for it in page {
                let path = principal_path(*kind, &it.principal.name);
                let inside = path.starts_with(scope);
                if inside && holds(test, &bare(ask, Node::Principal(&it), &path)) {
                    found.push((path, it));
                }
            }
            whole = found.len() <= limit && (left > 0 || after.is_none());
        }
    }
    found.truncate(limit);
    Ok(multistatus(|w| {
        for (path, it) in &found {
            write_response(&wanted, &bare(ask, Node::Principal(it), path), w);
        }
        if !whole {
            write_truncated(ask, w);
        }
    }))
}

/// Whether a test holds on a principal.
pub fn holds(test: &Test, subject: &Subject<'_>) -> bool {
    match test {
        Test::All(tests) => tests.iter().all(|test| holds(test, subject)),
        Test::Any(tests) => tests.iter().any(|test| holds(test, subject)),
        Test::Has(name, how, text) => {
            let searchable = SEARCHABLE.iter().any(|s| s.0 == *name);
            searchable && texts(subject, name).iter().any(|have| matches(*how, have, text))
        }
    }
}

fn matches(how: How, have: &str, text: &str) -> bool {
    let have = have.trim().to_lowercase();
    match how {
        How::Contains => have.contains(text),
        How::StartsWith => have.starts_with(text),
        How::EndsWith => have.ends_with(text),
        How::Equals => have == text,
    }
}

/// The texts of a property: one for each run of characters between tags (RFC 3744 §9.4.1).
fn texts(subject: &Subject<'_>, name: &Name) -> Vec<String> {
    let mut writer = Writer::with_capacity(512);
    writer.document_start(&PROP);
    if show(subject, &Element::new(name.clone()), &mut writer) != Shown::Yes {
        return Vec::new();
    }
    writer.close(&PROP);
    let mut found = Vec::new();
    if let Ok(root) = xml::parse(&writer.out) {
        gather(&root, &mut found);
    }
    found
}

fn gather(element: &Element, found: &mut Vec<String>) {
    for child in &element.children {
        match child {
            XmlNode::Text(text) => found.push(text.clone()),
            XmlNode::Element(inner) => gather(inner, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Outcome<Test> {
        let body = format!("<D:principal-property-search xmlns:D=\"DAV:\" {body}");
        test(&xml::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn several_searches_are_one_and_unless_anyof_says_otherwise() {
        let one = "<D:property-search><D:prop><D:displayname/></D:prop><D:match>B</D:match>\
                   </D:property-search>";
        let end = "</D:principal-property-search>";
        let has = Test::Has(Name::known(Ns::Dav, "displayname"), How::Contains, "b".into());
        let both = vec![Test::All(vec![has.clone()]), Test::All(vec![has])];
        assert_eq!(of(&format!(">{one}{one}{end}")), Ok(Test::All(both.clone())));
        assert_eq!(of(&format!("test=\"allof\">{one}{one}{end}")), Ok(Test::All(both.clone())));
        assert_eq!(of(&format!("test=\"anyof\">{one}{one}{end}")), Ok(Test::Any(both)));
        assert!(of(&format!("test=\"someof\">{one}{end}")).is_err());
        assert!(of(&format!(">{end}")).is_err());
    }

    #[test]
    fn case_and_space_at_the_ends_do_not_count() {
        let table = [
            (How::Contains, "Ärger am Bau", "ger a", true),
            (How::StartsWith, " Ärger", "är", true),
            (How::StartsWith, "Ärger", "ger", false),
            (How::EndsWith, "a@Example.org", "example.org", true),
            (How::Equals, "Bob", "bob", true),
            (How::Equals, "Bobby", "bob", false),
        ];
        for (how, have, text, expected) in table {
            assert_eq!(matches(how, have, text), expected, "{how:?} {have} {text}");
        }
    }
}
