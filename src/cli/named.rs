//! Collections as an operator names them: by the name for people, or by the last part of the address.

use super::Failure;
use crate::domain::collection::property::text_of;
use crate::domain::collection::{Access, Collection, Home, Place, Property, list};

/// A collection directly in a home.
pub struct Named {
    /// Where it is.
    pub place: Place,
    /// Its name for people; empty: it has none.
    pub title: String,
}

/// The collections of these homes of an account that are wanted, and what was wanted around them.
///
/// # Errors
/// [`Failure::Failed`].
pub async fn all(
    access: &Access,
    homes: &[Home],
    keep: fn(&Collection) -> bool,
) -> Result<Vec<Named>, Failure> {
    let mut named = Vec::new();
    for home in homes {
        let at = Place::new(access.who.id, &access.who.name, *home, "/")?;
        let want = list::Want { children: true, properties: true, ..list::Want::default() };
        let sight = list::see(access, &at, want).await?;
        let children = sight.children.iter().filter(|(it, _)| keep(it));
        named.extend(children.map(|(it, properties)| Named {
            place: at.at(&it.path, true),
            title: title(properties),
        }));
    }
    Ok(named)
}

fn title(properties: &[Property]) -> String {
    let name = properties.iter().find(|p| p.name == "displayname");
    name.and_then(text_of).unwrap_or_default()
}

/// The one that has this name. `what` says what is looked for.
///
/// # Errors
/// [`Failure::Failed`] for none and for more than one.
pub fn one(all: Vec<Named>, owner: &str, what: &str, wanted: &str) -> Result<Named, Failure> {
    let wanted = wanted.trim_matches('/');
    let is = |it: &Named| it.place.name() == wanted || it.title == wanted;
    let titles: Vec<String> = all.iter().map(|it| format!("\"{}\"", it.title)).collect();
    let mut found = all.into_iter().filter(is);
    match (found.next(), found.next()) {
        (Some(it), None) => Ok(it),
        (Some(_), Some(_)) => Err(Failure::Failed(format!(
            "{owner} has more than one {what} \"{wanted}\": give the last part of its address"
        ))),
        (None, _) => Err(Failure::Failed(format!(
            "{owner} has no {what} \"{wanted}\", but {}",
            titles.join(", ")
        ))),
    }
}
