//! Reads Rust text just well enough for the house rules: what is code, what is a string literal,
//! what is test code, and which paths are named. Blanked parts keep their line breaks, so a byte
//! offset means the same place in every view. Not a Rust parser: macros are read as they stand.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file of the project, by its path from the project's root.
pub struct File {
    pub path: String,
    pub text: String,
    views: OnceLock<Views>,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), views: OnceLock::new() }
    }

    /// The file's text seen three ways; made once.
    pub fn views(&self) -> &Views {
        self.views.get_or_init(|| {
            let (code, strings) = split(&self.text);
            let whole = self.is_test().then_some(0..code.len());
            let tests = whole.into_iter().chain(inline(&code, is_test_only)).collect();
            Views { code, strings, tests }
        })
    }

    /// Whether the whole file is test code (`tests.rs`, or anything in a folder `tests`).
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || format!("/{}", self.path).contains("/tests/")
    }
}

/// Every file below `folder` (from the project's root) whose name ends in `ending`, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut |path| {
        let name = path.strip_prefix(&root).expect("below the root").to_str().expect("UTF-8 name");
        if name.ends_with(ending) {
            let text = std::fs::read_to_string(path).expect("readable text");
            found.push(File::new(&name.replace('\\', "/"), &text));
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The project's root folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, each: &mut impl FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("readable folder").path();
        if path.is_dir() { walk(&path, each) } else { each(&path) }
    }
}

/// A file's text seen three ways, all of the same length.
pub struct Views {
    /// Comments and the insides of literals are blank.
    pub code: String,
    /// Everything but the insides of string literals is blank.
    pub strings: String,
    /// The `#[cfg(test)]` modules.
    pub tests: Vec<Range<usize>>,
}

impl Views {
    /// Whether the byte at `at` belongs to test code.
    pub fn in_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }
}

/// The line number (from 1) of a byte offset.
pub fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// Byte offsets of `word` in `text` where it is not part of a longer name.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(before.is_some_and(is_name) || word.ends_with(is_name) && after.is_some_and(is_name))
    })
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Splits Rust text into (code, insides of string literals).
fn split(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let blank = |range: Range<usize>| -> Vec<u8> {
        bytes[range].iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect()
    };
    let (mut code, mut strings) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let (end, inside) = token(text, at);
        if let Some(inside) = inside {
            code.extend_from_slice(&bytes[at..inside.start]);
            code.extend(blank(inside.clone()));
            code.extend_from_slice(&bytes[inside.end..end]);
            strings.extend(blank(at..inside.start));
            strings.extend_from_slice(&bytes[inside.clone()]);
            strings.extend(blank(inside.end..end));
        } else if end > at + 1 {
            code.extend(blank(at..end));
            strings.extend(blank(at..end));
        } else {
            code.push(bytes[at]);
            strings.extend(blank(at..end));
        }
        at = end;
    }
    let read = |bytes| String::from_utf8(bytes).expect("cut at ASCII places only");
    (read(code), read(strings))
}

/// What starts at `at`: its end, and for a string literal the range of its inside. A single byte
/// without an inside is code; more bytes without one are a comment or a character literal.
fn token(text: &str, at: usize) -> (usize, Option<Range<usize>>) {
    let rest = &text[at..];
    let until = |from: usize, mark: &str| {
        text[from..]
            .find(mark)
            .map_or((text.len(), text.len()), |i| (from + i, from + i + mark.len()))
    };
    let bytes = text.as_bytes();
    if rest.starts_with("//") {
        return (until(at, "\n").0, None);
    }
    if rest.starts_with("/*") {
        return (until(at + 2, "*/").1, None);
    }
    let named_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let raw = rest.strip_prefix('b').unwrap_or(rest);
    if let Some(tail) = raw.strip_prefix('r').filter(|_| !named_before) {
        let hashes = tail.len() - tail.trim_start_matches('#').len();
        if tail[hashes..].starts_with('"') {
            let start = at + (rest.len() - tail.len()) + hashes + 1;
            let (inside, end) = until(start, &format!("\"{}", "#".repeat(hashes)));
            return (end, Some(start..inside));
        }
    }
    match bytes[at] {
        b'"' => {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(bytes.len());
            ((end + 1).min(bytes.len()), Some(at + 1..end))
        }
        b'\'' => (character(rest).map_or(at + 1, |length| at + length), None),
        _ => (at + 1, None),
    }
}

/// The length of the character literal that opens `rest`; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        inside.next()?;
        return inside.find(|(_, c)| *c == '\'').map(|(i, _)| i + 1);
    }
    inside.next().filter(|(_, c)| *c == '\'').map(|(i, _)| i + 1)
}

/// The ranges of inline modules (`mod x { ... }`) whose attributes satisfy `wanted`.
fn inline(code: &str, wanted: fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for at in words(code, "mod ") {
        let head = &code[at..];
        let open = head.find(['{', ';']).filter(|i| head[*i..].starts_with('{'));
        let Some(open) = open else { continue };
        // The attributes stand between the item before (or the braces around) and `mod`.
        let start = code[..at].rfind([';', '{', '}']).map_or(0, |i| i + 1);
        if wanted(&code[start..at]) {
            found.push(at..at + open + block(&head[open..]));
        }
    }
    found
}

fn is_test_only(attributes: &str) -> bool {
    attributes.contains("cfg(") && words(attributes, "test").next().is_some()
}

/// The length of the block in braces that opens `text`.
fn block(text: &str) -> usize {
    let mut depth = 0usize;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return i + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The modules that a `mod.rs` or `lib.rs` lists, in their order.
pub fn listed(text: &str) -> Vec<String> {
    let (code, _) = split(text);
    let item = |line: &str| {
        let line = line.trim();
        let name = line.strip_prefix("pub ").unwrap_or(line);
        let name = name.strip_prefix("pub(crate) ").unwrap_or(name).strip_prefix("mod ")?;
        name.strip_suffix(';').map(str::to_owned)
    };
    code.lines().filter_map(item).collect()
}

/// Every path into this crate that a file names: (byte offset, segments from the crate's root).
/// Reads `crate::`, `super::` and `self::`, in `use` groups as well.
pub fn paths(file: &File, code: &str) -> Vec<(usize, Vec<String>)> {
    let home = module(&file.path);
    let nested = inline(code, |_| true);
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for at in words(code, root) {
            if code[..at].ends_with("::") {
                continue;
            }
            let mut base = Vec::new();
            if root != "crate::" {
                base.clone_from(&home);
                let inner = nested.iter().filter(|range| range.contains(&at)).count();
                base.extend((0..inner).map(|_| String::from("(inline)")));
            }
            tree(&code[at..], base, &mut |path| found.push((at, path)));
        }
    }
    found
}

/// Walks a use tree such as `crate::a::{b, c::{d}}` and hands out each full path.
fn tree(text: &str, mut base: Vec<String>, each: &mut impl FnMut(Vec<String>)) {
    let mut rest = text.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            for part in parts(&group[..block(rest).saturating_sub(2).min(group.len())]) {
                tree(part, base.clone(), each);
            }
            return;
        }
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        match &rest[..length] {
            "crate" | "self" | "" => {}
            "super" => drop(base.pop()),
            name => base.push(name.to_owned()),
        }
        match rest[length..].strip_prefix("::") {
            Some(next) => rest = next.trim_start(),
            None => return each(base),
        }
    }
}

/// Splits the inside of a use group at its own commas.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0i32, 0, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&group[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    found.push(&group[start..]);
    found.retain(|part| !part.trim().is_empty());
    found
}

/// `src/domain/files/mod.rs` -> `domain`, `files`.
pub fn module(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let names = path.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main"));
    names.map(str::to_owned).collect()
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "a /* b */ \"c // d\" 'e' r#\"f\"g\"# &'h i // j\n\"k\\\"l\"";
    let (code, strings) = split(text);
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>().join(" "),
        "a \" \" r#\" \"# &'h i \" \""
    );
    assert_eq!(strings.split_whitespace().collect::<Vec<_>>(), ["c", "//", "d", "f\"g", "k\\\"l"]);
    assert_eq!((code.len(), strings.len()), (text.len(), text.len()));
}

#[test]
fn paths_are_read_from_groups_and_relative_names() {
    let text = "use crate::{a::b, c::{self, d}};\nuse super::e::F;\nmod tests { use super::g; }";
    let file = File::new("src/domain/x/y.rs", text);
    let mut found: Vec<String> =
        paths(&file, text).iter().map(|(_, path)| path.join("::")).collect();
    found.sort();
    assert_eq!(found, ["a::b", "c", "c::d", "domain::x::e::F", "domain::x::y::g"]);
}

#[test]
fn test_modules_and_lists_are_found() {
    let text = "pub mod a;\n// mod no;\nmod b;\nfn f() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests { fn g() {} }\n";
    assert_eq!(listed(text), ["a", "b"]);
    let file = File::new("src/x.rs", text);
    let views = file.views();
    assert!(!views.in_test(text.find("fn f").unwrap()));
    assert!(views.in_test(text.find("fn g").unwrap()));
}
