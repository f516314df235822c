//! `DAV:principal-property-search` (RFC 3744 §9.4), with what Apple's programs add: `test` on the
//! report and `match-type` on each match.
//!
//! Invariant: only principals that the asker may look at are searched, so a search tells nobody
//! more than PROPFIND would.

use super::resource::{demand_depth_zero, fetch, inside, write_truncated};
use crate::domain::collection::list::Want;
use crate::domain::directory::Kind;
use crate::domain::directory::resource::Resource;
use crate::domain::principals::{self, Search, View};
use crate::format::xml::{self, Element, Name, Node as XmlNode, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{PAGE_MEMBERS, PRINCIPALS_FOUND_MAX, PRINCIPALS_SEARCHED_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::multistatus;
use crate::protocol::dav::method::propfind::bare;
use crate::protocol::dav::multistatus::{Wanted, show, write_response};
use crate::protocol::dav::name::{PROP, ROOM_CAPACITY, ROOM_FEATURES, ROOM_LOCATION};
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::space::principal_path;
use crate::protocol::dav::subject::{Node, Subject};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::sync::Arc;

/// The properties that can be searched, the usual ones first, each with what it is in English.
pub static SEARCHABLE: [(Name, &str); 11] = [
    (Name::known(Ns::Dav, "displayname"), "Name"),
    (Name::known(Ns::CalendarServer, "email-address-set"), "Address"),
    (Name::known(Ns::CalendarServer, "first-name"), "First name"),
    (Name::known(Ns::CalendarServer, "last-name"), "Last name"),
    (Name::known(Ns::CalDav, "calendar-user-address-set"), "Calendar user address"),
    (CALENDAR_USER_TYPE, "Person, group or resource"),
    (Name::known(Ns::CalDav, "calendar-home-set"), "Where the calendars are"),
    (Name::known(Ns::CardDav, "addressbook-home-set"), "Where the address books are"),
    (ROOM_CAPACITY, "How many people a room is for at least"),
    (ROOM_FEATURES, "What is in a room, separated by commas"),
    (ROOM_LOCATION, "Where a room is"),
];

/// What resources alone have, and when they have it, whatever `match-type` says; none: it is a text as
/// others are.
type Having = fn(&Resource, &str) -> bool;

static OF_RESOURCES: [(Name, Option<Having>); 3] = [
    (ROOM_CAPACITY, Some(|it, text| text.parse().is_ok_and(|people| it.seats(people)))),
    (ROOM_FEATURES, Some(|it, text| it.has_all(&listed(text)))),
    (ROOM_LOCATION, None),
];

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

/// Whether a test holds on no others than resources.
fn is_of_resources(test: &Test) -> bool {
    match test {
        Test::All(tests) => tests.iter().any(is_of_resources),
        Test::Any(tests) => !tests.is_empty() && tests.iter().all(is_of_resources),
        Test::Has(name, how, text) if *name == CALENDAR_USER_TYPE => {
            let others = [Kind::User, Kind::Group].map(Kind::calendar_user_type);
            !others.iter().any(|word| matches(*how, word, text))
        }
        Test::Has(name, ..) => OF_RESOURCES.iter().any(|row| row.0 == *name),
    }
}

/// What calendars call a principal.
pub const CALENDAR_USER_TYPE: Name = Name::known(Ns::CalDav, "calendar-user-type");

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
    let mut kinds = kinds.to_vec();
    kinds.retain(|kind| overlap(&principal_path(*kind, ""), scope));
    if is_of_resources(test) {
        kinds.retain(|kind| *kind == Kind::Resource);
    }
    let search = Arc::new(Search { kinds, text: narrow(test).unwrap_or_default() });
    let mut found: Vec<View> = Vec::new();
    let mut left = PRINCIPALS_SEARCHED_MAX;
    let mut after = Some(String::new());
    while let Some(from) = after {
        let (access, open) = (&ask.access, ask.open());
        let page = principals::search(access, open, &search, &from, PAGE_MEMBERS).await?;
        left = left.saturating_sub(PAGE_MEMBERS);
        after = page.next.filter(|_| left > 0 && found.len() <= limit);
        found.extend(page.views.into_iter().filter(|it| {
            let path = path_of(it);
            path.starts_with(scope) && holds(test, &bare(ask, Node::Principal(it), &path))
        }));
        if left == 0 {
            break;
        }
    }
    let whole = found.len() <= limit && left > 0;
    found.truncate(limit);
    found.sort_by_key(|it| it.profile.principal.kind);
    let found = principals::complete(&ask.access, found).await?;
    Ok(multistatus(|w| {
        for it in &found {
            write_response(&wanted, &bare(ask, Node::Principal(it), &path_of(it)), w);
        }
        if !whole {
            write_truncated(ask, w);
        }
    }))
}

fn path_of(it: &View) -> String {
    principal_path(Kind::of(&it.profile.principal), &it.profile.principal.name)
}

/// Whether one path is inside the other, or the same.
fn overlap(one: &str, other: &str) -> bool {
    let one = one.trim_end_matches('/');
    one.starts_with(other) || other.starts_with(one)
}

/// Text that is in the name, the display name or an address of whatever a test can hold on; none:
/// there is no such text.
fn narrow(test: &Test) -> Option<String> {
    match test {
        Test::All(tests) => tests.iter().filter_map(narrow).max_by_key(String::len),
        Test::Any(tests) => {
            let all: Option<Vec<String>> = tests.iter().map(narrow).collect();
            let all = all?;
            let shortest = all.iter().min_by_key(|text| text.len())?;
            all.iter().all(|text| text.contains(shortest)).then(|| shortest.clone())
        }
        Test::Has(name, _, text) => {
            let (_, reach) = REACH.iter().find(|row| row.0 == *name)?;
            // What is around the text in a URL is the same for all: mailto:, a path.
            let text = match text.rsplit_once(':') {
                Some((_, address)) if *reach == Reach::Url => address,
                _ => text,
            };
            let vague = *reach == Reach::Url && AROUND.iter().any(|around| around.contains(text));
            (!vague && !text.contains(['/', '%'])).then(|| text.to_owned())
        }
    }
}

/// What the texts of a property are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Names and addresses only.
    Text,
    /// URLs that names and addresses are in.
    Url,
}

static REACH: [(Name, Reach); 5] = [
    (Name::known(Ns::Dav, "displayname"), Reach::Text),
    (Name::known(Ns::CalendarServer, "email-address-set"), Reach::Text),
    (Name::known(Ns::CalendarServer, "first-name"), Reach::Text),
    (Name::known(Ns::CalendarServer, "last-name"), Reach::Text),
    (Name::known(Ns::CalDav, "calendar-user-address-set"), Reach::Url),
];

/// What is in such URLs beside names and addresses.
const AROUND: [&str; 6] = ["mailto", "dav", "principals", "users", "groups", "resources"];

/// Whether a test holds on a principal.
pub fn holds(test: &Test, subject: &Subject<'_>) -> bool {
    match test {
        Test::All(tests) => tests.iter().all(|test| holds(test, subject)),
        Test::Any(tests) => tests.iter().any(|test| holds(test, subject)),
        Test::Has(name, how, text) => {
            let having = OF_RESOURCES.iter().find(|row| row.0 == *name).and_then(|row| row.1);
            if let Some(having) = having {
                let resource = subject.principal().and_then(|it| it.resource.as_ref());
                return resource.is_some_and(|it| having(it, text));
            }
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
    fn a_search_is_narrowed_by_what_must_be_there() {
        let has = |ns, local, text: &str| {
            Test::Has(Name::known(ns, local), How::Contains, text.to_owned())
        };
        let name = |text| has(Ns::Dav, "displayname", text);
        let url = |text| has(Ns::CalDav, "calendar-user-address-set", text);
        let table = [
            (name("bob"), Some("bob")),
            (url("mailto:bob@example.org"), Some("bob@example.org")),
            (url("lto"), None),
            (url("/dav/principals/users/bob/"), None),
            (has(Ns::CalDav, "calendar-user-type", "room"), None),
            (Test::All(vec![name("bo"), url("user"), name("smith")]), Some("smith")),
            (Test::Any(vec![name("bob"), url("bobby")]), Some("bob")),
            (Test::Any(vec![name("bob"), url("user")]), None),
            (Test::Any(vec![name("bob"), name("ann")]), None),
        ];
        for (test, expected) in table {
            assert_eq!(narrow(&test).as_deref(), expected, "{test:?}");
        }
    }

    #[test]
    fn what_only_resources_have_is_looked_for_among_them() {
        let has = |name: Name, text: &str| Test::Has(name, How::Equals, text.to_owned());
        let (room, seats) = (has(CALENDAR_USER_TYPE, "room"), has(ROOM_CAPACITY, "8"));
        let person = has(CALENDAR_USER_TYPE, "individual");
        for (test, only) in [
            (room.clone(), true),
            (person.clone(), false),
            (Test::All(vec![person.clone(), seats.clone()]), true),
            (Test::Any(vec![room, seats.clone()]), true),
            (Test::Any(vec![person, seats]), false),
            (Test::Any(vec![]), false),
        ] {
            assert_eq!(is_of_resources(&test), only, "{test:?}");
        }
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
