//! A card of one version as a card of the other: tables of what is named or written differently.
//!
//! Invariant: what no table names is kept, groups (`item1.`) and unknown parameters included; only
//! PROFILE, CHARSET and the PREFs that are not the best are lost. Going from 3.0 to 4.0 and back
//! changes nothing of what a card says. Standards: RFC 2426, RFC 6350 (its appendix A lists the
//! differences), RFC 6474, RFC 6715, RFC 8605 and RFC 9554, whose properties are kept as they are.

use super::forms::{
    date_down, date_up, geo_down, geo_up, has_scheme, inline_down, inline_up, stamp_down, stamp_up,
    zone_down, zone_up,
};
use super::old::{is_old, unquoted, upgrade};
use super::{Card, Version};
use crate::format::ical::value;
use crate::format::line::Malformed;
use crate::format::property::{Parameter, Property, escaped, split_unescaped};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

/// The card in this version; as it is, byte for byte, if that is its own. One of version 2.1 is read
/// as such; one without VERSION, or with an unknown one, counts as of the other version.
///
/// # Errors
/// A text that is not one card.
pub fn convert(text: &str, to: Version) -> Result<Cow<'_, str>, Malformed> {
    // One that says 2.1 and is not of it may still be a card.
    if is_old(text.as_bytes())
        && let Ok(three) = upgrade(text.as_bytes())
    {
        return Ok(Cow::Owned(convert(&three, to)?.into_owned()));
    }
    let card = Card::parse(text.as_bytes())?;
    if card.property("VERSION").is_some_and(|line| line.value().trim() == to.number()) {
        return Ok(Cow::Borrowed(text));
    }
    let properties = card.properties().map(Property::from).collect();
    let properties = match to {
        Version::V3 => down(properties, &card.display_name()),
        Version::V4 => up(properties, &card.display_name()),
    };
    Ok(Cow::Owned(written(&properties, to)))
}

/// The properties as a card; VERSION stands first, as RFC 6350 §6.7.9 demands.
pub fn written(properties: &[Property], version: Version) -> String {
    let size: usize = properties.iter().map(|p| p.value.len() + 40).sum();
    let mut out = String::with_capacity(size + size / 16 + 64);
    out.extend(["BEGIN:VCARD\r\nVERSION:", version.number(), "\r\n"]);
    properties.iter().filter(|p| !p.is("VERSION")).for_each(|p| p.write(&mut out));
    out.push_str("END:VCARD\r\n");
    out
}

/// What becomes of a property: its new name, empty if it goes, and what changes in it.
type Row = (&'static str, &'static str, fn(&mut Property));

/// From 3.0 to 4.0.
static UP: [Row; 19] = [
    ("ADR", "ADR", seven_at_least),
    ("AGENT", "", agent_up),
    ("BDAY", "BDAY", date_up),
    ("CLASS", "X-CLASS", same),
    ("GEO", "GEO", geo_up),
    ("KEY", "KEY", inline_up),
    ("LOGO", "LOGO", inline_up),
    ("MAILER", "X-MAILER", same),
    ("N", "N", five_at_least),
    ("NAME", "X-NAME", same),
    ("PHOTO", "PHOTO", inline_up),
    ("PROFILE", "", same),
    ("REV", "REV", stamp_up),
    ("SOUND", "SOUND", inline_up),
    ("TZ", "TZ", zone_up),
    ("UID", "UID", uid_up),
    ("X-ADDRESSBOOKSERVER-KIND", "KIND", same),
    ("X-ADDRESSBOOKSERVER-MEMBER", "MEMBER", same),
    ("X-ANNIVERSARY", "ANNIVERSARY", date_up),
];

/// From 4.0 to 3.0.
static DOWN: [Row; 18] = [
    ("ADR", "ADR", seven_components),
    ("ANNIVERSARY", "X-ANNIVERSARY", date_down),
    ("BDAY", "BDAY", date_down),
    ("GEO", "GEO", geo_down),
    ("KEY", "KEY", inline_down),
    ("LOGO", "LOGO", inline_down),
    ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER", same),
    ("N", "N", five_components),
    ("PHOTO", "PHOTO", inline_down),
    ("REV", "REV", stamp_down),
    ("SOUND", "SOUND", inline_down),
    ("TEL", "TEL", phone_down),
    ("TZ", "TZ", zone_down),
    ("UID", "UID", text_down),
    ("X-AGENT", "AGENT", same),
    ("X-CLASS", "CLASS", same),
    ("X-MAILER", "MAILER", same),
    ("X-NAME", "NAME", same),
];

/// What both versions may hold several of but 3.0's readers look for one of; others become X-.
static ONCE: [(&str, &str); 3] = [("FN", "X-FN"), ("N", "X-N"), ("BDAY", "X-BDAY")];

fn apply(table: &[Row], it: &mut Property) {
    if let Some((old, new, change)) = table.iter().find(|row| it.is(row.0)) {
        change(it);
        // A change that gives a name of its own leaves none to the table.
        if it.is(old) {
            it.name = (*new).to_owned();
        }
    }
}

fn same(_: &mut Property) {}

fn up(mut all: Vec<Property>, display_name: &str) -> Vec<Property> {
    all.iter_mut().for_each(readable);
    labels_up(&mut all);
    sort_up(&mut all);
    for it in &mut all {
        if let Some((name, _)) = ONCE.iter().find(|(_, other)| it.is(other)) {
            it.name = (*name).to_owned();
        }
        apply(&UP, it);
        let (pref, kinds): (Vec<_>, Vec<_>) =
            it.types().into_iter().partition(|word| word.eq_ignore_ascii_case("pref"));
        it.set("TYPE", kinds);
        if !pref.is_empty() {
            it.set_one("PREF", "1");
        }
        if it.value.contains("\\:") {
            it.value = without_colon_escapes(&it.value);
        }
    }
    kind_up(&mut all);
    all.retain(|it| !it.name.is_empty());
    if !all.iter().any(|it| it.is("FN")) {
        all.push(Property::new("FN", &escaped(display_name)));
    }
    all
}

fn down(mut all: Vec<Property>, display_name: &str) -> Vec<Property> {
    all.iter_mut().for_each(readable);
    pref_down(&mut all);
    labels_down(&mut all);
    sort_down(&mut all);
    for it in &mut all {
        related_down(it);
        kind_down(it);
        apply(&DOWN, it);
    }
    let mut seen = Vec::new();
    for it in &mut all {
        if let Some((name, other)) = ONCE.iter().find(|(name, _)| it.is(name)) {
            match seen.contains(name) {
                true => it.name = (*other).to_owned(),
                false => seen.push(name),
            }
        }
    }
    all.retain(|it| !it.name.is_empty());
    names_demanded(&mut all, display_name);
    all
}

/// Adds the names that 3.0 demands (RFC 2426 §3.1.1, §3.1.2).
pub fn names_demanded(all: &mut Vec<Property>, display_name: &str) {
    let name = escaped(display_name);
    let missing = |all: &[Property], name| !all.iter().any(|it| it.is(name));
    if missing(all, "FN") {
        all.push(Property::new("FN", &name));
    }
    if missing(all, "N") {
        // As Apple writes what has no name of a person.
        all.push(Property::new("N", &format!("{name};;;;")));
    }
}

impl Property {
    /// The words of TYPE, those in one pair of quotes apart too.
    fn types(&self) -> Vec<String> {
        let words = self.values("TYPE").flat_map(|value| value.split(','));
        words.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// The words of a parameter in lower case and order, for comparison.
    fn words(&self, name: &str) -> Vec<String> {
        let words = self.values(name).flat_map(|value| value.split(','));
        let mut words: Vec<_> = words.map(|word| word.trim().to_ascii_lowercase()).collect();
        words.sort();
        words
    }
}

/// Values of parameters that version 2.1 writes without a name; all others are TYPEs.
static ENCODINGS: [&str; 5] = ["BASE64", "B", "QUOTED-PRINTABLE", "8BIT", "7BIT"];

/// What neither version allows and both are sent: parameters without a name, a charset, words of
/// TYPE in one pair of quotes.
pub fn plain(it: &mut Property) {
    it.take("CHARSET");
    let is_encoding =
        |word: &String| ENCODINGS.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
    let (codings, kinds): (Vec<_>, Vec<_>) = it.take("").into_iter().partition(is_encoding);
    for (name, words) in [("ENCODING", codings), ("TYPE", kinds)] {
        if !words.is_empty() {
            let own = it.values(name).map(str::to_owned);
            let all = own.chain(words).collect();
            it.set(name, all);
        }
    }
    let words = it.types();
    it.set("TYPE", words);
}

/// As [`plain`], and without quoted-printable, which is of version 2.1 only.
fn readable(it: &mut Property) {
    let charset = it.param("CHARSET").unwrap_or("").to_owned();
    plain(it);
    if it.says("ENCODING", "QUOTED-PRINTABLE") {
        it.value = unquoted(&it.value, &charset);
        it.take("ENCODING");
    }
}

/// Escaped colons are of RFC 2426's time only; escaped backslashes stay.
fn without_colon_escapes(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some(':')) => out.push(':'),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (c, _) => out.push(c),
        }
    }
    out
}

/// AGENT went (RFC 6350 §6.6.6 keeps it as a relation); one written out as a card has no other
/// place.
fn agent_up(it: &mut Property) {
    if it.says("VALUE", "uri") {
        it.name = "RELATED".to_owned();
        it.take("VALUE");
        let mut kinds = it.types();
        kinds.push("agent".to_owned());
        it.set("TYPE", kinds);
    } else {
        it.name = "X-AGENT".to_owned();
    }
}

fn related_down(it: &mut Property) {
    if it.is("RELATED") && it.says("TYPE", "agent") && !it.says("VALUE", "text") {
        it.name = "AGENT".to_owned();
        let kinds = it.types().into_iter().filter(|kind| !kind.eq_ignore_ascii_case("agent"));
        let kinds = kinds.collect();
        it.set("TYPE", kinds);
        it.set_one("VALUE", "uri");
    }
}

/// Apple's company is a KIND, unless the card has another.
fn kind_up(all: &mut [Property]) {
    let company = |it: &Property| it.is("X-ABShowAs") && it.value.trim() == "COMPANY";
    if !all.iter().any(|it| it.is("KIND"))
        && let Some(it) = all.iter_mut().find(|it| company(it))
    {
        *it = Property { group: it.group.take(), ..Property::new("KIND", "org") };
    }
}

/// The two kinds that Apple has words for; the others keep theirs.
fn kind_down(it: &mut Property) {
    if !it.is("KIND") {
        return;
    }
    match it.value.trim().to_ascii_lowercase().as_str() {
        "group" => it.name = "X-ADDRESSBOOKSERVER-KIND".to_owned(),
        "org" => {
            *it = Property { group: it.group.take(), ..Property::new("X-ABShowAs", "COMPANY") }
        }
        _ => {}
    }
}

/// A UID is text in 3.0 and a URI in 4.0 unless it says otherwise (RFC 6350 §6.7.6).
fn uid_up(it: &mut Property) {
    match has_scheme(&it.value) {
        true => it.set("VALUE", Vec::new()),
        false => it.set_one("VALUE", "text"),
    }
}

fn text_down(it: &mut Property) {
    it.take("VALUE");
}

/// A telephone number is a text in 3.0; an extension is told to people.
fn phone_down(it: &mut Property) {
    let value = it.value.trim();
    let number = value.split_at_checked(4).filter(|(s, _)| s.eq_ignore_ascii_case("tel:"));
    let Some((_, number)) = number.filter(|_| it.says("VALUE", "uri")) else {
        return text_down(it);
    };
    let mut parts = number.split(';');
    let mut text = parts.next().unwrap_or("").to_owned();
    if let Some(extension) = parts.find_map(|part| part.strip_prefix("ext=")) {
        text.extend([" ext. ", extension]);
    }
    it.value = text;
    it.take("VALUE");
}

fn five_at_least(it: &mut Property) {
    pad(it, 5);
}

fn seven_at_least(it: &mut Property) {
    pad(it, 7);
}

/// Adds the empty components at the end that 3.0 lets one leave out (RFC 6350 §6.2.2, §6.3.1).
fn pad(it: &mut Property, wanted: usize) {
    let missing = wanted.saturating_sub(split_unescaped(&it.value, b';').count());
    it.value.push_str(&";".repeat(missing));
}

fn five_components(it: &mut Property) {
    drop_empty_tail(it, 5);
}

fn seven_components(it: &mut Property) {
    drop_empty_tail(it, 7);
}

/// Takes the components away that RFC 9554 added, if they are empty.
fn drop_empty_tail(it: &mut Property, kept: usize) {
    let parts: Vec<&str> = split_unescaped(&it.value, b';').collect();
    if let Some((head, tail)) = parts.split_at_checked(kept)
        && tail.iter().all(|part| part.is_empty())
    {
        it.value = head.join(";");
    }
}

/// Of the properties of one name those with the best PREF become preferred (RFC 6350 §5.3).
fn pref_down(all: &mut [Property]) {
    let rank = |it: &Property| it.param("PREF").and_then(|n| n.trim().parse::<u8>().ok());
    let ranks: Vec<_> = all.iter().map(|it| (it.name.to_ascii_uppercase(), rank(it))).collect();
    let mut best = HashMap::new();
    for (name, rank) in ranks.iter().filter_map(|(name, rank)| Some((name, (*rank)?))) {
        let least = best.entry(name).or_insert(rank);
        *least = rank.min(*least);
    }
    for (it, (name, rank)) in all.iter_mut().zip(&ranks) {
        it.take("PREF");
        if rank.is_some() && best.get(name).copied() == *rank {
            let mut kinds = it.types();
            kinds.push("pref".to_owned());
            it.set("TYPE", kinds);
        }
    }
}

/// What an ADR and its LABEL have in common: the group, TYPE and LANGUAGE.
type Home = (Option<String>, Vec<String>, Vec<String>);

fn home_of(it: &Property) -> Home {
    let group = it.group.as_deref().map(str::to_ascii_lowercase);
    (group, it.words("TYPE"), it.words("LANGUAGE"))
}

/// The parameters that [`home_of`] compares.
fn is_of_home(param: &Parameter) -> bool {
    ["TYPE", "LANGUAGE"].iter().any(|known| param.name.eq_ignore_ascii_case(known))
}

/// LABEL becomes a parameter of the first ADR with the same group, TYPE and LANGUAGE that has none
/// (RFC 6350 §6.3.1), else of one that is otherwise empty.
fn labels_up(all: &mut Vec<Property>) {
    let mut homes: HashMap<Home, VecDeque<usize>> = HashMap::new();
    let is_home = |it: &Property| {
        it.is("ADR") && it.param("LABEL").is_none() && !it.value.trim_matches(';').is_empty()
    };
    for (at, it) in all.iter().enumerate().filter(|(_, it)| is_home(it)) {
        homes.entry(home_of(it)).or_default().push_back(at);
    }
    for at in 0..all.len() {
        let Some(label) = all.get_mut(at).filter(|it| it.is("LABEL")) else { continue };
        let text = value::text(&label.value).into_owned();
        let simple = label.params.iter().all(is_of_home);
        let home = if simple { homes.get_mut(&home_of(label)) } else { None };
        match home.and_then(VecDeque::pop_front) {
            Some(home) => {
                label.name.clear();
                if let Some(home) = all.get_mut(home) {
                    home.set_one("LABEL", &text);
                }
            }
            None => {
                (label.name, label.value) = ("ADR".to_owned(), ";;;;;;".to_owned());
                label.set_one("LABEL", &text);
            }
        }
    }
    all.retain(|it| !it.name.is_empty());
}

/// The LABEL of an ADR becomes a property beside it, or in its place if it was all there was.
fn labels_down(all: &mut Vec<Property>) {
    let mut out = Vec::with_capacity(all.len());
    for mut it in all.drain(..) {
        let label = if it.is("ADR") { it.take("LABEL").into_iter().next() } else { None };
        let Some(label) = label else {
            out.push(it);
            continue;
        };
        // Escaped as in a value, or by RFC 6868, which was undone before.
        let text = label.replace("\\n", "\n").replace("\\N", "\n");
        let value = escaped(&text);
        if it.value.trim_matches([';', ' ']).is_empty() {
            out.push(Property { name: "LABEL".to_owned(), value, ..it });
            continue;
        }
        let params = it.params.iter().filter(|p| is_of_home(p)).cloned().collect();
        let (group, name) = (it.group.clone(), "LABEL".to_owned());
        out.push(it);
        out.push(Property { group, name, params, value });
    }
    *all = out;
}

/// SORT-STRING becomes SORT-AS of N (RFC 6350 §5.9); kept as X- where it does not fit.
fn sort_up(all: &mut Vec<Property>) {
    let Some(at) = all.iter().position(|it| it.is("SORT-STRING")) else { return };
    let simple = all.get(at).filter(|it| it.params.is_empty() && it.group.is_none());
    let text = simple.map(|it| value::text(&it.value).into_owned());
    let name = all.iter_mut().find(|it| it.is("N") && it.param("SORT-AS").is_none());
    match (text, name) {
        (Some(text), Some(name)) => {
            name.set_one("SORT-AS", &text);
            all.remove(at);
        }
        _ => {
            if let Some(it) = all.get_mut(at) {
                it.name = "X-SORT-STRING".to_owned();
            }
        }
    }
}

fn sort_down(all: &mut Vec<Property>) {
    for it in all.iter_mut().filter(|it| it.is("X-SORT-STRING")) {
        it.name = "SORT-STRING".to_owned();
    }
    let name = all.iter_mut().find(|it| it.is("N") && it.param("SORT-AS").is_some());
    if let Some(name) = name {
        let text = name.take("SORT-AS").join(",");
        all.push(Property::new("SORT-STRING", &escaped(&text)));
    }
}

#[cfg(test)]
mod tests;
