//! `DAV:expand-property` (RFC 3253 §3.8): properties, and of the resources that their hrefs name
//! the properties again. Apple's programs ask so for delegates (CLIENTS-SOURCE §6).
//!
//! Invariant: levels and resources are bounded, so hrefs that lead in a circle come to an end.

use super::resource::{demand_depth_zero, fetch};
use crate::domain::collection::list::Want;
use crate::format::uri;
use crate::format::xml::{Element, Name, Node, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{EXPAND_DEPTH_MAX, EXPAND_RESOURCES_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::multistatus;
use crate::protocol::dav::fault::verdict;
use crate::protocol::dav::multistatus::{Wanted, show, write_shown, write_status};
use crate::protocol::dav::name::PROP;
use crate::protocol::dav::property::Shown;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::pin::Pin;
use std::sync::Arc;

/// A property asked for, with those asked of the resources that it names.
struct Asked {
    element: Element,
    inside: Vec<Asked>,
}

/// What one request may still do, and how it wants absent properties told.
struct Work<'a> {
    ask: &'a Ask,
    minimal: bool,
    left: usize,
}

/// Answers with the properties of the resource, expanded.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    demand_depth_zero(&ask)?;
    let asked = asked(&root, 0)?;
    let minimal = Preferences::parse(&ask.headers).minimal();
    let mut work = Work { ask: &ask, minimal, left: EXPAND_RESOURCES_MAX };
    let response = work.response(&ask.path, &asked).await?;
    Ok(multistatus(|w| w.raw(&response)))
}

fn asked(element: &Element, depth: usize) -> Outcome<Vec<Asked>> {
    if depth > EXPAND_DEPTH_MAX {
        return Err(Fault::malformed(format!("more than {EXPAND_DEPTH_MAX} levels of property")));
    }
    let mut all = Vec::new();
    for property in element.elements().filter(|e| e.is("DAV:", "property")) {
        let ns = Ns::of(property.attribute("namespace").unwrap_or("DAV:"));
        let name = property.attribute("name").and_then(|local| Name::new(ns, local));
        let Some(name) = name else {
            return Err(Fault::malformed("a property's name is missing or is none"));
        };
        let inside = asked(property, depth + 1)?;
        all.push(Asked { element: Element::new(name), inside });
    }
    Ok(all)
}

fn want(ask: &Ask, asked: &[Asked]) -> Want {
    let mut prop = Element::new(PROP);
    prop.children = asked.iter().map(|a| Node::Element(a.element.clone())).collect();
    let want = Wanted::of_prop(ask.registry(), Some(&prop), false).want();
    Want { content: false, ..want }
}

type Expanding<'f> = Pin<Box<dyn Future<Output = Outcome<Vec<u8>>> + Send + 'f>>;

impl Work<'_> {
    /// The response for one resource.
    fn response<'f>(&'f mut self, path: &'f str, asked: &'f [Asked]) -> Expanding<'f> {
        Box::pin(async move {
            self.left = self.left.checked_sub(1).ok_or(Refusal::TooManyMatches)?;
            let resource = fetch(self.ask, path, want(self.ask, asked)).await?;
            let shown = resource.with(self.ask, |subject| {
                let show_one = |it: &Asked| {
                    let mut writer = Writer::with_capacity(256);
                    let shown = show(subject, &it.element, &mut writer);
                    (it.element.name.clone(), shown, writer.out)
                };
                let path = subject.path.to_owned();
                (path, asked.iter().map(show_one).collect::<Vec<_>>())
            });
            let (path, mut properties) = shown.ok_or(Fault::NotFound)?;
            for (property, it) in properties.iter_mut().zip(asked) {
                if property.1 == Shown::Yes && !it.inside.is_empty() {
                    property.2 = self.expand(&property.2, &it.inside).await?;
                }
            }
            let mut writer = Writer::with_capacity(1024);
            write_shown(&path, &properties, self.minimal, &mut writer);
            Ok(writer.out)
        })
    }

    /// A property with each href in it replaced by the response for what it names. Property rows
    /// write hrefs in one form only; those of other schemes (`mailto:`) name no resource and stay.
    async fn expand(&mut self, property: &[u8], asked: &[Asked]) -> Outcome<Vec<u8>> {
        let text = String::from_utf8_lossy(property);
        let mut out = Vec::with_capacity(property.len());
        let mut rest = text.as_ref();
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.extend_from_slice(before.as_bytes());
            let Some((href, behind)) = after.split_once(CLOSE) else { break };
            match uri::parse_reference(href).and_then(|(_, path)| uri::decode_path(path)) {
                Some(path) => out.extend_from_slice(&self.nested(&path, asked).await?),
                None => {
                    [OPEN, href, CLOSE].iter().for_each(|s| out.extend_from_slice(s.as_bytes()))
                }
            }
            rest = behind;
        }
        out.extend_from_slice(rest.as_bytes());
        Ok(out)
    }

    /// The response for a resource that a property names; one that cannot be shown says why.
    async fn nested(&mut self, path: &str, asked: &[Asked]) -> Outcome<Vec<u8>> {
        match self.response(path, asked).await {
            Err(fault @ (Fault::NotFound | Fault::Denied { .. })) => {
                let mut writer = Writer::with_capacity(256);
                let verdict = verdict(&fault, self.ask.about());
                write_status(path, verdict.status, Some(&verdict), &mut writer);
                Ok(writer.out)
            }
            other => other,
        }
    }
}

const OPEN: &str = "<D:href>";
const CLOSE: &str = "</D:href>";
