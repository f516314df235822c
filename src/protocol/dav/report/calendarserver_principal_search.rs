//! `CS:calendarserver-principal-search`, which newer programs of Apple send for every word typed:
//! principals in whose name or addresses each of the words occurs.

use super::principal_property_search::{CALENDAR_USER_TYPE, How, Test, answer};
use super::resource::{demand_depth_zero, fetch, inside};
use crate::domain::collection::list::Want;
use crate::domain::directory::Kind;
use crate::domain::directory::resource::Form;
use crate::format::xml::{Element, Name, Ns};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::PRINCIPALS_FOUND_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::http::body::Body;
use http::Response;
use std::sync::Arc;

const CS: &str = "http://calendarserver.org/ns/";

/// Where words are looked for.
const FIELDS: [Name; 2] =
    [Name::known(Ns::Dav, "displayname"), Name::known(Ns::CalendarServer, "email-address-set")];

/// What a `context` looks for, and what that is to calendars, if that matters; without one, and for
/// attendees, everything.
static CONTEXTS: [(&str, &[Kind], Option<Form>); 4] = [
    ("user", &[Kind::User], None),
    ("group", &[Kind::Group], None),
    ("resource", &[Kind::Resource], Some(Form::Equipment)),
    ("location", &[Kind::Resource], Some(Form::Room)),
];

/// Answers with the principals that match.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    let tokens = root.elements().filter(|e| e.is(CS, "search-token"));
    let words: Vec<String> = tokens.map(|e| e.text().trim().to_lowercase()).collect();
    if words.is_empty() {
        return Err(Fault::malformed("a search has at least one search-token"));
    }
    let limit = match root.child(CS, "limit").and_then(|e| e.child(CS, "nresults")) {
        None => PRINCIPALS_FOUND_MAX,
        Some(e) => match e.text().trim().parse::<usize>() {
            Ok(n) if n > 0 => n.min(PRINCIPALS_FOUND_MAX),
            _ => return Err(Fault::malformed("nresults is a number above 0")),
        },
    };
    fetch(&ask, &ask.path, Want::default()).await?;
    let context = root.attribute("context").unwrap_or("attendee");
    let context = CONTEXTS.iter().find(|c| c.0 == context);
    let kinds = context.map_or(&Kind::ALL[..], |c| c.1);
    let form = context.and_then(|c| c.2).map(|form| {
        let word = form.calendar_user_type().to_lowercase();
        Test::Has(CALENDAR_USER_TYPE, How::Equals, word)
    });
    let test = Test::All(words.iter().map(|word| anywhere(word)).chain(form).collect());
    answer(&ask, &root, &inside(&ask), kinds, &test, limit).await
}

fn anywhere(word: &str) -> Test {
    let has = |name: Name| Test::Has(name, How::Contains, word.to_owned());
    Test::Any(FIELDS.map(has).into())
}
