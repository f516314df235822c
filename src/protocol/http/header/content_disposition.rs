//! `Content-Disposition` (RFC 6266): the name of a file, in requests that bring one (RFC 8607 §3.4)
//! and in answers.

use super::syntax::{name_value, single, split};
use crate::format::uri;
use crate::protocol::http::query::decoded;
use http::HeaderMap;

/// The name of the file that a request brings; `filename*` (RFC 8187) before `filename`. What cannot
/// be read is no name.
pub fn filename(headers: &HeaderMap) -> Option<String> {
    let text = single(headers, "content-disposition").ok()??;
    let parts: Vec<(&str, String)> = split(text, ';').skip(1).map(name_value).collect();
    let find = |name: &str| {
        let found = parts.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let extended = || {
        let value = find("filename*")?;
        let (charset, rest) = value.split_once('\'')?;
        let (_, text) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decoded(text, false))?
    };
    extended().or_else(|| find("filename")).filter(|name| !name.trim().is_empty())
}

/// The value by which a program that gets a file keeps it, and does not show it, under this name.
pub fn attachment(filename: Option<&str>) -> String {
    let Some(name) = filename else { return "attachment".to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-()".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    match ascii == name {
        true => format!("attachment; filename=\"{ascii}\""),
        false => {
            let exact = uri::encoded(name).replace('/', "%2F").replace('\'', "%27");
            format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;

    #[test]
    fn names_of_files_that_come() {
        for (text, name) in [
            ("attachment;filename=agenda.html", Some("agenda.html")),
            ("attachment; filename=\"file-18.txt\"", Some("file-18.txt")),
            ("attachment; FileName=\"a;b.txt\"", Some("a;b.txt")),
            ("attachment; filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt", Some("naïve.txt")),
            ("attachment; filename*=UTF-8''%FF; filename=x", Some("x")),
            ("attachment; filename=\"\"", None),
            ("attachment", None),
            ("", None),
        ] {
            let all = headers(&[("content-disposition", text.as_bytes())]);
            assert_eq!(filename(&all).as_deref(), name, "{text}");
        }
        assert_eq!(filename(&HeaderMap::new()), None);
    }

    #[test]
    fn names_of_files_that_go() {
        assert_eq!(attachment(None), "attachment");
        assert_eq!(attachment(Some("a b.txt")), "attachment; filename=\"a b.txt\"");
        let text = attachment(Some("naïve\".txt"));
        assert_eq!(text, "attachment; filename=\"na_ve_.txt\"; filename*=UTF-8''na%C3%AFve%22.txt");
    }
}
