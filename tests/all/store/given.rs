//! What the tests of the store begin with: users, homes, puts.

use davenport::kernel::change::ChangeNumber;
use davenport::kernel::clock::Timestamp;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::{BlobId, CollectionId, PrincipalId};
use davenport::store::blob::Content;
use davenport::store::change_log::{Action, Author, Entry};
use davenport::store::collection::{NewCollection, Touch};
use davenport::store::object::{Index, Put};
use davenport::store::principal::NewPrincipal;
use davenport::store::{Store, Tx, blob, change_log, collection, object, principal};

/// A moment in the tests' life: 2023-11-14, and so many seconds.
pub fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

pub fn author(principal: PrincipalId) -> Author {
    Author { principal, client: "test/1".into(), at: moment(0), quiet: None }
}

/// Makes a user with an account.
pub async fn user(store: &Store, name: &str) -> PrincipalId {
    let name = name.to_owned();
    store
        .write(|tx| {
            Box::pin(async move {
                let new = NewPrincipal {
                    kind: 1,
                    name: &name,
                    display_name: "",
                    password: None,
                    administrator: false,
                    quota: None,
                    at: moment(0),
                    zone: None,
                };
                let id = principal::insert(tx, &new).await?;
                change_log::new_account(tx, id).await?;
                Ok(id)
            })
        })
        .await
        .unwrap()
}

/// Makes a collection, within a write.
pub async fn make(
    tx: &mut Tx,
    account: PrincipalId,
    parent: Option<CollectionId>,
    path: &str,
) -> Outcome<CollectionId> {
    let (number, _) = change_log::take(tx, account).await?;
    let at = moment(0);
    let new = NewCollection { account, parent, kind: 1, path, components: 0, number, at };
    collection::insert(tx, &new).await
}

/// Makes a home.
pub async fn home(store: &Store, account: PrincipalId) -> CollectionId {
    store.write(move |tx| Box::pin(make(tx, account, None, "calendars"))).await.unwrap()
}

/// What a protocol's PUT does in the store; gives its change number.
pub async fn put_in(
    tx: &mut Tx,
    account: PrincipalId,
    of: CollectionId,
    name: &str,
    content: &Content,
    index: &Index,
) -> Outcome<ChangeNumber> {
    let (number, _) = change_log::take(tx, account).await?;
    let before: Option<BlobId> = object::find(tx, of, name).await?.map(|o| o.blob);
    let kept = blob::keep(tx, content, moment(0)).await?;
    let at = moment(0);
    let it = Put { of, name, number, content: (kept, content), index, again: before.is_some(), at };
    if before.is_none() || !object::replace(tx, &it).await? {
        object::put(tx, &it).await?;
    }
    let members = i64::from(before.is_none());
    let touch = Touch { number, members, octets: content.size as i64, at: moment(0) };
    collection::touch(tx, of, touch).await?;
    let action = if before.is_none() { Action::Created } else { Action::Updated };
    let entry = Entry { account, number, collection: of, name, action, before };
    change_log::record(tx, &entry, &author(account)).await?;
    Ok(number)
}

/// [`put_in`] as a write of its own.
pub async fn put(
    store: &Store,
    account: PrincipalId,
    of: CollectionId,
    name: &str,
    data: &[u8],
) -> Outcome<ChangeNumber> {
    let (name, content) = (name.to_owned(), Content::inline(data.to_vec()));
    let none = Index::default();
    store
        .write(move |tx| {
            Box::pin(async move { put_in(tx, account, of, &name, &content, &none).await })
        })
        .await
}
