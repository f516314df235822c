//! The reader of the configuration file (`server/config`).
//!
//! Promises: every problem names a line that the file has; a configuration that is accepted, shown
//! and read again has the same values.

use davenport::server::config::show;
use davenport::server::config::source::Source;
use std::path::Path;

pub const SEEDS: &[&[u8]] = &[
    b"data_dir = \"x\"\nhistory_days = 7\n[http]\nlisten = [\"127.0.0.1:8008\", \"[::1]:1\"]\n[log]\nlevel = \"debug\"\nformat = \"json\"\n[limits]\nfile_max = \"3 GiB\"\n",
    b"store = \"postgres://u:p@h/d\"\ntrusted_proxies = [\"10.0.0.0/8\"]\nhttp.listen = \"0.0.0.0:80\"\n",
    b"[http]\nlisen = []\n[[x]]\na.b.c = 0x1f\n",
    b"public_url = \"https://e.org/\"\nhttps.listen = \"127.0.0.1:1\"\ntls_certificate = 'a'\ntls_key = 'b'\n",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = Path::new("f");
    let config = match Source::read(file, text) {
        Ok(config) => config,
        Err(error) => {
            let lines = text.matches('\n').count() + 1;
            for problem in &error.0 {
                let line = problem.origin.strip_prefix("f:").map(|n| n.parse::<usize>());
                assert!(line.is_none_or(|n| n.is_ok_and(|n| n >= 1 && n <= lines)), "{problem}");
            }
            assert!(!error.0.is_empty());
            return;
        }
    };
    let shown = show::toml(&config.merged);
    let again = Source::read(file, &shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    for (a, b) in config.merged.0.iter().zip(&again.merged.0) {
        assert!(a.value == b.value || a.key.secret, "{}: {:?}, {:?}", a.key.name, a.value, b.value);
    }
    assert!(!show::json(&config.merged).is_empty());
}
