//! Rows of the directory: domains, principals, addresses, members, app passwords.
//!
//! Invariant: names and addresses are in lower case here; whoever asks has folded them.

use super::statement::statements;
use super::tx::Tx;
use super::value::{Row, Value};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;

macro_rules! columns {
    () => {
        "p.id, p.kind, p.name, p.display_name, p.password, p.administrator, p.locked, \
         p.generation, p.quota_bytes, p.created_at, p.zone"
    };
}
pub(super) use columns;
/// How many they are.
pub(super) const COLUMNS: usize = 11;

statements! {
    BY_ID = concat!("SELECT ", columns!(), " FROM principal p WHERE p.id = $1");
    BY_NAME = concat!("SELECT ", columns!(), " FROM principal p WHERE p.name = $1");
    BY_ADDRESS = concat!("SELECT ", columns!(), " FROM principal p
        JOIN address a ON a.principal_id = p.id WHERE a.address = $1");
    LIST = concat!("SELECT ", columns!(), " FROM principal p
        WHERE p.kind = $1 AND p.name > $2 ORDER BY p.name LIMIT $3");
    /// SQLite's `lower` knows ASCII only. Two other characters have ASCII in their lower case; a text
    /// with others is looked for in every name that has any ($5), by whoever asked.
    SEARCH = concat!("SELECT ", columns!(), ", coalesce((SELECT group_concat(x.address, ' ') FROM
            (SELECT a.address FROM address a WHERE a.principal_id = p.id
             ORDER BY a.position, a.address) x), '')
        FROM principal p WHERE p.name > $2 AND ((1 << p.kind) & $1) <> 0
        AND (p.locked = 0 OR $6 <> 0) AND (instr(p.name, $3) > 0
            OR instr(replace(replace(lower(p.display_name), '\u{130}', 'i\u{307}'), '\u{212a}', 'k'),
                $3) > 0
            OR ($5 <> 0 AND length(CAST(p.display_name AS BLOB)) <> length(p.display_name))
            OR EXISTS (SELECT 1 FROM address a WHERE a.principal_id = p.id
                AND instr(a.address, $3) > 0))
        ORDER BY p.name LIMIT $4"),
        postgres: concat!("SELECT ", columns!(), ", coalesce((SELECT
            string_agg(a.address, ' ' ORDER BY a.position, a.address) FROM address a
            WHERE a.principal_id = p.id), '')
        FROM principal p WHERE p.name > $2
        AND ((CAST(1 AS BIGINT) << CAST(p.kind AS INT)) & CAST($1 AS BIGINT)) <> 0
        AND (p.locked = 0 OR CAST($6 AS BIGINT) <> 0) AND (strpos(p.name, $3) > 0
            OR strpos(replace(replace(lower(p.display_name), '\u{130}', 'i\u{307}'), '\u{212a}', 'k'),
                $3) > 0
            OR (CAST($5 AS BIGINT) <> 0
                AND octet_length(p.display_name) <> length(p.display_name))
            OR EXISTS (SELECT 1 FROM address a WHERE a.principal_id = p.id
                AND strpos(a.address, $3) > 0))
        ORDER BY p.name LIMIT $4");
    COUNT = "SELECT CAST(count(*) AS BIGINT) FROM principal WHERE kind = $1";
    ADMINISTRATORS = "SELECT CAST(count(*) AS BIGINT) FROM principal
        WHERE administrator <> 0 AND locked = 0";
    INSERT = "INSERT INTO principal
        (kind, name, display_name, password, administrator, quota_bytes, created_at, zone)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    UPDATE = "UPDATE principal SET display_name = $2, password = $3, administrator = $4,
        locked = $5, quota_bytes = $6, generation = generation + $7, zone = $8 WHERE id = $1";
    ZONE = "SELECT zone FROM principal WHERE id = $1";
    DELETE = "DELETE FROM principal WHERE id = $1";
    DELETE_ADDRESSES = "DELETE FROM address WHERE principal_id = $1";
    DELETE_MEMBERS = "DELETE FROM member WHERE group_id = $1 OR member_id = $1";
    DELETE_APP_PASSWORDS = "DELETE FROM app_password WHERE principal_id = $1";
    DELETE_ACCOUNT = "DELETE FROM account WHERE id = $1";
    ADDRESSES = "SELECT address FROM address WHERE principal_id = $1 ORDER BY position, address";
    ADD_ADDRESS = "INSERT INTO address (address, principal_id, position)
        SELECT $1, $2, coalesce(max(position) + 1, 0) FROM address WHERE principal_id = $2
        ON CONFLICT (address) DO NOTHING",
        postgres: "INSERT INTO address (address, principal_id, position)
        SELECT $1, $2, coalesce(max(position) + 1, 0) FROM address WHERE principal_id = $2
        ON CONFLICT (address) DO NOTHING";
    ADDRESSES_OF_PAGE = "SELECT a.principal_id, a.address FROM address a
        JOIN principal p ON p.id = a.principal_id
        WHERE p.kind = $1 AND p.name >= $2 AND p.name <= $3 ORDER BY a.position, a.address";
    REMOVE_ADDRESS = "DELETE FROM address WHERE address = $1 AND principal_id = $2";
    ALIASES = "SELECT a.address, p.name FROM address a JOIN principal p ON p.id = a.principal_id
        WHERE a.address > $1 ORDER BY a.address LIMIT $2";
    ADD_DOMAIN = "INSERT INTO domain (name, created_at) VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING";
    DOMAINS = "SELECT name, created_at FROM domain ORDER BY name";
    DELETE_DOMAIN = "DELETE FROM domain WHERE name = $1";
    /// Not `LIKE`: a domain's name may hold `_`, which would stand for any character.
    DOMAIN_USE = "SELECT CAST(count(*) AS BIGINT) FROM address
        WHERE substr(address, length(address) - length(CAST($1 AS TEXT))) = '@' || CAST($1 AS TEXT)";
    ADD_MEMBER = "INSERT INTO member (group_id, member_id) VALUES ($1, $2)
        ON CONFLICT (group_id, member_id) DO NOTHING";
    REMOVE_MEMBER = "DELETE FROM member WHERE group_id = $1 AND member_id = $2";
    MEMBERS = concat!("SELECT ", columns!(), " FROM principal p
        JOIN member m ON m.member_id = p.id WHERE m.group_id = $1 ORDER BY p.name");
    GROUPS = concat!("SELECT ", columns!(), " FROM principal p
        JOIN member m ON m.group_id = p.id WHERE m.member_id = $1 ORDER BY p.name");
    MEMBERS_OF_PAGE = concat!("SELECT ", columns!(), ", g.id FROM principal p
        JOIN member m ON m.member_id = p.id JOIN principal g ON g.id = m.group_id
        WHERE g.kind = $1 AND g.name >= $2 AND g.name <= $3 ORDER BY p.name");
    GROUPS_OF_PAGE = concat!("SELECT ", columns!(), ", w.id FROM principal p
        JOIN member m ON m.group_id = p.id JOIN principal w ON w.id = m.member_id
        WHERE w.kind = $1 AND w.name >= $2 AND w.name <= $3 ORDER BY p.name");
    ALL_GROUPS = "WITH RECURSIVE up (id) AS (
            SELECT group_id FROM member WHERE member_id = $1
            UNION
            SELECT m.group_id FROM member m JOIN up ON m.member_id = up.id
        ) SELECT id FROM up";
    WITHOUT_INBOX = "SELECT id FROM principal p WHERE kind <> 2 AND NOT EXISTS (SELECT 1
        FROM collection c WHERE c.account_id = p.id AND c.path = 'calendars/inbox')";
    ADD_APP_PASSWORD = "INSERT INTO app_password
        (principal_id, name, hash, protocols, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (principal_id, name) DO NOTHING";
    APP_PASSWORDS = "SELECT name, protocols, created_at, expires_at FROM app_password
        WHERE principal_id = $1 ORDER BY name";
    REMOVE_APP_PASSWORD = "DELETE FROM app_password WHERE principal_id = $1 AND name = $2";
    APP_PASSWORD = "SELECT name, protocols, created_at, expires_at FROM app_password
        WHERE principal_id = $1 AND hash = $2";
}

/// A principal as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its identity, and that of its account.
    pub id: PrincipalId,
    /// User 1, group 2, resource 3.
    pub kind: i64,
    /// The name: lower case, unique, the segment in paths.
    pub name: String,
    /// For people to read.
    pub display_name: String,
    /// The argon2id hash of the password in PHC form; none: no login by password.
    pub password: Option<String>,
    /// Whether it may read and repair everything.
    pub administrator: bool,
    /// Whether it may not sign in.
    pub locked: bool,
    /// Grows with every change that must end remembered logins.
    pub generation: i64,
    /// Octets that its collections may hold; none: no bound.
    pub quota: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of its time zone, if it has one.
    pub zone: Option<String>,
}

/// Reads the columns of a principal.
pub(super) fn principal(row: &Row<'_>) -> Outcome<Principal> {
    Ok(Principal {
        id: PrincipalId(row.int(0)?),
        kind: row.int(1)?,
        name: row.text(2)?.to_owned(),
        display_name: row.text(3)?.to_owned(),
        password: row.opt_text(4)?.map(str::to_owned),
        administrator: row.flag(5)?,
        locked: row.flag(6)?,
        generation: row.int(7)?,
        quota: row.opt_int(8)?,
        created_at: Timestamp(row.int(9)?),
        zone: row.opt_text(10)?.map(str::to_owned),
    })
}

/// The name of the time zone of a principal, if it has one.
pub async fn zone(tx: &mut Tx, id: PrincipalId) -> Outcome<Option<String>> {
    let map = |row: &Row<'_>| Ok(row.opt_text(0)?.map(str::to_owned));
    Ok(tx.first(&ZONE, &[id.0.into()], map).await?.flatten())
}

/// By identity.
pub async fn by_id(tx: &mut Tx, id: PrincipalId) -> Outcome<Option<Principal>> {
    tx.first(&BY_ID, &[id.0.into()], principal).await
}

/// By name.
pub async fn by_name(tx: &mut Tx, name: &str) -> Outcome<Option<Principal>> {
    tx.first(&BY_NAME, &[name.into()], principal).await
}

/// By any of its addresses.
pub async fn by_address(tx: &mut Tx, address: &str) -> Outcome<Option<Principal>> {
    tx.first(&BY_ADDRESS, &[address.into()], principal).await
}

/// The next principals of a kind after a name, at most `limit`.
pub async fn list(tx: &mut Tx, kind: i64, after: &str, limit: i64) -> Outcome<Vec<Principal>> {
    tx.all(&LIST, &[kind.into(), after.into(), limit.into()], principal).await
}

/// What principals are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The numbers of their kinds, each as the bit of that number.
    pub kinds: i64,
    /// What is in their names or addresses, in lower case; empty: anything.
    pub text: &'a str,
    /// Whether those that may not sign in count as well.
    pub locked: bool,
}

/// The next principals after a name in whose name, display name or addresses a text may be, at most
/// `limit`, each with its addresses, the primary one first. Case does not count. Where the text is
/// more than ASCII, some are given in which it is not.
pub async fn search(
    tx: &mut Tx,
    sought: Sought<'_>,
    after: &str,
    limit: i64,
) -> Outcome<Vec<(Principal, Vec<String>)>> {
    let with = [
        sought.kinds.into(),
        after.into(),
        sought.text.into(),
        limit.into(),
        (!sought.text.is_ascii()).into(),
        sought.locked.into(),
    ];
    let map = |row: &Row<'_>| {
        let addresses = row.text(11)?.split_whitespace().map(str::to_owned).collect();
        Ok((principal(row)?, addresses))
    };
    tx.all(&SEARCH, &with, map).await
}

/// How many principals of a kind there are.
pub async fn count(tx: &mut Tx, kind: i64) -> Outcome<i64> {
    tx.one(&COUNT, &[kind.into()], |row| row.int(0)).await
}

/// How many administrators can sign in.
pub async fn administrators(tx: &mut Tx) -> Outcome<i64> {
    tx.one(&ADMINISTRATORS, &[], |row| row.int(0)).await
}

/// A principal about to be made.
#[derive(Clone, Debug)]
pub struct NewPrincipal<'a> {
    /// User 1, group 2, resource 3.
    pub kind: i64,
    /// Lower case; the caller has checked that it is free.
    pub name: &'a str,
    /// For people to read.
    pub display_name: &'a str,
    /// See [`Principal::password`].
    pub password: Option<&'a str>,
    /// See [`Principal::administrator`].
    pub administrator: bool,
    /// See [`Principal::quota`].
    pub quota: Option<i64>,
    /// Now.
    pub at: Timestamp,
    /// See [`Principal::zone`].
    pub zone: Option<&'a str>,
}

/// Makes a principal.
pub async fn insert(tx: &mut Tx, new: &NewPrincipal<'_>) -> Outcome<PrincipalId> {
    let with = [
        new.kind.into(),
        new.name.into(),
        new.display_name.into(),
        new.password.into(),
        new.administrator.into(),
        new.quota.into(),
        new.at.0.into(),
        new.zone.into(),
    ];
    tx.one(&INSERT, &with, |row| Ok(PrincipalId(row.int(0)?))).await
}

/// Stores what may change; `ends_logins` makes every remembered login of it be checked anew.
pub async fn update(tx: &mut Tx, it: &Principal, ends_logins: bool) -> Outcome<()> {
    let with = [
        it.id.0.into(),
        (&it.display_name).into(),
        it.password.as_deref().into(),
        it.administrator.into(),
        it.locked.into(),
        it.quota.into(),
        ends_logins.into(),
        it.zone.as_deref().into(),
    ];
    tx.execute(&UPDATE, &with).await.map(drop)
}

/// Removes a principal with its addresses, memberships, app passwords and account row; its
/// collections are the caller's to bury first.
pub async fn delete(tx: &mut Tx, id: PrincipalId) -> Outcome<()> {
    let rows =
        [&DELETE_ADDRESSES, &DELETE_MEMBERS, &DELETE_APP_PASSWORDS, &DELETE_ACCOUNT, &DELETE];
    for statement in rows {
        tx.execute(statement, &[id.0.into()]).await?;
    }
    Ok(())
}

/// The addresses, the primary one first.
pub async fn addresses(tx: &mut Tx, of: PrincipalId) -> Outcome<Vec<String>> {
    tx.all(&ADDRESSES, &[of.0.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// Adds an address as the last; `false` when somebody has it.
pub async fn add_address(tx: &mut Tx, to: PrincipalId, address: &str) -> Outcome<bool> {
    Ok(tx.execute(&ADD_ADDRESS, &[address.into(), to.0.into()]).await? == 1)
}

/// Takes an address away; `false` when it is not this principal's.
pub async fn remove_address(tx: &mut Tx, of: PrincipalId, address: &str) -> Outcome<bool> {
    Ok(tx.execute(&REMOVE_ADDRESS, &[address.into(), of.0.into()]).await? == 1)
}

/// The next addresses after one, each with its principal's name.
pub async fn aliases(tx: &mut Tx, after: &str, limit: i64) -> Outcome<Vec<(String, String)>> {
    let map = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    tx.all(&ALIASES, &[after.into(), limit.into()], map).await
}

/// Adds a domain; `false` when it is there.
pub async fn add_domain(tx: &mut Tx, name: &str, at: Timestamp) -> Outcome<bool> {
    Ok(tx.execute(&ADD_DOMAIN, &[name.into(), at.0.into()]).await? == 1)
}

/// All domains with the time they were added.
pub async fn domains(tx: &mut Tx) -> Outcome<Vec<(String, Timestamp)>> {
    tx.all(&DOMAINS, &[], |row| Ok((row.text(0)?.to_owned(), Timestamp(row.int(1)?)))).await
}

/// How many addresses are in a domain.
pub async fn domain_use(tx: &mut Tx, name: &str) -> Outcome<i64> {
    tx.one(&DOMAIN_USE, &[name.into()], |row| row.int(0)).await
}

/// Removes a domain; `false` when it is not there.
pub async fn delete_domain(tx: &mut Tx, name: &str) -> Outcome<bool> {
    Ok(tx.execute(&DELETE_DOMAIN, &[name.into()]).await? == 1)
}

/// Adds a member to a group; `false` when it is one.
pub async fn add_member(tx: &mut Tx, group: PrincipalId, member: PrincipalId) -> Outcome<bool> {
    Ok(tx.execute(&ADD_MEMBER, &[group.0.into(), member.0.into()]).await? == 1)
}

/// Takes a member out of a group; `false` when it is none.
pub async fn remove_member(tx: &mut Tx, group: PrincipalId, member: PrincipalId) -> Outcome<bool> {
    Ok(tx.execute(&REMOVE_MEMBER, &[group.0.into(), member.0.into()]).await? == 1)
}

/// The direct members of a group.
pub async fn members(tx: &mut Tx, of: PrincipalId) -> Outcome<Vec<Principal>> {
    tx.all(&MEMBERS, &[of.0.into()], principal).await
}

/// The groups that it is a direct member of.
pub async fn groups(tx: &mut Tx, of: PrincipalId) -> Outcome<Vec<Principal>> {
    tx.all(&GROUPS, &[of.0.into()], principal).await
}

/// Users and resources that have no scheduling inbox.
pub async fn without_inbox(tx: &mut Tx) -> Outcome<Vec<PrincipalId>> {
    tx.all(&WITHOUT_INBOX, &[], |row| Ok(PrincipalId(row.int(0)?))).await
}

/// The principals of one kind whose names are from `first` to `last`, both included: a page of a
/// listing, so that what belongs to its rows takes one statement instead of one for each row.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// See [`Principal::kind`].
    pub kind: i64,
    /// The first name.
    pub first: &'a str,
    /// The last name.
    pub last: &'a str,
}

impl Page<'_> {
    fn values(&self) -> [Value<'_>; 3] {
        [self.kind.into(), self.first.into(), self.last.into()]
    }
}

/// The addresses of a page's principals, each principal's primary one first.
pub async fn page_addresses(tx: &mut Tx, page: Page<'_>) -> Outcome<Vec<(PrincipalId, String)>> {
    let map = |row: &Row<'_>| Ok((PrincipalId(row.int(0)?), row.text(1)?.to_owned()));
    tx.all(&ADDRESSES_OF_PAGE, &page.values(), map).await
}

/// The direct members of a page's groups, each with the group.
pub async fn page_members(tx: &mut Tx, page: Page<'_>) -> Outcome<Vec<(PrincipalId, Principal)>> {
    tx.all(&MEMBERS_OF_PAGE, &page.values(), tied).await
}

/// The groups that a page's principals are direct members of, each with the member.
pub async fn page_groups(tx: &mut Tx, page: Page<'_>) -> Outcome<Vec<(PrincipalId, Principal)>> {
    tx.all(&GROUPS_OF_PAGE, &page.values(), tied).await
}

fn tied(row: &Row<'_>) -> Outcome<(PrincipalId, Principal)> {
    Ok((PrincipalId(row.int(11)?), principal(row)?))
}

/// The groups that it is a member of, directly or through other groups; loops end by themselves.
pub async fn all_groups(tx: &mut Tx, of: PrincipalId) -> Outcome<Vec<PrincipalId>> {
    tx.all(&ALL_GROUPS, &[of.0.into()], |row| Ok(PrincipalId(row.int(0)?))).await
}

/// An app password without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPassword {
    /// What its owner calls it.
    pub name: String,
    /// Where it is good, as a set of bits.
    pub protocols: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

fn app_password(row: &Row<'_>) -> Outcome<AppPassword> {
    Ok(AppPassword {
        name: row.text(0)?.to_owned(),
        protocols: row.int(1)?,
        created_at: Timestamp(row.int(2)?),
        expires_at: row.opt_int(3)?.map(Timestamp),
    })
}

/// Adds an app password; `false` when the name is taken.
pub async fn add_app_password(
    tx: &mut Tx,
    of: PrincipalId,
    new: &AppPassword,
    hash: &[u8; 32],
) -> Outcome<bool> {
    let with = [
        of.0.into(),
        (&new.name).into(),
        hash[..].into(),
        new.protocols.into(),
        new.created_at.0.into(),
        new.expires_at.map(|t| t.0).into(),
    ];
    Ok(tx.execute(&ADD_APP_PASSWORD, &with).await? == 1)
}

/// The app passwords of a principal.
pub async fn app_passwords(tx: &mut Tx, of: PrincipalId) -> Outcome<Vec<AppPassword>> {
    tx.all(&APP_PASSWORDS, &[of.0.into()], app_password).await
}

/// The app password with this hash.
pub async fn find_app_password(
    tx: &mut Tx,
    of: PrincipalId,
    hash: &[u8; 32],
) -> Outcome<Option<AppPassword>> {
    tx.first(&APP_PASSWORD, &[of.0.into(), hash[..].into()], app_password).await
}

/// Takes an app password back; `false` when there is none of this name.
pub async fn remove_app_password(tx: &mut Tx, of: PrincipalId, name: &str) -> Outcome<bool> {
    Ok(tx.execute(&REMOVE_APP_PASSWORD, &[of.0.into(), name.into()]).await? == 1)
}
