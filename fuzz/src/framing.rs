//! The scanner of HTTP/1.1 requests (`server/framing`). The first octet chooses the size of pieces.
//!
//! Promises: pieces of any size give what the whole gives; at most one octet is changed, and it is
//! the colon after the second of `Content-Length` and `Transfer-Encoding`.

use davenport::server::framing::Scan;

pub const SEEDS: &[&[u8]] = &[
    b"\x03PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:  3 \r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
    b"\x01PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n13;x=1\r\nContent-Length: 1\r\n\r\n0\r\nA: 4\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n",
    b"\x05PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x02\r\nPUT / HTTP/1.1\nContent-Length: 99999999999999999999\n\nx",
];

fn fed(text: &[u8], step: usize) -> Vec<u8> {
    let mut scan = Scan::default();
    let mut bytes = text.to_vec();
    bytes.chunks_mut(step.max(1)).for_each(|piece| scan.feed(piece));
    bytes
}

pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let whole = fed(text, usize::MAX);
    assert_eq!(fed(text, usize::from(*first)), whole);
    assert_eq!(fed(text, 1), whole);
    let changed: Vec<usize> = (0..text.len()).filter(|i| whole.get(*i) != text.get(*i)).collect();
    assert!(changed.len() <= 1 && whole.len() == text.len());
    let Some(at) = changed.first() else { return };
    assert_eq!((text.get(*at), whole.get(*at)), (Some(&b':'), Some(&0)));
    let name = text.get(..*at).unwrap_or_default().to_ascii_lowercase();
    assert!(name.ends_with(b"content-length") || name.ends_with(b"transfer-encoding"));
    let has = |word: &[u8]| name.windows(word.len()).any(|part| part == word);
    assert!(has(b"content-length") && has(b"transfer-encoding"));
}
