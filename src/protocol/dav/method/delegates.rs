//! PROPPATCH of `DAV:group-member-set` on the delegates of a principal (caldav-proxy §5.2): the one
//! property of a principal that clients set.

use super::propfind::proxy;
use super::proppatch::{done, refused};
use crate::domain::collection::Guard;
use crate::domain::delegation::{self, Change, Level};
use crate::domain::directory::Kind;
use crate::format::uri;
use crate::format::xml::Element;
use crate::kernel::fault::{AceRule, Fault, Outcome, Refusal};
use crate::kernel::limits::DELEGATES_MAX;
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::Ask;
use crate::protocol::dav::acl::GROUP_MEMBER_SET;
use crate::protocol::dav::answer::{empty, tell_preferences};
use crate::protocol::dav::space::{DAV_ROOT, Target, proxy_path, target};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};

/// Sets or empties the list of delegates.
///
/// # Errors
/// Those of [`proxy`]; `Denied` for whoever may not change the delegates.
pub async fn patch(
    ask: &Ask,
    (kind, name, level): (Kind, &str, Level),
    steps: &[(bool, &Element)],
) -> Outcome<Response<Body>> {
    let it = proxy(ask, kind, name, level).await?;
    let path = proxy_path(kind, name, level);
    if !it.rights.has(Privilege::WriteProperties) {
        let path = path.strip_prefix(DAV_ROOT).unwrap_or_default().to_owned();
        return Err(Fault::Denied { path, privilege: Privilege::WriteProperties });
    }
    if let Some((_, other)) = steps.iter().find(|step| step.1.name != GROUP_MEMBER_SET) {
        let fault = Refusal::Protected.into();
        return Ok(refused(ask, &path, steps, Some(&other.name), &fault));
    }
    let last = steps.last().filter(|(set, _)| *set);
    let members = last.map_or(Ok(Vec::new()), |(_, element)| members(element));
    let owner = &it.of.profile.principal;
    let changed = match members {
        Ok(members) => {
            let change = Change::Exactly(members);
            delegation::change(&ask.access, owner, level, change, Guard::default()).await
        }
        Err(fault) => Err(fault),
    };
    match changed {
        Ok(()) => {
            let preferences = Preferences::parse(&ask.headers);
            if !preferences.minimal() {
                return Ok(done(&path, steps));
            }
            let mut response = empty(StatusCode::OK);
            tell_preferences(&mut response, &preferences.of_listing(false));
            Ok(response)
        }
        Err(fault @ Fault::Refused(Refusal::Ace(..))) => {
            Ok(refused(ask, &path, steps, Some(&GROUP_MEMBER_SET), &fault))
        }
        Err(fault) => Err(fault),
    }
}

/// The principals that a list of hrefs names.
fn members(element: &Element) -> Outcome<Vec<(Kind, String)>> {
    let refuse = |rule, why: String| Err(Refusal::Ace(rule, why).into());
    let mut all = Vec::new();
    for href in element.elements().filter(|e| e.is("DAV:", "href")) {
        let text = href.text();
        let path = uri::parse_reference(&text).and_then(|(_, path)| uri::decode_path(path));
        match path.map(|path| target(&path)) {
            Some(Target::Principal(kind, name)) => all.push((kind, name)),
            _ => return refuse(AceRule::RecognizedPrincipal, "an href names no principal".into()),
        }
        if all.len() > DELEGATES_MAX {
            let why = format!("more than {DELEGATES_MAX} delegates: make a group one");
            return refuse(AceRule::LimitedNumber, why);
        }
    }
    Ok(all)
}
