//! What a message may not bring into a calendar: text that a program could run.
//!
//! Invariant: of HTML only elements and attributes that are known to do nothing but show text pass;
//! the property goes as a whole, since its plain form stands beside it (DESCRIPTION). Standard: RFC
//! 9073 §6.5, §6.6, §9.2, §9.3.

use super::edit::{Edits, is_in};
use super::sheet::utf8;
use crate::format::ical::Calendar;
use crate::format::line::Line;
use crate::format::property::text;

/// The properties whose values may be of any media type.
const STYLED: [&str; 2] = ["STYLED-DESCRIPTION", "STRUCTURED-DATA"];

/// Elements that show text.
const ELEMENTS: [&str; 47] = [
    "html",
    "head",
    "title",
    "meta",
    "body",
    "div",
    "span",
    "p",
    "br",
    "hr",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "small",
    "big",
    "sub",
    "sup",
    "font",
    "center",
    "a",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "code",
    "tt",
    "blockquote",
    "q",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
];

/// Attributes that say how; `href` is looked at by itself.
const ATTRIBUTES: [&str; 22] = [
    "href",
    "title",
    "lang",
    "dir",
    "class",
    "id",
    "name",
    "content",
    "charset",
    "align",
    "valign",
    "width",
    "height",
    "border",
    "cellpadding",
    "cellspacing",
    "colspan",
    "rowspan",
    "color",
    "face",
    "size",
    "start",
];

/// What `href` may begin with.
const SCHEMES: [&str; 5] = ["http:", "https:", "mailto:", "tel:", "#"];

/// Media types of text in which nothing runs.
const PLAIN: [&str; 4] = ["text/plain", "text/vcard", "text/calendar", "application/json"];

/// A message without what a program could run; what cannot be read is given back as it is.
pub fn harmless(message: Vec<u8>) -> Vec<u8> {
    let Some(text) = utf8(&message) else { return message };
    let Ok(calendar) = Calendar::parse(text.as_bytes()) else { return message };
    let mut edits = Edits::default();
    let lines = calendar.root().children().flat_map(|it| it.properties());
    lines.filter(|line| !is_harmless(line)).for_each(|line| edits.remove(line));
    edits.apply(&text).into_bytes()
}

/// Whether a line holds nothing that a program could run.
pub fn is_harmless(line: &Line<'_>) -> bool {
    !is_in(line.full_name(), &STYLED) || is_safe(line)
}

fn is_safe(line: &Line<'_>) -> bool {
    let says = |name: &str| line.param(name).map(|p| p.value().trim().to_ascii_lowercase());
    let media = says("FMTTYPE").unwrap_or_else(|| "text/html".to_owned());
    let media = media.split(';').next().unwrap_or_default().trim();
    if says("VALUE").is_some_and(|value| value == "uri") {
        return is_safe_link(line.value());
    }
    if is_in(media, &PLAIN) {
        return true;
    }
    media == "text/html" && says("ENCODING").is_none() && is_safe_html(&text(line.value()))
}

fn is_safe_link(href: &str) -> bool {
    let href = href.trim().to_ascii_lowercase();
    SCHEMES.iter().any(|scheme| href.starts_with(scheme))
}

/// Whether all elements and attributes are known. Broken markup is not: programs would read it in
/// ways of their own.
fn is_safe_html(html: &str) -> bool {
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let Some(after) = tag_end(tag) else { return false };
        rest = after;
    }
    true
}

/// Reads a tag that is known, from behind its `<`; gives what follows.
fn tag_end(tag: &str) -> Option<&str> {
    if let Some(doctype) = tag.get(..8).filter(|it| it.eq_ignore_ascii_case("!doctype")) {
        return tag.get(doctype.len()..)?.split_once('>').map(|(_, rest)| rest);
    }
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    if !is_in(name, &ELEMENTS) {
        return None;
    }
    let mut rest = tag.get(name.len()..)?;
    loop {
        rest = rest.trim_start().trim_start_matches('/').trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Some(after);
        }
        rest = attribute(rest)?;
    }
}

/// Reads an attribute that is known; gives what follows.
fn attribute(text: &str) -> Option<&str> {
    let name = text.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    if !is_in(name, &ATTRIBUTES) {
        return None;
    }
    let rest = text.get(name.len()..)?.trim_start();
    let Some(rest) = rest.strip_prefix('=').map(str::trim_start) else { return Some(rest) };
    let (value, rest) = match rest.strip_prefix(['"', '\'']) {
        Some(inside) => inside.split_once(rest.get(..1)?)?,
        None => rest.split_at(rest.find(|c: char| c.is_whitespace() || c == '>')?),
    };
    let safe = !name.eq_ignore_ascii_case("href") || is_safe_link(value);
    // A `meta` that sends the reader elsewhere has a URL in its content.
    let moves = name.eq_ignore_ascii_case("content") && value.to_ascii_lowercase().contains("url");
    (safe && !moves).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9073_9_2_html_that_shows_text_passes_and_no_other() {
        for (html, safe) in [
            ("plain words, 1 &lt; 2", true),
            ("<p>Hello <b>world</b><br/></p>", true),
            (
                "<!DOCTYPE html><html><body class=\"a\"><a href='https://example.com/?a=1'>x</a>",
                true,
            ),
            ("<A HREF=mailto:a@example.com>x</A>", true),
            ("<script>alert(1)</script>", false),
            ("<p onclick=\"x()\">x</p>", false),
            ("<img src=https://tracker.example/>", false),
            ("<a href=\"javascript:x()\">x</a>", false),
            ("<a href=\" java\tscript:x()\">x</a>", false),
            ("<scr<b>ipt>", false),
            ("<p title=\"unclosed>", false),
            ("<svg><b>x</b></svg>", false),
            ("<!--[if IE]><b>x</b>", false),
            ("<meta content=\"0;url=https://example.com\">", false),
            ("< b>", false),
            ("1 <", false),
        ] {
            assert_eq!(is_safe_html(html), safe, "{html}");
        }
    }
}
