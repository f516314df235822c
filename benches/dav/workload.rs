//! The workloads: what is asked of the server, and how its answer is known to be right.
//!
//! Invariant: before a workload is measured, one answer is checked for its content; every measured
//! answer is checked for its status.

use crate::card::{self, card};
use crate::client::Connection;
use crate::event::{self, MONTH, QUIET, QUIET_FIRST, QUIET_MONTH, QUIET_YEAR, event};
use crate::load::{self, Asked, Maker};
use memchr::memmem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Every workload in the order in which they run; `delete` removes what `put-new` made.
pub const NAMES: [&str; 17] = [
    "get",
    "propfind0",
    "sync-none",
    "sync-one",
    "multiget50",
    "query-uid",
    "query-month",
    "query-64",
    "busy-month",
    "busy-year",
    "card-search",
    "propfind1-etags",
    "sync-initial",
    "put-update",
    "put-new",
    "delete",
    IMPORT,
];

/// A whole calendar by one PUT: one operation is all of it.
pub const IMPORT: &str = "import";

/// Those that are measured with each number of connections: what clients do all the time, and writes,
/// which share commits.
pub const EVERYWHERE: [&str; 8] =
    ["get", "propfind0", "sync-none", "sync-one", "query-uid", "put-update", "put-new", "delete"];

/// Connections at which the others are measured.
pub const ALONE: usize = 8;

/// The collection with its seeded events, and what was done to it.
pub struct Site {
    /// Where the server listens.
    pub server: SocketAddr,
    /// How many events were seeded.
    pub objects: usize,
    head: String,
    /// Revisions given out.
    revision: Arc<AtomicU64>,
    /// Calendars that were made to import into.
    imports: Arc<AtomicU64>,
    /// Objects made by `put-new`, and how many of them are gone again.
    made: Arc<AtomicU64>,
    removed: Arc<AtomicU64>,
}

const CALENDAR: &str = "/dav/calendars/admin/bench/";
const BOOK: &str = "/dav/addressbooks/admin/bench/";
const VCF: &str = "Content-Type: text/vcard; charset=utf-8\r\n";
const XML: &str = "Content-Type: application/xml\r\n";
const ICS: &str = "Content-Type: text/calendar; charset=utf-8\r\n";
/// Different requests of one kind.
const VARIANTS: usize = 64;

const POLL: &str = "<propfind xmlns=\"DAV:\" xmlns:s=\"http://calendarserver.org/ns/\"><prop>\
<resourcetype/><displayname/><s:getctag/><sync-token/></prop></propfind>";
const ETAGS: &str = "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>";

fn name(i: usize) -> String {
    format!("{i:08}.ics")
}

fn uid(i: usize) -> String {
    format!("bench-{i:08}@example.org")
}

fn sync(token: &str) -> String {
    format!(
        "<sync-collection xmlns=\"DAV:\"><sync-token>{token}</sync-token>\
         <sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    )
}

/// A calendar-query for events that satisfy a condition.
fn query(condition: &str) -> String {
    format!(
        "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
         <D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
         <C:comp-filter name=\"VEVENT\">{condition}</C:comp-filter></C:comp-filter></C:filter>\
         </C:calendar-query>"
    )
}

fn range((start, end): (&str, &str)) -> String {
    format!("<C:time-range start=\"{start}\" end=\"{end}\"/>")
}

fn with_uid(i: usize) -> String {
    query(&format!(
        "<C:prop-filter name=\"UID\"><C:text-match collation=\"i;octet\">{}</C:text-match>\
         </C:prop-filter>",
        uid(i)
    ))
}

fn busy(window: (&str, &str)) -> String {
    format!(
        "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">{}</C:free-busy-query>",
        range(window)
    )
}

/// What a client asks while somebody types a name.
fn search(text: &str) -> String {
    let prop = |name| {
        format!(
            "<A:prop-filter name=\"{name}\"><A:text-match>{text}</A:text-match></A:prop-filter>"
        )
    };
    format!(
        "<A:addressbook-query xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop>\
         <D:getetag/><A:address-data/></D:prop><A:filter test=\"anyof\">{}</A:filter>\
         </A:addressbook-query>",
        ["FN", "NICKNAME", "EMAIL"].map(prop).concat()
    )
}

fn multiget(objects: usize, variant: usize) -> String {
    let mut body = "<C:calendar-multiget xmlns:D=\"DAV:\" \
                    xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/>\
                    <C:calendar-data/></D:prop>"
        .to_owned();
    for k in 0..50 {
        let i = (variant * 7919 + k * 104_729) % objects;
        body.push_str(&format!("<D:href>{CALENDAR}{}</D:href>", name(i)));
    }
    body.push_str("</C:calendar-multiget>");
    body
}

fn count(body: &[u8], text: &str) -> usize {
    memmem::find_iter(body, text).count()
}

/// Whether a body holds so many responses, and so many times some text.
fn holds(body: &[u8], responses: usize, text: (&str, usize)) -> Result<(), String> {
    let found = (count(body, "</D:response>"), count(body, text.0));
    match found == (responses, text.1) {
        true => Ok(()),
        false => Err(format!(
            "{} responses, {} times {:?}; expected {responses} and {}",
            found.0, found.1, text.0, text.1
        )),
    }
}

/// Requests taken in turn.
fn in_turn(requests: Vec<Vec<u8>>) -> Maker {
    Arc::new(move |n, out| {
        out.extend_from_slice(&requests[n as usize % requests.len()]);
        true
    })
}

impl Site {
    /// The site of a fresh server: makes the calendar and seeds it.
    pub async fn seed(
        server: SocketAddr,
        login: (&str, &str),
        objects: usize,
    ) -> Result<(Self, f64, u64), String> {
        use base64::Engine as _;
        let token = format!("{}:{}", login.0, login.1);
        let token = base64::engine::general_purpose::STANDARD.encode(token);
        let head = format!("Host: {server}\r\nAuthorization: Basic {token}\r\n");
        let (revision, imports, made, removed) = Default::default();
        let site = Self { server, objects, head, revision, imports, made, removed };
        site.one(&site.request("MKCALENDAR", CALENDAR, "", b""), 201).await?;
        let octets = Arc::new(AtomicU64::new(0));
        let (this, counted) = (site.clone(), octets.clone());
        let make: Maker = Arc::new(move |n, out| {
            let i = n as usize;
            if i < objects {
                let body = event(i, &uid(i), 0);
                counted.fetch_add(body.len() as u64, Relaxed);
                this.put(&name(i), &body, out);
            }
            i < objects
        });
        let asked = Asked { make, status: 201 };
        let sample = load::run(server, 32, Duration::MAX, &asked).await?;
        Ok((site, sample.rate(), octets.load(Relaxed)))
    }

    /// Makes the address book with as many cards; gives their number a second.
    pub async fn seed_cards(&self) -> Result<f64, String> {
        self.one(&self.request("MKCOL", BOOK, "", b""), 201).await?;
        let this = self.clone();
        let make: Maker = Arc::new(move |n, out| {
            let i = n as usize;
            if i < this.objects {
                this.write("PUT", &format!("{BOOK}{i:08}.vcf"), VCF, &card(i), out);
            }
            i < this.objects
        });
        let asked = Asked { make, status: 201 };
        Ok(load::run(self.server, 32, Duration::MAX, &asked).await?.rate())
    }

    /// The same site after its server was started anew.
    pub fn at(&self, server: SocketAddr) -> Self {
        Self { server, ..self.clone() }
    }

    fn clone(&self) -> Self {
        let (revision, made) = (self.revision.clone(), self.made.clone());
        let (head, removed) = (self.head.clone(), self.removed.clone());
        let (server, objects, imports) = (self.server, self.objects, self.imports.clone());
        Self { server, objects, head, revision, imports, made, removed }
    }

    /// A GET like that of the workload, for the bare HTTP server.
    pub fn plain(&self) -> Vec<u8> {
        self.request("GET", &format!("{CALENDAR}{}", name(0)), "", b"")
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + body.len());
        self.write(method, path, headers, body, &mut out);
        out
    }

    fn write(&self, method: &str, path: &str, headers: &str, body: &[u8], out: &mut Vec<u8>) {
        use std::io::Write as _;
        let _ = write!(out, "{method} {path} HTTP/1.1\r\n{}{headers}", self.head);
        if !body.is_empty() {
            let _ = write!(out, "Content-Length: {}\r\n", body.len());
        }
        out.extend_from_slice(b"User-Agent: DAVx5/4.5 (bench)\r\nAccept: */*\r\n\r\n");
        out.extend_from_slice(body);
    }

    fn put(&self, name: &str, body: &[u8], out: &mut Vec<u8>) {
        self.write("PUT", &format!("{CALENDAR}{name}"), ICS, body, out);
    }

    /// One request on a connection of its own; gives the answer's body.
    async fn one(&self, request: &[u8], status: u16) -> Result<Vec<u8>, String> {
        let open = Connection::open(self.server).await;
        let mut connection = open.map_err(|e| e.to_string())?;
        let got = connection.ask(request).await.map_err(|e| e.to_string())?;
        match got == status {
            true => Ok(connection.body),
            false => {
                let body = String::from_utf8_lossy(&connection.body).into_owned();
                Err(format!("{got} instead of {status}: {body}"))
            }
        }
    }

    /// The collection's sync token.
    async fn token(&self) -> Result<String, String> {
        let request =
            self.request("PROPFIND", CALENDAR, &format!("{XML}Depth: 0\r\n"), POLL.as_bytes());
        let body = String::from_utf8(self.one(&request, 207).await?).map_err(|e| e.to_string())?;
        let (_, rest) = body.split_once("<D:sync-token>").ok_or("no sync-token")?;
        Ok(rest.split_once('<').ok_or("no end of sync-token")?.0.to_owned())
    }

    /// Prepares a workload, checks one answer's content, and gives its requests.
    pub async fn prepare(&self, workload: &str) -> Result<Asked, String> {
        let asked = match workload {
            "get" => self.get().await,
            "propfind0" => {
                self.read("PROPFIND", "0", vec![POLL.into()], 1, ("<D:sync-token>", 1)).await
            }
            "propfind1-etags" => {
                let members = self.objects;
                self.read(
                    "PROPFIND",
                    "1",
                    vec![ETAGS.into()],
                    members + 1,
                    ("<D:getetag>", members),
                )
                .await
            }
            "multiget50" => {
                let bodies = (0..VARIANTS).map(|v| multiget(self.objects, v)).collect();
                self.read("REPORT", "1", bodies, 50, ("BEGIN:VCALENDAR", 50)).await
            }
            "query-uid" => {
                let bodies = (0..VARIANTS).map(|v| with_uid(v * 7919 % self.objects)).collect();
                self.read("REPORT", "1", bodies, 1, ("BEGIN:VCALENDAR", 1)).await
            }
            "query-month" => {
                let found = event::in_the_month(self.objects);
                let body = query(&range(MONTH));
                self.read("REPORT", "1", vec![body], found, ("BEGIN:VCALENDAR", found)).await
            }
            "query-64" => {
                let body = query(&range(QUIET_MONTH));
                self.read("REPORT", "1", vec![body], QUIET, ("BEGIN:VCALENDAR", QUIET)).await
            }
            "busy-month" => self.busy(QUIET_MONTH).await,
            "busy-year" => self.busy(QUIET_YEAR).await,
            "card-search" => self.card_search().await,
            "sync-none" => {
                let body = sync(&self.token().await?);
                self.read("REPORT", "0", vec![body], 0, ("<D:sync-token>", 1)).await
            }
            "sync-one" => {
                let body = sync(&self.token().await?);
                self.update(0).await?;
                self.read("REPORT", "0", vec![body], 1, ("<D:getetag>", 1)).await
            }
            "sync-initial" => {
                let members = self.objects;
                self.read("REPORT", "0", vec![sync("")], members, ("<D:getetag>", members)).await
            }
            "put-update" => self.put_update().await,
            "put-new" => self.put_new().await,
            "delete" => self.delete().await,
            other => {
                Err(format!("there is no workload of this name; there are {NAMES:?}: {other}"))
            }
        };
        asked.map_err(|why| format!("{workload}: {why}"))
    }

    /// A workload of XML requests that change nothing.
    async fn read(
        &self,
        method: &str,
        depth: &str,
        bodies: Vec<String>,
        responses: usize,
        text: (&str, usize),
    ) -> Result<Asked, String> {
        let headers = format!("{XML}Depth: {depth}\r\n");
        let ask = |body: &String| self.request(method, CALENDAR, &headers, body.as_bytes());
        let requests: Vec<_> = bodies.iter().map(ask).collect();
        holds(&self.one(&requests[0], 207).await?, responses, text)?;
        Ok(Asked { make: in_turn(requests), status: 207 })
    }

    async fn busy(&self, window: (&str, &str)) -> Result<Asked, String> {
        let headers = format!("{XML}Depth: 1\r\n");
        let request = self.request("REPORT", CALENDAR, &headers, busy(window).as_bytes());
        match count(&self.one(&request, 200).await?, QUIET_FIRST) {
            1 => Ok(Asked { make: in_turn(vec![request]), status: 200 }),
            found => Err(format!("{found} times {QUIET_FIRST:?}")),
        }
    }

    async fn card_search(&self) -> Result<Asked, String> {
        let text = |v: usize| card::typed(v * 7919 % self.objects);
        let headers = format!("{XML}Depth: 1\r\n");
        let ask = |v| self.request("REPORT", BOOK, &headers, search(&text(v)).as_bytes());
        let requests: Vec<_> = (0..VARIANTS).map(ask).collect();
        let found = card::having(&text(0), self.objects);
        holds(&self.one(&requests[0], 207).await?, found, ("BEGIN:VCARD", found))?;
        Ok(Asked { make: in_turn(requests), status: 207 })
    }

    async fn get(&self) -> Result<Asked, String> {
        self.update(0).await?;
        let body = event(0, &uid(0), self.revision.load(Relaxed));
        let ask = |i: usize| self.request("GET", &format!("{CALENDAR}{}", name(i)), "", b"");
        if self.one(&ask(0), 200).await? != body {
            return Err("other octets than those that were put".into());
        }
        let some = (0..self.objects.min(1_000)).map(|k| ask(k * 7919 % self.objects));
        Ok(Asked { make: in_turn(some.collect()), status: 200 })
    }

    /// Gives one event another content.
    async fn update(&self, i: usize) -> Result<(), String> {
        let mut request = Vec::new();
        let body = event(i, &uid(i), 1 + self.revision.fetch_add(1, Relaxed));
        self.put(&name(i), &body, &mut request);
        self.one(&request, 204).await.map(drop)
    }

    async fn put_update(&self) -> Result<Asked, String> {
        self.update(1).await?;
        let this = self.clone();
        let make: Maker = Arc::new(move |n, out| {
            let i = n as usize * 7919 % this.objects;
            let revision = 1 + this.revision.fetch_add(1, Relaxed);
            this.put(&name(i), &event(i, &uid(i), revision), out);
            true
        });
        Ok(Asked { make, status: 204 })
    }

    async fn put_new(&self) -> Result<Asked, String> {
        let this = self.clone();
        let make: Maker = Arc::new(move |_, out| {
            let i = this.objects + this.made.fetch_add(1, Relaxed) as usize;
            this.put(&name(i), &event(i, &uid(i), 0), out);
            true
        });
        let mut request = Vec::new();
        let i = self.objects + self.made.load(Relaxed) as usize;
        make(0, &mut request);
        self.one(&request, 201).await?;
        let get = self.request("GET", &format!("{CALENDAR}{}", name(i)), "", b"");
        match self.one(&get, 200).await? == event(i, &uid(i), 0) {
            true => Ok(Asked { make, status: 201 }),
            false => Err("other octets than those that were put".into()),
        }
    }

    /// One PUT of so many events into an empty calendar. A small one is checked first.
    pub async fn import(&self, events: usize) -> Result<Asked, String> {
        let few = 64;
        let (path, request) = self.whole(few).await?;
        holds(&self.one(&request, 207).await?, few, (": created<", few))?;
        let get = self.request("GET", &path, "", b"");
        let found = count(&self.one(&get, 200).await?, "SUMMARY:Review");
        if found != few {
            return Err(format!("{found} events came out of {few}"));
        }
        let (_, request) = self.whole(events).await?;
        let request = std::sync::Mutex::new(Some(request));
        let make: Maker = Arc::new(move |_, out| {
            let once = request.lock().ok().and_then(|mut request| request.take());
            out.extend(once.iter().flatten());
            once.is_some()
        });
        Ok(Asked { make, status: 207 })
    }

    /// Makes a calendar; gives its path and the PUT of so many events into it.
    async fn whole(&self, events: usize) -> Result<(String, Vec<u8>), String> {
        let number = self.imports.fetch_add(1, Relaxed);
        let path = format!("/dav/calendars/admin/import-{number}/");
        self.one(&self.request("MKCALENDAR", &path, "", b""), 201).await?;
        let body = event::whole(events, uid);
        let request = self.request("PUT", &path, ICS, &body);
        Ok((path, request))
    }

    fn deletes(&self) -> Asked {
        let this = self.clone();
        let make: Maker = Arc::new(move |_, out| {
            let k = this.removed.fetch_add(1, Relaxed);
            let path = format!("{CALENDAR}{}", name(this.objects + k as usize));
            this.write("DELETE", &path, "", b"", out);
            k < this.made.load(Relaxed)
        });
        Asked { make, status: 204 }
    }

    async fn delete(&self) -> Result<Asked, String> {
        if self.made.load(Relaxed) <= self.removed.load(Relaxed) + 1 {
            let asked = self.put_new().await?;
            load::run(self.server, 8, Duration::from_millis(500), &asked).await?;
        }
        let asked = self.deletes();
        let mut request = Vec::new();
        (asked.make)(0, &mut request);
        self.one(&request, 204).await?;
        self.one(&request, 404).await?;
        Ok(asked)
    }

    /// Removes what `put-new` made, so that the next workload finds the size it expects.
    pub async fn tidy(&self) -> Result<(), String> {
        for number in 0..self.imports.swap(0, Relaxed) {
            let path = format!("/dav/calendars/admin/import-{number}/");
            self.one(&self.request("DELETE", &path, "", b""), 204).await?;
        }
        let made = self.made.load(Relaxed);
        if self.removed.load(Relaxed) < made {
            load::run(self.server, 8, Duration::MAX, &self.deletes()).await?;
        }
        // Deleting asks once more for each connection than there is.
        self.removed.store(made, Relaxed);
        Ok(())
    }
}
