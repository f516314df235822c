//! Several people at once with one real server, which ends and starts again in between: in the end
//! every client that synchronised at any time finds its way to what is there, nobody sees what he may
//! not, and every attendee's copy agrees with the organizer's (RFC 6578 §3.2, RFC 6638 §3.2, §4).
//!
//! `DAVENPORT_MODEL_RUNS=n` makes n runs on each engine, `DAVENPORT_MODEL_SEED=n` is the first one's
//! seed. What happens when is up to the machine too, so a seed may have to be tried several times.

mod person;
mod text;

use crate::kill::client::{Client, Server};
use crate::support::{Fresh, Random, on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, Protocols, admin};
use davenport::kernel::clock;
use davenport::store::Location;
use person::{Level, Person};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use text::Object;

const PEOPLE: usize = 4;
/// How often in a run everybody does something.
const ROUNDS: u64 = 14;
const RUNS: u64 = 8;

/// One user: name and password.
type Account = (String, String);

struct Scene {
    folder: PathBuf,
    location: Location,
    server: Server,
}

async fn accounts(fresh: &Fresh, runs: u64) -> Vec<Vec<Account>> {
    let mut all = Vec::new();
    for run in 0..runs {
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let (name, at) = (format!("p{run}{}", ["a", "b", "c", "d"][n]), clock::now());
            account::create(fresh, NewAccount::of(Kind::User, name.clone()), at).await.unwrap();
            let password =
                admin::add_app_password(fresh, &name, "model", Protocols::ALL, None, at).await;
            people.push((name, password.unwrap().expose().to_owned()));
        }
        all.push(people);
    }
    all
}

impl Scene {
    fn client(&self, (name, password): &Account) -> Client {
        Client::new(self.server.address, name, password)
    }

    /// The server ends in one way or the other, and starts again.
    async fn restart(&mut self, kill: bool) {
        match kill {
            true => self.server.kill(),
            false => {
                self.server.terminate();
                let ended = self.server.ends_within(Duration::from_secs(10)).await;
                assert!(ended.is_some(), "the server does not end");
            }
        }
        if let Location::Postgres { .. } = self.location {
            let others = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'davenport'";
            while raw::int(&self.location, others).await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        self.server = Server::start(&self.folder, &self.location);
    }

    /// Waits until all letters are delivered and what is shared shows.
    async fn settle(&self) {
        let begun = std::time::Instant::now();
        let letters = "SELECT count(*) FROM itip WHERE done_at IS NULL";
        let jobs = "SELECT count(*) FROM job WHERE kind = 'sharing'";
        loop {
            let open =
                (raw::int(&self.location, letters).await, raw::int(&self.location, jobs).await);
            if open == (0, 0) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "letters and jobs wait: {open:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn run(&mut self, accounts: &[Account], seed: u64) {
        let mut random = Random(seed);
        let mut people: Vec<Person> = Vec::new();
        for account in accounts {
            let others = accounts.iter().map(|(name, _)| name.clone());
            people.push(Person {
                name: account.0.clone(),
                others: others.filter(|name| *name != account.0).collect(),
                client: self.client(account),
                random: Random(random.next()),
                known: BTreeMap::new(),
                copies: BTreeMap::new(),
                grants: BTreeMap::new(),
                open: None,
                log: Vec::new(),
                made: 0,
            });
        }
        for person in &mut people {
            person.furnish().await;
        }
        for _ in 0..ROUNDS {
            let tasks: Vec<_> = people.into_iter().map(|it| tokio::spawn(rush(it))).collect();
            let end = random.below(16);
            if end < 2 {
                tokio::time::sleep(Duration::from_millis(random.below(25))).await;
                self.restart(end == 0).await;
            }
            people = Vec::new();
            for task in tasks {
                people.push(task.await.expect("a client"));
            }
            for (person, account) in people.iter_mut().zip(accounts) {
                if end < 2 {
                    person.client = self.client(account);
                }
            }
        }
        for person in &mut people {
            if let Some((to, level)) = person.open.take() {
                person.share(to, level).await.unwrap();
            }
        }
        self.settle().await;
        for person in &mut people {
            converge(person).await;
        }
        strangers(&mut people).await;
        let report = agreed(&mut people).await;
        if !report.is_empty() {
            let logs = people.iter().map(|p| format!("{}:\n{}", p.name, p.log.join("\n")));
            panic!("{}\n{report}", logs.collect::<Vec<_>>().join("\n"));
        }
        self.told_once().await;
    }

    /// One change tells one person one thing once, and nothing fails between users of one server.
    async fn told_once(&self) {
        // Several answers may be taken in at one moment; each goes to the other attendees.
        let twice = "SELECT count(*) FROM (SELECT 1 AS one FROM itip WHERE uid <> ''
            AND method <> 'STATUS' AND about <> 'an answer of another attendee'
            GROUP BY account_id, uid, recipient, method, created_at HAVING count(*) > 1) t";
        assert_eq!(raw::int(&self.location, twice).await, 0, "something was told twice");
        let failed = "SELECT count(*) FROM itip WHERE attempts > 0 OR status LIKE '5.%'";
        let log = self.server.log();
        let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
        assert_eq!(raw::int(&self.location, failed).await, 0, "a delivery failed: {warnings:#?}");
    }
}

/// A few things in a row, until the server is gone.
async fn rush(mut person: Person) -> Person {
    for _ in 0..1 + person.random.below(3) {
        if person.act().await.is_err() {
            break;
        }
    }
    person
}

/// Every copy that was kept becomes what is there.
async fn converge(person: &mut Person) {
    let there = person.watched().await.unwrap();
    for (path, copies) in std::mem::take(&mut person.copies) {
        if !there.contains(&path) {
            continue;
        }
        let listing = person.list(&path).await.unwrap();
        for kept in copies {
            let mut copy = kept.clone();
            // The token of a calendar that was there before under this name counts no more.
            if person.synchronise(&path, &mut copy).await.unwrap() {
                assert_eq!(
                    copy.members,
                    listing,
                    "{path} from {kept:?}\n{}",
                    person.log.join("\n")
                );
            } else {
                let renewed = ["other/", "/shared-"].iter().any(|it| path.contains(it));
                assert!(renewed, "{path} from {kept:?}");
            }
        }
    }
}

/// Who may nothing gets nothing, and who may read does not write.
async fn strangers(people: &mut [Person]) {
    for owner in 0..people.len() {
        let work = people[owner].calendar("work");
        let mut inside = people[owner].list(&work).await.unwrap().into_keys();
        let (member, grants) = (inside.next(), people[owner].grants.clone());
        for asker in (0..people.len()).filter(|asker| *asker != owner) {
            let him = &mut people[asker];
            let level = grants.get(&him.name).copied().unwrap_or(Level::Nothing);
            let new = format!("{work}{}-try.ics", him.name);
            let text = Object::new(&format!("{}-try", him.name), &him.name, &[], false).text();
            let may = |status: u16| !matches!(status, 403 | 404);
            let told = format!("{} in {work} with {level:?}", him.name);
            assert_eq!(
                may(him.asks("PROPFIND", &work, "").await),
                level != Level::Nothing,
                "{told}"
            );
            if let Some(member) = &member {
                assert_eq!(
                    may(him.asks("GET", member, "").await),
                    level != Level::Nothing,
                    "{told}"
                );
                let deletes = level == Level::Nothing || level == Level::Read;
                assert!(!deletes || !may(him.asks("DELETE", member, "").await), "{told}");
            }
            assert_eq!(may(him.asks("PUT", &new, &text).await), level == Level::Write, "{told}");
        }
    }
}

/// What does not agree; empty: everything does.
async fn agreed(people: &mut [Person]) -> String {
    let mut report = String::new();
    let mut homes = BTreeMap::<String, BTreeMap<String, Object>>::new();
    for person in people {
        person.look().await.unwrap();
        let home = homes.entry(person.name.clone()).or_default();
        for (path, (_, object)) in &person.known {
            if home.insert(object.uid().to_owned(), object.clone()).is_some() {
                writeln!(report, "{path}: its UID is there twice").unwrap();
            }
        }
    }
    let uids: BTreeSet<&String> = homes.values().flat_map(|home| home.keys()).collect();
    for uid in uids {
        let organizer = uid.split('-').next().unwrap_or_default();
        let original = homes[organizer].get(uid);
        for (name, home) in homes.iter().filter(|(name, _)| *name != organizer) {
            if uid.contains("-guest-") || uid.contains("-try") {
                continue;
            }
            if let Some(why) = differs(name, original, home.get(uid)) {
                let text = |it: Option<&Object>| it.map_or("none\n".to_owned(), Object::text);
                let (one, other) = (text(original), text(home.get(uid)));
                writeln!(report, "{name} has {uid} otherwise: {why}\n{one}{other}").unwrap();
            }
        }
    }
    report
}

/// Why a copy is not what its organizer has.
fn differs(name: &str, original: Option<&Object>, copy: Option<&Object>) -> Option<String> {
    let mut ids = original.map(Object::ids).unwrap_or_default();
    ids.extend(copy.map(Object::ids).unwrap_or_default());
    for id in ids {
        let told = original.filter(|it| !it.is_cancelled()).and_then(|it| it.seen(&id));
        let told = told.filter(|seen| seen.people.contains_key(name));
        let seen = copy.filter(|it| !it.is_cancelled()).and_then(|it| it.seen(&id));
        let left = told.as_ref().is_some_and(|told| told.people[name] == "DECLINED");
        if told != seen && !(left && seen.is_none()) {
            return Some(format!("at {id} {told:?}, {seen:?}"));
        }
    }
    let version =
        |it: &Object| it.master().map(|part| part.get("SEQUENCE").unwrap_or("0").to_owned());
    let (original, copy) = (original?, copy?);
    let invited = original.master()?.people().contains_key(name) && !original.is_cancelled();
    let same = !invited || version(original) == version(copy);
    (!same).then(|| format!("SEQUENCE {:?}, {:?}", version(original), version(copy)))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

on_both! {
    async fn everybody_agrees_in_the_end(fresh: Fresh) {
        let runs = number("DAVENPORT_MODEL_RUNS").unwrap_or(RUNS);
        let first = number("DAVENPORT_MODEL_SEED").unwrap_or(clock::now().0 as u64);
        let accounts = accounts(fresh, runs).await;
        // From here on the store is another process's.
        fresh.close().await;
        let (folder, location) = (fresh.folder().to_owned(), fresh.location.clone());
        let server = Server::start(&folder, &location);
        let mut scene = Scene { folder, location, server };
        for (run, accounts) in accounts.iter().enumerate() {
            let seed = first.wrapping_add(run as u64);
            eprintln!("DAVENPORT_MODEL_SEED={seed}");
            scene.run(accounts, seed).await;
        }
        assert!(!scene.server.log().contains("panicked"), "{}", scene.server.log());
        let letters = raw::rows(&scene.location, "itip").await;
        println!("{runs} runs, {letters} letters, {}", fresh.is_embedded());
        scene.server.kill();
    }
}
