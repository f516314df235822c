//! The file, the environment and the command line, and what is said when they are wrong.

use super::*;
use proptest::prelude::*;
use std::io::Write;

struct Case {
    source: Source,
    _file: Option<tempfile::NamedTempFile>,
}

fn file(text: &str) -> Case {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Case {
        source: Source { file: Some(file.path().to_owned()), ..Source::default() },
        _file: Some(file),
    }
}

fn errors(text: &str) -> String {
    let case = file(text);
    let error = case.source.load().expect_err("should be refused").to_string();
    let path = case.source.file.unwrap().display().to_string();
    error.replace(&path, "FILE")
}

fn load(text: &str) -> Config {
    file(text).source.load().unwrap()
}

#[test]
fn the_example_is_made_from_the_table_and_says_every_default() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/davenport.toml");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, show::example(), "run `davenport config example > config/davenport.toml`");
    let line = |l: &str| match l.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => l.to_owned(),
    };
    let bare: Vec<String> = text.lines().map(line).collect();
    let config = load(&bare.join("\n"));
    for entry in &config.merged.0 {
        assert!(matches!(entry.origin, Origin::File(..)), "{} is missing", entry.key.name);
        assert_eq!(entry.value, entry.key.default_value(), "{}", entry.key.name);
    }
}

#[test]
fn defaults_hold_without_anything() {
    let config = Source::default().load().unwrap();
    assert_eq!(config.http_listen, ["127.0.0.1:8008".parse().unwrap()]);
    assert_eq!(config.store, StoreAt::Sqlite(PathBuf::from("./davenport-data/davenport.db")));
    assert_eq!((config.tls.clone(), config.limits.connections), (Tls::Off, 10_000));
    assert_eq!(config.limits.file_max, crate::kernel::limits::FILE_MAX);
    assert_eq!(i64::from(config.history_days), crate::kernel::limits::HISTORY_DAYS);
    assert_eq!(config.base_url(), "http://127.0.0.1:8008");
    assert_eq!(config.warnings, [] as [&str; 0]);
}

#[test]
fn every_default_is_a_good_value_of_its_kind_and_every_name_is_unique() {
    for key in KEYS {
        assert!(Value::from_text(key.kind, key.default).is_ok(), "{}", key.name);
        assert_eq!(KEYS.iter().filter(|other| other.variable() == key.variable()).count(), 1);
        assert!(key.doc.ends_with('.'), "{}", key.name);
    }
}

#[test]
fn wrong_keys_and_values_are_named_with_file_line_and_a_way_out() {
    for (text, want) in [
        ("\n[http]\nlisen = []\n", "FILE:3: http.lisen: unknown key; did you mean http.listen?"),
        ("history_day = 3", "FILE:1: history_day: unknown key; did you mean history_days?"),
        (
            "[log]\nlevel = 1",
            "FILE:2: log.level: expected one of \"error\", \"warn\", \"info\", \"debug\", \"trace\", found integer",
        ),
        (
            "log.level = \"inof\"",
            "FILE:1: log.level: expected one of \"error\", \"warn\", \"info\", \"debug\", \"trace\", found \"inof\"; did you mean \"info\"?",
        ),
        (
            "store_connections = 0",
            "FILE:1: store_connections: expected a whole number from 1 to 1000, found 0",
        ),
        (
            "store_connections = -1",
            "FILE:1: store_connections: expected a whole number from 1 to 1000",
        ),
        (
            "http.listen = [\"8008\"]",
            "FILE:1: http.listen: expected a list of \"ADDRESS:PORT\", such as [\"127.0.0.1:8008\", \"[::1]:8008\"], found \"8008\"",
        ),
        (
            "trusted_proxies = [\"10/8\"]",
            "FILE:1: trusted_proxies: expected a list of addresses or networks, such as [\"10.0.0.0/8\", \"::1\"]; \"10\" is not an IP address",
        ),
        (
            "limits.file_max = \"big\"",
            "FILE:1: limits.file_max: expected octets, such as 1048576 or \"1 MiB\"",
        ),
        ("log = 1", "FILE:1: log: expected a table, [log]"),
        ("qqqqqqqqqq = 1", "FILE:1: qqqqqqqqqq: unknown key; `davenport config show` lists them"),
        ("tls_key = \"a\"\n[tls]\nkey = \"b\"", "FILE:3: tls_key: already given at FILE:1"),
        (
            "store = \"mysql://h/d\"",
            "FILE:1: store: expected \"sqlite\", \"sqlite:///PATH\" or \"postgres://USER:PASSWORD@HOST/DATABASE\"",
        ),
        (
            "https.listen = [\"127.0.0.1:1\"]",
            "FILE:1: https.listen: needs a certificate: set tls = \"self-signed\", or name tls_certificate and tls_key",
        ),
        ("tls = \"pem\"", "tls_certificate: the PEM file is not named"),
        ("tls_certificate = \"a\"", "tls_key: the PEM file is not named"),
        (
            "http.listen = []",
            "FILE:1: http.listen: is empty, and so is https.listen: nothing to serve",
        ),
        (
            "public_url = \"dav.example.org\"",
            "FILE:1: public_url: expected https://HOST or https://HOST:PORT without a path, found \"dav.example.org\"",
        ),
    ] {
        assert_eq!(errors(text), want, "{text}");
    }
    assert!(errors("a = 1\nb = = 2\n").starts_with("FILE:2: "), "{}", errors("a = 1\nb = = 2\n"));
    assert_eq!(errors("a = 1\nhistory_days = \"x\"").lines().count(), 2, "all problems at once");
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let source = Source { file: Some("/nowhere/davenport.toml".into()), ..Source::default() };
    let text = source.load().unwrap_err().to_string();
    assert!(text.starts_with("/nowhere/davenport.toml: cannot be read: "), "{text}");
}

#[test]
fn plain_http_stays_on_loopback_unless_a_proxy_is_trusted() {
    let text = errors("http.listen = [\"127.0.0.1:80\", \"0.0.0.0:8008\"]");
    assert!(text.starts_with("FILE:1: http.listen: 0.0.0.0:8008 is not a loopback"), "{text}");
    assert!(text.contains("https.listen") && text.contains("trusted_proxies"), "{text}");
    assert!(errors("http.listen = [\"[::]:80\"]").contains("not a loopback"));
    load("http.listen = [\"127.9.9.9:80\", \"[::1]:80\", \"[::ffff:127.0.0.1]:80\"]");
    load("http.listen = [\"0.0.0.0:80\"]\ntrusted_proxies = [\"10.0.0.1\"]");
}

#[test]
fn tls_is_said_in_one_word_or_in_a_table() {
    let listen = "https.listen = [\"127.0.0.1:8443\"]\n";
    assert_eq!(load(&format!("tls = \"self-signed\"\n{listen}")).tls, Tls::SelfSigned);
    let pem = Tls::Pem { certificate: "c".into(), key: "k".into() };
    for text in [
        "tls = \"pem\"\ntls_certificate = \"c\"\ntls_key = \"k\"",
        "tls_certificate = \"c\"\ntls_key = \"k\"",
        "[tls]\ncertificate = \"c\"\nkey = \"k\"",
        "[tls]\nmode = \"pem\"\ncertificate = \"c\"\nkey = \"k\"",
    ] {
        assert_eq!(load(&format!("{listen}{text}")).tls, pem, "{text}");
    }
    assert_eq!(load("tls = \"self-signed\"").warnings.len(), 1);
}

#[test]
fn the_command_line_wins_over_the_environment_which_wins_over_the_file() {
    let mut case = file("history_days = 1\nshutdown_seconds = 1\nstore_connections = 1");
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    case.source.environment = vec![
        set("DAVENPORT_SHUTDOWN_SECONDS", "2"),
        set("DAVENPORT_STORE_CONNECTIONS", "2"),
        set("DAVENPORT_HTTP_LISTEN", "127.0.0.1:1, [::1]:2"),
        set("DAVENPORT_PORT", "tcp://10.0.0.1:80"),
        set("DAVENPORT_LOG_LEVL", "debug"),
        set("PATH", "/bin"),
    ];
    let flag = Flag { flag: "--connections", key: "store_connections", value: "3".into() };
    case.source.flags = vec![flag];
    let config = case.source.load().unwrap();
    assert_eq!(
        (config.history_days, config.shutdown.as_secs(), config.store_connections),
        (1, 2, 3)
    );
    assert_eq!(config.http_listen, ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]);
    let hint =
        "environment variable DAVENPORT_LOG_LEVL names no key; did you mean DAVENPORT_LOG_LEVEL?";
    assert_eq!(config.warnings, [hint]);
    case.source.environment = vec![set("DAVENPORT_HISTORY_DAYS", "x")];
    let text = case.source.load().unwrap_err().to_string();
    assert!(
        text.starts_with("environment variable DAVENPORT_HISTORY_DAYS: history_days: "),
        "{text}"
    );
}

#[test]
fn shown_values_read_back_and_hide_passwords() {
    let config = load(
        "store = \"postgres://u:se:cr@et@h/d?sslmode=require&password=secret\"\n\
         limits.file_max = 3145728\npublic_url = \"https://a.example/\"",
    );
    let text = show::toml(&config.merged);
    assert!(
        text.contains("store = \"postgres://u:***@h/d?sslmode=require&password=***\""),
        "{text}"
    );
    assert!(text.contains("file_max = \"3 MiB\""), "{text}");
    let json = show::json(&config.merged);
    for shown in [&text, &json, &format!("{:?}", config.store)] {
        assert!(!shown.contains("cr@et") && !shown.contains("secret"), "{shown}");
    }
    let again = load(&text);
    assert_eq!((again.limits, again.base_url()), (config.limits, "https://a.example".into()));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["limits.file_max"]["value"], 3_145_728);
    assert_eq!(json["https.listen"]["origin"], "default");
}

#[test]
fn a_reload_takes_live_keys_and_names_the_others() {
    let old = load("log.level = \"info\"\nhistory_days = 1");
    let new = load("log.level = \"debug\"\nhistory_days = 2\nlimits.connections = 5");
    let (mixed, waiting) = old.reloaded(&new).unwrap();
    assert_eq!((mixed.log_level, mixed.limits.connections), (tracing::Level::DEBUG, 5));
    assert_eq!((mixed.history_days, waiting), (1, vec!["history_days"]));
    let open = load("http.listen = [\"0.0.0.0:1\"]\ntrusted_proxies = [\"10.0.0.1\"]");
    assert!(open.reloaded(&load("")).is_err(), "the open listener still runs without a proxy");
}

proptest! {
    #[test]
    fn no_file_panics(text in "([a-z_.\\[\\]=\" 0-9]|\n){0,200}") {
        let _ = file(&text).source.load();
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        for key in KEYS {
            if let Ok(value) = Value::from_text(key.kind, &text) {
                let toml = format!("{} = {}", key.name, value.to_toml(key.kind));
                let table = toml::de::DeTable::parse(&toml);
                prop_assert!(table.is_ok(), "{toml}");
            }
        }
        let _ = show::mask(&text);
        let _ = keys::nearest(&text);
    }
}
