//! The directory's subcommands, run as an operator runs them: the built program on a data
//! directory of its own. One behaviour each.

mod mail;
mod resource;
mod share;

use crate::support::feed::{ALLOWED, FeedServer, Reply, calendar};
use crate::support::{Fresh, on_both};
use davenport::domain::directory::Protocols;
use davenport::domain::directory::login::{Attempt, Logins, SignIn};
use davenport::kernel::clock::now;
use davenport::kernel::secret::Secret;
use davenport::server::app;
use davenport::server::config::{Current, Source};
use davenport::store::Location;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A data directory with the domain `example.org` in it.
struct Place {
    folder: tempfile::TempDir,
    data: PathBuf,
    store: String,
}

/// What a run of the program left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// The result, where all went well.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        assert_eq!(self.err, "");
        self.out
    }

    /// The result as JSON, where all went well.
    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.good()).unwrap()
    }

    /// The message, where the work failed or was refused.
    #[track_caller]
    fn refused(self) -> String {
        assert_eq!(self.code, 1, "{}\n{}", self.out, self.err);
        self.err
    }
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let place = Self { folder, data, store: "sqlite".into() };
        place.run("domain add example.org").good();
        place
    }

    /// On a store that is open here, too, as in a running server.
    fn beside(fresh: &Fresh) -> Self {
        let store = match &fresh.location {
            Location::Sqlite(path) => format!("sqlite://{}", path.display()),
            Location::Postgres { url, .. } => url.clone(),
        };
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder, data: fresh.folder().to_owned(), store };
        place.run("domain add example.org").good();
        place
    }

    /// With users of these names, without passwords.
    fn with(users: &[&str]) -> Self {
        let place = Self::new();
        for user in users {
            place.run(&format!("user add {user} --no-password")).good();
        }
        place
    }

    /// Runs a command line, split at blanks.
    fn run(&self, line: &str) -> Ran {
        self.typing(line, "")
    }

    /// Runs a command line with this on its standard input, which is no terminal.
    fn typing(&self, line: &str, input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_davenport"))
            .args(line.split_ascii_whitespace())
            .env_clear()
            .env("DAVENPORT_DATA_DIR", &self.data)
            .env("DAVENPORT_STORE", &self.store)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that fails early may not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let ended = child.wait_with_output().unwrap();
        Ran {
            code: ended.status.code().unwrap(),
            out: String::from_utf8(ended.stdout).unwrap(),
            err: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The fields of every user, for comparing before and after.
    fn users(&self) -> Value {
        self.run("user list --json").json()
    }
}

/// The values of one field of a list.
fn field<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

const ACCOUNT: [&str; 12] = [
    "addresses",
    "administrator",
    "created",
    "display_name",
    "groups",
    "has_password",
    "kind",
    "locked",
    "members",
    "name",
    "quota",
    "time_zone",
];

on_both! {
    async fn a_user_is_added_listed_shown_changed_and_deleted(fresh: Fresh) {
        let place = Place::beside(fresh);
        let add = "user add alice@example.org --name Alice --no-password --quota 5G \
                   --address a@example.org --json";
        let added = place.run(add).json();
        assert_eq!(keys(&added), ACCOUNT);
        assert_eq!(added["addresses"], json!(["alice@example.org", "a@example.org"]));
        assert_eq!((&added["quota"], &added["has_password"]), (&json!(5_i64 << 30), &json!(false)));
        assert_eq!(place.users(), json!([added]));

        let changed = place.run("user set a@example.org --quota none --name A --json").json();
        assert_eq!((&changed["quota"], &changed["display_name"]), (&Value::Null, &json!("A")));

        let zone = |options: &str| {
            place.run(&format!("user set alice@example.org --time-zone {options} --json"))
        };
        assert_eq!(zone("europe/paris").json()["time_zone"], "Europe/Paris");
        assert!(zone("Paris").refused().contains("time zone"));
        assert!(place.run("user show alice@example.org").good().contains("Europe/Paris"));
        assert_eq!(zone("none").json()["time_zone"], Value::Null);
        let made = place.run("resource add room --time-zone Asia/Tokyo --json").json();
        assert_eq!(made["time_zone"], "Asia/Tokyo");
        let set = place.run("resource set room --time-zone UTC --json").json();
        assert_eq!(set["time_zone"], "UTC");

        let shown = place.run("user show alice@example.org --json").json();
        let more = ["app_passwords", "collections", "messages", "objects", "used"];
        assert_eq!(keys(&shown).len(), ACCOUNT.len() + more.len());
        assert_eq!([&shown["collections"], &shown["objects"], &shown["used"]], [3, 0, 0]);
        assert!(place.run("user show alice@example.org").good().contains("3 with 0 objects"));

        let deleted = place.run("user delete alice@example.org --yes --json").json();
        assert_eq!(
            (&deleted["deleted"], &deleted["collections"]),
            (&json!("alice@example.org"), &3.into())
        );
        assert_eq!(place.users(), json!([]));
    }

    async fn the_last_administrator_stays(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add admin --admin --no-password").good();
        place.run("user add alice --no-password").good();
        for line in ["user delete admin --yes", "lock admin", "user set admin --no-admin"] {
            assert!(place.run(line).refused().contains("last administrator"), "{line}");
        }
        place.run("user set alice --admin").good();
        place.run("user set admin --no-admin").good();
        assert!(place.run("lock alice").refused().contains("last administrator"));
    }

    async fn a_group_has_members_and_no_loops(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice --no-password").good();
        place.run("user add bob --no-password").good();
        place.run("group add inner --member alice").good();
        place.run("group add outer --member inner").good();
        place.run("group add top --member outer").good();
        for line in ["inner --add-member top", "inner --add-member outer", "top --add-member top"] {
            assert!(place.run(&format!("group set {line}")).refused().contains("loop"), "{line}");
        }
        let set = "group set inner --add-member bob --remove-member alice --json";
        assert_eq!(place.run(set).json()["members"], json!(["bob"]));
        // One bad part, and nothing is done.
        place.run("group set inner --name New --add-member alice --remove-member nobody").refused();
        let inner = place.run("group show inner --json").json();
        assert_eq!((&inner["members"], &inner["display_name"]), (&json!(["bob"]), &json!("inner")));
        assert_eq!(place.users()[1]["groups"], json!(["inner"]));
        let groups = place.run("group list --json").json();
        assert_eq!(groups[1]["members"], json!(["inner"]));
        place.run("group delete inner --yes").good();
        assert_eq!(place.users()[1]["groups"], json!([]));
    }

    async fn a_csv_list_can_be_run_again(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("group add staff").good();
        let csv = "\u{feff}Address,Display Name,password,admin,quota,addresses,groups\r\n\
                   alice@example.org,\"Doe, \"\"Alice\"\"\",s3cret,yes,5G,a1@example.org a2@example.org,staff\r\n\
                   bob@example.org,Bob,,,,,\r\n";
        place.file("people.csv", csv);
        let first = place.run("user add --from people.csv --json").json();
        assert_eq!(field(&first["rows"], "result"), ["added", "added"]);
        assert_eq!(field(&first["rows"], "row"), ["line 2", "line 3"]);
        assert_eq!(first["rows"][0].get("password"), None);
        assert_eq!(first["rows"][1]["password"].as_str().unwrap().len(), 24);
        let users = place.users();
        assert_eq!(users[0]["display_name"], "Doe, \"Alice\"");
        assert_eq!(users[0]["groups"], json!(["staff"]));
        assert_eq!(
            users[0]["addresses"],
            json!(["alice@example.org", "a1@example.org", "a2@example.org"])
        );

        for again in ["user add --from people.csv --json", "user add --from people.csv --update --json"]
        {
            let again = place.run(again).json();
            assert_eq!([&again["present"], &again["added"], &again["changed"]], [2, 0, 0]);
            assert_eq!(place.users(), users);
        }
    }

    /// Links are made with an address, listed without it, and taken back.
    async fn links_to_calendars(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice@example.org --no-password").good();
        let calendar = "Calendar";
        let add = format!("link add alice@example.org {calendar} --label Bob --busy --expires 90d --json");
        let made = place.run(&add).json();
        let path = made["path"].as_str().unwrap();
        assert!(path.starts_with("/links/") && path.ends_with(".ics"), "{path}");
        assert_eq!((&made["detail"], &made["label"]), (&json!("busy"), &json!("Bob")));
        let list = || place.run("link list alice@example.org --json").json();
        assert_eq!(list()[0]["path"], Value::Null);
        // Its address, too, says which calendar is meant.
        let calendar = list()[0]["calendar"].as_str().unwrap().to_owned();
        let public = place.run(&format!("link add alice@example.org {calendar} --public")).good();
        assert!(public.contains(list()[1]["path"].as_str().unwrap()), "{public}");
        let id = made["id"].as_i64().unwrap();
        place.run(&format!("link delete alice@example.org {id}")).good();
        assert_eq!(list().as_array().unwrap().len(), 1);
        place.run(&format!("link delete alice@example.org {id}")).refused();
        place.run("link add alice@example.org none").refused();
        place.run(&format!("link add alice@example.org {calendar} --expires 2001-01-01")).refused();
    }

    /// Delegates are added, listed at both ends, changed and removed.
    async fn delegates_of_accounts(fresh: Fresh) {
        let place = Place::beside(fresh);
        for name in ["boss", "carl"] {
            place.run(&format!("user add {name}@example.org --no-password")).good();
        }
        place.run("resource add room@example.org").good();
        place.run("group add team@example.org --member carl@example.org").good();
        let list = |name: &str| place.run(&format!("delegate list {name}@example.org --json")).json();
        let made = place.run("delegate add boss@example.org carl@example.org --json").json();
        let (boss, carl) = ("boss@example.org", "carl@example.org");
        let one = |owner, rights, via| json!({"owner": owner, "delegate": carl, "rights": rights, "via_group": via});
        assert_eq!(made, one(boss, "write", false));
        place.run("delegate add boss@example.org carl@example.org --read-only").good();
        place.run("delegate add room@example.org team@example.org").good();
        assert_eq!(list("boss"), json!([one(boss, "read", false)]));
        assert_eq!(list("carl"), json!([one(boss, "read", false), one("room@example.org", "write", true)]));
        place.run("delegate remove boss@example.org carl@example.org").good();
        place.run("delegate remove boss@example.org carl@example.org").refused();
        place.run("delegate add boss@example.org boss@example.org").refused();
        place.run("delegate add boss@example.org nobody").refused();
        assert_eq!(list("boss"), json!([]));
    }

    /// Subscriptions are added, fetched by the running server, listed without secrets, and ended.
    async fn subscriptions_to_calendars(fresh: Fresh) {
        let server = FeedServer::start().await;
        server.serve("/a.ics", Reply::ok(&calendar("", &[("one", "SUMMARY:One"), ("two", "SUMMARY:Two")]), ""));
        let place = Place::beside(fresh);
        place.run("user add alice@example.org --no-password").good();
        let url = server.url("/a.ics").replace("http://", "http://me:secret@");
        let add = format!("subscription add alice@example.org {url} --name Term --color #0088CC --json");
        let made = place.run(&add).json();
        assert_eq!(made["url"], json!(server.url("/a.ics")));
        let list = || place.run("subscription list alice@example.org --json").json();
        assert_eq!((&list()[0]["events"], &list()[0]["last_success"]), (&json!(0), &Value::Null));
        let environment = [
            ("STORE", place.store.as_str()),
            ("DATA_DIR", place.data.to_str().unwrap()),
            ("OUTBOUND_ALLOW", ALLOWED),
        ];
        let set = |(name, value): (&str, &str)| (format!("DAVENPORT_{name}"), value.to_owned());
        let environment = environment.map(set).to_vec();
        let config = Source { environment, ..Source::default() }.load().unwrap();
        let app = app::start(&Current::new(config)).await.unwrap();
        let wait = async |wanted: &dyn Fn(&Value) -> bool| {
            for _ in 0..200 {
                if wanted(&list()[0]) {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            panic!("still {}", list());
        };
        wait(&|it| it["events"] == 2 && it["error"].is_null()).await;
        let calendar = made["calendar"].as_str().unwrap();
        server.serve("/a.ics", Reply::bare("403 Forbidden", ""));
        place.run(&format!("subscription refresh alice@example.org {calendar}")).good();
        wait(&|it| it["error"].as_str().is_some_and(|why| why.contains("403 Forbidden"))).await;
        assert!(!place.run("subscription list alice@example.org").good().contains("secret"));
        place.run(&format!("subscription remove alice@example.org {}", server.url("/a.ics"))).good();
        assert_eq!(list(), json!([]));
        place.run(&format!("subscription refresh alice@example.org {calendar}")).refused();
        app.close().await;
    }

    async fn a_domain_in_use_stays(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice --no-password").good();
        place.run("domain add a_b.org").good();
        place.run("domain add axb.org").good();
        place.run("alias add x@axb.org alice").good();
        assert!(place.run("domain add Example.ORG").refused().contains("already"));
        assert!(place.run("domain delete example.org").refused().contains("1 addresses"));
        let domains = place.run("domain list --json").json();
        assert_eq!(field(&domains, "name"), ["a_b.org", "axb.org", "example.org"]);
        assert_eq!([&domains[0]["addresses"], &domains[1]["addresses"]], [0, 1]);
        let shown = place.run("domain show EXAMPLE.org --json").json();
        assert_eq!(keys(&shown), ["addresses", "created", "name"]);
        assert_eq!(place.run("domain delete A_b.org --json").json(), json!({ "deleted": "a_b.org" }));
        place.run("domain delete a_b.org").refused();
        place.run("domain show a_b.org").refused();
    }

    async fn an_alias_moves_and_goes(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice@example.org --no-password").good();
        place.run("user add bob@example.org --no-password").good();
        place.run("alias add Info@example.org alice@example.org").good();
        let shown = place.run("alias show info@example.org --json").json();
        let info = json!({ "address": "info@example.org", "name": "alice@example.org", "kind": "user", "primary": false });
        assert_eq!(shown, info);
        place.run("alias set info@example.org bob@example.org").good();
        let listed = place.run("alias list --json").json();
        assert_eq!(field(&listed, "name"), ["alice@example.org", "bob@example.org", "bob@example.org"]);
        // Its name is an address that a user cannot lose.
        place.run("alias set alice@example.org bob@example.org").refused();
        place.run("alias delete alice@example.org").refused();
        place.run("alias delete info@example.org").good();
        place.run("alias show info@example.org").refused();
    }

    async fn an_app_password_is_shown_once(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.run("user add alice --no-password").good();
        let add = "app-password add alice --label Phone --protocol dav --protocol imap --json";
        let mut made = place.run(add).json();
        let secret = made["password"].as_str().unwrap().to_owned();
        assert_eq!(made["protocols"], json!(["dav", "imap"]));
        made.as_object_mut().unwrap().remove("password");
        let listed = place.run("app-password list alice --json").json();
        assert_eq!(listed, json!([made]));
        assert_eq!(place.run("app-password show alice Phone --json").json(), made);
        for line in ["app-password list alice", "app-password show alice Phone", "user show alice"] {
            let shown = place.run(line).good();
            assert!(shown.contains("Phone") && !shown.contains(&secret), "{line}: {shown}");
        }
        assert!(place.run("app-password add alice --label Phone").refused().contains("Phone"));
        place.run("app-password delete alice Phone").good();
        assert_eq!(place.run("app-password list alice --json").json(), json!([]));
        place.run("app-password delete alice Phone").refused();
    }

    async fn a_running_server_feels_a_change_at_its_next_request(fresh: Fresh) {
        let place = Place::beside(fresh);
        place.typing("user add alice --password-stdin", "first").good();
        let logins = Logins::new().unwrap();
        let sign_in = async |password: &str| {
            let attempt = Attempt {
                login: "Alice@example.org",
                password: &Secret::new(password),
                from: "192.0.2.1".parse().unwrap(),
                protocol: Protocols::DAV,
                at: now(),
            };
            matches!(logins.sign_in(fresh, attempt).await.unwrap(), SignIn::Known(_))
        };
        assert!(sign_in("first").await);
        place.typing("password alice --password-stdin", "second\n").good();
        assert!(!sign_in("first").await);
        assert!(sign_in("second").await);
        let app = place.run("app-password add alice --label x --protocol dav --json").json();
        let app = app["password"].as_str().unwrap().to_owned();
        let other = place.run("app-password add alice --label y --protocol imap --json").json();
        assert!(sign_in(&app).await);
        assert!(!sign_in(other["password"].as_str().unwrap()).await);
        place.run("app-password delete alice x").good();
        assert!(!sign_in(&app).await);
        place.run("lock alice").good();
        assert!(!sign_in("second").await);
        place.run("unlock alice").good();
        assert!(sign_in("second").await);
        place.run("user delete alice --yes").good();
        assert!(!sign_in("second").await);
    }
}

#[test]
fn names_and_addresses_do_not_mind_case() {
    let place = Place::with(&["Alice@Example.ORG"]);
    assert_eq!(field(&place.users(), "name"), ["alice@example.org"]);
    place.run("user show ALICE@example.org").good();
    assert!(place.run("user add ALICE@EXAMPLE.ORG --no-password").refused().contains("already"));
}

#[test]
fn an_address_belongs_to_one() {
    let place = Place::with(&["alice", "bob"]);
    place.run("alias add sales@example.org alice").good();
    for line in [
        "user add sales@example.org --no-password",
        "user add carol --no-password --address SALES@example.org",
        "alias add sales@example.org bob",
        "group add bob@example.org",
    ] {
        place.run(line).refused();
    }
    assert_eq!(field(&place.users(), "name"), ["alice", "bob"], "a refused user leaves no trace");
}

#[test]
fn an_unknown_domain_is_refused_with_the_command_that_adds_it() {
    let place = Place::new();
    let err = place.run("user add alice@example.net --no-password").refused();
    assert!(err.contains("davenport domain add example.net"), "{err}");
}

#[test]
fn deleting_without_consent_says_what_would_go_and_does_nothing() {
    let place = Place::with(&["alice --address a@example.org"]);
    place.run("group add staff --member alice").good();
    let err = place.typing("user delete alice", "yes\n").refused();
    for part in ["3 collections", "a@example.org", "staff", "--yes"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert_eq!(field(&place.users(), "name"), ["alice"]);
}

#[test]
fn an_alias_is_not_enough_to_delete_its_owner() {
    let place = Place::with(&["alice --address sales@example.org"]);
    assert!(place.run("user delete sales@example.org --yes").refused().contains("alice itself"));
    assert_eq!(field(&place.users(), "name"), ["alice"]);
}

#[test]
fn a_kind_is_not_taken_for_another() {
    let place = Place::with(&["alice"]);
    place.run("group add staff").good();
    place.run("resource add room").good();
    for line in [
        "group delete alice --yes",
        "user show staff",
        "lock room",
        "app-password add staff --label x",
        "password room --generate",
    ] {
        assert!(place.run(line).refused().contains("there is no "), "{line}");
    }
}

#[test]
fn a_password_comes_from_standard_input_or_is_made_and_shown_once() {
    let place = Place::with(&["alice"]);
    assert_eq!(
        place.typing("password alice --password-stdin", "s3cret\n").good().trim(),
        "changed the password of alice"
    );
    let made = place.run("password alice --generate --json").json();
    assert_eq!(made["password"].as_str().unwrap().len(), 24);
    let made = place.run("user add bob --generate --json").json();
    assert_eq!(made["password"].as_str().unwrap().len(), 24);
    assert!(!place.users().to_string().contains("\"password\""));
    assert_eq!(place.run("password alice").code, 2, "nobody to ask");
    assert_eq!(place.run("user add carol").code, 2, "nobody to ask");
    for bad in ["", "two\nlines\n", &"x".repeat(1025)] {
        place.typing("password alice --password-stdin", bad).refused();
    }
}

#[test]
fn locking_is_shown_and_undone() {
    let place = Place::with(&["alice"]);
    let locked = json!({ "name": "alice", "locked": true });
    assert_eq!(place.run("lock alice --json").json(), locked);
    assert_eq!(place.users()[0]["locked"], json!(true));
    place.run("unlock alice").good();
    assert_eq!(place.users()[0]["locked"], json!(false));
}

#[test]
fn an_app_password_ends_when_it_was_told_to() {
    let place = Place::with(&["alice"]);
    let add = |label: &str, end: &str| {
        place.run(&format!("app-password add alice --label {label} --expires {end} --json"))
    };
    assert_eq!(add("a", "2999-12-31").json()["expires"], "2999-12-31T23:59:59Z");
    let days = add("b", "90d").json();
    assert!(days["expires"].as_str() > days["created"].as_str());
    assert!(add("c", "2001-01-01").refused().contains("past"));
    assert_eq!(add("d", "2999-02-30").code, 2);
    assert_eq!(place.run("app-password add alice --label e --protocol gopher").code, 2);
}

#[test]
fn a_resource_is_added_listed_changed_and_deleted() {
    let place = Place::new();
    let added = place.run("resource add room@example.org --name Room --json").json();
    assert_eq!((&added["kind"], &added["has_password"]), (&json!("resource"), &json!(false)));
    assert_eq!(place.run("resource show room@example.org --json").json()["collections"], 1);
    place.run("resource set room@example.org --name Hall").good();
    assert_eq!(place.run("resource list --json").json()[0]["display_name"], "Hall");
    place.run("resource delete room@example.org --yes").good();
    assert_eq!(place.run("resource list --json").json(), json!([]));
}

#[test]
fn a_list_changes_users_only_when_told_to() {
    let place = Place::with(&["alice"]);
    place.file("people.csv", "name,display_name,quota\nalice,Alice,none\n");
    let text = place.run("user add --from people.csv").good();
    assert_eq!(text, "line 2: alice: present\n0 added, 1 present, 0 changed, 0 refused\n");
    assert_eq!(place.users()[0]["display_name"], "alice");
    let changed = place.run("user add --from people.csv --update --json").json();
    assert_eq!([&changed["present"], &changed["changed"]], [0, 1]);
    assert_eq!(place.users()[0]["display_name"], "Alice");
}

#[test]
fn a_bad_row_is_refused_and_the_others_are_taken() {
    let place = Place::with(&["alice --address sales@example.org"]);
    let csv = "name,groups,admin\nbob,,\ncarol,nobody,\ndave\nerin,,perhaps\nsales@example.org,,\n\
               ,,yes\nfrank@example.net,,\ngrace,,no\nbob,,\n";
    place.file("people.csv", csv);
    let ran = place.run("user add --from people.csv --no-password --json");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let results = field(&report["rows"], "result");
    let bad = "refused";
    assert_eq!(results, ["added", bad, bad, bad, bad, bad, bad, "added", "present"]);
    let error: Value = serde_json::from_str(&ran.refused()).unwrap();
    assert_eq!(error, json!({ "error": "6 of 9 rows were refused" }));
    assert_eq!(field(&place.users(), "name"), ["alice", "bob", "grace"]);
}

#[test]
fn a_list_that_cannot_be_read_changes_nothing() {
    let place = Place::new();
    for (name, text, why) in [
        ("a.csv", "name,shoe_size\nalice,42\n", "shoe_size"),
        ("b.csv", "name\nalice\n\"bob\n", "line 3"),
        ("c.csv", "name,address\nalice,bob\n", "twice"),
        ("d.csv", "", "header"),
        ("e.toml", "[[user]]\nname = \"alice\"\nname = \"bob\"\n", "duplicate"),
        ("f.toml", "[[users]]\nname = \"alice\"\n", "users"),
    ] {
        place.file(name, text);
        let err = place.run(&format!("user add --from {name} --no-password")).refused();
        assert!(err.contains(why), "{name}: {err}");
    }
    assert_eq!(place.run("user add --from people.txt").code, 2);
    assert_eq!(place.users(), json!([]));
}

#[test]
fn a_toml_list_is_taken_like_a_csv_list() {
    let place = Place::new();
    place.run("group add staff").good();
    let toml = "[[user]]\nname = \"alice\"\ndisplay_name = \"Alice\"\npassword = \"s3cret\"\n\
                admin = true\nquota = \"1G\"\naddresses = [\"a@example.org\"]\n\
                groups = [\"staff\"]\ntime_zone = \"asia/tokyo\"\n\n\
                [[user]]\nname = \"bob\"\nquota = 1024\n\n\
                [[user]]\nname = \"carol\"\nshoe_size = 42\n\n[[user]]\nname = [\"dave\"]\n";
    place.file("people.toml", toml);
    let ran = place.run("user add --from people.toml --no-password --json");
    assert_eq!(ran.code, 1);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(field(&report["rows"], "result"), ["added", "added", "refused", "refused"]);
    let users = place.users();
    assert_eq!(field(&users, "name"), ["alice", "bob"]);
    assert_eq!([&users[0]["quota"], &users[1]["quota"]], [1 << 30, 1024]);
    assert_eq!([&users[0]["administrator"], &users[0]["has_password"]], [true, true]);
    assert_eq!(
        [&users[0]["time_zone"], &users[1]["time_zone"]],
        [&json!("Asia/Tokyo"), &Value::Null]
    );
    let again = place.run("user add --from people.toml --no-password --update --json");
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(field(&again["rows"], "result"), ["present", "present", "refused", "refused"]);
}

#[test]
fn a_list_of_more_than_a_page_is_whole() {
    let place = Place::new();
    let names: Vec<String> = (0..503).map(|n| format!("user-{n:04}")).collect();
    place.file("people.csv", &format!("name\n{}\n", names.join("\n")));
    let report = place.run("user add --from people.csv --no-password --json").json();
    assert_eq!(report["added"], 503);
    assert_eq!(field(&place.users(), "name"), names);
    assert_eq!(place.run("alias list --json").json().as_array().unwrap().len(), 503);
    assert_eq!(place.run("user list").good().lines().count(), 504);
}

#[test]
fn exit_codes_tell_what_was_wrong() {
    let place = Place::new();
    for (line, code) in [
        ("user list", 0),
        ("user show nobody", 1),
        ("user set nobody", 2),
        ("user add", 2),
        ("user add x --quota lots", 2),
        ("user add x --no-password --generate", 2),
        ("user list --config missing.toml", 3),
    ] {
        assert_eq!(place.run(line).code, code, "{line}");
    }
}

#[test]
fn errors_are_json_when_json_was_asked_for() {
    let place = Place::new();
    for line in ["user show nobody", "user set nobody", "user add", "user list --config no.toml"] {
        let ran = place.run(&format!("{line} --json"));
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(keys(&error), ["error"], "{line}");
        assert_eq!(ran.out, "", "{line}");
    }
}

#[test]
fn every_subcommand_explains_itself_with_an_example_and_its_json() {
    let place = Place::new();
    let nouns = [
        ("user", "add list show set delete"),
        ("group", "add list show set delete"),
        ("resource", "add list show set delete"),
        ("domain", "add list show delete"),
        ("alias", "add list show set delete"),
        ("app-password", "add list show delete"),
        ("link", "add list delete"),
        ("delegate", "add list remove"),
        ("share", "add list remove"),
        ("subscription", "add list remove refresh"),
        ("calendar birthdays", "add"),
        ("collection", "add"),
        ("mail", "list import"),
    ];
    let mut lines = vec!["password".to_owned(), "lock".to_owned(), "unlock".to_owned()];
    for (noun, verbs) in nouns {
        lines.extend(verbs.split(' ').map(|verb| format!("{noun} {verb}")));
    }
    for line in lines {
        let help = place.run(&format!("{line} --help")).good();
        let example = help.contains(&format!("davenport {line}")) && help.contains("Example");
        assert!(example && help.contains("JSON"), "{line}: {help}");
    }
}
