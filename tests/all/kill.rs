//! The server killed while it works, and told to stop while it works: what it acknowledged is
//! there, whole; what it did not acknowledge is there wholly or not at all; and every client that
//! synchronised before finds its way to what is there now.
//!
//! `DAVENPORT_KILL_ROUNDS=n` kills n times on each engine; otherwise as often as goes into some
//! seconds. Neither signal is a power cut: what the operating system has taken over from the
//! process is safe here. That the disk has it too is shown by `store::durable`.

pub mod client;
mod model;

use crate::support::{Fresh, Random, on_both, raw};
use client::{Client, Lost, Members, Server, members};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, Protocols, admin};
use davenport::kernel::clock;
use davenport::kernel::secret::Secret;
use davenport::store::Location;
use model::{Op, State, WATCHED, content, path};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ACCOUNTS: [&str; 2] = ["ada", "eve"];
const CLIENTS: usize = 8;
/// How long the rounds on one engine go on, and how many there are at least.
const TIME: Duration = Duration::from_secs(8);
const ROUNDS_MIN: usize = 3;

/// The properties by which two states of a collection are told apart.
const WANTED: &str = "<D:prop><D:getetag/><D:sync-token/><X:mark xmlns:X=\"urn:x\"/></D:prop>";

/// A store with two users, and what all rounds so far have left.
struct Scene {
    folder: PathBuf,
    location: Location,
    passwords: Vec<Secret>,
    /// What each client believes.
    states: Vec<State>,
    /// The request of each client that was not answered.
    open: Vec<Option<Op>>,
    /// Copies that synchronising clients made in earlier rounds, by path.
    copies: BTreeMap<String, Vec<Copy>>,
    random: Random,
    acknowledged: usize,
    /// Answers of which a part came.
    cut: usize,
}

/// A client's copy of a collection.
#[derive(Clone, Default)]
struct Copy {
    token: Option<String>,
    members: BTreeMap<String, String>,
}

/// What a client did until its server was gone.
struct Worked {
    state: State,
    /// The request that was not answered, and why.
    open: Op,
    lost: Lost,
    done: usize,
}

impl Scene {
    async fn new(fresh: &Fresh) -> Self {
        let mut passwords = Vec::new();
        for name in ACCOUNTS {
            let at = clock::now();
            let new = NewAccount::of(Kind::User, name);
            account::create(fresh, new, at).await.unwrap();
            let password = admin::add_app_password(fresh, name, "kill", Protocols::ALL, None, at);
            passwords.push(password.await.unwrap());
        }
        // From here on the store is another process's.
        fresh.close().await;
        Self {
            folder: fresh.folder().to_owned(),
            location: fresh.location.clone(),
            passwords,
            states: vec![State::new(); CLIENTS],
            open: vec![None; CLIENTS],
            copies: BTreeMap::new(),
            random: Random(clock::now().0 as u64),
            acknowledged: 0,
            cut: 0,
        }
    }

    fn client(&self, server: &Server, account: usize) -> Client {
        Client::new(server.address, ACCOUNTS[account], self.passwords[account].expose())
    }

    /// Makes the collections that are never removed.
    async fn furnish(&self, server: &Server) {
        for (account, name) in ACCOUNTS.iter().enumerate() {
            let mut client = self.client(server, account);
            for pattern in &WATCHED {
                let path = path(pattern, name);
                if path.ends_with(&format!("/{name}/")) {
                    continue;
                }
                let body = match path.contains("/addressbooks/") {
                    true => {
                        "<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:resourcetype><D:collection/>\
                         <A:addressbook xmlns:A='urn:ietf:params:xml:ns:carddav'/>\
                         </D:resourcetype></D:prop></D:set></D:mkcol>"
                    }
                    false => "",
                };
                let method = if path.contains("/calendars/") { "MKCALENDAR" } else { "MKCOL" };
                let xml = [("Content-Type", "application/xml")];
                let headers = if body.is_empty() { &xml[..0] } else { &xml[..] };
                let answer = client.send(method, &path, headers, body.as_bytes()).await.unwrap();
                assert_eq!(answer.status, 201, "{method} {path}: {answer:?}");
            }
        }
    }

    /// Lets all clients work until the server is gone, which `end` sees to.
    async fn load(&mut self, server: &mut Server, end: impl AsyncFnOnce(&mut Server)) {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut workers = Vec::new();
        for (number, state) in self.states.iter().enumerate() {
            let client = self.client(server, number % ACCOUNTS.len());
            let random = Random(self.random.next());
            let work = work(client, number, state.clone(), random, acknowledged.clone());
            workers.push(tokio::spawn(work));
        }
        let mut watchers = Vec::new();
        for (account, name) in ACCOUNTS.iter().enumerate() {
            for pattern in WATCHED {
                let (client, path) = (self.client(server, account), path(pattern, name));
                watchers.push((path.clone(), tokio::spawn(watch(client, path))));
            }
        }
        while acknowledged.load(Ordering::SeqCst) == 0 && !workers.iter().all(|w| w.is_finished()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        end(server).await;
        for (number, worker) in workers.into_iter().enumerate() {
            let worked = worker.await.expect("a client");
            self.states[number] = worked.state;
            self.acknowledged += worked.done;
            self.cut += usize::from(worked.lost == Lost::Within);
            self.open[number] = Some(worked.open);
        }
        for (path, watcher) in watchers {
            let (copy, lost) = watcher.await.expect("a watcher");
            self.cut += usize::from(lost == Lost::Within);
            if copy.token.is_some() {
                self.copies.entry(path).or_default().push(copy);
            }
        }
    }

    /// On PostgreSQL the sessions of a killed server end a moment after it; until then one of them
    /// may still commit what nobody was told of.
    async fn sessions_end(&self) {
        if matches!(self.location, Location::Sqlite(_)) {
            return;
        }
        let others = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'davenport'";
        while raw::int(&self.location, others).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Compares everything that is there with what clients know.
    async fn verify(&mut self, server: &Server) {
        raw::assert_sound(&self.location).await;
        for (hash, size) in raw::large_contents(&self.location).await {
            let (folder, rest) = hash.split_at(2);
            let octets = std::fs::read(self.folder.join("blobs").join(folder).join(rest)).unwrap();
            assert_eq!(octets.len() as i64, size);
            let found = davenport::kernel::secret::sha256(&octets);
            assert_eq!(davenport::kernel::secret::hex(&found), hash);
        }
        let mut there = State::new();
        for (account, name) in ACCOUNTS.iter().enumerate() {
            let mut client = self.client(server, account);
            for pattern in WATCHED {
                let path = path(pattern, name);
                let listing = list(&mut client, &path).await;
                self.assert_copies_converge(&mut client, &path, &listing).await;
                there.extend(look(&mut client, listing).await);
            }
        }
        for number in 0..CLIENTS {
            let own = |path: &String| path.contains(&format!("/c{number}-"));
            let found: State =
                there.iter().filter(|(p, _)| own(p)).map(|(p, n)| (p.clone(), n.clone())).collect();
            let before = self.states[number].clone();
            let mut after = before.clone();
            let open = self.open[number].take();
            if let Some(op) = &open {
                op.apply(&mut after);
            }
            assert!(
                found == before || found == after,
                "client {number}: {open:?}\nis missing: {:?}\nis too much: {:?}",
                before.iter().filter(|(p, n)| found.get(*p) != Some(n)).collect::<Vec<_>>(),
                found.iter().filter(|(p, n)| before.get(*p) != Some(n)).collect::<Vec<_>>(),
            );
            self.states[number] = found;
        }
    }

    /// Brings copies from earlier rounds up to date: each must become what is there.
    async fn assert_copies_converge(
        &mut self,
        client: &mut Client,
        path: &str,
        listing: &BTreeMap<String, String>,
    ) {
        let Some(copies) = self.copies.get_mut(path) else { return };
        // The youngest, and some of the older ones.
        while copies.len() > 12 {
            copies.remove(self.random.below(copies.len() as u64 - 3) as usize);
        }
        for copy in copies {
            let token = copy.token.clone();
            let mut synced = copy.clone();
            synchronise(client, path, &mut synced).await.unwrap();
            assert_eq!(&synced.members, listing, "{path} from {token:?}");
        }
    }
}

/// One client's work: one request after the other, each noted once it is answered.
async fn work(
    mut client: Client,
    number: usize,
    mut state: State,
    mut random: Random,
    acknowledged: Arc<AtomicUsize>,
) -> Worked {
    let account = ACCOUNTS[number % ACCOUNTS.len()];
    let mut done = 0;
    loop {
        let op = Op::choose(&state, account, number, &mut random);
        match perform(&mut client, &op).await {
            Ok(true) => {
                op.apply(&mut state);
                done += 1;
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Ok(false) => {}
            Err(lost) => return Worked { state, open: op, lost, done },
        }
    }
}

/// Sends a request; gives whether it was done. "Not now" is an answer, too.
async fn perform(client: &mut Client, op: &Op) -> Result<bool, Lost> {
    let answer = match op {
        Op::Put { path, seed } => {
            let media_type = match path.rsplit('.').next() {
                Some("ics") => "text/calendar",
                Some("vcf") => "text/vcard",
                _ => "application/octet-stream",
            };
            let headers = [("Content-Type", media_type)];
            client.send("PUT", path, &headers, &content(path, *seed)).await?
        }
        Op::Delete { path } => client.send("DELETE", path, &[], b"").await?,
        Op::Move { from, to } => client.send("MOVE", from, &[("Destination", to)], b"").await?,
        Op::Copy { from, to } => client.send("COPY", from, &[("Destination", to)], b"").await?,
        Op::Mkcol { path } => client.send("MKCOL", path, &[], b"").await?,
        Op::Patch { path, value } => {
            let body = format!(
                "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><X:mark xmlns:X='urn:x'>{value}\
                 </X:mark></D:prop></D:set></D:propertyupdate>"
            );
            let headers = [("Content-Type", "application/xml")];
            let answer = client.send("PROPPATCH", path, &headers, body.as_bytes()).await?;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(answer.status != 207 || text.contains(" 200 "), "{op:?}: {text}");
            answer
        }
    };
    match answer.status {
        201 | 204 | 207 => Ok(true),
        503 => Ok(false),
        _ => panic!("{op:?}: {}\n{}", answer.head, String::from_utf8_lossy(&answer.body)),
    }
}

/// A client that only synchronises: it keeps its copy up to date until the server is gone.
async fn watch(mut client: Client, path: String) -> (Copy, Lost) {
    let mut copy = Copy::default();
    loop {
        if let Err(lost) = synchronise(&mut client, &path, &mut copy).await {
            return (copy, lost);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// `sync-collection` (RFC 6578) until nothing is left; a copy changes only with a whole answer.
async fn synchronise(client: &mut Client, path: &str, copy: &mut Copy) -> Result<(), Lost> {
    loop {
        let token = copy.token.clone().unwrap_or_default();
        let body = format!(
            "<D:sync-collection xmlns:D='DAV:'><D:sync-token>{token}</D:sync-token>\
             <D:sync-level>1</D:sync-level>{WANTED}</D:sync-collection>"
        );
        let headers = [("Content-Type", "application/xml"), ("Depth", "0")];
        let answer = client.send("REPORT", path, &headers, body.as_bytes()).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 207, "{path} from {token}: {text}");
        let (members, token) = members(&answer);
        for (href, value) in &members {
            match value {
                Some(value) => copy.members.insert(href.clone(), value.clone()),
                None => copy.members.remove(href),
            };
        }
        copy.token = Some(token.expect("a token"));
        if copy.members.remove(path).is_none() {
            return Ok(());
        }
    }
}

/// The members of a collection, each with its properties.
async fn list(client: &mut Client, path: &str) -> BTreeMap<String, String> {
    let body = format!("<D:propfind xmlns:D='DAV:'>{WANTED}</D:propfind>");
    let headers = [("Content-Type", "application/xml"), ("Depth", "1")];
    let answer = client.send("PROPFIND", path, &headers, body.as_bytes()).await.unwrap();
    assert_eq!(answer.status, 207, "{path}: {answer:?}");
    let (members, _): (Members, _) = members(&answer);
    let members = members.into_iter().filter(|(href, _)| href != path);
    members.map(|(href, value)| (href, value.expect("what is listed is there"))).collect()
}

/// What clients made among these: contents fetched, folders looked into.
async fn look(client: &mut Client, listing: BTreeMap<String, String>) -> State {
    let mut found = State::new();
    let mut left: Vec<_> = listing.into_iter().collect();
    while let Some((href, value)) = left.pop() {
        let name = href.trim_end_matches('/').rsplit('/').next().unwrap().as_bytes();
        if !matches!(name, [b'c', b'0'..=b'9', b'-', ..]) {
            continue;
        }
        let property = value.split_once("urn:x").map(|(_, rest)| {
            let rest = rest.split_once('>').unwrap().1;
            rest.split('<').next().unwrap().parse().unwrap()
        });
        let seed = match href.ends_with('/') {
            true => {
                left.extend(list(client, &href).await);
                None
            }
            false => Some(seed_of(client, &href).await),
        };
        found.insert(href, model::Node { seed, property });
    }
    found
}

/// The number that the content at a path was made from; all of its octets are compared.
async fn seed_of(client: &mut Client, path: &str) -> u64 {
    let answer = client.send("GET", path, &[], b"").await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.head);
    let text = String::from_utf8_lossy(&answer.body);
    let told = text.split_once("\r\nX-SEED:").and_then(|(_, rest)| rest.split('\r').next());
    let seeds = match told {
        Some(seed) => vec![seed.parse().unwrap()],
        None => (0..40).collect(),
    };
    let seed = seeds.into_iter().find(|seed| content(path, *seed) == answer.body);
    seed.unwrap_or_else(|| panic!("{path}: {} octets that nobody sent", answer.body.len()))
}

on_both! {
    async fn what_was_acknowledged_survives_a_kill(fresh: Fresh) {
        let mut scene = Scene::new(fresh).await;
        let rounds = std::env::var("DAVENPORT_KILL_ROUNDS").ok().map(|text| text.parse().unwrap());
        let begin = tokio::time::Instant::now();
        let mut server = Server::start(&scene.folder, &scene.location);
        scene.furnish(&server).await;
        let more = |round: usize| match rounds {
            Some(rounds) => round < rounds,
            None => round < ROUNDS_MIN || begin.elapsed() < TIME,
        };
        let mut round = 0;
        while more(round) {
            round += 1;
            // PostgreSQL's sessions have to prepare their statements first.
            let longest = if fresh.is_embedded() { 400 } else { 1_200 };
            let wait = Duration::from_millis(scene.random.below(longest));
            let kill = async |server: &mut Server| {
                tokio::time::sleep(wait).await;
                server.kill();
            };
            scene.load(&mut server, kill).await;
            if scene.random.below(3) == 0 {
                // The next one dies while it starts.
                let wait = Duration::from_millis(scene.random.below(60));
                Server::start_and_kill(&scene.folder, &scene.location, wait);
            }
            scene.sessions_end().await;
            server = Server::start(&scene.folder, &scene.location);
            scene.verify(&server).await;
        }
        assert!(!server.log().contains("panicked"), "{}", server.log());
        println!("{} of {round} rounds acknowledged, {}", scene.acknowledged, fresh.is_embedded());
        server.kill();
        scene.sessions_end().await;
    }

    async fn a_server_told_to_stop_sends_every_answer_whole(fresh: Fresh) {
        let mut scene = Scene::new(fresh).await;
        let mut server = Server::start(&scene.folder, &scene.location);
        scene.furnish(&server).await;
        for _ in 0..2 {
            let mut ended = None;
            let stop = async |server: &mut Server| {
                tokio::time::sleep(Duration::from_millis(700)).await;
                server.terminate();
                ended = server.ends_within(Duration::from_secs(8)).await;
            };
            scene.load(&mut server, stop).await;
            let status = ended.expect("the server ends within its time");
            assert_eq!(status.code(), Some(0), "{}", server.log());
            assert!(!server.log().contains("panicked"), "{}", server.log());
            assert_eq!(scene.cut, 0, "answers were cut off");
            scene.sessions_end().await;
            server = Server::start(&scene.folder, &scene.location);
            scene.verify(&server).await;
        }
        println!("{} acknowledged, {}", scene.acknowledged, fresh.is_embedded());
        server.kill();
        scene.sessions_end().await;
    }
}
