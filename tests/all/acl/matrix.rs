//! Who may do what: a table of roles and a table of verbs, and every cell computed from both
//! (RFC 3744 §3, appendix B). Strangers learn nothing of what exists.

use super::*;
use crate::support::dav::{LOCKINFO, dialogues};
use davenport::kernel::privilege::{Privilege, Privileges};

/// What a verb needs, and its status with it.
struct Verb {
    name: &'static str,
    needs: &'static [Privilege],
    status: u16,
}

const fn verb(name: &'static str, needs: &'static [Privilege], status: u16) -> Verb {
    Verb { name, needs, status }
}

use Privilege::{Bind, Read, Unbind, Unlock, WriteAcl, WriteContent, WriteProperties};

/// Appendix B. MOVE reads as well here, and a copy over something also unbinds it.
static VERBS: [Verb; 21] = [
    verb("GET", &[Read], 200),
    verb("HEAD", &[Read], 200),
    verb("PUT new", &[Bind], 201),
    verb("PUT replace", &[WriteContent], 204),
    verb("DELETE", &[Unbind], 204),
    verb("PROPFIND", &[Read], 207),
    verb("PROPPATCH", &[WriteProperties], 207),
    verb("MKCOL", &[Bind], 201),
    verb("COPY out", &[Read], 201),
    verb("COPY in", &[Bind], 201),
    verb("COPY over", &[Bind, Unbind, WriteContent, WriteProperties], 204),
    verb("MOVE out", &[Read, Unbind], 201),
    verb("MOVE in", &[Bind], 201),
    verb("MOVE over", &[Bind, Unbind], 204),
    verb("LOCK", &[WriteContent], 200),
    verb("LOCK new", &[Bind, WriteContent], 201),
    verb("UNLOCK", &[Read, Unlock], 204),
    verb("REPORT sync-collection", &[Read], 207),
    verb("REPORT expand-property", &[Read], 207),
    verb("REPORT principal-match", &[Read], 207),
    verb("ACL", &[WriteAcl], 200),
];

const FILES: [&str; 9] =
    ["get", "put", "del", "patch", "out", "over", "moveover", "lock", "unlock"];

/// Does a verb to the folder `shared` (a path without a slash at its end); gives the status.
async fn act(who: &Asker, verb: &str, owner: &User, shared: &str) -> u16 {
    let (at, own) = (|name: &str| format!("{shared}/{name}"), |name: &str| who.own(name));
    let to = |path: String| vec![("Destination".to_owned(), path)];
    let sync = document("D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level>");
    let expand = document("D:expand-property", "<D:property name=\"owner\"/>");
    let match_self = document("D:principal-match", "<D:self/>");
    let patch = "<D:set><D:prop><S:x>1</S:x></D:prop></D:set>";
    let patch = document("D:propertyupdate", patch);
    let list = document("D:acl", &grant("<D:authenticated/>", &["D:read"]));
    let zero = || vec![("Depth".to_owned(), "0".to_owned())];
    let one = || vec![("Depth".to_owned(), "1".to_owned())];
    let none = Vec::new;
    let (method, path, headers, body) = match verb {
        "GET" => ("GET", at("get"), none(), String::new()),
        "HEAD" => ("HEAD", at("get"), none(), String::new()),
        "PUT new" => ("PUT", at("new"), none(), "new".into()),
        "PUT replace" => ("PUT", at("put"), none(), "newer".into()),
        "DELETE" => ("DELETE", at("del"), none(), String::new()),
        "PROPFIND" => ("PROPFIND", at(""), one(), String::new()),
        "PROPPATCH" => ("PROPPATCH", at("patch"), none(), patch),
        "MKCOL" => ("MKCOL", at("sub/"), none(), String::new()),
        "COPY out" => ("COPY", at("get"), to(own("copied")), String::new()),
        "COPY in" => ("COPY", own("a"), to(at("in")), String::new()),
        "COPY over" => ("COPY", own("a"), to(at("over")), String::new()),
        "MOVE out" => ("MOVE", at("out"), to(own("moved")), String::new()),
        "MOVE in" => ("MOVE", own("b"), to(at("in2")), String::new()),
        "MOVE over" => ("MOVE", own("c"), to(at("moveover")), String::new()),
        "LOCK" => ("LOCK", at("lock"), zero(), LOCKINFO.into()),
        "LOCK new" => ("LOCK", at("locknew"), zero(), LOCKINFO.into()),
        "UNLOCK" => {
            let token = owner.lock(&at("unlock"), "0").await;
            let headers = vec![("Lock-Token".to_owned(), format!("<{token}>"))];
            ("UNLOCK", at("unlock"), headers, String::new())
        }
        "REPORT sync-collection" => ("REPORT", at(""), zero(), sync),
        "REPORT expand-property" => ("REPORT", at("get"), zero(), expand),
        "REPORT principal-match" => ("REPORT", at(""), zero(), match_self),
        "ACL" => ("ACL", at(""), none(), list),
        other => panic!("{other}"),
    };
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = match who {
        Asker::Known(user) => user.send(method, &path, &headers, body).await,
        Asker::Anonymous(user) => user.server.send(method, &path, &headers, body).await,
    };
    answer.status.as_u16()
}

/// Somebody with a password, or somebody without (and an account to name in paths).
enum Asker {
    Known(User),
    Anonymous(User),
}

impl Asker {
    fn own(&self, name: &str) -> String {
        match self {
            Self::Known(user) | Self::Anonymous(user) => user.path(&format!("files/{name}")),
        }
    }
}

/// A role: what it may do, the entries that make it so, and who plays it.
struct Role {
    name: String,
    rights: Privileges,
    entries: String,
    who: Asker,
}

async fn roles(owner: &User) -> Vec<Role> {
    let server = owner.server;
    let (all, none) = (Privileges::ALL, Privileges::NONE);
    let write = Privileges::READ.union(Privileges::WRITE);
    let role = |name: &str, rights, entries: String, who| {
        let name = name.to_owned();
        Role { name, rights, entries, who }
    };
    let (reader, writer, member) = (server.user().await, server.user().await, server.user().await);
    let (revoked, busy, unlocker) = (server.user().await, server.user().await, server.user().await);
    let group = group(&[&member]).await;
    let group = format!("<D:href>{}</D:href>", group_path(&group));
    let read = |who: &str| grant(who, &["D:read"]);
    let both = |who: &str| grant(who, &["D:read", "D:write"]);
    let (to_reader, to_writer) = (read(&href(&reader)), both(&href(&writer)));
    let to_busy = grant(&href(&busy), &["C:read-free-busy", "D:bind"]);
    let to_unlocker = grant(&href(&unlocker), &["D:read", "D:unlock", "D:write-acl"]);
    let bind = Privileges::from(Privilege::Bind).union(Privilege::ReadFreeBusy.into());
    let unlock = Privileges::READ.union(Unlock.into()).union(WriteAcl.into());
    vec![
        role("owner", all, String::new(), Asker::Known(owner.clone())),
        role("reader", Privileges::READ, to_reader, Asker::Known(reader)),
        role("writer", write, to_writer, Asker::Known(writer)),
        role("member", write, both(&group), Asker::Known(member)),
        role(
            "authenticated",
            Privileges::READ,
            read("<D:authenticated/>"),
            Asker::Known(server.user().await),
        ),
        role("unlocker", unlock, to_unlocker, Asker::Known(unlocker)),
        role("only bind", bind, to_busy, Asker::Known(busy)),
        // What was granted is taken back: see the matrix.
        role("revoked", none, both(&href(&revoked)), Asker::Known(revoked)),
        role("stranger", none, String::new(), Asker::Known(server.user().await)),
        role("administrator", all, String::new(), Asker::Known(administrator(owner).await)),
        role("anonymous", none, String::new(), Asker::Anonymous(server.user().await)),
    ]
}

/// Every privilege that a verb needs.
static LEAVES: [(Privilege, &[&str]); 7] = [
    (Read, &["D:read"]),
    (WriteProperties, &["D:write-properties"]),
    (WriteContent, &["D:write-content"]),
    (Bind, &["D:bind"]),
    (Unbind, &["D:unbind"]),
    (Unlock, &["D:unlock"]),
    (WriteAcl, &["D:write-acl"]),
];

/// For each privilege somebody who has all the others.
async fn lacking_one(owner: &User) -> Vec<Role> {
    let mut roles = Vec::new();
    for (lacking, names) in &LEAVES {
        let user = owner.server.user().await;
        let others = LEAVES.iter().filter(|leaf| leaf.0 != *lacking);
        let others: Vec<&str> = others.flat_map(|leaf| leaf.1.iter().copied()).collect();
        let rights = Privileges(Privileges::ALL.0 & !(*lacking as u32));
        let entries = grant(&href(&user), &others);
        let name = format!("all but {}", names[0]);
        roles.push(Role { name, rights, entries, who: Asker::Known(user) });
    }
    roles
}

fn expected(role: &Role, verb: &Verb) -> u16 {
    match role.who {
        Asker::Anonymous(_) => 401,
        _ if verb.needs.iter().all(|need| role.rights.has(*need)) => verb.status,
        _ => 403,
    }
}

dialogues! {
    /// Every cell of the table.
    async fn each_verb_needs_its_privilege(owner: User) {
        let mut wrong = Vec::new();
        let mut all = roles(&owner).await;
        all.extend(lacking_one(&owner).await);
        for (at, role) in all.iter().enumerate() {
            let shared = owner.path(&format!("files/role{at}"));
            owner.mkcol(&format!("{shared}/")).await;
            for name in FILES {
                owner.put(&format!("{shared}/{name}"), name).await;
            }
            let (Asker::Known(user) | Asker::Anonymous(user)) = &role.who;
            for name in ["a", "b", "c"] {
                user.put(&format!("files/{name}"), name).await;
            }
            acl(&owner, &shared, &role.entries).await.expect(200);
            if role.name == "revoked" {
                acl(&owner, &shared, "").await.expect(200);
            }
            for verb in &VERBS {
                let (status, expected) =
                    (act(&role.who, verb.name, &owner, &shared).await, expected(role, verb));
                if status != expected {
                    wrong.push(format!("{} {}: {status}, not {expected}", role.name, verb.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// A multiget answers for each href; those in a calendar that one may not read are 403.
    async fn multiget_shows_what_may_be_read(owner: User, reader: User, stranger: User) {
        owner.mkcol("calendars/c/").await;
        owner.put("calendars/c/e.ics", event("e")).await;
        let path = owner.path("calendars/c/");
        acl(&owner, &path, &grant(&href(&reader), &["D:read"])).await.expect(200);
        let content = format!("<D:prop><D:getetag/></D:prop><D:href>{path}e.ics</D:href>");
        for (user, expected) in [(&owner, None), (&reader, None), (&stranger, Some(403))] {
            let answer = user.report(&path, "1", "C:calendar-multiget", &content).await;
            assert_eq!(answer.expect(207).multistatus().only().status, expected);
        }
    }

    /// Status and body are the same for what is there, what is not, and accounts that are not.
    async fn strangers_cannot_tell_what_exists(owner: User, stranger: User) {
        owner.mkcol("files/there/").await;
        owner.put("files/there/f", "f").await;
        stranger.put("files/mine", "x").await;
        let to = |path: &str| vec![("Destination", path.to_owned()), ("Depth", "0".to_owned())];
        let zero = || vec![("Depth", "0".to_owned())];
        let expand = document("D:expand-property", "<D:property name=\"owner\"/>");
        let sync = document("D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level>");
        let patch = document("D:propertyupdate", "<D:set><D:prop><S:x>1</S:x></D:prop></D:set>");
        let list = document("D:acl", &grant(&href(&stranger), &["D:all"]));
        let mine = stranger.path("files/mine");
        let existing = [owner.path("files/there/f"), owner.path("files/there/")];
        let pairs = existing.map(|path| {
            let missing = path.replace("there", "where");
            let nobody = path.replace(&format!("/{}/", owner.name), "/nobody/");
            (path, missing, nobody)
        });
        let requests = |path: &str| {
            let path = path.to_owned();
            [
                ("GET", path.clone(), vec![], String::new()),
                ("HEAD", path.clone(), vec![], String::new()),
                ("PUT", path.trim_end_matches('/').to_owned(), vec![], "x".into()),
                ("DELETE", path.clone(), vec![], String::new()),
                ("PROPFIND", path.clone(), zero(), String::new()),
                ("PROPFIND", path.clone(), vec![("Depth", "1".into())], String::new()),
                ("PROPPATCH", path.clone(), vec![], patch.clone()),
                ("MKCOL", path.clone(), vec![], String::new()),
                ("COPY", path.clone(), to(&stranger.path("files/n")), String::new()),
                ("COPY", mine.clone(), to(&path), String::new()),
                ("MOVE", path.trim_end_matches('/').into(), to(&mine), String::new()),
                ("MOVE", mine.clone(), to(&path), String::new()),
                ("LOCK", path.clone(), zero(), LOCKINFO.into()),
                ("UNLOCK", path.clone(), vec![("Lock-Token", "<urn:x:y>".into())], String::new()),
                ("REPORT", path.clone(), zero(), expand.clone()),
                ("REPORT", path.clone(), zero(), sync.clone()),
                ("ACL", path.clone(), vec![], list.clone()),
                ("OPTIONS", path.clone(), vec![], String::new()),
            ]
        };
        for (path, missing, nobody) in pairs {
            let all = requests(&path).into_iter().zip(requests(&missing)).zip(requests(&nobody));
            for ((there, away), nowhere) in all {
                let mut answers = Vec::new();
                for (method, path, headers, body) in [there, away, nowhere] {
                    let headers: Vec<(&str, &str)> =
                        headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                    let answer = stranger.send(method, &path, &headers, body).await;
                    let name = format!("/{}/", owner.name);
                    let text = answer.text().replace("where", "there").replace("nobody", &name);
                    answers.push((method, answer.status.as_u16(), text.replace("//", "/")));
                }
                assert_eq!(answers[0].2, answers[1].2);
                assert_eq!(answers[0], answers[1]);
                assert_eq!(answers[0].1, answers[2].1, "{}", answers[0].0);
                assert_eq!(answers[0].2, answers[2].2, "{}", answers[0].0);
                let status = if answers[0].0 == "OPTIONS" { 200 } else { 403 };
                assert_eq!(answers[0].1, status, "{answers:?}");
            }
        }
    }

    /// Without a password nothing is told but what the server can do.
    async fn anonymous_requests_are_asked_to_sign_in(owner: User) {
        owner.put("files/f", "f").await;
        for path in [owner.path("files/f"), owner.path("files/g"), owner.principal()] {
            for method in ["GET", "PROPFIND", "REPORT", "ACL", "PUT"] {
                let answer = owner.server.send(method, &path, &[], "").await;
                assert!(answer.header("www-authenticate").is_some());
                assert_eq!(answer.status.as_u16(), 401, "{method} {path}");
            }
        }
    }

    /// RFC 3744 §7.1.1.
    async fn a_missing_privilege_is_named(owner: User, other: User) {
        owner.put("files/f", "f").await;
        let path = owner.path("files/f");
        let table = [
            ("GET", "", path.clone(), "read"),
            ("PUT", "x", path.clone(), "write-content"),
            ("DELETE", "", owner.path("files/"), "unbind"),
        ];
        for (method, body, resource, privilege) in table {
            let answer = other.send(method, &path, &[], body).await;
            let condition = answer.expect_condition(403, "need-privileges");
            let it = condition.child("DAV:", "resource").unwrap();
            assert_eq!(it.child("DAV:", "href").unwrap().text(), resource);
            let named = it.child("DAV:", "privilege").unwrap();
            assert!(named.child("DAV:", privilege).is_some(), "{answer}");
        }
    }
}
