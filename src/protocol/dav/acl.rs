//! Access control as properties (RFC 3744, RFC 5397): privileges, principals, owners.

use super::extension::Extension;
use super::name::{PRINCIPAL, UNAUTHENTICATED, names};
use super::property::Listing::Named;
use super::property::{Need, Shown, row};
use super::sharing;
use super::space::{place_path, principal_path, proxy_path};
use super::subject::{Node, On, Subject};
use crate::domain::collection::place::path_covers;
use crate::domain::collection::{Grantee, Place};
use crate::domain::directory::Kind;
use crate::format::xml::{Element, Name, Ns, Writer};
use crate::kernel::privilege::{Privilege, Privileges};

names! {
    OWNER = Dav "owner",
    GROUP = Dav "group",
    CURRENT_USER_PRINCIPAL = Dav "current-user-principal",
    PRINCIPAL_URL = Dav "principal-URL",
    PRINCIPAL_COLLECTION_SET = Dav "principal-collection-set",
    ALTERNATE_URI_SET = Dav "alternate-URI-set",
    GROUP_MEMBER_SET = Dav "group-member-set",
    GROUP_MEMBERSHIP = Dav "group-membership",
    CURRENT_USER_PRIVILEGE_SET = Dav "current-user-privilege-set",
    SUPPORTED_PRIVILEGE_SET = Dav "supported-privilege-set",
    ACL_RESTRICTIONS = Dav "acl-restrictions",
    ACL_PROPERTY = Dav "acl",
    ACE = Dav "ace",
    GRANT = Dav "grant",
    INHERITED = Dav "inherited",
    INHERITED_ACL_SET = Dav "inherited-acl-set",
}

/// The properties, and what tells Apple's programs that a search by words is served.
pub static ACL: Extension = Extension {
    features: &["calendarserver-principal-search"],
    properties: &[
        row(OWNER, On::ALL, Named, Need::NONE, owner),
        row(GROUP, On::ALL, Named, Need::NONE, |_, _, w| {
            w.empty(&GROUP);
            Shown::Yes
        }),
        row(CURRENT_USER_PRINCIPAL, On::ALL, Named, Need::NONE, current_user_principal),
        row(PRINCIPAL_URL, On::ENTRANCE.or(On::PRINCIPAL), Named, Need::NONE, principal_url),
        row(PRINCIPAL_COLLECTION_SET, On::ALL, Named, Need::NONE, |_, _, w| {
            hrefs(w, &PRINCIPAL_COLLECTION_SET, ["/dav/principals/"].into_iter())
        }),
        row(ALTERNATE_URI_SET, On::PRINCIPAL, Named, Need::NONE, alternate_uris),
        row(GROUP_MEMBER_SET, On::PRINCIPAL, Named, Need::NONE, group_members),
        row(GROUP_MEMBERSHIP, On::PRINCIPAL, Named, Need::NONE, group_membership),
        row(CURRENT_USER_PRIVILEGE_SET, On::ALL, Named, Need::NONE, current_user_privileges),
        row(SUPPORTED_PRIVILEGE_SET, On::ALL, Named, Need::NONE, supported_privileges),
        row(ACL_RESTRICTIONS, On::ALL, Named, Need::NONE, |_, _, w| {
            w.raw(b"<D:acl-restrictions><D:grant-only/><D:no-invert/></D:acl-restrictions>");
            Shown::Yes
        }),
        row(ACL_PROPERTY, On::ALL, Named, Need::GRANTS, access_list),
        row(INHERITED_ACL_SET, On::ALL, Named, Need::NONE, inherited_from),
    ],
    methods: &[],
    reports: &[],
    actions: &[],
};

/// A property that holds hrefs of decoded paths.
pub fn hrefs<'p>(w: &mut Writer, name: &Name, paths: impl Iterator<Item = &'p str>) -> Shown {
    w.open(name);
    paths.for_each(|path| w.href(path));
    w.close(name);
    Shown::Yes
}

fn owner(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    match subject.owner_path() {
        Some(path) => hrefs(w, &OWNER, [path.as_str()].into_iter()),
        None => hrefs(w, &OWNER, std::iter::empty()),
    }
}

fn current_user_principal(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if subject.ask.access.is_anonymous() {
        w.open(&CURRENT_USER_PRINCIPAL);
        w.empty(&UNAUTHENTICATED);
        w.close(&CURRENT_USER_PRINCIPAL);
        return Shown::Yes;
    }
    hrefs(w, &CURRENT_USER_PRINCIPAL, [subject.ask.principal_path().as_str()].into_iter())
}

/// On an entrance: the current user's principal, which is what clients that ask there want.
fn principal_url(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let path = match subject.node {
        Node::Entrance => subject.ask.principal_path(),
        _ => subject.path.to_owned(),
    };
    hrefs(w, &PRINCIPAL_URL, [path.as_str()].into_iter())
}

fn alternate_uris(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&ALTERNATE_URI_SET);
    for address in subject.principal().map_or(&[][..], |it| &it.addresses) {
        w.raw(b"<D:href>mailto:");
        w.text(address);
        w.raw(b"</D:href>");
    }
    w.close(&ALTERNATE_URI_SET);
    Shown::Yes
}

fn group_members(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let paths: Vec<String> = match subject.node {
        Node::Proxy(it) => it.members.iter().map(|m| principal_path(m.kind, &m.name)).collect(),
        Node::Principal(it) if Kind::of(&it.profile.principal) == Kind::Group => {
            let members = it.profile.members.iter();
            members.map(|m| principal_path(Kind::of(m), &m.name)).collect()
        }
        _ => return Shown::No,
    };
    if !subject.rights.has(Privilege::ReadAcl) {
        return Shown::Denied;
    }
    hrefs(w, &GROUP_MEMBER_SET, paths.iter().map(String::as_str))
}

fn group_membership(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let mut paths = Vec::new();
    if let Node::Principal(it) = subject.node {
        if !subject.rights.has(Privilege::ReadAcl) {
            return Shown::Denied;
        }
        paths.extend(it.profile.groups.iter().map(|g| principal_path(Kind::Group, &g.name)));
        let direct = it.acts_for.iter().filter(|bond| bond.direct);
        paths.extend(direct.map(|bond| proxy_path(bond.kind, &bond.name, bond.level)));
    }
    hrefs(w, &GROUP_MEMBERSHIP, paths.iter().map(String::as_str))
}

/// Who has what (RFC 3744 §5.5): first what the server protects, then the own entries, then the
/// inherited ones.
fn access_list(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if !subject.rights.has(Privilege::ReadAcl) {
        return Shown::Denied;
    }
    w.open(&ACL_PROPERTY);
    match (subject.place, subject.store_path()) {
        (Some(place), Some(path)) => {
            // Members of a group have on what it owns only what is granted to them, so there the
            // owner's right protects nobody.
            if subject.ask.owner_kind(place) != Kind::Group {
                write_ace(OWNER_PRINCIPAL, Privileges::ALL, b"<D:protected/>", w);
            }
            write_grants(subject, place, &path, w);
        }
        _ => write_protected(subject, w),
    }
    w.close(&ACL_PROPERTY);
    Shown::Yes
}

/// The entries of what no account owns; nobody changes them.
fn write_protected(subject: &Subject<'_>, w: &mut Writer) {
    let all = Privileges::READ.union(Privilege::ReadAcl.into());
    let set = all.union(Privilege::WriteProperties.into());
    let seen = subject.ask.open().then_some((AUTHENTICATED_PRINCIPAL, Privileges::READ));
    let (to, more) = match subject.node {
        Node::Principal(_) => (("<D:self/>".as_bytes(), all), seen),
        Node::Proxy(_) => ((OWNER_PRINCIPAL, set), seen),
        _ => ((AUTHENTICATED_PRINCIPAL, all), None),
    };
    for (to, privileges) in [Some(to), more].into_iter().flatten() {
        write_ace(to, privileges, b"<D:protected/>", w);
    }
}

const OWNER_PRINCIPAL: &[u8] = b"<D:property><D:owner/></D:property>";
const AUTHENTICATED_PRINCIPAL: &[u8] = b"<D:authenticated/>";

fn write_grants(subject: &Subject<'_>, place: &Place, path: &str, w: &mut Writer) {
    let reaching = || subject.around.grants.iter().filter(|g| path_covers(&g.path, path));
    let own = reaching().filter(|g| g.path == path);
    let mut inherited: Vec<_> = reaching().filter(|g| g.path != path).collect();
    inherited.sort_by_key(|g| std::cmp::Reverse(g.path.len()));
    for it in own.chain(inherited) {
        let mut origin = Writer::with_capacity(128);
        if it.path != path {
            origin.open(&INHERITED);
            origin.href(&place_path(&place.at(&it.path, true)));
            origin.close(&INHERITED);
        }
        let mut to = Writer::with_capacity(128);
        match &it.to {
            Grantee::Owner => to.raw(OWNER_PRINCIPAL),
            Grantee::All => to.raw(b"<D:all/>"),
            Grantee::Authenticated => to.raw(AUTHENTICATED_PRINCIPAL),
            Grantee::Unauthenticated => to.raw(b"<D:unauthenticated/>"),
            Grantee::Principal(kind, name) => to.href(&principal_path(*kind, name)),
        }
        write_ace(&to.out, it.privileges, &origin.out, w);
    }
}

fn write_ace(to: &[u8], privileges: Privileges, origin: &[u8], w: &mut Writer) {
    w.open(&ACE);
    w.open(&PRINCIPAL);
    w.raw(to);
    w.close(&PRINCIPAL);
    w.open(&GRANT);
    for name in fewest_names(privileges) {
        w.raw(b"<D:privilege>");
        w.empty(name);
        w.raw(b"</D:privilege>");
    }
    w.close(&GRANT);
    w.raw(origin);
    w.close(&ACE);
}

/// The fewest privileges that make up a set: aggregates instead of their parts.
fn fewest_names(set: Privileges) -> impl Iterator<Item = &'static Name> {
    let mut told = Privileges::NONE;
    SUPPORTED.iter().filter(|s| s.depth < 9).filter_map(move |s| {
        let news = set.contains(s.set) && !told.contains(s.set);
        told = if news { told.union(s.set) } else { told };
        news.then_some(&s.name)
    })
}

fn inherited_from(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    // Grants are inherited from everything above the resource, up to the home.
    let mut above = Vec::new();
    if let (Some(place), Some(path)) = (subject.place, subject.store_path()) {
        let mut path = path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            above.push(place_path(&place.at(parent, true)));
            path = parent;
        }
    }
    hrefs(w, &INHERITED_ACL_SET, above.iter().map(String::as_str))
}

/// One privilege in the tree that `supported-privilege-set` shows.
struct Supported {
    name: Name,
    set: Privileges,
    description: &'static str,
    depth: u8,
}

const fn dav(local: &'static str) -> Name {
    Name::known(Ns::Dav, local)
}

const fn caldav(local: &'static str) -> Name {
    Name::known(Ns::CalDav, local)
}

const SHARE: Name = dav("share");

const fn leaf(p: Privilege) -> Privileges {
    Privileges(p as u32)
}

/// Every privilege, aggregates before what they contain (RFC 3744 §3.1-3.10, RFC 4791 §6.1.1, RFC
/// 6638 §6.3).
/// `DAV:share` is another name for `DAV:write-acl`, on what can be shared (draft-pot §4.2).
static SUPPORTED: [Supported; 24] = [
    Supported { name: dav("all"), set: Privileges::ALL, description: "Everything", depth: 0 },
    Supported {
        name: dav("read"),
        set: Privileges::READ,
        description: "Read content and properties",
        depth: 1,
    },
    Supported {
        name: caldav("read-free-busy"),
        set: leaf(Privilege::ReadFreeBusy),
        description: "Know when the owner is busy",
        depth: 2,
    },
    Supported {
        name: dav("read-current-user-privilege-set"),
        set: leaf(Privilege::ReadOwnPrivileges),
        description: "Read one's own privileges",
        depth: 2,
    },
    Supported {
        name: dav("write"),
        set: Privileges::WRITE,
        description: "Change content, properties and members",
        depth: 1,
    },
    Supported {
        name: dav("write-properties"),
        set: leaf(Privilege::WriteProperties),
        description: "Change properties",
        depth: 2,
    },
    Supported {
        name: dav("write-content"),
        set: leaf(Privilege::WriteContent),
        description: "Change content",
        depth: 2,
    },
    Supported {
        name: dav("bind"),
        set: leaf(Privilege::Bind),
        description: "Add members",
        depth: 2,
    },
    Supported {
        name: dav("unbind"),
        set: leaf(Privilege::Unbind),
        description: "Remove members",
        depth: 2,
    },
    Supported {
        name: dav("unlock"),
        set: leaf(Privilege::Unlock),
        description: "Break another's lock",
        depth: 1,
    },
    Supported {
        name: dav("read-acl"),
        set: leaf(Privilege::ReadAcl),
        description: "Read the access control list",
        depth: 1,
    },
    Supported {
        name: dav("write-acl"),
        set: leaf(Privilege::WriteAcl),
        description: "Change the access control list",
        depth: 1,
    },
    Supported {
        name: SHARE,
        set: leaf(Privilege::WriteAcl),
        description: "Share with others",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-deliver"),
        set: Privileges::SCHEDULE_DELIVER,
        description: "Have scheduling messages delivered",
        depth: 1,
    },
    Supported {
        name: caldav("schedule-deliver-invite"),
        set: leaf(Privilege::DeliverInvite),
        description: "Have invitations delivered",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-deliver-reply"),
        set: leaf(Privilege::DeliverReply),
        description: "Have replies delivered",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-query-freebusy"),
        set: leaf(Privilege::QueryFreeBusy),
        description: "Ask when the owner is busy",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-send"),
        set: Privileges::SCHEDULE_SEND,
        description: "Schedule for the owner",
        depth: 1,
    },
    Supported {
        name: caldav("schedule-send-invite"),
        set: leaf(Privilege::SendInvite),
        description: "Invite for the owner",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-send-reply"),
        set: leaf(Privilege::SendReply),
        description: "Reply for the owner",
        depth: 2,
    },
    Supported {
        name: caldav("schedule-send-freebusy"),
        set: leaf(Privilege::SendFreeBusy),
        description: "Ask others for the owner",
        depth: 2,
    },
    Supported { name: dav("read"), set: leaf(Privilege::Read), description: "", depth: 9 },
    Supported { name: dav("write-acl"), set: leaf(Privilege::WriteAcl), description: "", depth: 9 },
    Supported { name: dav("all"), set: Privileges::NONE, description: "", depth: 9 },
];

/// The element of one leaf privilege.
pub fn privilege_name(privilege: Privilege) -> Name {
    let set = leaf(privilege);
    let found = SUPPORTED.iter().rev().find(|s| s.set == set);
    found.map_or(dav("all"), |s| s.name.clone())
}

/// The privileges that an element names for resources of a class: an aggregate gives all its leaves.
pub fn privileges_named(name: &Name, class: On) -> Option<Privileges> {
    supported(class).find(|s| s.name == *name).map(|s| s.set)
}

/// The privileges that count for resources of a class.
fn supported(class: On) -> impl Iterator<Item = &'static Supported> {
    let shares = sharing::SHARED.has(class);
    SUPPORTED.iter().filter(move |s| s.depth < 9 && (shares || s.name != SHARE))
}

/// Writes the granted privileges, aggregates and leaves alike: some clients look only for `write`,
/// others only for its parts (CLIENTS-SOURCE §2).
fn write_privileges(subject: &Subject<'_>, set: Privileges, w: &mut Writer) {
    for it in supported(subject.class()).filter(|s| set.contains(s.set)) {
        w.raw(b"<D:privilege>");
        w.empty(&it.name);
        w.raw(b"</D:privilege>");
    }
}

fn current_user_privileges(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if !subject.rights.has(Privilege::ReadOwnPrivileges) {
        return Shown::Denied;
    }
    w.open(&CURRENT_USER_PRIVILEGE_SET);
    // What is seen only in part cannot be changed.
    let hidden = subject.object().is_some_and(|it| it.hidden);
    let rights = if hidden { subject.rights.without(Privileges::WRITE) } else { subject.rights };
    write_privileges(subject, rights, w);
    w.close(&CURRENT_USER_PRIVILEGE_SET);
    Shown::Yes
}

fn supported_privileges(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    const ENTRY: Name = dav("supported-privilege");
    const DESCRIPTION: Name = dav("description");
    w.open(&SUPPORTED_PRIVILEGE_SET);
    let mut open = 0;
    for it in supported(subject.class()) {
        while open > it.depth {
            w.close(&ENTRY);
            open -= 1;
        }
        w.open(&ENTRY);
        open += 1;
        w.raw(b"<D:privilege>");
        w.empty(&it.name);
        w.raw(b"</D:privilege>");
        w.open_with(&DESCRIPTION, &[("xml:lang", "en")]);
        w.text(it.description);
        w.close(&DESCRIPTION);
    }
    (0..open).for_each(|_| w.close(&ENTRY));
    w.close(&SUPPORTED_PRIVILEGE_SET);
    Shown::Yes
}
