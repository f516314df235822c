//! The index of texts: which objects of a collection may have a text in them, without opening them.
//!
//! Why this form, measured with 100 000 cards of 130 octets of text each on SQLite:
//!
//! | form | a write costs | a card takes | a search costs |
//! |---|---:|---:|---:|
//! | the texts alone, looked through | 2 µs | 205 octets | 25 ms |
//! | a row for each card and gram | 440 µs | 1 400 octets | 0.1 ms |
//! | texts, and postings of 2 048 together | 2 µs + 13 µs later | 430 octets | 0.1 ms + the newest |
//!
//! SQLite's own full text search keeps one list of postings for all accounts, so a search would pay
//! for what others store; PostgreSQL's `pg_trgm` is not installed everywhere. So: a write keeps
//! the text, and nothing else. When [`SEARCH_SEGMENT`] of them have come together, background work
//! turns them into a segment of postings, four rows a text instead of a hundred. A search reads
//! the postings of some grams, and looks through the texts that are in no segment yet.
//!
//! Invariants: a text never changes, and its `doc` is not given again while a segment covers it or is
//! being made of it, so postings never lie, they only name texts that are gone. Whoever gives out
//! a `doc`, reserves a segment or removes postings holds the account's lock. A segment's row is
//! there, reserved (`docs` below 0), before its texts are read, and counts (`docs` is how many)
//! after all its postings are written. The number below 0 is whose work it is: who takes the work
//! over writes another, and the former maker's writes come to nothing.

use super::due;
use super::span::span;
use super::statement::statements;
use super::tx::Tx;
use super::value::{Row, Value};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{SEARCH_FEW, SEARCH_ROWS, SEARCH_SEGMENT, SEARCH_TERMS_MAX};
use crate::kernel::search::{Seeker, Term, Wanted, append, grams, numbers, value_key};
use crate::kernel::secret::random;
use std::collections::{BTreeMap, HashMap};

/// The next free `doc` of collection $1. One that a segment covers, be it only reserved, is never
/// given again.
macro_rules! next_doc {
    () => {
        "(SELECT 1 + max(coalesce((SELECT max(doc) FROM search_text WHERE collection_id = $1), 0),
            coalesce((SELECT max(last) FROM search_segment WHERE collection_id = $1), 0)))"
    };
    (postgres) => {
        "(SELECT 1 + greatest((SELECT max(doc) FROM search_text WHERE collection_id = $1),
            (SELECT max(last) FROM search_segment WHERE collection_id = $1), 0))"
    };
}
pub(super) use next_doc;

/// The `doc` of object $2 of collection $1.
macro_rules! doc_of {
    () => {
        "(SELECT doc FROM object WHERE collection_id = $1 AND name = $2)"
    };
}
pub(super) use doc_of;

// LONGER names the order or the index, because the engines' planners would rather read through the
// collection until they have seen enough.
statements! {
    ADD = concat!("INSERT INTO search_text (collection_id, doc, name, text, key)
            VALUES ($1, ", next_doc!(), ", $2, $3, $4) RETURNING doc"),
        postgres: concat!("INSERT INTO search_text (collection_id, doc, name, text, key)
            VALUES ($1, ", next_doc!(postgres), ", $2, $3, $4) RETURNING doc");
    OF = concat!("SELECT text, doc FROM search_text WHERE collection_id = $1 AND doc = ", doc_of!());
    SET = "UPDATE object SET doc = $3 WHERE collection_id = $1 AND name = $2";
    SET_TIMES = "UPDATE object SET times = $3, span = $4, first_start = $5, last_end = $6,
            recurring = $7, class = $8
        WHERE collection_id = $1 AND name = $2";
    DROP = concat!("DELETE FROM search_text WHERE collection_id = $1 AND doc = ", doc_of!());
    CARRY = concat!("INSERT INTO search_text (collection_id, doc, name, text, key)
            SELECT $1, ", next_doc!(), ", $2, t.text, t.key FROM object o
            JOIN search_text t ON t.collection_id = o.collection_id AND t.doc = o.doc
            WHERE o.collection_id = $3 AND o.name = $4 RETURNING doc"),
        postgres: concat!("INSERT INTO search_text (collection_id, doc, name, text, key)
            SELECT $1, ", next_doc!(postgres), ", $2, t.text, t.key FROM object o
            JOIN search_text t ON t.collection_id = o.collection_id AND t.doc = o.doc
            WHERE o.collection_id = $3 AND o.name = $4 RETURNING doc");
    SEGMENTS = "SELECT last, docs FROM search_segment WHERE collection_id = $1
        UNION ALL SELECT -1, 0 FROM search_due WHERE collection_id = $1 AND fill IS NOT NULL";
    POSTINGS = "SELECT p.gram, p.last, p.docs FROM json_each($2) g CROSS JOIN search_posting p
            WHERE p.collection_id = $1 AND p.gram = g.value ORDER BY p.gram, p.last",
        postgres: "SELECT gram, last, docs FROM search_posting
            WHERE collection_id = $1 AND gram = ANY($2) ORDER BY gram, last";
    TEXTS = "SELECT t.name, t.text FROM json_each($2) d CROSS JOIN search_text t
            WHERE t.collection_id = $1 AND t.doc = d.value
        UNION ALL SELECT name, text FROM search_text WHERE collection_id = $1 AND doc > $3",
        postgres: "SELECT name, text FROM search_text WHERE collection_id = $1 AND doc = ANY($2)
        UNION ALL SELECT name, text FROM search_text WHERE collection_id = $1 AND doc > $3
            AND text LIKE ANY($4)";
    LONGER = "SELECT name, text FROM search_text INDEXED BY search_text_key
            WHERE collection_id = $1 AND key = $2
        UNION ALL SELECT name, text FROM (
            SELECT name, text FROM search_text INDEXED BY search_text_key
            WHERE collection_id = $1 AND key > $3 LIMIT $4) l
        UNION ALL SELECT name, $7 FROM object WHERE collection_id = $1 AND uid IN ($5, $6)
        UNION ALL SELECT '', '' FROM search_due WHERE collection_id = $1 AND fill IS NOT NULL",
        postgres: "SELECT name, text FROM search_text WHERE collection_id = $1 AND key = $2
        UNION ALL SELECT name, text FROM (SELECT name, text FROM search_text
            WHERE collection_id = $1 AND key > $3 ORDER BY key LIMIT $4) l
        UNION ALL SELECT name, $7 FROM object WHERE collection_id = $1 AND uid IN ($5, $6)
        UNION ALL SELECT '', '' FROM search_due WHERE collection_id = $1 AND fill IS NOT NULL";
    LAST = "SELECT doc FROM search_text WHERE collection_id = $1 AND doc > $2
        ORDER BY doc LIMIT 1 OFFSET $3";
    RESERVE = "INSERT INTO search_segment (collection_id, last, docs) VALUES ($1, $2, $3)
        ON CONFLICT (collection_id, last) DO UPDATE SET docs = excluded.docs";
    RUN = "SELECT doc, text FROM search_text WHERE collection_id = $1 AND doc > $2 AND doc <= $3
        ORDER BY doc";
    POST = "INSERT INTO search_posting (collection_id, gram, last, docs) VALUES ($1, $2, $3, $4)
            ON CONFLICT (collection_id, gram, last) DO UPDATE SET docs = excluded.docs",
        postgres: "INSERT INTO search_posting (collection_id, gram, last, docs)
            SELECT $1, p.gram, $3, substring(CAST($4 AS BYTEA) FROM p.start::int FOR p.length::int)
            FROM unnest($2::bigint[], $5::bigint[], $6::bigint[]) p (gram, start, length)
            ON CONFLICT (collection_id, gram, last) DO UPDATE SET docs = excluded.docs";
    ANY_POSTING = "SELECT last FROM search_posting WHERE collection_id = $1 LIMIT 1";
    SEAL = "UPDATE search_segment SET docs = $4
        WHERE collection_id = $1 AND last = $2 AND docs = $3";
    LIVE = "SELECT count(*) FROM search_text WHERE collection_id = $1 AND doc <= $2";
    UNSEAL = "DELETE FROM search_segment WHERE collection_id = $1";
    PURGE_POSTINGS = "DELETE FROM search_posting WHERE collection_id = $1 AND gram <= coalesce((
            SELECT gram FROM search_posting WHERE collection_id = $1
            ORDER BY gram LIMIT 1 OFFSET $2), 9223372036854775807)
        AND NOT EXISTS (SELECT 1 FROM search_segment WHERE collection_id = $1)";
    PURGE_TEXTS = "DELETE FROM search_text WHERE collection_id = $1 AND doc <= coalesce((
            SELECT doc FROM search_text WHERE collection_id = $1
            ORDER BY doc LIMIT 1 OFFSET $2), 9223372036854775807)";
}

/// The text of an object, and its UID.
pub type Texts<'a> = (Option<&'a str>, Option<&'a str>);

/// Keeps the text of an object that is about to be made; gives its `doc`. On PostgreSQL the
/// statement that makes the object does so.
pub(super) async fn add(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    (text, uid): Texts<'_>,
) -> Outcome<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    let with = [of.0.into(), name.into(), text.into(), value_key(text, uid).into()];
    let doc = tx.first(&ADD, &with, |row| row.int(0)).await?;
    note(tx, of, doc).await
}

/// Once in so many texts there is a segment to be made.
async fn note(tx: &mut Tx, of: CollectionId, doc: Option<i64>) -> Outcome<Option<i64>> {
    if doc.is_some_and(|doc| doc % SEARCH_SEGMENT == 0) {
        due::note(tx, of).await?;
    }
    Ok(doc)
}

/// Keeps the text of an object whose row is about to be written; gives its `doc`. A text that stays
/// what it was keeps its place.
pub(super) async fn place(
    tx: &mut Tx,
    (of, name): (CollectionId, &str),
    again: bool,
    (text, uid): Texts<'_>,
) -> Outcome<Option<i64>> {
    if again {
        if let Some((kept, doc)) = kept(tx, of, name).await?
            && Some(kept.as_str()) == text
        {
            return Ok(Some(doc));
        }
        drop_text(tx, of, name).await?;
    }
    add(tx, of, name, (text, uid)).await
}

/// The text that is kept of an object, and its `doc`.
async fn kept(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<Option<(String, i64)>> {
    let map = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), row.int(1)?));
    tx.first(&OF, &[of.0.into(), name.into()], map).await
}

/// Keeps the text of an object that is there, unless it is what is kept already.
pub(super) async fn keep(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    (text, uid): Texts<'_>,
) -> Outcome<()> {
    let kept = kept(tx, of, name).await?.map(|kept| kept.0);
    if kept.as_deref() == text {
        return Ok(());
    }
    drop_text(tx, of, name).await?;
    let doc = add(tx, of, name, (text, uid)).await?;
    tx.execute(&SET, &[of.0.into(), name.into(), doc.into()]).await.map(drop)
}

/// What the index knows of when an object is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Its first start and last end.
    pub range: Option<(i64, i64)>,
    /// Its instances, where they are known.
    pub kept: Option<Vec<u8>>,
    /// Whether it recurs.
    pub recurring: bool,
    /// How much of it its owner hides.
    pub class: i64,
}

/// Enters an object that was stored before there was an index, or before what the index keeps of it
/// changed.
pub async fn enter(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    texts: Texts<'_>,
    times: &Times,
) -> Outcome<()> {
    keep(tx, of, name, texts).await?;
    let (first, last) = times.range.unzip();
    let (span, kept) = (times.range.map(span).into(), times.kept.as_deref().into());
    let (recurs, class) = (times.recurring.into(), times.class.into());
    let with = [of.0.into(), name.into(), kept, span, first.into(), last.into(), recurs, class];
    tx.execute(&SET_TIMES, &with).await.map(drop)
}

/// Forgets the text of an object whose row is still there.
pub(super) async fn drop_text(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<()> {
    tx.execute(&DROP, &[of.0.into(), name.into()]).await.map(drop)
}

/// Keeps the text of one object for another that is about to be made; gives its `doc`. Where objects
/// are still to be entered, this may be one: then those of its new collection are, too.
pub(super) async fn carry(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
) -> Outcome<Option<i64>> {
    // First: once this finds all of them entered, what is read after it is what was entered.
    due::carry(tx, from.0, to.0).await?;
    let with = [to.0.0.into(), to.1.into(), from.0.0.into(), from.1.into()];
    let doc = tx.first(&CARRY, &with, |row| row.int(0)).await?;
    note(tx, to.0, doc).await
}

/// The rows of a collection's segments.
struct Segments {
    /// How far the ones that count go, and how many texts they had, in order.
    sealed: Vec<(i64, i64)>,
    /// How far the one goes that is being made.
    reserved: Option<i64>,
    /// Whether objects from before there was an index are still to be entered.
    filling: bool,
}

impl Segments {
    async fn of(tx: &mut Tx, of: CollectionId) -> Outcome<Self> {
        let map = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?));
        let mut sealed = tx.all(&SEGMENTS, &[of.0.into()], map).await?;
        sealed.sort_unstable();
        let filling = sealed.first().is_some_and(|first| first.0 < 0);
        let reserved = sealed.iter().find(|row| row.1 < 0).map(|row| row.0);
        sealed.retain(|row| row.0 >= 0 && row.1 >= 0);
        Ok(Self { sealed, reserved, filling })
    }

    fn covered(&self) -> i64 {
        self.sealed.last().map_or(0, |last| last.0)
    }
}

/// How far the segments of a collection go, and how many texts they had; none while objects from
/// before there was an index are still to be entered.
async fn segments(tx: &mut Tx, of: CollectionId) -> Outcome<Option<Vec<(i64, i64)>>> {
    let all = Segments::of(tx, of).await?;
    Ok((!all.filling).then_some(all.sealed))
}

/// The names, in order, of objects whose text may be what is wanted; none: the index cannot say.
pub async fn find(tx: &mut Tx, of: CollectionId, wanted: &Wanted) -> Outcome<Option<Vec<String>>> {
    let Some(segments) = segments(tx, of).await? else { return Ok(None) };
    let seeker = Seeker::of(wanted);
    let mut names = Vec::new();
    let mut covered = segments.last().map_or(0, |last| last.0);
    let mut docs = Vec::new();
    if covered > 0 {
        match narrowed(tx, of, &segments, wanted).await? {
            Some(some) => docs = some,
            None => covered = 0,
        }
    }
    let (at, docs, covered) = (of.0.into(), docs[..].into(), covered.into());
    let mut visit = |row: &Row<'_>| look(row, &seeker, &mut names);
    if tx.is_embedded() {
        tx.each(&TEXTS, &[at, docs, covered], &mut visit).await?;
    } else {
        let patterns = seeker.patterns();
        tx.each(&TEXTS, &[at, docs, covered, patterns[..].into()], &mut visit).await?;
        // The segments may have been given up since they were looked at.
        if !self::segments(tx, of).await?.is_some_and(|s| s.starts_with(&segments)) {
            return Ok(None);
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(Some(names))
}

/// The same where each text is one value. One that has the term in it is the term, or is longer: where
/// few are, as where all UIDs are made by one program, there is nothing to search.
pub async fn find_value(
    tx: &mut Tx,
    of: CollectionId,
    term: &Term,
) -> Outcome<Option<Vec<String>>> {
    let wanted = vec![vec![term.clone()]];
    let (seeker, (same, longer)) = (Seeker::of(&wanted), term.keys());
    let (mut names, mut seen, mut filled) = (Vec::new(), 0, true);
    let ([large, small], text) = (term.spellings(), term.as_text());
    let few = (SEARCH_FEW as i64).into();
    let (large, small, text) = ((&large).into(), (&small).into(), (&text).into());
    let with = [of.0.into(), same.into(), longer.into(), few, large, small, text];
    tx.each(&LONGER, &with, &mut |row| {
        seen += 1;
        filled &= !row.text(0)?.is_empty();
        look(row, &seeker, &mut names)
    })
    .await?;
    match (filled, seen < SEARCH_FEW) {
        (false, _) => Ok(None),
        (true, false) => find(tx, of, &wanted).await,
        (true, true) => {
            names.sort_unstable();
            names.dedup();
            Ok(Some(names))
        }
    }
}

fn look(row: &Row<'_>, seeker: &Seeker<'_>, names: &mut Vec<String>) -> Outcome<()> {
    if seeker.finds(row.text(1)?) {
        names.push(row.text(0)?.to_owned());
    }
    Ok(())
}

/// Grams that are tried for one term.
const TRIED: usize = 4;

/// The lists of a gram, one of each segment that counts.
type Lists = HashMap<i64, Vec<Vec<u8>>>;

/// The texts in segments that may be what is wanted, in order; none where a term is too short for
/// grams, or where there are too many terms.
async fn narrowed(
    tx: &mut Tx,
    of: CollectionId,
    segments: &[(i64, i64)],
    wanted: &Wanted,
) -> Outcome<Option<Vec<i64>>> {
    let mut terms = Vec::new();
    if wanted.len() > SEARCH_TERMS_MAX {
        return Ok(None);
    }
    for all in wanted {
        let Some(term) = all.iter().max_by_key(|term| term.text.len()) else { return Ok(None) };
        let mut grams = term.grams();
        if grams.is_empty() {
            return Ok(None);
        }
        grams.truncate(TRIED);
        terms.push((grams, term.cut()));
    }
    let mut asked: Vec<i64> = terms.iter().map(|(_, cut)| *cut).collect();
    asked.extend(terms.iter().flat_map(|(grams, _)| grams));
    asked.sort_unstable();
    asked.dedup();
    let mut lists = Lists::new();
    tx.each(&POSTINGS, &[of.0.into(), asked[..].into()], &mut |row| {
        let last = row.int(1)?;
        if segments.binary_search_by_key(&last, |segment| segment.0).is_ok() {
            lists.entry(row.int(0)?).or_default().push(row.bytes(2)?.to_vec());
        }
        Ok(())
    })
    .await?;
    let mut any = Vec::new();
    for (grams, cut) in terms {
        any.append(&mut having(&lists, &grams));
        any.extend(decoded(&lists, cut));
    }
    any.sort_unstable();
    any.dedup();
    Ok(Some(any))
}

/// The texts that have the grams, or rather enough of them to leave few: the rarest come first.
fn having(lists: &Lists, grams: &[i64]) -> Vec<i64> {
    let size = |gram: &i64| lists.get(gram).map_or(0, |all| all.iter().map(Vec::len).sum());
    let mut grams: Vec<(usize, i64)> = grams.iter().map(|gram| (size(gram), *gram)).collect();
    grams.sort_unstable();
    let mut grams = grams.into_iter();
    let Some((_, first)) = grams.next() else { return Vec::new() };
    let mut docs: Vec<i64> = decoded(lists, first).collect();
    for (_, gram) in grams {
        if docs.len() <= SEARCH_FEW {
            break;
        }
        let mut other = decoded(lists, gram).peekable();
        docs.retain(|doc| {
            while other.next_if(|it| it < doc).is_some() {}
            other.peek() == Some(doc)
        });
    }
    docs
}

fn decoded(lists: &Lists, gram: i64) -> impl Iterator<Item = i64> {
    lists.get(&gram).into_iter().flatten().flat_map(|list| numbers(list))
}

/// The texts of a segment: those after one, up to another.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    after: i64,
    last: i64,
}

/// What the index of a collection needs next.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// A segment is to be made.
    Make(Run),
    /// Most texts of the segments are gone: begin anew.
    GiveUp,
    /// Postings of segments that were given up are to be removed.
    Purge,
    /// Nothing.
    Nothing,
}

/// Works out what is to be done, with segments of `size` texts.
pub async fn next(tx: &mut Tx, of: CollectionId, size: i64) -> Outcome<Next> {
    let segments = Segments::of(tx, of).await?;
    let after = segments.covered();
    if let Some(last) = segments.reserved {
        return Ok(Next::Make(Run { after, last }));
    }
    let with = [of.0.into(), after.into(), (size - 1).into()];
    let Some(last) = tx.first(&LAST, &with, |row| row.int(0)).await? else {
        return Ok(Next::Nothing);
    };
    let indexed: i64 = segments.sealed.iter().map(|segment| segment.1).sum();
    if segments.sealed.len() > 1 {
        let live = tx.one(&LIVE, &[of.0.into(), after.into()], |row| row.int(0)).await?;
        if live.saturating_mul(2) < indexed {
            return Ok(Next::GiveUp);
        }
    }
    if segments.sealed.is_empty() && has_postings(tx, of).await? {
        return Ok(Next::Purge);
    }
    Ok(Next::Make(Run { after, last }))
}

/// Reserves a segment, or takes over the one that is being made; none: things have changed since
/// the run was worked out. The caller holds the account's lock: every text of the run is there.
pub async fn reserve(tx: &mut Tx, of: CollectionId, run: Run) -> Outcome<Option<Segment>> {
    let segments = Segments::of(tx, of).await?;
    let first = segments.sealed.is_empty() && segments.reserved.is_none();
    let same = segments.covered() == run.after && segments.reserved.is_none_or(|l| l == run.last);
    if !same || first && has_postings(tx, of).await? {
        return Ok(None);
    }
    let mark = i64::from_le_bytes(random::<8>()) | i64::MIN;
    tx.execute(&RESERVE, &[of.0.into(), run.last.into(), mark.into()]).await?;
    Ok(Some(Segment { of, run, mark, docs: 0, postings: Vec::new() }))
}

/// Removes the note that the index has work to do, unless it has. The caller holds the account's
/// lock: nobody makes a note meanwhile.
pub async fn settle(tx: &mut Tx, of: CollectionId, size: i64) -> Outcome<()> {
    match next(tx, of, size).await? {
        Next::Nothing => due::done(tx, of).await,
        _ => Ok(()),
    }
}

async fn has_postings(tx: &mut Tx, of: CollectionId) -> Outcome<bool> {
    let found = tx.first(&ANY_POSTING, &[of.0.into()], |row| row.int(0)).await?;
    Ok(found.is_some())
}

/// A segment in the making.
#[derive(Clone, Debug)]
pub struct Segment {
    of: CollectionId,
    run: Run,
    mark: i64,
    docs: i64,
    postings: Vec<(i64, Vec<u8>)>,
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There is more to write.
    More,
    /// The segment counts.
    All,
    /// It is another's work now, or is not wanted any more.
    Lost,
}

impl Segment {
    /// Reads the texts and makes the postings, which holds up no writer.
    pub async fn fill(&mut self, tx: &mut Tx) -> Outcome<()> {
        let mut lists: BTreeMap<i64, (Vec<u8>, i64)> = BTreeMap::new();
        let with = [self.of.0.into(), self.run.after.into(), self.run.last.into()];
        let docs = &mut self.docs;
        tx.each(&RUN, &with, &mut |row| {
            let doc = row.int(0)?;
            *docs += 1;
            for gram in grams(row.text(1)?) {
                let (list, before) = lists.entry(gram).or_default();
                append(list, before, doc);
            }
            Ok(())
        })
        .await?;
        self.postings = lists.into_iter().map(|(gram, (list, _))| (gram, list)).collect();
        Ok(())
    }

    /// Writes some of its postings, and after the last of them that it counts.
    pub async fn write(&mut self, tx: &mut Tx) -> Outcome<Written> {
        let rest = self.postings.split_off(SEARCH_ROWS.min(self.postings.len()));
        let now = std::mem::replace(&mut self.postings, rest);
        let (of, last, mark) = (self.of.0.into(), self.run.last.into(), self.mark.into());
        // This also locks the row until the postings are written.
        let docs = if self.postings.is_empty() { self.docs } else { self.mark };
        if tx.execute(&SEAL, &[of, last, mark, docs.into()]).await? == 0 {
            return Ok(Written::Lost);
        }
        if tx.is_embedded() {
            for (gram, list) in &now {
                tx.execute(&POST, &[of, (*gram).into(), last, list[..].into()]).await?;
            }
        } else {
            let grams: Vec<i64> = now.iter().map(|it| it.0).collect();
            let lengths: Vec<i64> = now.iter().map(|it| it.1.len() as i64).collect();
            let ends = lengths.iter().scan(1, |sum, n| Some(std::mem::replace(sum, *sum + n)));
            let starts: Vec<i64> = ends.collect();
            let lists = now.into_iter().map(|it| it.1).collect::<Vec<_>>().concat();
            let [grams, starts, lengths] = [&grams, &starts, &lengths].map(|all| Value::Ints(all));
            tx.execute(&POST, &[of, grams, last, lists[..].into(), starts, lengths]).await?;
        }
        Ok(if self.postings.is_empty() { Written::All } else { Written::More })
    }
}

/// Gives up the segments: every text is looked through again, and new segments are made.
pub async fn give_up(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&UNSEAL, &[of.0.into()]).await.map(drop)
}

/// Removes some of the postings, while there is no segment; gives how many.
pub async fn purge_postings(tx: &mut Tx, of: CollectionId) -> Outcome<u64> {
    tx.execute(&PURGE_POSTINGS, &[of.0.into(), (SEARCH_ROWS as i64).into()]).await
}

/// Removes some of what is kept of a collection that is being purged; gives how much.
pub async fn purge(tx: &mut Tx, of: CollectionId, limit: i64) -> Outcome<u64> {
    give_up(tx, of).await?;
    due::gone(tx, of).await?;
    let gone = tx.execute(&PURGE_TEXTS, &[of.0.into(), limit.into()]).await?;
    if gone > 0 { Ok(gone) } else { purge_postings(tx, of).await }
}
