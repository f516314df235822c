//! Whether somebody takes part in an event: what PARTSTAT says of those who are asked.
//!
//! Invariant: an event makes nobody busier than it would make its owner if he came. Standards:
//! RFC 5545 §3.2.12 (PARTSTAT), §3.8.4.1 (ATTENDEE), §3.8.4.3 (ORGANIZER).

use super::Component;
use super::busy::BusyType;
use crate::format::line::Line;
use crate::kernel::secret::sha256;

/// A calendar user address in the form in which two are compared: lower case, `mailto:` left out.
pub fn folded(address: &str) -> String {
    let address = address.trim().to_lowercase();
    address.strip_prefix("mailto:").map(str::to_owned).unwrap_or(address)
}

/// An address as a number, so that an index keeps eight octets of it and tells nobody who it is.
pub fn key(address: &str) -> u64 {
    let hash = sha256(folded(address).as_bytes());
    hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The addresses of one calendar user.
#[derive(Clone, Debug, Default)]
pub struct Whose(Vec<u64>);

impl Whose {
    /// Of these addresses.
    pub fn of<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Self {
        Self(addresses.into_iter().map(key).collect())
    }

    /// Whether an address with this [`key`] is one of them.
    pub fn has(&self, key: u64) -> bool {
        self.0.contains(&key)
    }
}

/// How busy an event that takes time makes one who is asked, by PARTSTAT in capitals; who says
/// anything else comes.
const ANSWERS: [(&str, Option<BusyType>); 4] = [
    ("DECLINED", None),
    // Somebody else comes instead.
    ("DELEGATED", None),
    ("TENTATIVE", Some(BusyType::Tentative)),
    ("NEEDS-ACTION", Some(BusyType::Tentative)),
];

/// Those who are asked to an event of this kind and whom it makes less busy than that, by the key of
/// their addresses.
pub fn answers(
    component: Component<'_>,
    kind: BusyType,
) -> impl Iterator<Item = (u64, Option<BusyType>)> {
    let organizer = component.property("ORGANIZER").map(|line| folded(line.value()));
    component.all("ATTENDEE").filter_map(move |line| {
        let answer = answer(line)?;
        // Who invites need not say that he comes.
        let own = organizer.as_deref() == Some(&folded(line.value()));
        let unsaid = answer == Some(BusyType::Tentative) && own;
        (answer != Some(kind) && !unsaid).then(|| (key(line.value()), answer))
    })
}

/// What an ATTENDEE answers; none: he comes. No PARTSTAT is NEEDS-ACTION (RFC 5545 §3.2.12).
fn answer(line: &Line<'_>) -> Option<Option<BusyType>> {
    let said = line.param("PARTSTAT");
    let said = said.as_ref().map_or("NEEDS-ACTION".into(), |param| param.value());
    ANSWERS.iter().find(|row| row.0.eq_ignore_ascii_case(&said)).map(|row| row.1)
}

/// How busy an event of this kind makes somebody.
pub fn of(component: Component<'_>, kind: BusyType, whose: &Whose) -> Option<BusyType> {
    if whose.0.is_empty() {
        return Some(kind);
    }
    let mut own = answers(component, kind).filter(|(key, _)| whose.has(*key));
    own.next().map_or(Some(kind), |(_, answer)| answer)
}
