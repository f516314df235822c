//! The configuration through the command line: what is printed, what is refused, exit codes.

use std::path::Path;
use std::process::{Command, Output};

fn davenport(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_davenport"))
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_wrong_key_ends_with_code_3_and_names_file_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("davenport.toml"), "\n[http]\nlisen = []\n").unwrap();
    for arguments in [&["config", "check"][..], &["config", "show"], &["serve"]] {
        let out = davenport(folder.path(), &[], arguments);
        assert_eq!(out.status.code(), Some(3), "{arguments:?}");
        let want =
            "davenport: davenport.toml:3: http.lisen: unknown key; did you mean http.listen?\n";
        assert_eq!(text(&out.stderr), want);
        assert_eq!(text(&out.stdout), "");
    }
}

#[test]
fn plain_http_for_the_world_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let out = davenport(folder.path(), &[], &["serve", "--http", "0.0.0.0:8008"]);
    assert_eq!(out.status.code(), Some(3));
    let error = text(&out.stderr);
    assert!(
        error.starts_with("davenport: --http: http.listen: 0.0.0.0:8008 is not a loopback"),
        "{error}"
    );
    assert!(error.contains("https.listen") && error.contains("trusted_proxies"), "{error}");
}

#[test]
fn options_win_over_the_environment_which_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = "data_dir = \"file\"\nhistory_days = 7\nshutdown_seconds = 7\n";
    std::fs::write(folder.path().join("other.toml"), file).unwrap();
    let environment = [("DAVENPORT_DATA_DIR", "variable"), ("DAVENPORT_HISTORY_DAYS", "8")];
    let arguments = ["config", "show", "--json", "--config", "other.toml", "--data-dir", "flag"];
    let out = davenport(folder.path(), &environment, &arguments);
    let shown: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let member = |name: &str| (shown[name]["value"].clone(), shown[name]["origin"].clone());
    assert_eq!(member("data_dir"), ("flag".into(), "--data-dir".into()));
    let variable = "environment variable DAVENPORT_HISTORY_DAYS";
    assert_eq!(member("history_days"), (8.into(), variable.into()));
    assert_eq!(member("shutdown_seconds"), (7.into(), "other.toml:3".into()));
    assert_eq!(member("log.level"), ("info".into(), "default".into()));
}

#[test]
fn the_example_checks_and_passwords_do_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let example = davenport(folder.path(), &[], &["config", "example"]);
    std::fs::write(folder.path().join("davenport.toml"), &example.stdout).unwrap();
    let check = davenport(folder.path(), &[], &["config", "check"]);
    assert_eq!(
        (check.status.code(), text(&check.stdout)),
        (Some(0), "davenport.toml: good\n".into())
    );
    let environment = [("DAVENPORT_STORE", "postgres://u:hunter2@h/d")];
    let show = davenport(folder.path(), &environment, &["config", "show"]);
    let shown = text(&show.stdout);
    assert!(shown.contains("postgres://u:***@h/d") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_wrong_command_line_is_code_2_and_help_lists_the_codes() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(davenport(folder.path(), &[], &["serve", "--htp"]).status.code(), Some(2));
    let help = davenport(folder.path(), &[], &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("3  the configuration is wrong"));
}

#[test]
fn a_taken_port_is_code_1_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let out = davenport(folder.path(), &[], &["serve", "--http", &address]);
    assert_eq!(out.status.code(), Some(1));
    let error = text(&out.stderr);
    let want = format!("davenport: http.listen: {address}: another program listens there");
    assert!(error.starts_with(&want), "{error}");
}

/// The first administrator is made before the server listens; the password must not be lost with
/// a start that fails.
#[test]
fn a_first_start_that_fails_still_tells_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let start = || davenport(folder.path(), &[], &["serve", "--http", &address]);
    let first = text(&start().stdout);
    assert!(first.contains("Administrator: admin   Password: "), "{first}");
    let second = text(&start().stdout);
    assert!(!second.contains("Password"), "{second}");
}

/// What would keep the server from starting is found by the check too.
#[test]
fn a_certificate_that_cannot_be_used_is_found_by_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = "tls_certificate = \"none.pem\"\ntls_key = \"none.pem\"\n";
    std::fs::write(folder.path().join("davenport.toml"), file).unwrap();
    let check = davenport(folder.path(), &[], &["config", "check"]);
    assert_eq!(check.status.code(), Some(3));
    let error = text(&check.stderr);
    assert!(error.contains("\ndavenport: tls: none.pem: "), "{error}");
}

/// So are the authorities that the server trusts when it fetches; without them it does not start.
#[test]
fn authorities_that_cannot_be_used_are_found_by_the_check_and_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "no certificate\n").unwrap();
    for (file, why) in [("none.pem", "No such file"), ("empty.pem", "holds no certificate")] {
        let toml = format!("[outbound]\nca = \"{file}\"\n");
        std::fs::write(folder.path().join("davenport.toml"), toml).unwrap();
        let check = davenport(folder.path(), &[], &["config", "check"]);
        let error = text(&check.stderr);
        assert_eq!(check.status.code(), Some(3), "{error}");
        assert!(error.contains(&format!("davenport: outbound.ca: {file}: {why}")), "{error}");
        let start = davenport(folder.path(), &[], &["serve", "--http", "127.0.0.1:0"]);
        let error = text(&start.stderr);
        assert_eq!(start.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("davenport: outbound.ca: {file}: {why}")), "{error}");
    }
}

#[test]
fn a_file_that_is_no_toml_names_the_key_and_not_its_value() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in
        ["data_dir = \"a\"\ndata_dir = \"secret\"\n", "\ndata_dir = secret\n", "\ndata_dir =\n"]
    {
        std::fs::write(folder.path().join("davenport.toml"), wrong).unwrap();
        let out = davenport(folder.path(), &[], &["config", "check"]);
        let told = text(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{told}");
        assert!(told.contains("davenport.toml:2: data_dir: "), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn json_may_stand_anywhere_and_is_for_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    for line in [
        ["--json", "config", "check"],
        ["config", "--json", "check"],
        ["config", "check", "--json"],
    ] {
        let out = davenport(folder.path(), &[], &line);
        let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(told, serde_json::json!({ "file": null, "good": true }));
    }
    std::fs::write(folder.path().join("davenport.toml"), "colour = 1\n").unwrap();
    let out = davenport(folder.path(), &[], &["--json", "config", "check"]);
    assert_eq!(out.status.code(), Some(3));
    let told: serde_json::Value = serde_json::from_slice(&out.stderr).unwrap();
    assert!(told["error"].as_str().unwrap().contains("colour"), "{told}");
}

/// The time zones are part of the program, and change more often than it.
#[test]
fn the_version_names_the_time_zones() {
    let out = Command::new(env!("CARGO_BIN_EXE_davenport")).arg("--version").output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let zones = davenport::format::tz::database::version();
    assert_eq!(text, format!("davenport {} (time zones {zones})\n", env!("CARGO_PKG_VERSION")));
}
