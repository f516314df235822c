//! The level infinite (RFC 6578 §3.3): members at any depth. Dialogues, and a model in which
//! clients go on from every state that they ever were in.

use super::*;
use crate::support::Random;
use std::collections::{BTreeMap, HashSet};

const DEEP: Ask<'static> = Ask { token: "", level: "infinite", limit: 0, depth: "0" };
const PROPS: &str = "<D:getetag/><D:displayname/>";

async fn deep(user: &User, target: &str, token: &str, limit: usize) -> Multistatus {
    ask(user, target, Ask { token, limit, ..DEEP }, PROPS).await.expect(207).multistatus()
}

async fn deep_token(user: &User, target: &str) -> String {
    deep(user, target, "", 0).await.sync_token.unwrap()
}

async fn send_to(user: &User, method: &str, from: &str, to: &str) {
    let to = user.path(to);
    let answer = user.send(method, from, &[("Destination", &to)], "").await;
    assert!(answer.status.is_success(), "{answer}");
}

/// A client's copy of a tree: href to tag, of collections to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Copy {
    token: String,
    tree: BTreeMap<String, String>,
}

fn state(response: &crate::support::dav::Response) -> String {
    let of = if response.href.ends_with('/') { "displayname" } else { "getetag" };
    match response.status_of(of) {
        Some(200) => response.text(of),
        _ => String::new(),
    }
}

impl Copy {
    /// One answer, and whether there is more. A collection that is gone takes along what was in it.
    async fn step(&mut self, user: &User, target: &str, limit: usize) -> bool {
        let it = deep(user, target, &self.token, limit).await;
        let mut seen = HashSet::new();
        let (mut told, mut more) = (0, false);
        for response in &it.responses {
            assert!(seen.insert(response.href.clone()), "{} is told twice", response.href);
            match response.status {
                Some(507) => {
                    assert_eq!(response.href, user.path(target));
                    more = true;
                    continue;
                }
                Some(404) => {
                    assert!(response.properties.is_empty(), "{}", response.href);
                    let held = |href: &String| {
                        seen.iter()
                            .any(|s| s != href && s.ends_with('/') && href.starts_with(s.as_str()))
                    };
                    assert!(!held(&response.href), "{} went with what held it", response.href);
                    let whole = response.href.ends_with('/');
                    let gone = |href: &str| {
                        href == response.href || whole && href.starts_with(&response.href)
                    };
                    self.tree.retain(|href, _| !gone(href));
                }
                Some(other) => panic!("{other} for {}", response.href),
                None => drop(self.tree.insert(response.href.clone(), state(response))),
            }
            told += 1;
        }
        assert!(limit == 0 || told <= limit, "{told} of at most {limit}");
        assert!(told > 0 || !more, "a cut answer brings something");
        self.token = it.sync_token.unwrap();
        more
    }

    async fn sync(&mut self, user: &User, target: &str, limit: usize) {
        while self.step(user, target, limit).await {}
    }
}

/// Everything below a collection, as PROPFIND lists it.
async fn listing(user: &User, target: &str) -> BTreeMap<String, String> {
    let (mut all, mut left) = (BTreeMap::new(), vec![user.path(target)]);
    while let Some(folder) = left.pop() {
        let found = user.propfind(&folder, "1", PROPS).await;
        for response in found.responses.iter().filter(|r| r.href != folder) {
            all.insert(response.href.clone(), state(response));
            if response.href.ends_with('/') {
                left.push(response.href.clone());
            }
        }
    }
    all
}

dialogues! {
    /// RFC 6578 §3.3, §3.4: every member at any depth, each with its properties, none with 403.
    async fn every_member_at_any_depth_is_told(user: User) {
        for folder in ["d/", "d/e/", "d/e/f/", "empty/"] {
            user.mkcol(&format!("files/{folder}")).await;
        }
        for name in ["a", "d/a", "d/e/f/a", "d/gone"] {
            user.put(&format!("files/{name}"), name).await;
        }
        user.delete("files/d/gone").await.expect(204);
        let first = deep(&user, "files/", "", 0).await;
        let all = ["a", "d/", "d/a", "d/e/", "d/e/f/", "d/e/f/a", "empty/"];
        assert_eq!(told(&user, "files/", &first), list(&all.map(|name| (name, 200))));
        assert_eq!(first.of(&user.path("files/d/e/f/a")).status_of("getetag"), Some(200));
        // Parents come before their members.
        let hrefs = first.hrefs();
        for (n, href) in hrefs.iter().enumerate() {
            let above = href.trim_end_matches('/').rsplit_once('/').unwrap().0;
            let above = format!("{above}/");
            assert!(above == user.path("files/") || hrefs[..n].contains(&above.as_str()), "{href}");
        }
        let below = deep(&user, "files/d/e/", "", 0).await;
        assert_eq!(told(&user, "files/d/e/", &below), list(&[("f/", 200), ("f/a", 200)]));
    }

    /// RFC 6578 §3.5: each change in the tree once, at its full path, and nothing else.
    async fn each_change_in_the_tree_is_told_once(user: User) {
        for folder in ["d/", "d/e/", "d/same/", "go/", "go/in/", "coll/"] {
            user.mkcol(&format!("files/{folder}")).await;
        }
        for name in ["d/a", "d/b", "d/e/a", "d/e/b", "d/same/x", "go/a", "go/in/a", "x"] {
            user.put(&format!("files/{name}"), name).await;
        }
        let before = deep_token(&user, "files/").await;
        assert_eq!(deep(&user, "files/", &before, 0).await.responses.len(), 0);
        let etag = user.put("files/d/e/a", "new").await;
        user.delete("files/d/b").await.expect(204);
        user.put("files/d/brief", "1").await;
        user.delete("files/d/brief").await.expect(204);
        send_to(&user, "MOVE", "files/d/e/b", "files/coll/b").await;
        send_to(&user, "COPY", "files/x", "files/d/copy").await;
        user.delete("files/go/a").await.expect(204);
        user.delete("files/go/").await.expect(204);
        user.mkcol("files/d/new/").await;
        user.put("files/d/new/f", "f").await;
        let set = "<D:set><D:prop><D:displayname>N</D:displayname></D:prop></D:set>";
        user.proppatch("files/d/", set).await.expect(207);
        let changes = deep(&user, "files/", &before, 0).await;
        let expected = [
            ("d/e/a", 200), ("d/b", 404), ("d/brief", 404), ("d/e/b", 404), ("coll/b", 200),
            ("d/copy", 200), ("go/", 404), ("d/new/", 200), ("d/new/f", 200), ("d/", 200),
        ];
        assert_eq!(told(&user, "files/", &changes), list(&expected));
        assert_eq!(changes.of(&user.path("files/d/e/a")).text("getetag"), etag);
        let after = changes.sync_token.unwrap();
        assert_eq!(deep(&user, "files/", &after, 0).await.responses.len(), 0);
    }

    /// A moved collection is gone at one name and there, with all that is in it, at the other,
    /// though nothing in it changed; also piece by piece.
    async fn a_moved_tree_is_told_whole(user: User) {
        for folder in ["a/", "a/s/", "b/"] {
            user.mkcol(&format!("files/{folder}")).await;
        }
        for name in ["a/1", "a/2", "a/s/1", "a/s/2", "b/1"] {
            user.put(&format!("files/{name}"), name).await;
        }
        let mut client = Copy::default();
        client.sync(&user, "files/", 0).await;
        send_to(&user, "MOVE", "files/a/", "files/b/c/").await;
        let changes = deep(&user, "files/", &client.token, 0).await;
        let expected = [
            ("a/", 404), ("b/c/", 200), ("b/c/1", 200), ("b/c/2", 200), ("b/c/s/", 200),
            ("b/c/s/1", 200), ("b/c/s/2", 200),
        ];
        assert_eq!(told(&user, "files/", &changes), list(&expected));
        // One at a time, while something happens to what has been told and to what has not.
        client.step(&user, "files/", 1).await;
        client.step(&user, "files/", 1).await;
        assert!(client.tree.contains_key(&user.path("files/b/c/")), "the collection comes first");
        client.step(&user, "files/", 1).await;
        assert!(client.token.contains('.'), "{}", client.token);
        user.put("files/b/c/1", "changed").await;
        user.delete("files/b/c/s/2").await.expect(204);
        // A token from the middle of it is good at the level 1 too, which may tell things twice.
        let one = sync(&user, "files/", &client.token).await;
        assert_eq!(told(&user, "files/", &one), list(&[("b/", 200)]));
        client.sync(&user, "files/", 1).await;
        assert_eq!(client.tree, listing(&user, "files/").await);
    }

    /// A client that has moved nothing of its own: its collection's token goes on under the new name.
    async fn a_moved_tree_keeps_its_own_token_at_any_depth(user: User) {
        user.mkcol("files/a/").await;
        user.mkcol("files/a/s/").await;
        user.put("files/a/s/f", "1").await;
        let inside = deep_token(&user, "files/a/").await;
        send_to(&user, "MOVE", "files/a/", "files/b/").await;
        user.put("files/b/s/g", "2").await;
        let changes = deep(&user, "files/b/", &inside, 0).await;
        assert_eq!(told(&user, "files/b/", &changes), list(&[("s/g", 200)]));
    }

    /// Under the name of a removed collection another one: what was only in the first goes. The
    /// answer is cut between the two, so that no name is in it twice (RFC 6578 §3.6).
    async fn a_collection_made_anew_brings_nothing_back(user: User) {
        user.mkcol("files/d/").await;
        user.mkcol("files/d/e/").await;
        for name in ["d/old", "d/both", "d/e/old"] {
            user.put(&format!("files/{name}"), name).await;
        }
        let mut client = Copy::default();
        client.sync(&user, "files/", 0).await;
        let before = client.clone();
        user.delete("files/d/").await.expect(204);
        let between = deep_token(&user, "files/").await;
        user.mkcol("files/d/").await;
        user.put("files/d/both", "new").await;
        let (cut, rest) = {
            let cut = deep(&user, "files/", &before.token, 0).await;
            let rest = deep(&user, "files/", &cut.sync_token.clone().unwrap(), 0).await;
            (told(&user, "files/", &cut), told(&user, "files/", &rest))
        };
        assert_eq!(cut, list(&[("", 507), ("d/", 404)]));
        assert_eq!(rest, list(&[("d/", 200), ("d/both", 200)]));
        client.sync(&user, "files/", 0).await;
        assert_eq!(client.tree, listing(&user, "files/").await);
        // Who has seen it go is told of the new one alone; at the level 1 it is one change.
        let later = deep(&user, "files/", &between, 0).await;
        assert_eq!(told(&user, "files/", &later), list(&[("d/", 200), ("d/both", 200)]));
        let one = sync(&user, "files/", &before.token).await;
        assert_eq!(told(&user, "files/", &one), list(&[("d/", 200)]));
        // The same where one is moved over another.
        user.mkcol("files/m/").await;
        user.put("files/m/only", "x").await;
        send_to(&user, "MOVE", "files/m/", "files/d/").await;
        client.sync(&user, "files/", 0).await;
        assert_eq!(client.tree, listing(&user, "files/").await);
        let mut late = before;
        late.sync(&user, "files/", 2).await;
        assert_eq!(late.tree, client.tree);
    }

    /// Numbers that later ones overtook are passed over, however many: one member an answer.
    async fn what_changed_often_is_told_once_and_last(user: User) {
        user.mkcol("files/d/").await;
        user.put("files/d/first", "x").await;
        let before = deep_token(&user, "files/").await;
        user.mkcol("files/new/").await;
        user.put("files/d/one", "x").await;
        for n in 0..600 {
            user.put("files/d/often", n.to_string()).await;
        }
        user.delete("files/d/first").await.expect(204);
        let set = "<D:set><D:prop><D:displayname>N</D:displayname></D:prop></D:set>";
        user.proppatch("files/new/", set).await.expect(207);
        let whole = deep(&user, "files/", &before, 50).await;
        let expected = [("new/", 200), ("d/one", 200), ("d/often", 200), ("d/first", 404)];
        assert_eq!(told(&user, "files/", &whole), list(&expected));
        let mut told_in_order = Vec::new();
        let (mut at, mut more) = (before, true);
        while more {
            let it = deep(&user, "files/", &at, 1).await;
            let names: Vec<_> = told(&user, "files/", &it).into_iter().map(|(name, _)| name).collect();
            more = names.contains(&String::new());
            told_in_order.extend(names.into_iter().filter(|name| !name.is_empty()));
            at = it.sync_token.unwrap();
        }
        // When it came, and when it changed.
        assert_eq!(told_in_order, ["new/", "d/one", "d/often", "d/first", "new/"]);
    }

    /// Calendars and what is in them, from their home: what `sync-level` infinite is for.
    async fn the_home_tells_of_what_is_in_its_calendars(user: User) {
        for name in ["one", "two"] {
            user.send("MKCALENDAR", &format!("calendars/{name}/"), &[], "").await.expect(201);
        }
        let before = deep_token(&user, "calendars/").await;
        user.put("calendars/one/e.ics", event("e")).await;
        user.put("calendars/two/f.ics", event("f")).await;
        let props = "<D:getetag/><C:calendar-data/>";
        let with = Ask { token: &before, ..DEEP };
        let it = ask(&user, "calendars/", with, props).await.expect(207).multistatus();
        let expected = [("one/e.ics", 200), ("two/f.ics", 200)];
        assert_eq!(told(&user, "calendars/", &it), list(&expected));
        for (path, uid) in [("one/e.ics", "e"), ("two/f.ics", "f")] {
            let href = user.path(&format!("calendars/{path}"));
            assert_eq!(it.of(&href).text("calendar-data"), event(uid));
        }
        let set = "<D:set><D:prop><Z xmlns='z:'>1</Z></D:prop></D:set>";
        user.proppatch("calendars/two/f.ics", set).await.expect(207);
        let with = Ask { token: it.sync_token.as_deref().unwrap(), ..DEEP };
        let it = ask(&user, "calendars/", with, "<Z xmlns='z:'/>").await.expect(207).multistatus();
        assert_eq!(it.only().text("Z"), "1");
    }

    /// Who may read a collection may read what is below; nobody else syncs it.
    async fn a_stranger_syncs_no_tree(user: User, stranger: User) {
        user.mkcol("files/d/").await;
        let answer = ask(&stranger, &user.path("files/"), DEEP, PROPS).await;
        answer.expect_condition(403, "need-privileges");
    }
}

const FOLDERS: [&str; 7] = ["a/", "b/", "a/a/", "a/b/", "b/a/", "a/a/a/", "b/a/b/"];

fn pick<'l>(random: &mut Random, list: &[&'l str]) -> &'l str {
    list[random.below(list.len() as u64) as usize]
}

/// A random change of the tree; what is refused must change nothing.
async fn change(user: &User, random: &mut Random) -> bool {
    let file = |random: &mut Random| {
        let folder = if random.below(6) == 0 { "" } else { pick(random, &FOLDERS) };
        format!("files/{folder}f{}", random.below(3))
    };
    let (from, to) = (file(random), user.path(&file(random)));
    let folder = format!("files/{}", pick(random, &FOLDERS));
    let other = user.path(&format!("files/{}", pick(random, &FOLDERS)));
    let text = random.next().to_string();
    let answer = match random.below(20) {
        0..=4 => user.send("PUT", &from, &[], text).await,
        5 | 6 => user.delete(&from).await,
        7 | 8 => user.send("MOVE", &from, &[("Destination", &to)], "").await,
        9 => user.send("COPY", &from, &[("Destination", &to)], "").await,
        10..=13 => {
            // With what is above it, or most of the time there would be no place for it.
            let names: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
            for depth in 2..names.len() {
                user.send("MKCOL", &names[..depth].join("/"), &[], "").await;
            }
            user.send("MKCOL", &folder, &[], "").await
        }
        14 => user.delete(&folder).await,
        15 | 16 => user.send("MOVE", &folder, &[("Destination", &other)], "").await,
        17 => user.send("COPY", &folder, &[("Destination", &other)], "").await,
        _ => {
            let set =
                format!("<D:set><D:prop><D:displayname>{text}</D:displayname></D:prop></D:set>");
            let target = if random.below(2) == 0 { from } else { folder };
            user.proppatch(&target, &set).await
        }
    };
    answer.status.is_success()
}

/// Clients stop in the middle of things and go on from there much later, from every state that a
/// client of theirs was ever in.
async fn play(user: User, seed: u64, steps: usize) {
    let mut random = Random(seed);
    for folder in ["a/", "b/", "a/a/"] {
        user.mkcol(&format!("files/{folder}")).await;
    }
    let mut states = vec![Copy::default()];
    let mut changes = 0;
    for step in 1..=steps {
        changes += usize::from(change(&user, &mut random).await);
        if random.below(4) == 0 {
            let mut client = states[random.below(states.len() as u64) as usize].clone();
            let limit = 1 + random.below(4) as usize;
            client.step(&user, "files/", limit).await;
            states.push(client);
        }
        if step % 40 != 0 {
            continue;
        }
        let expected = listing(&user, "files/").await;
        for (n, state) in states.clone().iter().enumerate() {
            let mut client = state.clone();
            let limit = [0, 0, 1, 2, 3, 7][random.below(6) as usize];
            client.sync(&user, "files/", limit).await;
            let what =
                format!("seed {seed}, step {step}, state {n}, limit {limit}: {}", state.token);
            assert_eq!(client.tree, expected, "{what}");
        }
        let mut now = states[0].clone();
        now.sync(&user, "files/", 0).await;
        states.push(now);
    }
    assert!(changes > steps / 6, "seed {seed}: only {changes} of {steps} changed anything");
}

async fn write(user: User, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..80 {
        change(&user, &mut random).await;
    }
}

dialogues! {
    async fn from_every_state_a_client_reaches_the_present(user: User) {
        // Said when it fails; put the number here to play it again.
        let seed = davenport::kernel::clock::now().0 as u64;
        play(user, seed, 160).await;
    }

    async fn from_every_state_a_client_reaches_the_present_with_a_fixed_seed(user: User) {
        play(user, 20_260_101, 120).await;
    }

    /// Nothing is passed over while others change the tree.
    async fn a_client_of_a_tree_that_others_change_misses_nothing(user: User) {
        for folder in ["a/", "b/", "a/a/"] {
            user.mkcol(&format!("files/{folder}")).await;
        }
        let mut clients = [(0, Copy::default()), (1, Copy::default()), (5, Copy::default())];
        let writers: Vec<_> = (0..3).map(|seed| tokio::spawn(write(user.clone(), seed))).collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            for (limit, client) in &mut clients {
                client.step(&user, "files/", *limit).await;
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let expected = listing(&user, "files/").await;
        for (limit, client) in &mut clients {
            client.sync(&user, "files/", *limit).await;
            assert_eq!(client.tree, expected, "limit {limit}");
        }
    }
}
