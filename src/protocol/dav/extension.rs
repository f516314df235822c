//! What a protocol brings to the engine, and the registry made of all of them at the start.

use super::context::Ask;
use super::property::Row;
use super::subject::On;
use crate::format::xml::{Element, Name};
use crate::kernel::fault::Outcome;
use crate::protocol::http::body::Body;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The answer that a method or report is working out.
pub type Answering = Pin<Box<dyn Future<Output = Outcome<http::Response<Body>>> + Send>>;

/// A method of HTTP or WebDAV.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The classes of resources that it can be used on; it is in their `Allow`.
    pub on: On,
    /// Carries it out.
    pub run: fn(Arc<Ask>, hyper::body::Incoming) -> Answering,
}

/// A REPORT (RFC 3253 §3.6).
pub struct Report {
    /// The body's root element.
    pub name: Name,
    /// The classes of resources that it can be used on; it is in their `supported-report-set`.
    pub on: On,
    /// Carries it out.
    pub run: fn(Arc<Ask>, Element) -> Answering,
}

/// What a POST of an XML body asks for.
pub struct Action {
    /// The body's root element.
    pub name: Name,
    /// The classes of resources that it can be asked of.
    pub on: On,
    /// Carries it out.
    pub run: fn(Arc<Ask>, Element) -> Answering,
}

/// What a POST means that is sent to one collection of an account, whatever its body.
pub struct Post {
    /// The path of the collection from the account's root.
    pub path: &'static str,
    /// Carries it out.
    pub run: fn(Arc<Ask>, hyper::body::Incoming) -> Answering,
}

/// What a protocol brings.
pub struct Extension {
    /// Its tokens of the `DAV` header.
    pub features: &'static [&'static str],
    /// Its properties.
    pub properties: &'static [Row],
    /// Its methods.
    pub methods: &'static [Method],
    /// Its reports.
    pub reports: &'static [Report],
    /// What POST of an XML body can ask for.
    pub actions: &'static [Action],
}

/// All extensions together.
pub struct Registry {
    /// The `DAV` header.
    pub features: String,
    /// Every row, in the order of the extensions.
    pub rows: Vec<&'static Row>,
    /// Every report.
    pub reports: Vec<&'static Report>,
    methods: Vec<&'static Method>,
    actions: Vec<&'static Action>,
    by_name: HashMap<Name, &'static Row>,
}

impl Registry {
    /// Puts the extensions together.
    pub fn new(extensions: &[&'static Extension]) -> Self {
        let features: Vec<&str> =
            extensions.iter().flat_map(|e| e.features.iter().copied()).collect();
        let rows: Vec<&'static Row> = extensions.iter().flat_map(|e| e.properties).collect();
        Self {
            features: features.join(", "),
            by_name: rows.iter().map(|row| (row.name.clone(), *row)).collect(),
            rows,
            reports: extensions.iter().flat_map(|e| e.reports).collect(),
            actions: extensions.iter().flat_map(|e| e.actions).collect(),
            methods: extensions.iter().flat_map(|e| e.methods).collect(),
        }
    }

    /// The row of a live property.
    pub fn row(&self, name: &Name) -> Option<&'static Row> {
        self.by_name.get(name).copied()
    }

    /// The method of this name, whatever it can be used on.
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|m| m.name == name).copied()
    }

    /// The report of this name for a class.
    pub fn report(&self, name: &Name, class: On) -> Option<&'static Report> {
        self.reports.iter().find(|r| r.name == *name && r.on.has(class)).copied()
    }

    /// The action of this name for a class.
    pub fn action(&self, name: &Name, class: On) -> Option<&'static Action> {
        self.actions.iter().find(|a| a.name == *name && a.on.has(class)).copied()
    }

    /// `Allow` for a class.
    pub fn allow(&self, class: On) -> String {
        let names = self.methods.iter().filter(|m| m.on.has(class)).map(|m| m.name);
        names.collect::<Vec<_>>().join(", ")
    }
}
