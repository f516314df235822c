//! Commands of IMAP (`protocol/imap`), names of mailboxes, sets of numbers.
//!
//! Promises: what is refused is told shortly; a section is repeated as it was understood; sets are sorted and
//! do not touch; a name that is decoded and encoded again reads back the same.

use davenport::protocol::imap::attribute::{Attribute, attributes};
use davenport::protocol::imap::command::{self, Command};
use davenport::protocol::imap::input::{Input, Part};
use davenport::protocol::imap::name;
use davenport::protocol::imap::sequence::{Set, Written};

/// Between text and literals.
const MARK: u8 = 0xfe;

pub const SEEDS: &[&[u8]] = &[
    b"a UID FETCH 1:*,$ (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From \"X\")]<0.10> BINARY.SIZE[3]) (CHANGEDSINCE 5 VANISHED)",
    b"a FETCH 1,3:4,*:2 FULL",
    b"a SEARCH RETURN (MIN ALL) CHARSET UTF-8 OR (FROM \xfea b\xfe NOT SEEN) SINCE 1-Feb-2020 UID 3:9 MODSEQ \"/flags/x\" all 7",
    b"a APPEND \"in\\\"box\" (\\Seen x) \" 1-Jan-2020 00:00:00 +0100\" ~",
    b"a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (a% \"*\") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))",
    b"a SELECT &Jjo- (QRESYNC (1 2 1:3 (1 2)) CONDSTORE)",
    b"a STORE 1 (UNCHANGEDSINCE 5) -FLAGS.SILENT (\\Deleted $x) ",
    b"a CREATE x (USE (\\Sent \\Drafts))",
    b"a ID (\"a\" NIL \"b\" \"c\")",
    b"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
];

pub fn run(data: &[u8]) {
    let pieces = data.split(|octet| *octet == MARK).enumerate();
    let parts: Vec<Part> = pieces
        .map(|(n, piece)| match n % 2 {
            0 => Part::Text(piece.to_vec()),
            _ => Part::Literal(piece.to_vec()),
        })
        .collect();
    let mut input = Input::new(&parts);
    if command::tag(&mut input).is_some() && input.space().is_ok() {
        let name = command::name(&mut input);
        match command::read(&name, &mut input) {
            Err(wrong) => assert!(wrong.len() < 200),
            Ok(Command::Fetch { set, attributes: all, .. }) => {
                numbers(&set);
                all.iter().for_each(again);
            }
            Ok(Command::Store { set, .. } | Command::Copy { set, .. }) => numbers(&set),
            Ok(_) => {}
        }
    }
    if let Some(decoded) = name::decode(data) {
        assert_eq!(name::decode(name::encode(&decoded).as_bytes()), Some(decoded));
    }
}

fn numbers(set: &Written) {
    let Written::Ranges(ranges) = set else { return };
    for last in [0, 1, 7, u32::MAX] {
        let set = Set::resolve(ranges, last);
        for pair in set.ranges().windows(2) {
            assert!(pair[0].1 + 1 < pair[1].0);
        }
        assert!(set.ranges().iter().all(|(first, end)| first <= end && set.contains(*first)));
    }
}

/// A section that is repeated is the same.
fn again(attribute: &Attribute) {
    let Attribute::Section { section, .. } = attribute else { return };
    let text = format!("BODY[{section}]");
    let parts = [Part::Text(text.into_bytes())];
    let read = attributes(&mut Input::new(&parts)).expect("what is repeated is understood");
    let [Attribute::Section { section: read, .. }] = read.as_slice() else { panic!() };
    assert_eq!(read.to_string(), section.to_string());
}
