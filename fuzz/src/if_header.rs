//! The `If` header (RFC 4918 §10.4).
//!
//! Promises: what is read and written again reads back the same; every resource has a list and
//! every list a condition; their number is bounded; tagged and untagged lists are never mixed.

use davenport::domain::collection::guard::State;
use davenport::kernel::limits::LOCKS_MAX;
use davenport::protocol::http::header::if_header::{RawIfList, parse};

pub const SEEDS: &[&[u8]] = &[
    b"(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2> [\"I am an ETag\"]) ([\"I am another ETag\"])",
    b"<http://x/a> (Not <urn:a>[W/\"b\"]) </b>(<DAV:no-lock>)( not [c-gzip])",
    b"([\"a]\"])([\\\"x\\\"] [\"\\\"y\\\"\"])",
];

fn written(lists: &[RawIfList]) -> String {
    let mut out = String::new();
    for resource in lists {
        if let Some(tag) = &resource.tag {
            out.push_str(&format!("<{tag}> "));
        }
        for list in &resource.lists {
            out.push('(');
            for condition in list {
                out.push_str(if condition.negated { "Not " } else { "" });
                match &condition.state {
                    State::Token(token) => out.push_str(&format!("<{token}> ")),
                    State::ETag(tag) => out.push_str(&format!("[{tag}] ")),
                }
            }
            out.push_str(") ");
        }
    }
    out
}

pub fn run(data: &[u8]) {
    let Some(headers) = super::header("if", data) else { return };
    let lists = match parse(&headers) {
        Ok(lists) => lists,
        Err(fault) => return super::assert_short(&fault),
    };
    let conditions = lists.iter().flat_map(|resource| &resource.lists).map(Vec::len);
    assert!(
        conditions.clone().sum::<usize>() <= LOCKS_MAX && conditions.into_iter().all(|n| n > 0)
    );
    assert!(lists.iter().all(|resource| !resource.lists.is_empty()));
    let tagged = lists.iter().filter(|resource| resource.tag.is_some()).count();
    assert!(tagged == lists.len() || (tagged == 0 && lists.len() == 1));
    let text = written(&lists);
    let headers = super::header("if", text.as_bytes()).expect("what was a header");
    assert_eq!(parse(&headers).as_ref(), Ok(&lists), "{text}");
}
