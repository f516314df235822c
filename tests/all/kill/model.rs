//! What a client believes to be there: the resources that only it touches, and what its requests
//! make of them.

use crate::support::Random;
use std::collections::BTreeMap;

/// A file or object by the number that its content is made from, or a collection; with the value
/// of one dead property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `None`: a collection.
    pub seed: Option<u64>,
    /// The dead property's value.
    pub property: Option<u64>,
}

/// Everything that a client has, by path.
pub type State = BTreeMap<String, Node>;

/// A request that changes something.
#[derive(Clone, Debug)]
pub enum Op {
    Put { path: String, seed: u64 },
    Delete { path: String },
    Move { from: String, to: String },
    Copy { from: String, to: String },
    Patch { path: String, value: u64 },
    Mkcol { path: String },
}

/// Where calendar objects, vCards and files can be, below an account's name.
pub const CALENDARS: [&str; 2] = ["calendars/NAME/work/", "calendars/NAME/other/"];
pub const CARDS: [&str; 1] = ["addressbooks/NAME/people/"];
pub const SHARED: &str = "files/NAME/shared/";
/// Everything whose members are watched, the homes among them.
pub const WATCHED: [&str; 6] =
    ["calendars/NAME/", CALENDARS[0], CALENDARS[1], CARDS[0], "files/NAME/", SHARED];

/// The path of one of these in an account.
pub fn path(pattern: &str, account: &str) -> String {
    format!("/dav/{}", pattern.replace("NAME", account))
}

impl Op {
    /// A request that must succeed in this state.
    pub fn choose(state: &State, account: &str, client: usize, random: &mut Random) -> Self {
        loop {
            if let Some(op) = Self::maybe(state, account, client, random) {
                return op;
            }
        }
    }

    fn maybe(state: &State, account: &str, client: usize, random: &mut Random) -> Option<Self> {
        let kind = random.below(4);
        let slot = |random: &mut Random| slot(state, kind, account, client, random);
        let (one, two) = (slot(random)?, slot(random)?);
        let there = |path: &String| state.contains_key(path);
        let unlike = |seed: Option<u64>, to: &str, not: &str| {
            // One UID, one member, which keeps it.
            let (holder, uid) = (holder(to), seed.map(uid));
            let differs = state.get(to).is_some_and(|node| node.seed.map(self::uid) != uid);
            !differs
                && !state.iter().any(|(path, node)| {
                    let same = node.seed.map(self::uid) == uid;
                    same && self::holder(path) == holder && path != to && path != not
                })
        };
        let calendar = kind < 2;
        Some(match random.below(16) {
            0..6 => {
                let new = seed(calendar, client, random);
                let old = state.get(&one).and_then(|node| node.seed).filter(|_| calendar);
                let seed =
                    old.map_or(new, |old| (uid(old) << VERSION_BITS) | (new % (1 << VERSION_BITS)));
                Self::Put { path: one, seed }
            }
            6..8 if there(&one) => Self::Delete { path: one },
            8..10 if there(&one) && one != two => {
                (!calendar || unlike(state[&one].seed, &two, &one)).then_some(())?;
                Self::Move { from: one, to: two }
            }
            10..12 if there(&one) && one != two => {
                (!calendar || unlike(state[&one].seed, &two, "")).then_some(())?;
                Self::Copy { from: one, to: two }
            }
            12..14 if there(&one) => Self::Patch { path: one, value: random.next() },
            _ => {
                let (one, two) = (folder(account, client, random), folder(account, client, random));
                match random.below(6) {
                    0..2 if !there(&one) => Self::Mkcol { path: one },
                    2 if there(&one) => Self::Delete { path: one },
                    3 if there(&one) && one != two => Self::Move { from: one, to: two },
                    4 if there(&one) && one != two => Self::Copy { from: one, to: two },
                    5 if there(&one) => Self::Patch { path: one, value: random.next() },
                    _ => return None,
                }
            }
        })
    }

    /// What the request makes of a state.
    pub fn apply(&self, state: &mut State) {
        match self {
            Self::Put { path, seed } => {
                let property = state.get(path).and_then(|node| node.property);
                state.insert(path.clone(), Node { seed: Some(*seed), property });
            }
            Self::Delete { path } => drop(cut(state, path)),
            Self::Move { from, to } => {
                let moved = cut(state, from);
                paste(state, moved, from, to);
            }
            Self::Copy { from, to } => {
                let copied = cut(&mut state.clone(), from);
                paste(state, copied, from, to);
            }
            Self::Patch { path, value } => {
                state.get_mut(path).unwrap().property = Some(*value);
            }
            Self::Mkcol { path } => {
                state.insert(path.clone(), Node { seed: None, property: None });
            }
        }
    }
}

/// Takes out what is at a path and, if that is a collection, below it.
fn cut(state: &mut State, path: &str) -> State {
    let inside = |name: &str| name == path || (path.ends_with('/') && name.starts_with(path));
    let (out, kept) = std::mem::take(state).into_iter().partition(|(name, _)| inside(name));
    *state = kept;
    out
}

fn paste(state: &mut State, nodes: State, from: &str, to: &str) {
    cut(state, to);
    for (name, node) in nodes {
        state.insert(format!("{to}{}", &name[from.len()..]), node);
    }
}

fn holder(path: &str) -> &str {
    path.trim_end_matches('/').rsplit_once('/').map_or("", |(holder, _)| holder)
}

/// A place for an object of this kind: 0 calendar object, 1 vCard, 2 file, 3 file in a folder of
/// the client's own.
fn slot(
    state: &State,
    kind: u64,
    account: &str,
    client: usize,
    random: &mut Random,
) -> Option<String> {
    let name = |count: u64, suffix: &str, random: &mut Random| {
        format!("c{client}-{}.{suffix}", random.below(count))
    };
    Some(match kind {
        0 => path(CALENDARS[random.below(2) as usize], account) + &name(5, "ics", random),
        1 => path(CARDS[0], account) + &name(4, "vcf", random),
        2 => path(SHARED, account) + &name(5, "bin", random),
        _ => {
            let folder = folder(account, client, random);
            state.contains_key(&folder).then_some(())?;
            folder + &name(3, "bin", random)
        }
    })
}

fn folder(account: &str, client: usize, random: &mut Random) -> String {
    path("files/NAME/", account) + &format!("c{client}-{}/", random.below(3))
}

/// The low bits of an object's number tell its versions apart; the rest is its UID.
const VERSION_BITS: u32 = 8;

fn uid(seed: u64) -> u64 {
    seed >> VERSION_BITS
}

/// The number that a content is made from. UIDs are a client's own; files are shared by all, so
/// that their contents have many references.
fn seed(calendar: bool, client: usize, random: &mut Random) -> u64 {
    match calendar {
        true => {
            let uid = (random.next() >> 16) * 64 + client as u64;
            (uid << VERSION_BITS) | random.below(1 << VERSION_BITS)
        }
        false => random.below(40),
    }
}

/// The octets that a number stands for at a path.
pub fn content(path: &str, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let length = match random.below(4) {
        0 => 70_000 + random.below(60_000),
        _ => random.below(3_000),
    } as usize;
    let line = format!("{:016x}", random.next());
    match path.rsplit('.').next() {
        Some("ics") => {
            let text: String = line.repeat(length / line.len() / 4);
            format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\n\
                 UID:{}\r\nX-SEED:{seed}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\n\
                 SUMMARY:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                uid(seed)
            )
            .into_bytes()
        }
        Some("vcf") => {
            let text: String = line.repeat(length / line.len() / 4);
            format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{}\r\nX-SEED:{seed}\r\nFN:a\r\nN:a;;;;\r\n\
                 NOTE:{text}\r\nEND:VCARD\r\n",
                uid(seed)
            )
            .into_bytes()
        }
        _ => line.into_bytes().into_iter().cycle().take(length).collect(),
    }
}
