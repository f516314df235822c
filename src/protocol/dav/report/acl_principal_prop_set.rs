//! `DAV:acl-principal-prop-set` (RFC 3744 §9.2): properties of the principals in an access control
//! list, each once. Of principals that the asker may not look at it tells the name: whoever reads
//! the list already knows that they exist.

use super::resource::{demand_depth_zero, fetch};
use crate::domain::collection::list::Want;
use crate::domain::collection::place::path_covers;
use crate::domain::collection::{Granted, Grantee};
use crate::domain::directory::Kind;
use crate::domain::principals::see_all;
use crate::format::xml::{Element, Name, Ns};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::Ask;
use crate::protocol::dav::acl::PRINCIPAL_URL;
use crate::protocol::dav::answer::multistatus;
use crate::protocol::dav::method::propfind::bare;
use crate::protocol::dav::multistatus::{Wanted, write_response};
use crate::protocol::dav::space::{DAV_ROOT, principal_path};
use crate::protocol::dav::subject::{Node, Subject};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::sync::Arc;

/// What is told of every principal in the list.
const TOLD: [Name; 3] =
    [Name::known(Ns::Dav, "displayname"), Name::known(Ns::Dav, "resourcetype"), PRINCIPAL_URL];

/// Answers with the principals of the list.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    let told = wanted.limited_to(&TOLD);
    let want = Want { grants: true, ..Want::default() };
    let resource = fetch(&ask, &ask.path, want).await?;
    let principals = resource.with(&ask, |subject| principals(&ask, subject));
    let principals = principals.ok_or(Fault::NotFound)??;
    let views = see_all(&ask.access, ask.open(), principals).await?;
    Ok(multistatus(|w| {
        for it in &views {
            let wanted = if it.rights.is_empty() { &told } else { &wanted };
            let principal = &it.profile.principal;
            let path = principal_path(Kind::of(principal), &principal.name);
            write_response(wanted, &bare(&ask, Node::Principal(it), &path), w);
        }
    }))
}

/// The principals of the list as [`crate::protocol::dav::acl`] shows it.
fn principals(ask: &Ask, subject: &Subject<'_>) -> Outcome<Vec<(Kind, String)>> {
    if !subject.rights.has(Privilege::ReadAcl) {
        let path = subject.path.strip_prefix(DAV_ROOT).unwrap_or_default().to_owned();
        return Err(Fault::Denied { path, privilege: Privilege::ReadAcl });
    }
    let mut all = Vec::new();
    let (Some(place), Some(path)) = (subject.place, subject.store_path()) else { return Ok(all) };
    let owner = (ask.owner_kind(place), place.account_name.clone());
    let of_owner = Granted {
        path: path.clone(),
        to: Grantee::Owner,
        privileges: crate::kernel::privilege::Privileges::ALL,
    };
    let owners = (owner.0 != Kind::Group).then_some(&of_owner);
    for it in owners
        .into_iter()
        .chain(subject.around.grants.iter().filter(|g| path_covers(&g.path, &path)))
    {
        let principal = match &it.to {
            Grantee::Owner => owner.clone(),
            Grantee::Principal(kind, name) => (*kind, name.clone()),
            Grantee::All | Grantee::Authenticated | Grantee::Unauthenticated => continue,
        };
        if !all.contains(&principal) {
            all.push(principal);
        }
    }
    Ok(all)
}
