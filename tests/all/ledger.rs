//! Keeps `conformance/requirements/*.toml` honest: ids are unique, words are the allowed ones,
//! whatever is not met says why, and every test named as a proof exists. The conformance table of
//! `README.md` is counted from the same files (`DAVENPORT_BLESS=1` rewrites it).

use std::collections::HashSet;

use serde::Deserialize;

use crate::tidy::scan::{File, files, root, words};

const LEVELS: [&str; 4] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"];
const STATUSES: [&str; 4] = ["met", "partly", "not yet", "exception"];
const BEGIN: &str = "<!-- conformance:begin -->\n";
const END: &str = "<!-- conformance:end -->";

/// One file of the ledger.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    #[serde(default)]
    rfc: u32,
    /// The name of what is no RFC: a draft, or a vendor's extension.
    #[serde(default)]
    draft: String,
    title: String,
    #[serde(rename = "requirement")]
    requirements: Vec<Requirement>,
}

/// One thing that an RFC asks of a server.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    section: String,
    level: String,
    text: String,
    check: String,
    status: String,
    tests: Vec<String>,
    #[serde(default)]
    note: String,
}

impl Ledger {
    /// How ids begin, and the table names it.
    fn name(&self) -> String {
        if self.draft.is_empty() { self.rfc.to_string() } else { self.draft.clone() }
    }

    /// The name of its file.
    fn file(&self) -> String {
        let rfc = if self.draft.is_empty() { "rfc" } else { "" };
        format!("conformance/requirements/{rfc}{}.toml", self.name())
    }
}

fn ledgers() -> Vec<Ledger> {
    let read = |file: &File| -> Ledger {
        let ledger: Ledger =
            toml::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        assert_eq!(file.path, ledger.file(), "the file is named after its `rfc` or `draft`");
        ledger
    };
    let mut ledgers: Vec<Ledger> =
        files("conformance/requirements", ".toml").iter().map(read).collect();
    ledgers.sort_by_key(|ledger| (ledger.rfc == 0, ledger.rfc, ledger.draft.clone()));
    ledgers
}

/// What is wrong with the ledger; `proven` says whether a named proof exists.
fn complaints(ledgers: &[Ledger], proven: &dyn Fn(&str) -> bool) -> Vec<String> {
    let all = || ledgers.iter().flat_map(|ledger| &ledger.requirements);
    let known: HashSet<&str> = all().map(|requirement| requirement.id.as_str()).collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for ledger in ledgers {
        for requirement in &ledger.requirements {
            let unique = seen.insert(requirement.id.as_str());
            let problems = problems(&ledger.name(), requirement, unique, &known, proven);
            found.extend(problems.iter().map(|problem| format!("{}: {problem}", requirement.id)));
        }
    }
    found
}

fn problems(
    rfc: &str,
    it: &Requirement,
    unique: bool,
    known: &HashSet<&str>,
    proven: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let prefix = format!("{rfc}-{}-", it.section);
    let blank = |text: &str| text.trim().is_empty();
    let met = it.status == "met";
    let rules = [
        (!unique, "this id stands twice".to_owned()),
        (!it.id.starts_with(&prefix), format!("the id begins with {prefix}")),
        (it.id.len() <= prefix.len(), "the id ends in a word".to_owned()),
        (!is_section(&it.section), format!("{:?} is no section", it.section)),
        (!LEVELS.contains(&it.level.as_str()), format!("level is one of {LEVELS:?}")),
        (!STATUSES.contains(&it.status.as_str()), format!("status is one of {STATUSES:?}")),
        (blank(&it.text), "text says what is asked".to_owned()),
        (blank(&it.check), "check says how to prove it".to_owned()),
        (!met && blank(&it.note), format!("{:?} needs a note that says why", it.status)),
        (met && it.tests.is_empty(), "met needs a test".to_owned()),
        (dangling(&it.check, known), "check refers to an id that is not here".to_owned()),
    ];
    let mut found: Vec<String> =
        rules.into_iter().filter(|(bad, _)| *bad).map(|(_, say)| say).collect();
    for test in it.tests.iter().filter(|test| !proven(test)) {
        found.push(format!("there is no test {test:?}"));
    }
    found
}

/// Whether a check of the form `As ID ...` names an id that the ledger does not have.
fn dangling(check: &str, known: &HashSet<&str>) -> bool {
    let rest = check.strip_prefix("As ").unwrap_or_default();
    let id = rest.split([' ', ',', ';', ':']).next().unwrap_or_default().trim_end_matches('.');
    id.starts_with(|c: char| c.is_ascii_digit()) && !known.contains(id)
}

/// `9.1`, `9`, or an appendix such as `C` or `A.1`.
fn is_section(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split('.');
    let first = parts.next().unwrap_or_default();
    let appendix = first.len() == 1 && first.bytes().all(|b| b.is_ascii_uppercase());
    (number(first) || appendix) && parts.all(number)
}

/// Whether a proof exists: `module::function` in `tests/all`, `unit:path::to::function` in `src`,
/// `conformance:SUITE` in `conformance/suites`.
fn exists(proof: &str, tests: &[File], sources: &[File]) -> bool {
    if let Some(suite) = proof.strip_prefix("conformance:") {
        return !suite.is_empty() && root().join("conformance/suites").join(suite).exists();
    }
    let (unit, path) = match proof.strip_prefix("unit:") {
        Some(path) => (true, path),
        None => (false, proof),
    };
    let Some((modules, function)) = path.rsplit_once("::") else { return false };
    // Unit tests stand in their module, in its `tests.rs`, or in a file of its folder `tests/`.
    let whole = modules.replace("::", "/");
    let modules = modules.split("::").filter(|name| *name != "tests").collect::<Vec<_>>().join("/");
    let within = |file: &File| {
        let path = file.path.as_str();
        if unit {
            let home = format!("src/{modules}");
            let near = ["", "/mod", "/tests"].iter().any(|end| path == format!("{home}{end}.rs"));
            return near || path == format!("src/{whole}.rs");
        }
        let module = modules.split('/').next().unwrap_or_default();
        path == format!("tests/all/{module}.rs")
            || path.starts_with(&format!("tests/all/{module}/"))
    };
    let mut files = if unit { sources } else { tests }.iter().filter(|file| within(file));
    files.any(|file| defines(file, function))
}

/// Whether a file holds `fn NAME(` as code.
fn defines(file: &File, function: &str) -> bool {
    let code = &file.views().code;
    let head = format!("fn {function}");
    words(code, &head).any(|at| code[at + head.len()..].trim_start().starts_with(['(', '<']))
}

/// The conformance table, as it stands in `README.md`.
fn table(ledgers: &[Ledger]) -> String {
    let mut text = String::from(
        "| RFC | title | met | partly | not yet | exceptions |\n|---|---|---:|---:|---:|---:|\n",
    );
    for ledger in ledgers {
        let count = |status: &str| {
            ledger.requirements.iter().filter(|it| it.status == status).count().to_string()
        };
        let counts = STATUSES.map(count).join(" | ");
        text += &format!("| {} | {} | {counts} |\n", ledger.name(), ledger.title);
    }
    text
}

/// `readme` with its conformance block replaced; `None` when it has no such block.
fn with_table(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[test]
fn the_ledger_is_in_order() {
    let (tests, sources) = (files("tests/all", ".rs"), files("src", ".rs"));
    let ledgers = ledgers();
    assert!(!ledgers.is_empty(), "conformance/requirements has no ledger");
    let found = complaints(&ledgers, &|proof| exists(proof, &tests, &sources));
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_readme_has_the_conformance_table() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md").replace("\r\n", "\n");
    let table = table(&ledgers());
    let wanted = with_table(&readme, &table).expect("README.md has the conformance block");
    if std::env::var_os("DAVENPORT_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, wanted).expect("README.md can be written");
    } else {
        assert!(
            readme == wanted,
            "README.md: the conformance table is out of date; run with DAVENPORT_BLESS=1, or paste \
             this between its marks:\n{table}"
        );
    }
}

#[test]
fn a_bad_ledger_is_noticed() {
    let good = Requirement {
        id: "9-1.2-word".into(),
        section: "1.2".into(),
        level: "MUST".into(),
        text: "It works.".into(),
        check: "Ask -> answer.".into(),
        status: "met".into(),
        tests: vec!["a::b".into()],
        note: String::new(),
    };
    type Spoil = fn(&mut Requirement);
    let cases: [(&str, Spoil); 10] = [
        ("the id begins with", |it| it.id = "9-1.3-word".into()),
        ("the id ends in a word", |it| it.id = "9-1.2-".into()),
        ("is no section", |it| it.section = String::new()),
        ("level is one of", |it| it.level = "MAY".into()),
        ("status is one of", |it| it.status = "done".into()),
        ("text says", |it| it.text = " ".into()),
        ("check says", |it| it.check = String::new()),
        ("needs a note", |it| it.status = "partly".into()),
        ("met needs a test", |it| it.tests = vec![]),
        ("refers to an id", |it| it.check = "As 9-1.2-other -> the same.".into()),
    ];
    let run = |requirements: Vec<Requirement>| {
        let ledger = Ledger { rfc: 9, draft: String::new(), title: "Nine".into(), requirements };
        complaints(&[ledger], &|proof| proof == "a::b")
    };
    assert_eq!(run(vec![good.clone()]), Vec::<String>::new());
    for (say, spoil) in cases {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(run(vec![bad]).iter().any(|found| found.contains(say)), "{say}");
    }
    assert_eq!(run(vec![good.clone(), good.clone()]), ["9-1.2-word: this id stands twice"]);
    let unproven = Requirement { tests: vec!["a::c".into()], ..good };
    assert_eq!(run(vec![unproven]), ["9-1.2-word: there is no test \"a::c\""]);
}

#[test]
fn proofs_are_looked_up_in_their_files() {
    let text = "//! x\n// fn said(\nasync fn found() {}\nfn made<T>() {}\n";
    let tests = [File::new("tests/all/a.rs", text), File::new("tests/all/b/c.rs", text)];
    let sources = [File::new("src/format/x/tests.rs", text), File::new("src/kernel/y.rs", text)];
    let cases = [
        ("a::found", true),
        ("a::made", true),
        ("a::said", false),
        ("a::foun", false),
        ("b::found", true),
        ("b::c::found", true),
        ("c::found", false),
        ("found", false),
        ("unit:format::x::tests::found", true),
        ("unit:kernel::y::tests::found", true),
        ("unit:kernel::z::tests::found", false),
        ("conformance:", false),
        ("conformance:no-such-suite", false),
    ];
    for (proof, expected) in cases {
        assert_eq!(exists(proof, &tests, &sources), expected, "{proof}");
    }
}

#[test]
fn the_table_is_put_between_its_marks() {
    let readme = format!("# Top\n{BEGIN}old\n{END}\nbelow\n");
    let wanted = format!("# Top\n{BEGIN}new\n{END}\nbelow\n");
    assert_eq!(with_table(&readme, "new\n"), Some(wanted));
    assert_eq!(with_table("# Top\n", "new\n"), None);
}
