//! The fuzz targets without libFuzzer: each runs over its seeds and over seeds changed at random,
//! always the same ones, so that a target that no longer holds fails here. `fuzz/README.md` says
//! how to search for new inputs.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

mod scale;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// What one target may take; `DAVENPORT_FUZZ_SECONDS` gives it longer. A debug build on a busy
/// machine gets through some hundred to some thousand inputs.
fn time() -> Duration {
    let seconds = std::env::var("DAVENPORT_FUZZ_SECONDS").ok().and_then(|n| n.parse().ok());
    seconds.map_or(Duration::from_millis(350), Duration::from_secs)
}

/// Longer seeds are left to libFuzzer.
const SEED_MAX: usize = 4 << 10;
/// Seeds of a folder that are used here, spread over all of them.
const FOLDER_SEEDS: usize = 60;

pub fn shared() -> PathBuf {
    match std::env::var_os("DAVENPORT_SHARED") {
        Some(dir) => dir.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
    }
}

/// The files of a target's folder, in the order of their names.
fn folder(target: &Target) -> Vec<Vec<u8>> {
    if target.folder.is_empty() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(shared().join("data").join(target.folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A small generator of numbers (xorshift64*): the same seed, the same inputs, on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `n`; 0 when there is none.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Octets that mean something to one parser or another.
const SPICE: &[u8] = b"\0\t\n\r \"#%&'()*+,-./019:;<=>?@AZ[\\]^_az{|}~\x7f\x80\xc3\xef\xff";

/// Changes a seed in a few places; pieces of another one may come in.
fn change(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + 1 + chance.below(12)).min(bytes.len());
        let spice = SPICE[chance.below(SPICE.len())];
        match chance.below(7) {
            0 => bytes.insert(at, spice),
            1 => drop(bytes.splice(at..end.max(at), [])),
            2 => {
                let piece = bytes[at..end.max(at)].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            3 => {
                let from = chance.below(other.len() + 1);
                let piece = &other[from..(from + 1 + chance.below(40)).min(other.len()).max(from)];
                bytes.splice(at..at, piece.iter().copied());
            }
            4 => {
                let digit = b'0' + chance.below(10) as u8;
                let digits = (at..bytes.len()).find(|i| bytes[*i].is_ascii_digit());
                digits.into_iter().for_each(|i| bytes[i] = digit);
            }
            5 => bytes.truncate(at),
            _ => bytes.get_mut(at).into_iter().for_each(|byte| *byte = spice),
        }
    }
    bytes
}

/// Runs a target, and says which input it was that broke it.
fn run(target: &Target, input: &[u8]) {
    let result = std::panic::catch_unwind(|| (target.run)(input));
    assert!(result.is_ok(), "{} is broken by {:?}", target.name, input.escape_ascii().to_string());
}

/// Runs one target over its seeds and over changed ones.
fn holds(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let all = folder(target);
    let step = all.len().div_ceil(FOLDER_SEEDS).max(1);
    let mut seeds: Vec<Vec<u8>> = target.seeds.iter().map(|seed| seed.to_vec()).collect();
    seeds.extend(all.into_iter().step_by(step).filter(|seed| seed.len() <= SEED_MAX));
    seeds.iter().for_each(|seed| run(target, seed));
    let (begin, mut chance) = (Instant::now(), Chance(0x9E37_79B9_7F4A_7C15));
    let mut count = 0;
    while count < 20_000 && begin.elapsed() < time() {
        let (seed, other) = (chance.below(seeds.len()), chance.below(seeds.len()));
        run(target, &change(&seeds[seed], &seeds[other], &mut chance));
        count += 1;
    }
    println!("{name}: {} seeds, {count} changed ones", seeds.len());
}

/// A test for each target, and one that none is missing.
macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })*

        #[test]
        fn every_target_is_tested() {
            let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, BTreeSet::from([$(stringify!($name)),*]));
        }
    };
}

targets! {
    conditional config csv date expand feed framing headers ical if_header imap itip jcal jcard line mail range recur split token tz
    uri vcard xcal xml
}

#[test]
fn every_target_has_its_door() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    for name in &names {
        let door = std::fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(door.contains(&format!("davenport_fuzz::{name}::run")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), names.len());
    assert_eq!(std::fs::read_dir(root.join("fuzz_targets")).unwrap().count(), names.len());
}

/// Not a proof: writes the seeds to where `fuzz/run` has libFuzzer look for them.
#[test]
#[ignore = "writes fuzz/corpus"]
fn write_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for target in &TARGETS {
        let into = root.join(target.name);
        std::fs::create_dir_all(&into).unwrap();
        let seeds = target.seeds.iter().map(|seed| seed.to_vec()).chain(folder(target));
        for (n, seed) in seeds.enumerate() {
            std::fs::write(into.join(format!("seed-{n:04}")), seed).unwrap();
        }
    }
}
