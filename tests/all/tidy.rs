//! The house rules as tests: who may import whom, where sockets, tasks, clocks and SQL may stand,
//! and how files look. Each rule is a function from files to complaints (`file:line: what to do`);
//! it is run on the project, and on a small sample that breaks it, since a rule that cannot fail
//! proves nothing. `ARCHITECTURE.md` says why the rules are there.

pub mod scan;

use std::sync::OnceLock;

use scan::{File, files, line, listed, module, paths, root, words};

/// The most lines that a file may have.
const MAX_LINES: usize = 700;

/// Folders whose `mod` lines are the dependency order of their members, too.
const ORDERED: [&str; 3] = ["format", "domain", "protocol"];

/// Names that only some files may use: names, where they may stand, what to do instead.
struct Place {
    names: &'static [&'static str],
    allowed: fn(&str) -> bool,
    instead: &'static str,
}

const SOCKETS: Place = Place {
    names: &["TcpListener", "TcpStream", "UnixListener", "UnixStream", "UdpSocket"],
    allowed: |path| path.ends_with("/conn.rs") || path.starts_with("src/server/"),
    instead: "touch sockets in a conn.rs or under server/ only, and hand over bytes",
};

const TASKS: Place = Place {
    names: &["tokio::spawn", "task::spawn", "thread::spawn", "JoinSet"],
    allowed: |path| {
        path.ends_with("/conn.rs")
            || path.starts_with("src/server/")
            || path.starts_with("src/store/")
    },
    instead: "start tasks and threads in server/, store/ or a conn.rs only",
};

const CLOCKS: Place = Place {
    names: &["SystemTime::now", "Instant::now"],
    allowed: |path| path == "src/kernel/clock.rs",
    instead: "take the time as an argument, or call kernel::clock",
};

/// Words that make a string literal look like SQL.
const SQL: [&str; 4] = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"];

fn modules_import_only_what_stands_above(sources: &[File]) -> Vec<String> {
    let list = |path: &str| {
        sources.iter().find(|file| file.path == path).map_or(vec![], |file| listed(&file.text))
    };
    let layers = list("src/lib.rs");
    let inner = ORDERED.map(|name| (name, list(&format!("src/{name}/mod.rs"))));
    let mut complaints = Vec::new();
    for file in sources {
        let home = module(&file.path);
        let Some(own) = home.first().filter(|own| layers.contains(own)) else { continue };
        let code = &file.views().code;
        for (at, path) in paths(file, code) {
            let below = |list: &[String], from: Option<&String>, to: Option<&String>| {
                let place = |name: Option<&String>| list.iter().position(|m| Some(m) == name);
                matches!((place(from), place(to)), (Some(from), Some(to)) if to > from)
            };
            let siblings = inner.iter().find(|(name, _)| name == own && path.first() == Some(own));
            let bad = below(&layers, Some(own), path.first())
                || siblings.is_some_and(|(_, list)| below(list, home.get(1), path.get(1)));
            if bad {
                complaints.push(format!(
                    "{}:{}: names {}, which stands below {} in the mod list: move the code, or \
                     what it needs, so that imports point upward",
                    file.path,
                    line(code, at),
                    path.join("::"),
                    home.iter().take(2).cloned().collect::<Vec<_>>().join("::"),
                ));
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    complaints
}

fn protocol_does_not_know_the_store(sources: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in sources.iter().filter(|file| file.path.starts_with("src/protocol/")) {
        let views = file.views();
        for (at, path) in paths(file, &views.code) {
            if path.first().is_some_and(|name| name == "store") && !views.in_test(at) {
                let line = line(&views.code, at);
                complaints.push(format!(
                    "{}:{line}: a protocol reaches data through domain calls only, never the store",
                    file.path
                ));
            }
        }
    }
    complaints
}

fn only_the_store_speaks_sql(sources: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in sources.iter().filter(|file| !file.path.starts_with("src/store/")) {
        let views = file.views();
        for word in SQL {
            // A string that is the word and nothing more is a name: IMAP has such commands.
            let alone = |at: &usize| file.text[at + word.trim().len()..].starts_with('"');
            let found = words(&views.strings, word).filter(|at| !views.in_test(*at));
            for at in found.filter(|at| !alone(at)) {
                let line = line(&views.strings, at);
                complaints.push(format!(
                    "{}:{line}: SQL in a string ({}): move the statement into store/",
                    file.path,
                    word.trim()
                ));
            }
        }
    }
    complaints
}

fn names_in_their_place(sources: &[File], place: &Place) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in sources.iter().filter(|file| !(place.allowed)(&file.path)) {
        let views = file.views();
        for name in place.names {
            for at in words(&views.code, name).filter(|at| !views.in_test(*at)) {
                let line = line(&views.code, at);
                complaints.push(format!("{}:{line}: {name}: {}", file.path, place.instead));
            }
        }
    }
    complaints
}

fn files_open_with_a_sentence(all: &[File]) -> Vec<String> {
    let opens = |file: &&File| !file.text.starts_with("//!");
    let say = |file: &File| {
        format!(
            "{}:1: open the file with `//!`: what it is, its invariant, its standard",
            file.path
        )
    };
    all.iter().filter(opens).map(say).collect()
}

fn files_stay_short(all: &[File]) -> Vec<String> {
    let long = |file: &&File| file.text.lines().count() > MAX_LINES;
    let say = |file: &File| {
        let lines = file.text.lines().count();
        format!("{}:{lines}: more than {MAX_LINES} lines: split it by what it does", file.path)
    };
    all.iter().filter(long).map(say).collect()
}

fn migrations_come_in_pairs(sqlite: &[File], postgres: &[File]) -> Vec<String> {
    let names = |files: &[File]| -> Vec<String> {
        files.iter().filter_map(|f| f.path.split('/').nth(2).map(str::to_owned)).collect()
    };
    let (ours, theirs) = (names(sqlite), names(postgres));
    let lacks = |have: &[String], want: &[String], folder: &str| -> Vec<String> {
        let missing = want.iter().filter(|name| !have.contains(name));
        missing
            .map(|n| format!("schemas/{folder}/{n}:1: missing: both engines migrate alike"))
            .collect()
    };
    [lacks(&ours, &theirs, "sqlite"), lacks(&theirs, &ours, "postgres")].concat()
}

/// The server's own sources, read once.
fn sources() -> &'static [File] {
    static SOURCES: OnceLock<Vec<File>> = OnceLock::new();
    let sources = SOURCES.get_or_init(|| files("src", ".rs"));
    assert!(sources.iter().any(|file| file.path == "src/lib.rs"), "no sources at {:?}", root());
    sources
}

/// Every Rust file of the project.
fn rust() -> Vec<File> {
    let folders = ["src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"];
    folders.iter().flat_map(|folder| files(folder, ".rs")).collect()
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} found:\n{}", complaints.len(), complaints.join("\n"));
}

#[track_caller]
fn just(complaints: Vec<String>, starts: &[&str]) {
    let found: Vec<&str> = complaints
        .iter()
        .map(|text| text.find(": ").map_or(text.as_str(), |end| &text[..end]))
        .collect();
    assert_eq!(found, starts, "{complaints:#?}");
}

#[test]
fn dependency_order() {
    none(modules_import_only_what_stands_above(sources()));
}

#[test]
fn dependency_order_can_fail() {
    let tree = [
        File::new("src/lib.rs", "pub mod kernel;\npub mod store;\npub mod domain;\n"),
        File::new("src/kernel/mod.rs", "//! k\n/// [`crate::store`]\nuse crate::store::Db;\n"),
        File::new("src/store/mod.rs", "use crate::{kernel::Id, domain::{self, User}};\n"),
        File::new("src/domain/mod.rs", "pub mod a;\npub mod b;\npub use b::B;\nuse self::b::C;\n"),
        File::new("src/domain/a.rs", "use crate::domain::B;\nfn f() { super::b::g() }\n"),
        File::new("src/domain/b/mod.rs", "use super::a::A;\nmod tests { use super::super::a; }\n"),
        File::new("src/domain/b/c.rs", "use crate::store::x;\nuse crate::domain::b::C;\n"),
        File::new("src/domain/a/d.rs", "\nuse crate::domain::{a::A, b::B};\n"),
    ];
    just(
        modules_import_only_what_stands_above(&tree),
        &[
            "src/domain/a.rs:2",
            "src/domain/a/d.rs:2",
            "src/kernel/mod.rs:3",
            "src/store/mod.rs:1",
            "src/store/mod.rs:1",
        ],
    );
}

#[test]
fn protocol_and_store() {
    none(protocol_does_not_know_the_store(sources()));
}

#[test]
fn protocol_and_store_can_fail() {
    let text = "//! crate::store\nfn f() { crate::store::open() }\n#[cfg(test)]\nmod tests {\n    \
                use crate::store::open;\n}\nuse crate::{store::Tx, domain};\n";
    let tree = [File::new("src/protocol/dav/put.rs", text), File::new("src/domain/x.rs", text)];
    just(
        protocol_does_not_know_the_store(&tree),
        &["src/protocol/dav/put.rs:2", "src/protocol/dav/put.rs:7"],
    );
}

#[test]
fn sql() {
    none(only_the_store_speaks_sql(sources()));
}

#[test]
fn sql_can_fail() {
    let text = "// SELECT 1\nconst A: &str = \"SELECT a FROM b\";\nconst B: &str = r#\"\n\
                DELETE FROM c\"#;\nfn g() { log(\"UPDATED \") }\n";
    let tree = [File::new("src/domain/x.rs", text), File::new("src/store/x.rs", text)];
    just(only_the_store_speaks_sql(&tree), &["src/domain/x.rs:2", "src/domain/x.rs:4"]);
}

#[test]
fn sockets() {
    none(names_in_their_place(sources(), &SOCKETS));
}

#[test]
fn sockets_can_fail() {
    let text = "//! TcpStream\nuse tokio::net::TcpStream;\nstruct MyTcpStream;\n#[cfg(test)]\n\
                mod tests {\n    use tokio::net::TcpListener;\n}\n";
    let tree = ["src/protocol/http/body.rs", "src/protocol/http/conn.rs", "src/server/listen.rs"]
        .map(|path| File::new(path, text));
    just(names_in_their_place(&tree, &SOCKETS), &["src/protocol/http/body.rs:2"]);
}

#[test]
fn tasks() {
    none(names_in_their_place(sources(), &TASKS));
}

#[test]
fn tasks_can_fail() {
    let text = "fn f() {\n    tokio::spawn(g());\n    std::thread::spawn(h);\n}\n\
                fn s() -> JoinSet<()> {}\n";
    let tree = ["src/domain/x.rs", "src/store/x.rs", "src/server/x.rs", "src/domain/tests.rs"]
        .map(|path| File::new(path, text));
    just(
        names_in_their_place(&tree, &TASKS),
        &["src/domain/x.rs:2", "src/domain/x.rs:3", "src/domain/x.rs:5"],
    );
}

#[test]
fn clocks() {
    none(names_in_their_place(sources(), &CLOCKS));
}

#[test]
fn clocks_can_fail() {
    let text = "use std::time::Instant;\nfn f() { Instant::now(); }\nfn g() { \
                std::time::SystemTime::now(); tokio::time::timeout(); }\n";
    let tree = ["src/server/x.rs", "src/kernel/clock.rs"].map(|path| File::new(path, text));
    just(names_in_their_place(&tree, &CLOCKS), &["src/server/x.rs:3", "src/server/x.rs:2"]);
}

#[test]
fn opening_sentences() {
    none(files_open_with_a_sentence(&rust()));
}

#[test]
fn opening_sentences_can_fail() {
    let tree = [File::new("src/a.rs", "//! a\n"), File::new("src/b.rs", "\n//! b\n")];
    just(files_open_with_a_sentence(&tree), &["src/b.rs:1"]);
}

#[test]
fn lengths() {
    none(files_stay_short(&rust()));
}

#[test]
fn lengths_can_fail() {
    let text = |lines| "x\n".repeat(lines);
    let tree = [File::new("src/a.rs", &text(MAX_LINES)), File::new("b.rs", &text(MAX_LINES + 1))];
    just(files_stay_short(&tree), &[&format!("b.rs:{}", MAX_LINES + 1)]);
}

#[test]
fn migrations() {
    none(migrations_come_in_pairs(&files("schemas/sqlite", ""), &files("schemas/postgres", "")));
}

#[test]
fn migrations_can_fail() {
    let folder = |names: &[&str]| -> Vec<File> {
        names.iter().map(|name| File::new(&format!("schemas/x/{name}"), "")).collect()
    };
    just(
        migrations_come_in_pairs(&folder(&["1.sql", "2.sql"]), &folder(&["1.sql", "3.sql"])),
        &["schemas/sqlite/3.sql:1", "schemas/postgres/2.sql:1"],
    );
}
