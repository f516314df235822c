//! WebDAV (RFC 4918) as clients see it: dialogues with a running server on both engines. One test
//! shows one behaviour; the ledger in `conformance/requirements` says which requirement it proves.

mod bulk;
mod copy_move;
mod delete;
mod errors;
mod get;
mod if_header;
mod lock;
mod lock_tree;
mod login;
mod mkcol;
mod options;
mod paths;
mod propfind;
mod proppatch;
mod put;
mod quota;
mod reader;
mod whole;
mod xml;

use crate::support::dav::{Answer, User};
use davenport::kernel::privilege::Privileges;
use davenport::store::{ace, collection, principal};

/// Gives `to` privileges on a collection of `owner`; `inside` is its path as [`User::path`] has it,
/// without a slash at its end.
async fn grant(owner: &User, inside: &str, to: &User, privileges: Privileges) {
    let (store, inside) = (owner.server.store.clone(), inside.to_owned());
    let (owner_name, to) = (owner.name.clone(), to.name.clone());
    let work = async move {
        store
            .write(move |tx| {
                Box::pin(async move {
                    let owner = principal::by_name(tx, &owner_name).await?.unwrap();
                    let to = principal::by_name(tx, &to).await?.unwrap();
                    let on = collection::at(tx, owner.id, &inside).await?.unwrap();
                    ace::set(tx, on.id, ace::Grant { to: to.id, privileges }).await
                })
            })
            .await
    };
    owner.server.on(work).await.unwrap();
}

/// Reading and writing.
fn read_write() -> Privileges {
    Privileges::READ.union(Privileges::WRITE)
}

/// Fails when an answer could be kept by a cache (RFC 9111 §4.2: without a time or validator, only
/// answers to GET and HEAD are ever kept).
#[track_caller]
fn expect_uncached(answer: &Answer) {
    let kept = answer.header("cache-control").is_some_and(|value| value.contains("max-age"));
    assert!(!kept && answer.header("expires").is_none(), "{answer}");
}

/// The `If` header that shows these tokens, each for the resource of its path.
fn tokens(pairs: &[(&str, &str)]) -> String {
    let lists = pairs.iter().map(|(path, token)| format!("<{path}> (<{token}>)"));
    lists.collect::<Vec<_>>().join(" ")
}

/// Every href below a collection, found by listing each collection in turn, sorted. Fails when a
/// collection does not list itself.
async fn everything_below(user: &User, root: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(path) = todo.pop() {
        let found = user.propfind(&path, "1", "<D:resourcetype/>").await;
        found.of(&path);
        for response in found.responses.iter().filter(|r| r.href != path) {
            let parent = response.href.trim_end_matches('/').rsplit_once('/').unwrap().0;
            assert_eq!(format!("{parent}/"), path, "{}", response.href);
            if response.prop("resourcetype").child("DAV:", "collection").is_some() {
                todo.push(response.href.clone());
            }
            all.push(response.href.clone());
        }
    }
    all.sort();
    all
}
