//! The table of configuration keys: the one place that names them. Reading, the environment,
//! `config show`, the example file and the error texts are all made from it.

use super::nearest::nearest_of;
use super::value::{Kind, Value};

/// One configuration key.
#[derive(Debug)]
pub struct Key {
    /// Its full name, `table.key`.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its default, as the environment would write it.
    pub default: &'static str,
    /// What it is for, in one or a few lines.
    pub doc: &'static str,
    /// Whether its value can hold a secret, which is never shown.
    pub secret: bool,
    /// Whether `SIGHUP` puts a new value into force; the others need a restart.
    pub live: bool,
}

impl Key {
    const fn new(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Self {
        Self { name, kind, default, doc, secret: false, live: false }
    }

    const fn live(self) -> Self {
        Self { live: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The environment variable that overrides the key: `DAVENPORT_HTTP_LISTEN`.
    pub fn variable(&self) -> String {
        format!("DAVENPORT_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The default as a value.
    pub fn default_value(&self) -> Value {
        Value::from_text(self.kind, self.default).unwrap_or(Value::Text(self.default.to_owned()))
    }
}

/// Every key, in the order of the example file: keys without a table first.
pub static KEYS: &[Key] = &[
    Key::new(
        "data_dir",
        Kind::Text,
        "./davenport-data",
        "The directory of everything that the server keeps on this machine.",
    ),
    Key::new(
        "store",
        Kind::Text,
        "sqlite",
        "Where objects live: \"sqlite\" is the file davenport.db in data_dir; \"sqlite:///PATH\" is\n\
         another file; \"postgres://USER:PASSWORD@HOST/DATABASE\" is a PostgreSQL database, which\n\
         many servers may share.",
    )
    .secret(),
    Key::new(
        "store_connections",
        Kind::Number(1, 1_000),
        "16",
        "Connections to PostgreSQL that this server opens at most.",
    ),
    Key::new(
        "public_url",
        Kind::Text,
        "",
        "The address that people and clients use, such as \"https://dav.example.org\". Links that\n\
         the server makes start with it. Empty: derived from the listeners.",
    ),
    Key::new(
        "trusted_proxies",
        Kind::Networks,
        "",
        "Addresses and networks of reverse proxies, such as [\"10.0.0.0/8\"]. Only they may say who\n\
         the client is, and only they may speak plain HTTP to an address that others can reach.",
    )
    .live(),
    Key::new(
        "forwarded_header",
        Kind::Choice(&["auto", "forwarded", "x-forwarded"]),
        "auto",
        "The header that trusted proxies set: \"forwarded\" (RFC 7239), \"x-forwarded\"\n\
         (X-Forwarded-For and X-Forwarded-Proto), or \"auto\": whichever is there; when both are and\n\
         disagree, neither is believed.",
    )
    .live(),
    Key::new(
        "tls",
        Kind::Choice(&["", "self-signed", "pem"]),
        "",
        "Where the certificate comes from: \"self-signed\" makes one and keeps it in data_dir/tls;\n\
         \"pem\" (also meant by naming the files) reads tls_certificate and tls_key. The table form\n\
         [tls] with mode, certificate and key says the same.",
    )
    .live(),
    Key::new(
        "tls_certificate",
        Kind::Text,
        "",
        "PEM file of the certificate, followed by its chain. SIGHUP reads it anew.",
    )
    .live(),
    Key::new("tls_key", Kind::Text, "", "PEM file of the certificate's private key.").live(),
    Key::new(
        "shutdown_seconds",
        Kind::Number(0, 3_600),
        "10",
        "How long running requests may go on after the order to stop.",
    )
    .live(),
    Key::new(
        "history_days",
        Kind::Number(0, 36_500),
        "30",
        "Days that replaced and deleted content can be brought back.",
    ),
    Key::new(
        "birthdays",
        Kind::Switch,
        "false",
        "Whether each new user gets a calendar of the birthdays in the user's contacts. Others get one\n\
         by davenport calendar birthdays add.",
    ),
    Key::new(
        "directory.address_book",
        Kind::Switch,
        "true",
        "Whether everyone who signs in can look up the users, groups and resources of this server: as\n\
         principals, which programs search for people to invite, and in an address book, which they\n\
         search while one types a name. Who is a member of a group is seen by its members only.",
    ),
    Key::new(
        "access.anonymous",
        Kind::Switch,
        "false",
        "Whether collections can be shared with everyone on the network, without a password, by those\n\
         who may change who has access to them (DAV:all and DAV:unauthenticated in their lists).",
    ),
    Key::new(
        "scheduling.open_free_busy",
        Kind::Switch,
        "true",
        "Whether everybody who signs in may know when the people and rooms of this server are busy,\n\
         and nothing else of it. Who grants schedule-query-freebusy on his inbox to some says that\n\
         nobody else may. When false, only those may who were granted that or read-free-busy.",
    ),
    Key::new(
        "scheduling.anonymous_free_busy",
        Kind::Switch,
        "false",
        "Whether everybody, signed in or not, may read at /freebusy/NAME when NAME is busy, as far\n\
         as everybody who signs in may.",
    ),
    Key::new(
        "sharing.auto_accept",
        Kind::Switch,
        "true",
        "Whether a calendar or address book that somebody shares shows at once to those with whom it\n\
         is shared. Otherwise they accept it first, which only Apple's programs can.",
    )
    .live(),
    Key::new(
        "http.listen",
        Kind::Addresses,
        "127.0.0.1:8008",
        "Where to speak plain HTTP. Other than loopback addresses need trusted_proxies, because\n\
         passwords cross this connection.",
    ),
    Key::new(
        "https.listen",
        Kind::Addresses,
        "",
        "Where to speak HTTPS, such as [\"[::]:8443\"], which takes IPv4 too; needs tls.",
    ),
    Key::new(
        "imap.listen",
        Kind::Addresses,
        "127.0.0.1:1143",
        "Where to speak IMAP. Other than loopback addresses need tls: passwords are taken after STARTTLS\n\
         only. The default gives way when another program listens there.",
    ),
    Key::new(
        "imaps.listen",
        Kind::Addresses,
        "",
        "Where to speak IMAP over TLS, such as [\"[::]:993\"]; needs tls.",
    ),
    Key::new(
        "pop3.listen",
        Kind::Addresses,
        "127.0.0.1:1110",
        "Where to speak POP3. Other than loopback addresses need tls: passwords are taken after STLS\n\
         only. The default gives way when another program listens there.",
    ),
    Key::new(
        "pop3s.listen",
        Kind::Addresses,
        "",
        "Where to speak POP3 over TLS, such as [\"[::]:995\"]; needs tls.",
    ),
    Key::new("log.format", Kind::Choice(&["text", "json"]), "text", "How log lines are written."),
    Key::new(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        "info",
        "The least important lines that are written.",
    )
    .live(),
    Key::new("limits.file_max", Kind::Size, "16 GiB", "Octets of one uploaded file.").live(),
    Key::new(
        "limits.connections",
        Kind::Number(1, 1_000_000),
        "10000",
        "Connections open at once; more wait until one closes.",
    )
    .live(),
    Key::new(
        "limits.connections_per_address",
        Kind::Number(1, 1_000_000),
        "200",
        "Connections open at once from one IPv4 address or IPv6 /64 network, trusted proxies\n\
         excepted; more are closed at once.",
    )
    .live(),
    Key::new(
        "outbound.allow",
        Kind::Hosts,
        "",
        "Networks and hosts that the server may fetch from although they are not in the public\n\
         network, such as [\"10.0.0.0/8\", \"intranet.example.org\"]. Every user can make the server\n\
         fetch a calendar from there.",
    )
    .live(),
    Key::new(
        "outbound.ca",
        Kind::Text,
        "",
        "PEM file of certificate authorities that are trusted beside those of Mozilla's list when\n\
         the server fetches something.",
    )
    .live(),
    Key::new(
        "subscriptions.refresh_minutes",
        Kind::Number(15, 1_440),
        "60",
        "Minutes between two looks at a calendar elsewhere that says nothing itself.",
    )
    .live(),
    Key::new(
        "push.enabled",
        Kind::Switch,
        "true",
        "Whether programs such as DAVx5 are told at once of what changes, by the push service that they\n\
         name (WebDAV-Push). What they are sent is encrypted and names nothing but what changed.",
    ),
    Key::new(
        "push.contact",
        Kind::Text,
        "",
        "Whom push services can turn to about this server: a mailto: or https: address. Empty:\n\
         public_url, if it is an https: address.",
    )
    .live(),
];

/// Other spellings of keys: the table form of `tls`.
const ALIASES: &[(&str, &str)] =
    &[("tls.mode", "tls"), ("tls.certificate", "tls_certificate"), ("tls.key", "tls_key")];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    KEYS.iter().find(|key| key.name == name)
}

/// Whether some key stands in the table of this name.
pub fn is_table(name: &str) -> bool {
    let inside = |full: &str| full.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    KEYS.iter().any(|key| inside(key.name)) || ALIASES.iter().any(|(alias, _)| inside(alias))
}

/// The key that a mistyped name probably means.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, KEYS.iter().map(|key| key.name))
}
