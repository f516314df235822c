//! Who may do what with which kind of thing: roles, things and verbs, each a table, and every cell
//! computed from the three. Whoever has no right on a thing is answered as if it were not there.

use super::*;
use crate::support::dav::dialogues;
use davenport::kernel::privilege::{Privilege, Privileges};

use Privilege::{Bind, Read, Unbind, WriteAcl, WriteContent, WriteProperties};

/// A thing in the owner's account.
struct Thing {
    name: &'static str,
    /// Its path; `OWNER` stands for the owner's name.
    path: &'static str,
    /// What is not there, beside it.
    missing: &'static str,
    /// Whether it is in what is shared, and whether delegates reach it.
    reach: (bool, bool),
}

static THINGS: [Thing; 9] = [
    Thing {
        name: "home",
        path: "/dav/calendars/OWNER/",
        missing: "/dav/calendars/NOBODY/",
        reach: (false, true),
    },
    Thing {
        name: "calendar",
        path: "/dav/calendars/OWNER/c/",
        missing: "/dav/calendars/OWNER/none/",
        reach: (true, true),
    },
    Thing {
        name: "event",
        path: "/dav/calendars/OWNER/c/e.ics",
        missing: "/dav/calendars/OWNER/none/e.ics",
        reach: (true, true),
    },
    Thing {
        name: "own calendar",
        path: "/dav/calendars/OWNER/own/",
        missing: "/dav/calendars/OWNER/none/",
        reach: (false, true),
    },
    Thing {
        name: "inbox",
        path: "/dav/calendars/OWNER/inbox/",
        missing: "/dav/calendars/NOBODY/inbox/",
        reach: (false, true),
    },
    Thing {
        name: "book",
        path: "/dav/addressbooks/OWNER/b/",
        missing: "/dav/addressbooks/OWNER/none/",
        reach: (true, false),
    },
    Thing {
        name: "card",
        path: "/dav/addressbooks/OWNER/b/v.vcf",
        missing: "/dav/addressbooks/OWNER/none/v.vcf",
        reach: (true, false),
    },
    Thing {
        name: "folder",
        path: "/dav/files/OWNER/d/",
        missing: "/dav/files/OWNER/none/",
        reach: (true, false),
    },
    Thing {
        name: "file",
        path: "/dav/files/OWNER/d/f",
        missing: "/dav/files/OWNER/none/f",
        reach: (true, false),
    },
];

/// What a role has on what is shared, and on what delegates reach.
struct Role {
    name: &'static str,
    shared: Privileges,
    delegated: Privileges,
    elsewhere: Privileges,
    who: Option<User>,
}

impl Role {
    fn rights(&self, thing: &Thing) -> Privileges {
        let mut all = self.elsewhere;
        if thing.reach.0 {
            all = all.union(self.shared);
        }
        if thing.reach.1 {
            all = all.union(self.delegated);
        }
        all
    }
}

/// What a verb needs on the thing, or on what holds it, and its status with it.
struct Verb {
    name: &'static str,
    needs: Privilege,
    status: u16,
    /// The things that it is tried on.
    on: &'static [&'static str],
}

const ALL: &[&str] =
    &["home", "calendar", "event", "own calendar", "inbox", "book", "card", "folder", "file"];
const OBJECTS: &[&str] = &["event", "card", "file"];
const LISTED: &[&str] = &["own calendar", "calendar", "book", "folder"];
const HOLDERS: &[&str] = &["home", "calendar", "own calendar", "book", "folder"];

static VERBS: [Verb; 9] = [
    Verb { name: "PROPFIND", needs: Read, status: 207, on: ALL },
    Verb { name: "GET", needs: Read, status: 200, on: ALL },
    Verb { name: "HEAD", needs: Read, status: 200, on: ALL },
    Verb { name: "REPORT", needs: Read, status: 207, on: ALL },
    Verb { name: "PROPPATCH", needs: WriteProperties, status: 207, on: ALL },
    Verb { name: "PUT", needs: WriteContent, status: 204, on: OBJECTS },
    Verb { name: "DELETE", needs: Unbind, status: 204, on: OBJECTS },
    Verb { name: "MKCOL or PUT in", needs: Bind, status: 201, on: HOLDERS },
    Verb { name: "ACL", needs: WriteAcl, status: 200, on: LISTED },
];

fn card(uid: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:Ann\r\nN:Ann;;;;\r\nEND:VCARD\r\n")
}

/// A content for a path, by its ending.
fn content(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((uid, "ics")) => event(uid),
        Some((uid, "vcf")) => card(uid),
        _ => "text".into(),
    }
}

/// What is made in a collection: another for homes, otherwise an object.
fn inside(path: &str) -> (&'static str, String) {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "dav", _, _, ""] => ("MKCOL", format!("{path}new/")),
        ["", "dav", "calendars", ..] => ("PUT", format!("{path}new.ics")),
        ["", "dav", "addressbooks", ..] => ("PUT", format!("{path}new.vcf")),
        _ => ("PUT", format!("{path}new")),
    }
}

async fn send(
    who: &Role,
    owner: &User,
    method: &str,
    path: &str,
    depth: bool,
    body: String,
) -> Answer {
    let headers: &[(&str, &str)] = if depth { &[("Depth", "0")] } else { &[] };
    match &who.who {
        Some(user) => user.send(method, path, headers, body).await,
        None => owner.server.send(method, path, headers, body).await,
    }
}

/// Does a verb to a path; `lists` are the entries that its list shall have afterwards.
async fn act(who: &Role, owner: &User, verb: &str, path: &str, list: &str) -> Answer {
    let (method, path, depth, body) = match verb {
        "PROPFIND" => (
            "PROPFIND",
            path.to_owned(),
            true,
            document("D:propfind", "<D:prop><D:owner/></D:prop>"),
        ),
        "REPORT" => {
            let body = document("D:expand-property", "<D:property name=\"resourcetype\"/>");
            ("REPORT", path.to_owned(), true, body)
        }
        "PROPPATCH" => {
            let body = document("D:propertyupdate", "<D:set><D:prop><S:x>1</S:x></D:prop></D:set>");
            ("PROPPATCH", path.to_owned(), false, body)
        }
        "PUT" => ("PUT", path.to_owned(), false, content(path)),
        "MKCOL or PUT in" => {
            let (method, path) = inside(path);
            let body = if method == "PUT" { content(&path) } else { String::new() };
            (method, path, false, body)
        }
        "ACL" => ("ACL", path.to_owned(), false, document("D:acl", list)),
        method => (method, path.to_owned(), false, String::new()),
    };
    send(who, owner, method, &path, depth, body).await
}

/// Puts back what the verb took or made.
async fn restore(owner: &User, verb: &str, path: &str) {
    match verb {
        "DELETE" => drop(owner.put(path, content(path)).await),
        "MKCOL or PUT in" => {
            owner.delete(&inside(path).1).await.expect(204);
        }
        _ => {}
    }
}

async fn roles(owner: &User, revoked: User) -> Vec<Role> {
    let server = owner.server;
    let (all, none) = (Privileges::ALL, Privileges::NONE);
    let write = Privileges::READ.union(Privileges::WRITE);
    let role =
        |name, shared, delegated, elsewhere, who| Role { name, shared, delegated, elsewhere, who };
    // RFC 3744 and caldav-proxy §5.4, said here once more.
    let acting = write.union(Privileges::SCHEDULE_SEND).union(Privilege::Unlock.into());
    vec![
        role("owner", none, none, all, Some(owner.clone())),
        role("sharee to read", Privileges::READ, none, none, Some(server.user().await)),
        role("sharee to write", write, none, none, Some(server.user().await)),
        role("member of a group", write, none, none, Some(server.user().await)),
        role("delegate to read", none, Privileges::READ, none, Some(server.user().await)),
        role("delegate to write", none, acting, none, Some(server.user().await)),
        role("revoked", none, none, none, Some(revoked)),
        role("stranger", none, none, none, Some(server.user().await)),
        role("administrator", none, none, all, Some(administrator(owner).await)),
        role("anonymous", none, none, none, None),
    ]
}

fn named(path: &str, owner: &User) -> String {
    path.replace("OWNER", &owner.name).replace("NOBODY", "nobody-at-all")
}

/// An answer without the names in which the paths differ.
fn blank(answer: &Answer, owner: &User) -> (u16, String) {
    let mut text = answer.text();
    for name in [&owner.name, "nobody-at-all"] {
        text = text.replace(&format!("/{name}/"), "/X/");
    }
    for name in ["c", "own", "b", "d", "none"] {
        text = text.replace(&format!("/X/{name}/"), "/X/Y/");
    }
    (answer.status.as_u16(), text)
}

/// Makes the things, and the lists that make the roles; gives each thing's list.
async fn furnish(owner: &User, roles: &[Role]) -> impl Fn(&str) -> String {
    for collection in ["calendars/c/", "calendars/own/", "addressbooks/b/", "files/d/"] {
        owner.mkcol(collection).await;
    }
    for object in ["calendars/c/e.ics", "addressbooks/b/v.vcf", "files/d/f"] {
        owner.put(object, content(object)).await;
    }
    let of = |name: &str| {
        roles.iter().find(|role| role.name == name).and_then(|role| role.who.clone()).unwrap()
    };
    let team = group(&[&of("member of a group")]).await;
    let both = ["D:read", "D:write"];
    let entries = grant(&href(&of("sharee to read")), &["D:read"])
        + &grant(&href(&of("sharee to write")), &both)
        + &grant(&format!("<D:href>{}</D:href>", group_path(&team)), &both);
    let revoked = grant(&href(&of("revoked")), &["D:all"]);
    for collection in ["calendars/c/", "addressbooks/b/", "files/d/"] {
        let path = owner.path(collection);
        acl(owner, &path, &format!("{entries}{revoked}")).await.expect(200);
        acl(owner, &path, &entries).await.expect(200);
    }
    // The last one takes the place of the one before.
    for (level, name) in
        [("read", "delegate to read"), ("write", "revoked"), ("write", "delegate to write")]
    {
        let member_set = format!(
            "<D:set><D:prop><D:group-member-set>{}</D:group-member-set></D:prop></D:set>",
            href(&of(name))
        );
        let path = format!("{}calendar-proxy-{level}/", owner.principal());
        owner.proppatch(&path, &member_set).await.expect(207);
    }
    move |thing: &str| if thing == "own calendar" { String::new() } else { entries.clone() }
}

dialogues! {
    /// Every cell.
    async fn every_role_with_every_thing(owner: User, revoked: User) {
        let roles = roles(&owner, revoked).await;
        let lists = furnish(&owner, &roles).await;
        let mut wrong = Vec::new();
        for role in &roles {
            for thing in &THINGS {
                let rights = role.rights(thing);
                let path = named(thing.path, &owner);
                for verb in VERBS.iter().filter(|verb| verb.on.contains(&thing.name)) {
                    let answer = act(role, &owner, verb.name, &path, &lists(thing.name)).await;
                    let may = rights.has(verb.needs);
                    let expected = match (&role.who, may) {
                        (None, _) => 401,
                        (_, true) => verb.status,
                        (_, false) => 403,
                    };
                    let cell = format!("{}, {} of {}", role.name, verb.name, thing.name);
                    if answer.status.as_u16() != expected {
                        wrong.push(format!("{cell}: {}, not {expected}: {}", answer.status, answer.text()));
                    }
                    // RFC 3744 §7.1.1.
                    let said = answer.text().contains("need-privileges") || verb.name == "HEAD";
                    if answer.status == 403 && !said {
                        wrong.push(format!("{cell} does not say what is needed: {answer}"));
                    }
                    if answer.status.is_success() {
                        restore(&owner, verb.name, &path).await;
                    }
                    if rights.is_empty() {
                        let missing = named(thing.missing, &owner);
                        let away = act(role, &owner, verb.name, &missing, "").await;
                        if blank(&answer, &owner) != blank(&away, &owner) {
                            wrong.push(format!("{cell} tells what is there: {answer}\n{away}"));
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} cells: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    }

    /// Principals: everybody who signs in sees them where the directory is open; nobody but the owner
    /// and administrators sets who acts for them, and nobody changes anything else.
    async fn every_role_with_a_principal(owner: User, revoked: User) {
        let roles = roles(&owner, revoked).await;
        let _ = furnish(&owner, &roles).await;
        let delegates = format!("{}calendar-proxy-write/", owner.principal());
        let list = format!("<D:group-member-set>{}</D:group-member-set>",
            href(roles[5].who.as_ref().unwrap()));
        let set = |property: &str| {
            document("D:propertyupdate", &format!("<D:set><D:prop>{property}</D:prop></D:set>"))
        };
        let find = document("D:propfind", "<D:prop><D:displayname/><D:group-member-set/></D:prop>");
        for role in &roles {
            let rules = role.elsewhere.has(WriteAcl);
            let table = [
                ("PROPFIND", owner.principal(), &find, 207),
                ("PROPFIND", delegates.clone(), &find, 207),
                ("PROPPATCH", owner.principal(), &set("<S:x/>"), 403),
                ("PROPPATCH", delegates.clone(), &set(&list), if rules { 207 } else { 403 }),
                ("DELETE", owner.principal(), &String::new(), 405),
                ("PUT", delegates.clone(), &String::new(), 405),
                ("ACL", owner.principal(), &document("D:acl", ""), 405),
            ];
            for (method, path, body, status) in table {
                let answer = send(role, &owner, method, &path, method == "PROPFIND", body.clone()).await;
                let expected = if role.who.is_none() { 401 } else { status };
                assert_eq!(answer.status, expected, "{}, {method} of {path}: {answer}", role.name);
                if path == delegates && answer.status == 207 && method == "PROPFIND" {
                    let found = answer.multistatus();
                    let seen = found.only().status_of("group-member-set");
                    assert_eq!(seen, Some(if rules { 200 } else { 403 }), "{}", role.name);
                }
            }
        }
    }
}
