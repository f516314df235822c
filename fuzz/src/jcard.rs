//! jCard (`format/vcard/json.rs`): written from a vCard of version 4.0, and read.
//!
//! Promises: what is written is read; read and written again it is the same; what a client sends as
//! jCard and is taken is settled after it was written once; faults are short.

use davenport::format::vcard::json::{jcard, stream, vcard};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCARD\nVERSION:4.0\nFN:a\\, b\nN;SORT-AS=\"a,b\":c;d;e,f;;\nitem1.TEL;VALUE=uri;TYPE=home,voice:tel:+1\nBDAY:--0412\nREV:20130214T123000Z\nCATEGORIES:a,b\nGENDER:F;x\nTZ;VALUE=utc-offset:-0500\nX-A;VALUE=float:1.5\nEND:VCARD\n",
    br#"["vcard",[["version",{},"text","4.0"],["fn",{},"text","a"],["n",{"sort-as":["a","b"]},"text",["c","d",["e","f"],"",""]],["tel",{"group":"item1","type":["a","b"]},"uri","tel:1"],["bday",{},"date-and-or-time","---12T10:00"],["x-a",{},"integer",4],["categories",{},"text","a","b"]]]"#,
];

fn settled(text: &str) {
    let Ok(first) = jcard(text) else { return };
    let again = vcard(first.as_bytes()).unwrap_or_else(|e| panic!("{e}: {first}"));
    let second = jcard(&again).unwrap();
    let third = vcard(second.as_bytes()).unwrap_or_else(|e| panic!("{e}: {second}"));
    assert_eq!(third, again, "{first}");
}

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        settled(text);
    }
    match vcard(data) {
        Ok(text) => {
            assert_eq!(stream(data).as_ref(), Ok(&text));
            settled(&text);
        }
        Err(fault) => super::assert_short(&fault),
    }
}
