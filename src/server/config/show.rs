//! The configuration as text: what is in force, and the commented example. Secrets are masked.

use super::keys::{KEYS, Key};
use super::merged::{Entry, Merged};
use super::value::Value;
use std::fmt::Write;

/// A store's address without its password.
pub fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut out = format!("{scheme}://");
    match before_query.rsplit_once('@') {
        Some((user, host)) => {
            let user =
                user.split_once(':').map_or(user.to_owned(), |(user, _)| format!("{user}:***"));
            let _ = write!(out, "{user}@{host}");
        }
        None => out.push_str(before_query),
    }
    for (i, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
                let _ = write!(out, "{name}=***");
            }
            _ => out.push_str(pair),
        }
    }
    out
}

fn shown(entry: &Entry) -> Value {
    match &entry.value {
        Value::Text(text) if entry.key.secret => Value::Text(mask(text)),
        value => value.clone(),
    }
}

fn table_of(key: &Key) -> (&'static str, &'static str) {
    key.name.split_once('.').unwrap_or(("", key.name))
}

/// What is in force as TOML, each value with its origin.
pub fn toml(merged: &Merged) -> String {
    let mut out = String::new();
    let mut table = "";
    for entry in &merged.0 {
        let (own, name) = table_of(entry.key);
        if own != table {
            table = own;
            let _ = writeln!(out, "\n[{table}]");
        }
        let value = shown(entry).to_toml(entry.key.kind);
        let _ = writeln!(out, "{name} = {value}  # {}", entry.origin);
    }
    out
}

/// What is in force as JSON: `{"http.listen": {"value": [...], "origin": "default"}}`.
pub fn json(merged: &Merged) -> String {
    let members = merged.0.iter().map(|entry| {
        let member = serde_json::json!({
            "value": shown(entry).to_json(),
            "origin": entry.origin.to_string(),
        });
        (entry.key.name.to_owned(), member)
    });
    let object: serde_json::Map<String, serde_json::Value> = members.collect();
    format!("{:#}", serde_json::Value::Object(object))
}

/// The commented example: every key with its default.
pub fn example() -> String {
    let mut out = String::from(
        "# Davenport's configuration. Every key is shown with its default; remove the \"#\" before a\n\
         # key to change it. An environment variable overrides each (DAVENPORT_HTTP_LISTEN for\n\
         # http.listen; lists are separated by commas), and options of the command line override\n\
         # both. Relative paths start at the working directory. `davenport config check` checks\n\
         # this file, `davenport config show` shows what is in force. Keys marked [reload] change\n\
         # on SIGHUP, the others on restart.\n",
    );
    let mut table = "";
    for key in KEYS {
        let (own, name) = table_of(key);
        if own != table {
            table = own;
            let _ = writeln!(out, "\n[{table}]");
        }
        out.push('\n');
        let mut lines: Vec<String> = key.doc.lines().map(str::to_owned).collect();
        if let (true, Some(last)) = (key.live, lines.last_mut()) {
            last.push_str(" [reload]");
        }
        for line in lines {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "#{name} = {}", key.default_value().to_toml(key.kind));
    }
    out
}
