//! An organizer's change: who hears of it, and what.
//!
//! Invariant: who can see no difference gets no message, and nobody hears of instances that he is
//! not invited to. Standards: RFC 6638 §3.2.1, §3.2.6, §3.2.7; RFC 5546 §3.2.2, §3.2.5.

use super::derive::Deriver;
use super::differ::Shift;
use super::edit::Edits;
use super::message::{Version, cancelled, request, wrap};
use super::person::{Agent, Person, address};
use super::settle::{Verdict, Verdicts, set_stamp, settle};
use super::sheet::{Part, Sheet, utf8};
use super::{Change, IsMe, Message, Method, Role, Violation, role};
use crate::format::ical::Calendar;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::ITIP_OCTETS_MAX;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What an organizer's change means: old and new text of the object; none: it did not exist, or is
/// deleted (RFC 6638 §3.2.1).
///
/// # Errors
/// A [`Violation`] when the change is not allowed.
pub fn organize(
    old: Option<&[u8]>,
    new: Option<&[u8]>,
    is_me: IsMe<'_>,
    now: Timestamp,
) -> Result<Change, Violation> {
    let old_text = old.and_then(utf8);
    let old_calendar = old_text.as_deref().and_then(|t| Calendar::parse(t.as_bytes()).ok());
    let before = old_text.as_deref().zip(old_calendar.as_ref());
    let was = before.map_or(Role::Nobody, |(_, calendar)| role(calendar, is_me));
    let old = before.and_then(|(text, calendar)| Sheet::new(text, calendar, is_me).ok());
    let Some(new) = new else {
        let messages = match old.filter(|_| was == Role::Organizer) {
            Some(old) => Sending::new(&old, None, Verdicts::new(), now).all()?,
            None => Vec::new(),
        };
        return Ok(Change { stored: None, messages, keeps_schedule_tag: false });
    };
    let text = utf8(new).ok_or_else(|| Violation::Unreadable("not UTF-8".to_owned()))?;
    let calendar = Calendar::parse(text.as_bytes());
    let calendar = calendar.map_err(|fault| Violation::Unreadable(fault.to_string()))?;
    let is = role(&calendar, is_me);
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(Violation::Unreadable)?;
    if !sheet.has_one_organizer() {
        return Err(Violation::SameOrganizer);
    }
    let mine = |sheet: &Sheet<'_>| sheet.organizer().is_some_and(|o| is_me(o.value().trim()));
    if was == Role::Attendee
        || was == Role::Organizer && sheet.organizer().is_some() && !mine(&sheet)
    {
        return Err(Violation::OrganizerChanged(was));
    }
    let old = old.filter(|_| was == Role::Organizer);
    if is != Role::Organizer {
        let messages = match old {
            Some(old) => Sending::new(&old, None, Verdicts::new(), now).all()?,
            None => Vec::new(),
        };
        return Ok(Change { stored: None, messages, keeps_schedule_tag: false });
    }
    let (stored, verdicts) = settle(old.as_ref(), &sheet);
    let forced = forced(&sheet);
    let (stored, messages) = told(old.as_ref(), stored, verdicts, &forced, is_me, now)?;
    let stored = Some(stored).filter(|stored| *stored != *text);
    Ok(Change { stored, messages, keeps_schedule_tag: false })
}

/// Whom the client wants to be sent a REQUEST in any case.
fn forced(sheet: &Sheet<'_>) -> BTreeSet<String> {
    let people = sheet.parts.iter().flat_map(|part| &part.attendees);
    people.filter(|person| person.forces("REQUEST")).map(|person| person.who.clone()).collect()
}

/// The messages about what will be stored, which gets the DTSTAMP that they have.
fn told(
    old: Option<&Sheet<'_>>,
    text: String,
    verdicts: Verdicts,
    forced: &BTreeSet<String>,
    is_me: IsMe<'_>,
    now: Timestamp,
) -> Result<(String, Vec<Message>), Violation> {
    let unreadable = |why: String| Violation::Unreadable(why);
    let calendar =
        Calendar::parse(text.as_bytes()).map_err(|fault| unreadable(fault.to_string()))?;
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(unreadable)?;
    // The messages of one change are newer than all before, within one second too.
    let newest = old.map_or(0, Sheet::newest);
    let future = now.seconds().saturating_add(86_400);
    let stamp = now.seconds().max(if newest < future { newest + 2 } else { 0 });
    let mut sending = match old {
        Some(old) => Sending::new(old, Some(&sheet), verdicts, now),
        None => Sending::new(&sheet, Some(&sheet), verdicts, now),
    };
    sending.fresh = old.is_none();
    sending.stamp = stamp;
    sending.forced = Some(forced);
    let messages = sending.all()?;
    if messages.is_empty() {
        return Ok((text, messages));
    }
    let mut edits = Edits::default();
    sheet.parts.iter().for_each(|part| set_stamp(&sheet, part, stamp, &mut edits));
    let stamped = edits.apply(&text);
    Ok((stamped, messages))
}

/// Which parts of an object somebody sees.
type Seen = Vec<usize>;

/// What one attendee is told; who sees the same is told the same.
#[derive(Default)]
struct Group {
    people: Vec<(String, String)>,
    forced: Vec<bool>,
}

/// The messages of one change.
struct Sending<'s, 'c> {
    old: &'s Sheet<'c>,
    new: Option<&'s Sheet<'c>>,
    verdicts: Verdicts,
    forced: Option<&'s BTreeSet<String>>,
    fresh: bool,
    stamp: i64,
    octets: usize,
    messages: Vec<Message>,
}

/// By address: how it is written, and the parts that he sees.
fn seen(sheet: &Sheet<'_>) -> BTreeMap<String, (String, Seen)> {
    let mut seen = BTreeMap::<String, (String, Seen)>::new();
    let whole = sheet.is_cancelled();
    for (at, part) in sheet.parts.iter().enumerate().filter(|(_, p)| !p.cancelled && !whole) {
        for person in part.attendees.iter().filter(|p| !p.me && p.agent() == Agent::Server) {
            let address = || (person.line.value().trim().to_owned(), Seen::new());
            seen.entry(person.who.clone()).or_insert_with(address).1.push(at);
        }
    }
    seen
}

impl<'s, 'c> Sending<'s, 'c> {
    fn new(
        old: &'s Sheet<'c>,
        new: Option<&'s Sheet<'c>>,
        verdicts: Verdicts,
        now: Timestamp,
    ) -> Self {
        let stamp = now.seconds().max(old.newest() + 1);
        let (octets, messages) = (0, Vec::new());
        Self { old, new, verdicts, forced: None, fresh: false, stamp, octets, messages }
    }

    fn all(mut self) -> Result<Vec<Message>, Violation> {
        let mut before = if self.fresh { BTreeMap::new() } else { seen(self.old) };
        let mut groups = BTreeMap::<(Seen, Seen), Group>::new();
        let mut join = |seen: (Seen, Seen), who: (String, String), forced: bool| {
            let group = groups.entry(seen).or_default();
            group.people.push(who);
            group.forced.push(forced);
        };
        for (who, (address, sees)) in self.new.map(seen).unwrap_or_default() {
            let saw = before.remove(&who).map_or(Seen::new(), |(_, saw)| saw);
            let forced = self.forced.is_some_and(|forced| forced.contains(&who));
            join((saw, sees), (who, address), forced);
        }
        for (who, (address, saw)) in before {
            join((saw, Seen::new()), (who, address), false);
        }
        let mut deriver = Deriver::new(self.old);
        for ((saw, sees), group) in groups {
            let lost = self.cancels(&saw, &sees, &group, &mut deriver)?;
            self.requests(&saw, &sees, &group, lost)?;
        }
        Ok(self.messages)
    }

    fn send(
        &mut self,
        (to, forced): (&str, bool),
        method: Method,
        text: &Arc<str>,
        silent: bool,
        about: &str,
    ) {
        let (to, text, about) = (to.to_owned(), text.clone(), about.to_owned());
        self.messages.push(Message { to, method, text, forced, silent, about });
    }

    /// Texts that are different take memory each.
    fn count(&mut self, text: String) -> Result<Arc<str>, Violation> {
        self.octets = self.octets.saturating_add(text.len());
        if self.octets > ITIP_OCTETS_MAX {
            let what = "so many attendees' invitations, each to different instances, at once";
            return Err(Violation::OrganizerChange(what.to_owned()));
        }
        Ok(text.into())
    }

    fn part<'p>(sheet: &'p Sheet<'c>, seen: &[usize]) -> Vec<&'p Part<'c>> {
        seen.iter().filter_map(|at| sheet.parts.get(*at)).collect()
    }

    /// The CANCELs of those who are no longer invited to what they saw; whether there are any.
    fn cancels(
        &mut self,
        saw: &[usize],
        sees: &[usize],
        group: &Group,
        deriver: &mut Deriver<'s, 'c>,
    ) -> Result<bool, Violation> {
        let old = Self::part(self.old, saw);
        let new = self.new.map_or(Vec::new(), |new| Self::part(new, sees));
        let whole = is_series(&old) && !is_series(&new);
        let keys = if whole { Vec::new() } else { self.lost(&old, &new) };
        let own = |key: i64| old.iter().find(|part| part.key == Some(key)).map(|p| p.component);
        let mut parts: Vec<_> = keys
            .iter()
            .filter_map(|key| match own(*key) {
                Some(it) => Some((it, None)),
                None => deriver.of(*key).map(|derived| (derived.component, Some(derived))),
            })
            .collect();
        if whole && let Some(series) = old.first() {
            parts.push((series.component, None));
        }
        if parts.is_empty() {
            return Ok(!keys.is_empty());
        }
        let version = self.cancel_version(sees.is_empty());
        let write = |named: Option<&str>| {
            let parts = parts
                .iter()
                .map(|(it, derived)| cancelled(self.old, *it, derived.as_ref(), named, version));
            wrap(Method::Cancel, self.old, &parts.collect::<String>())
        };
        let everybody = self.is_gone(&keys);
        let about = match keys.len() {
            0 => "cancelled".to_owned(),
            1 => "one instance cancelled".to_owned(),
            count => format!("{count} instances cancelled"),
        };
        let texts: Vec<String> = match everybody {
            true => vec![write(None)],
            false => group.people.iter().map(|(who, _)| write(Some(who))).collect(),
        };
        let texts =
            texts.into_iter().map(|text| self.count(text)).collect::<Result<Vec<_>, _>>()?;
        for ((_, address), text) in group.people.iter().zip(texts.iter().cycle()) {
            self.send((address, false), Method::Cancel, text, false, &about);
        }
        Ok(true)
    }

    /// What a CANCEL counts as: newer than what it cancels, and, for who is still invited to
    /// something, older than the REQUEST that comes with it.
    fn cancel_version(&self, last: bool) -> Version {
        let stamp = if last { self.stamp } else { self.stamp - 1 };
        let least = self.old.parts.iter().map(|part| part.sequence).max().unwrap_or(0) + 1;
        let now = self.new.and_then(Sheet::master).map_or(0, |master| master.sequence);
        Version { stamp, sequence: Some(least.max(now)) }
    }

    /// Whether these instances, or if there are none the whole, take place for nobody any more.
    fn is_gone(&self, keys: &[i64]) -> bool {
        let Some(new) = self.new else { return true };
        let gone = |key: &i64| match new.part(Some(*key)) {
            Some(part) => part.cancelled,
            None => new.master().is_none() || new.excluded.contains(key),
        };
        new.is_cancelled() || !keys.is_empty() && keys.iter().all(gone)
    }

    /// The instances that somebody was invited to and is not any more.
    fn lost(&self, old: &[&Part<'_>], new: &[&Part<'_>]) -> Vec<i64> {
        let mut asked = keys(old);
        let Some(sheet) = self.new else { return asked.into_iter().collect() };
        if is_series(old) {
            asked.extend(sheet.excluded.difference(&self.old.excluded));
            asked.extend(sheet.parts.iter().filter_map(|part| part.key));
        }
        let (had, has) = (keys(old), keys(new));
        let lost = |key: &i64| {
            covers(self.old, &had, is_series(old), *key)
                && !covers(sheet, &has, is_series(new), *key)
        };
        asked.into_iter().filter(lost).collect()
    }

    /// The REQUESTs of those who are invited.
    fn requests(
        &mut self,
        saw: &[usize],
        sees: &[usize],
        group: &Group,
        lost: bool,
    ) -> Result<(), Violation> {
        let (Some(new), false) = (self.new, sees.is_empty()) else { return Ok(()) };
        let (old, parts) = (Self::part(self.old, saw), Self::part(new, sees));
        let had = keys(&old);
        let more = keys(&parts).iter().any(|key| !covers(self.old, &had, is_series(&old), *key));
        let mut told = Told::of(&parts, saw.is_empty(), more, &self.verdicts);
        told.anything |= lost;
        let mut text = None;
        for ((_, address), forced) in group.people.iter().zip(&group.forced) {
            if !told.anything && !forced {
                continue;
            }
            let text = match &text {
                Some(text) => text,
                None => {
                    let written = request(new, &flags(new, sees), self.stamp);
                    text.insert(self.count(written)?)
                }
            };
            let text = text.clone();
            let silent = !told.news && !forced;
            let about = if told.anything { &*told.about } else { "asked again" };
            self.send((address, *forced), Method::Request, &text, silent, about);
        }
        Ok(())
    }
}

fn keys(parts: &[&Part<'_>]) -> BTreeSet<i64> {
    parts.iter().filter_map(|part| part.key).collect()
}

/// Whether parts are those of somebody who is invited to the series.
fn is_series(parts: &[&Part<'_>]) -> bool {
    parts.first().is_some_and(|part| part.key.is_none())
}

/// Whether who sees these exceptions, and perhaps the series, is invited to an instance.
fn covers(sheet: &Sheet<'_>, own: &BTreeSet<i64>, series: bool, key: i64) -> bool {
    let excepted = sheet.part(Some(key)).is_some() || sheet.excluded.contains(&key);
    own.contains(&key) || series && !excepted
}

/// What a REQUEST is about.
struct Told {
    anything: bool,
    news: bool,
    about: String,
}

impl Told {
    fn of(parts: &[&Part<'_>], invited: bool, more: bool, verdicts: &Verdicts) -> Self {
        if invited {
            return Self { anything: true, news: true, about: "invited".to_owned() };
        }
        let of = |part: &&Part<'_>| verdicts.get(&part.key);
        let found: Vec<&Verdict> = parts.iter().filter_map(of).collect();
        let any = |test: &dyn Fn(&Verdict) -> bool| found.iter().any(|verdict| test(verdict));
        let news = any(&Verdict::is_news);
        let quiet = any(&|v| v.people || v.shift != Shift::None);
        Self { anything: news || more || quiet, news: news || more, about: about(&found) }
    }
}

/// What changed, in a few words.
fn about(verdicts: &[&Verdict]) -> String {
    let count = |test: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|v| test(v)).count();
    let of = |what: &str, count: usize| match (count, verdicts.len()) {
        (0, _) => None,
        (_, 1) => Some(format!("{what} changed")),
        (1, _) => Some(format!("{what} of one part changed")),
        (count, _) => Some(format!("{what} of {count} parts changed")),
    };
    let names: BTreeSet<&str> = verdicts.iter().flat_map(|v| &v.names).map(|n| &**n).collect();
    let names: Vec<&str> = names.into_iter().take(8).collect();
    let said = [
        of("time", count(&|v| v.shift == Shift::Moved)),
        of("instances", count(&|v| v.shift == Shift::Fewer)),
        of(&names.join(", "), count(&|v| !v.names.is_empty())),
        of("attendees", count(&|v| v.people)),
        of("exceptions", count(&|v| v.dropped)),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { "updated".to_owned() } else { said.join("; ") }
}

/// See [`super::refresh`].
pub fn refresh(stored: &[u8], except: &str, is_me: IsMe<'_>, now: Timestamp) -> Vec<Message> {
    let except = address(except);
    states(stored, is_me, now, &|who| who != except).unwrap_or_default()
}

/// See [`super::state`].
pub fn state(stored: &[u8], to: &str, is_me: IsMe<'_>, now: Timestamp) -> Vec<Message> {
    let to = address(to);
    let mut messages = states(stored, is_me, now, &|who| who == to).unwrap_or_default();
    for message in &mut messages {
        (message.silent, message.about) = (false, "the newest state, as asked".to_owned());
    }
    messages
}

/// The present state for whom it is wanted, with the DTSTAMP that it is stored with.
fn states(
    stored: &[u8],
    is_me: IsMe<'_>,
    now: Timestamp,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Vec<Message>> {
    let text = utf8(stored)?;
    let calendar = Calendar::parse(text.as_bytes()).ok()?;
    if role(&calendar, is_me) != Role::Organizer {
        return None;
    }
    let sheet = Sheet::new(&text, &calendar, is_me).ok()?;
    let stamp = if sheet.newest() > 0 { sheet.newest() } else { now.seconds() };
    let mut texts = HashMap::<Seen, Arc<str>>::new();
    let (mut messages, mut octets) = (Vec::new(), 0_usize);
    for (who, (to, sees)) in seen(&sheet).into_iter().filter(|(who, _)| wanted(who)) {
        let first = sees.first().and_then(|at| sheet.parts.get(*at));
        let untold = first.and_then(|part| part.attendee(&who)).is_some_and(is_untold);
        let text = texts.entry(sees).or_insert_with_key(|sees| {
            let text = request(&sheet, &flags(&sheet, sees), stamp);
            octets = octets.saturating_add(text.len());
            text.into()
        });
        if octets > ITIP_OCTETS_MAX {
            break;
        }
        let about = if untold { "invited" } else { "an answer of another attendee" }.to_owned();
        let (method, text, silent) = (Method::Request, text.clone(), !untold);
        messages.push(Message { to, method, text, forced: false, silent, about });
    }
    Some(messages)
}

/// Whether an attendee came by another's answer (a delegate), and was never sent anything.
fn is_untold(person: &Person<'_>) -> bool {
    let never = person.line.param("SCHEDULE-STATUS").is_none();
    never && person.partstat() == "NEEDS-ACTION" && !person.delegated("DELEGATED-FROM").is_empty()
}

/// Which parts are among these.
fn flags(sheet: &Sheet<'_>, sees: &[usize]) -> Vec<bool> {
    let mut flags = vec![false; sheet.parts.len()];
    for at in sees {
        if let Some(flag) = flags.get_mut(*at) {
            *flag = true;
        }
    }
    flags
}
