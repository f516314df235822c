//! The cards: names of syllables, an address made of the name, a telephone number, one of 200
//! organizations, some 300 octets each.
//!
//! Invariant: card `i` is the same in every run.

const SYLLABLES: [&str; 32] = [
    "an", "ber", "cor", "da", "el", "fra", "gi", "ho", "in", "jo", "ka", "lu", "ma", "ni", "ol",
    "pe", "qui", "ra", "sa", "to", "ur", "vi", "wa", "xe", "yo", "zi", "sch", "mann", "stein",
    "ova", "ter", "ling",
];

fn mixed(i: usize, salt: u64) -> u64 {
    let mut z = (i as u64).wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

fn word(number: u64, syllables: u32) -> String {
    let part = |k: u32| SYLLABLES[(number >> (5 * k)) as usize % 32];
    let mut word: String = (0..syllables).map(part).collect();
    word[..1].make_ascii_uppercase();
    word
}

/// First and last name.
fn name(i: usize) -> (String, String) {
    (word(mixed(i, 1), 2), word(mixed(i, 2), 3))
}

/// The last name of a card, as somebody types it.
pub fn typed(i: usize) -> String {
    name(i).1.to_lowercase()
}

/// How many of the first `count` cards have a text in FN or EMAIL.
pub fn having(text: &str, count: usize) -> usize {
    let has = |i: &usize| {
        let (first, last) = name(*i);
        let (full, joined) = (format!("{first} {last}"), format!("{first}.{last}@"));
        full.to_lowercase().contains(text) || joined.to_lowercase().contains(text)
    };
    (0..count).filter(has).count()
}

/// Card `i`.
pub fn card(i: usize) -> Vec<u8> {
    let (first, last) = name(i);
    let organization = word(mixed((i * 7919) % 200, 3), 3);
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Davenport//Benchmark//EN\r\n\
         UID:{:016x}-{:016x}\r\nREV:20250101T000000Z\r\nFN:{first} {last}\r\n\
         N:{last};{first};;;\r\nEMAIL;TYPE=WORK:{}.{}@example.com\r\nTEL;TYPE=CELL:+43 664 {}\r\n\
         ORG:{organization} & Co.\r\nNOTE:Met at the fair of {}.\r\nEND:VCARD\r\n",
        mixed(i, 4),
        mixed(i, 5),
        first.to_lowercase(),
        last.to_lowercase(),
        mixed(i, 6) % 10_000_000,
        2000 + i % 25,
    )
    .into_bytes()
}
