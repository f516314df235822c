//! ACL (RFC 3744 §8.1): reads the list; what it may hold is the domain's to say.

use crate::domain::collection::Grantee;
use crate::domain::collection::acl::{Ace, Origin, set};
use crate::format::uri;
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{AceRule, Fault, Outcome, Refusal};
use crate::kernel::privilege::Privileges;
use crate::protocol::dav::Ask;
use crate::protocol::dav::acl::privileges_named;
use crate::protocol::dav::answer::empty;
use crate::protocol::dav::body::xml;
use crate::protocol::dav::guard;
use crate::protocol::dav::service::presumed_class;
use crate::protocol::dav::space::{Target, target};
use crate::protocol::http::body::Body;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Sets the access control list of a collection.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let root = xml(&ask, body).await?;
    let Some(root) = root.filter(|root| root.is("DAV:", "acl")) else {
        return Err(Fault::malformed("the body must be a DAV:acl"));
    };
    let place = ask.need_place()?;
    let mut aces = Vec::new();
    for element in root.elements().filter(|e| e.is("DAV:", "ace")) {
        aces.push(ace(&ask, element).await?);
    }
    set(&ask.access, place, aces, guard::of(&ask).await?).await?;
    Ok(empty(StatusCode::OK))
}

fn refuse<T>(rule: AceRule, why: &str) -> Outcome<T> {
    Err(Refusal::Ace(rule, why.to_owned()).into())
}

/// The only element of these names; none or several are a mistake in the request.
fn only<'e>(element: &'e Element, names: &[&str], why: &str) -> Outcome<&'e Element> {
    let of_these = |e: &&Element| *e.name.ns() == Ns::Dav && names.contains(&e.name.local());
    let mut found = element.elements().filter(of_these);
    match (found.next(), found.next()) {
        (Some(it), None) => Ok(it),
        _ => Err(Fault::malformed(why)),
    }
}

async fn ace(ask: &Ask, element: &Element) -> Outcome<Ace> {
    let who = only(element, &["principal", "invert"], "an ace names one principal")?;
    let what = only(element, &["grant", "deny"], "an ace either grants or denies")?;
    if who.is("DAV:", "invert") {
        return refuse(AceRule::NoInvert, "entries for everybody else are not kept");
    }
    if what.is("DAV:", "deny") {
        return refuse(AceRule::GrantOnly, "entries grant: what is not granted is denied");
    }
    let origin = match element.child("DAV:", "inherited") {
        Some(inherited) => Origin::Inherited(inherited_from(ask, inherited).await?),
        None if element.child("DAV:", "protected").is_some() => Origin::Protected,
        None => Origin::Own,
    };
    Ok(Ace { to: grantee(ask, who)?, privileges: privileges(ask, what)?, origin })
}

const PRINCIPALS: [&str; 6] =
    ["href", "all", "authenticated", "unauthenticated", "property", "self"];

fn grantee(ask: &Ask, principal: &Element) -> Outcome<Grantee> {
    let it = only(principal, &PRINCIPALS, "a principal is one of those of RFC 3744")?;
    match it.name.local() {
        "href" => match path_of(it).map(|path| target(&path)) {
            Some(Target::Principal(kind, name)) => Ok(Grantee::Principal(kind, name)),
            Some(Target::Proxy(..)) => {
                let why = "delegates have what their level gives: name them one by one";
                refuse(AceRule::AllowedPrincipal, why)
            }
            _ => refuse(AceRule::RecognizedPrincipal, "an href names no principal"),
        },
        "authenticated" => Ok(Grantee::Authenticated),
        "all" if ask.service.policy.anonymous => Ok(Grantee::All),
        "unauthenticated" if ask.service.policy.anonymous => Ok(Grantee::Unauthenticated),
        "property" if it.child("DAV:", "owner").is_some() => Ok(Grantee::Owner),
        _ => {
            let why = "access is for principals, everyone signed in, and the owner";
            refuse(AceRule::AllowedPrincipal, why)
        }
    }
}

fn path_of(href: &Element) -> Option<String> {
    let text = href.text();
    let (_, path) = uri::parse_reference(&text)?;
    uri::decode_path(path)
}

fn privileges(ask: &Ask, grant: &Element) -> Outcome<Privileges> {
    let mut all = Privileges::NONE;
    let named = grant.elements().filter(|e| e.is("DAV:", "privilege"));
    for element in named.flat_map(Element::elements) {
        match privileges_named(&element.name, presumed_class(ask)) {
            Some(privileges) => all = all.union(privileges),
            None => {
                let why = format!("there is no privilege {} here", element.name);
                return refuse(AceRule::NotSupportedPrivilege, &why);
            }
        }
    }
    match all.is_empty() {
        true => Err(Fault::malformed("a grant names at least one privilege")),
        false => Ok(all),
    }
}

async fn inherited_from(ask: &Ask, inherited: &Element) -> Outcome<String> {
    let path = inherited.child("DAV:", "href").and_then(path_of);
    let own = ask.need_place()?;
    if let Some(path) = path
        && let Ok(place) = ask.place_of(&path).await
        && place.account == own.account
    {
        return Ok(place.path);
    }
    refuse(AceRule::NoInheritedConflict, "no such entry is inherited")
}
