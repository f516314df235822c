//! A model: several clients, each with its own token, while files and calendars change at random.
//! After each sync a client's copy is the server's listing, hrefs and tags alike.

use super::*;
use crate::support::Random;
use std::collections::BTreeMap;

/// A client's copy of one collection: href to tag; member collections have none.
type Copy = BTreeMap<String, String>;

struct Client {
    target: &'static str,
    limit: usize,
    token: String,
    copy: Copy,
}

const FOLDERS: [&str; 4] = ["files/", "files/a/", "files/b/", "files/a/s/"];
const CALENDARS: [&str; 2] = ["calendars/one/", "calendars/two/"];

impl Client {
    /// Syncs until nothing is cut off. A refused token (the collection was made anew) and a
    /// collection that is gone begin from nothing.
    async fn sync(&mut self, user: &User) {
        loop {
            let with = Ask { token: &self.token, limit: self.limit, ..FIRST };
            let answer = ask(user, self.target, with, "<D:getetag/>").await;
            match answer.status.as_u16() {
                207 => {}
                403 | 404 => {
                    self.copy.clear();
                    let again = !self.token.is_empty();
                    self.token.clear();
                    if again && answer.status == 403 {
                        continue;
                    }
                    return;
                }
                _ => panic!("{answer}"),
            }
            let it = answer.multistatus();
            for response in &it.responses {
                match response.status {
                    Some(404) => drop(self.copy.remove(&response.href)),
                    Some(507) => {}
                    Some(other) => panic!("{other}"),
                    None => {
                        let tag = match response.status_of("getetag") {
                            Some(200) => response.text("getetag"),
                            _ => String::new(),
                        };
                        self.copy.insert(response.href.clone(), tag);
                    }
                }
            }
            self.token = it.sync_token.unwrap();
            if it.responses.last().is_none_or(|r| r.status != Some(507)) {
                return;
            }
        }
    }
}

/// The server's listing of a collection; empty when it is not there.
async fn listing(user: &User, target: &str) -> Copy {
    let body = document("D:propfind", "<D:prop><D:getetag/></D:prop>");
    let answer = user.send("PROPFIND", target, &[("Depth", "1")], body).await;
    if answer.status == 404 {
        return Copy::new();
    }
    let own = user.path(target);
    let it = answer.expect(207).multistatus();
    let members = it.responses.iter().filter(|r| r.href != own);
    let tag = |r: &crate::support::dav::Response| match r.status_of("getetag") {
        Some(200) => r.text("getetag"),
        _ => String::new(),
    };
    members.map(|r| (r.href.clone(), tag(r))).collect()
}

fn pick<'l, T: ?Sized>(random: &mut Random, list: &[&'l T]) -> &'l T {
    list[random.below(list.len() as u64) as usize]
}

/// A random change of files; most succeed, the rest are refused, which must change nothing.
async fn change_files(user: &User, random: &mut Random) -> bool {
    let name = format!("f{}", random.below(5));
    let from = format!("{}{name}", pick(random, &FOLDERS));
    let to = format!("{}f{}", pick(random, &FOLDERS), random.below(5));
    let folder = pick(random, &["files/a/", "files/b/", "files/a/s/"]);
    let other = pick(random, &["files/a/", "files/b/", "files/b/s/", "files/a/s/"]);
    let destination = user.path(&to);
    let other = user.path(other);
    let text = random.next().to_string();
    let answer = match random.below(19) {
        0..=5 => user.send("PUT", &from, &[], text).await,
        6 | 7 => user.delete(&from).await,
        8 | 9 => user.send("MOVE", &from, &[("Destination", &destination)], "").await,
        10 => user.send("COPY", &from, &[("Destination", &destination)], "").await,
        11 | 16..=18 => user.send("MKCOL", folder, &[], "").await,
        12 => user.delete(folder).await,
        13 => user.send("MOVE", folder, &[("Destination", &other)], "").await,
        14 => user.send("COPY", folder, &[("Destination", &other)], "").await,
        _ => {
            let set = format!("<D:set><D:prop><Z xmlns='z:'>{text}</Z></D:prop></D:set>");
            let target = pick(random, &[from.as_str(), folder]);
            user.proppatch(target, &set).await
        }
    };
    answer.status.is_success()
}

async fn change_calendars(user: &User, random: &mut Random) -> bool {
    let uid = format!("u{}", random.below(6));
    let from = format!("{}{uid}.ics", pick(random, &CALENDARS));
    let calendar = pick(random, &CALENDARS);
    let to = user.path(&format!("{calendar}{uid}.ics"));
    let answer = match random.below(12) {
        0..=4 => {
            let text = event(&uid).replace("SUMMARY:", &format!("SUMMARY:{} ", random.next()));
            user.send("PUT", &from, &[], text).await
        }
        5 | 6 => user.delete(&from).await,
        7 | 8 => user.send("MOVE", &from, &[("Destination", &to)], "").await,
        9 => user.send("COPY", &from, &[("Destination", &to)], "").await,
        10 => user.send("MKCALENDAR", calendar, &[], "").await,
        _ if random.below(4) == 0 => user.delete(calendar).await,
        _ => {
            let set = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
            user.proppatch(calendar, set).await
        }
    };
    answer.status.is_success()
}

async fn play(user: User, seed: u64, steps: usize) {
    let mut random = Random(seed);
    let client = |target, limit| Client { target, limit, token: String::new(), copy: Copy::new() };
    let homes = ["calendars/"];
    let targets: Vec<&str> = FOLDERS.into_iter().chain(CALENDARS).chain(homes).collect();
    let mut clients: Vec<Client> =
        targets.iter().flat_map(|target| [client(*target, 0), client(*target, 2)]).collect();
    for calendar in CALENDARS {
        user.send("MKCALENDAR", calendar, &[], "").await.expect(201);
    }
    let mut changes = 0;
    for step in 0..steps {
        let changed = match random.below(2) {
            0 => change_files(&user, &mut random).await,
            _ => change_calendars(&user, &mut random).await,
        };
        changes += usize::from(changed);
        let last = step + 1 == steps;
        for client in &mut clients {
            if !last && random.below(12) != 0 {
                continue;
            }
            client.sync(&user).await;
            let expected = listing(&user, client.target).await;
            assert_eq!(client.copy, expected, "seed {seed}, step {step}, {}", client.target);
        }
    }
    assert!(changes > steps / 4, "seed {seed}: only {changes} of {steps} changed anything");
}

/// One of several writers: its own names, and some that all of them fight for.
async fn write(user: User, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..60 {
        let own = |random: &mut Random| match random.below(3) {
            0 => format!("files/c/shared{}", random.below(3)),
            _ => format!("files/c/{seed}-{}", random.below(4)),
        };
        let (from, to) = (own(&mut random), own(&mut random));
        let destination = user.path(&to);
        match random.below(6) {
            0..=2 => drop(user.send("PUT", &from, &[], random.next().to_string()).await),
            3 => drop(user.delete(&from).await),
            4 => drop(user.send("MOVE", &from, &[("Destination", &destination)], "").await),
            _ => drop(user.send("COPY", &from, &[("Destination", &destination)], "").await),
        }
    }
}

dialogues! {
    /// Nothing is passed over while others write: a token never stands for a change that its
    /// answer did not hold.
    async fn a_client_that_syncs_while_others_write_misses_nothing(user: User) {
        user.mkcol("files/c/").await;
        let target = "files/c/";
        let new = |limit| Client { target, limit, token: String::new(), copy: Copy::new() };
        let mut clients = [new(0), new(1), new(3)];
        let writers: Vec<_> = (0..4).map(|seed| tokio::spawn(write(user.clone(), seed))).collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            for client in &mut clients {
                client.sync(&user).await;
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let expected = listing(&user, target).await;
        for client in &mut clients {
            client.sync(&user).await;
            assert_eq!(client.copy, expected, "limit {}", client.limit);
        }
    }

    async fn every_clients_copy_equals_the_listing(user: User) {
        // Said when it fails; put the number here to play it again.
        let seed = davenport::kernel::clock::now().0 as u64;
        play(user, seed, 250).await;
    }

    async fn every_clients_copy_equals_the_listing_with_a_fixed_seed(user: User) {
        play(user, 20_260_101, 150).await;
    }
}
