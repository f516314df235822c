//! People together: an invitation of many, the free/busy of many, a calendar that many have.
//!
//! Invariant: every answer is checked, and that everybody has what he was sent. What is waited for is
//! read from the store itself, beside the server.

use crate::client::Connection;
use crate::cluster::Cluster;
use crate::event::event;
use crate::process::{self, Listening};
use crate::{floor, load};
use memchr::memmem;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// People whose free/busy is asked together, each with so many events over two years.
const ASKED: usize = 100;
const EVENTS: usize = 300;
/// Rooms that a time is looked for with, and people.
const ROOMS: usize = 5;
const PEOPLE: usize = 10;
/// Eight weeks in the middle of the events.
const WEEKS: (&str, &str) = ("20251001T000000Z", "20251126T000000Z");
const PASSWORD: &str = "a benchmark of people together";
/// Letters that were not taken in yet.
const WAITING: &str = "SELECT count(*) FROM itip WHERE done_at IS NULL";
/// Collections of others that homes show.
const MOUNTS: &str = "SELECT count(*) FROM mount WHERE collection_id IS NOT NULL";
/// Addresses of one request that shares.
const SHARED_AT_ONCE: usize = 500;
/// Times that one request is asked to tell its latency.
const TIMES: usize = 20;

/// What one thing cost.
struct Row {
    what: String,
    /// Milliseconds until it was answered, and until everybody had it.
    answered: f64,
    done: Option<f64>,
    /// CPU of the server, and of the database, in milliseconds.
    cpu: (f64, f64),
    /// Among how many the CPU is divided.
    people: usize,
}

/// One bound, and what was measured.
struct Aim {
    what: &'static str,
    is: f64,
    bound: f64,
}

/// The server with its people.
struct Party<'c> {
    server: Listening,
    cluster: Option<(&'c Cluster, String)>,
    folder: &'c Path,
    rows: Vec<Row>,
    aims: Vec<Aim>,
}

/// Measures on one engine with so many people; gives the report and how many aims were missed.
pub async fn run(
    cluster: Option<&Cluster>,
    folder: &Path,
    people: usize,
) -> Result<(String, usize), String> {
    let mut party = Party::invite(cluster, folder, people).await?;
    let mut sizes = [people / 100, people / 10, people].map(|size| size.max(3)).to_vec();
    sizes.dedup();
    for size in &sizes {
        party.meeting(*size).await?;
    }
    party.free_busy(people.min(ASKED)).await?;
    for size in &sizes {
        party.share(*size).await?;
    }
    let report = party.report(people);
    let missed = party.aims.iter().filter(|aim| aim.is > aim.bound).count();
    party.server.stop();
    Ok((report, missed))
}

fn name(i: usize) -> String {
    format!("p{i}")
}

fn request(who: &str, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    use base64::Engine as _;
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{who}:{PASSWORD}"));
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const ICS: &str = "Content-Type: text/calendar\r\n";
const XML: &str = "Content-Type: application/xml\r\n";

fn meeting(uid: &str, hour: usize, people: usize) -> String {
    let mut text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20270301T{hour:02}0000Z\r\nDURATION:PT1H\r\nSUMMARY:All hands\r\n\
         ORGANIZER:mailto:{0}\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{0}\r\n",
        name(0)
    );
    for i in 1..=people {
        let _ = write!(
            text,
            "ATTENDEE;CN=Person {i};PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{}\r\n",
            name(i)
        );
    }
    text + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

impl<'c> Party<'c> {
    /// Makes the accounts before the server starts; those that ask for something have a password.
    async fn invite(
        cluster: Option<&'c Cluster>,
        folder: &'c Path,
        people: usize,
    ) -> Result<Self, String> {
        let cluster = cluster.map(|it| (it, format!("together_{people}")));
        let url = match &cluster {
            Some((it, name)) => Some(it.database(name).await?),
            None => None,
        };
        let mut list = "name,password\n".to_owned();
        for i in 0..=people {
            let password = if i <= people.min(ASKED) { PASSWORD } else { "" };
            let _ = writeln!(list, "{},{password}", name(i));
        }
        std::fs::write(folder.join("people.csv"), list).map_err(|e| e.to_string())?;
        let program = env!("CARGO_BIN_EXE_davenport");
        let run = |arguments: &[&str]| -> Result<(), String> {
            let mut command = Command::new(program);
            command.args(arguments).arg("--data-dir").arg(folder).stdout(Stdio::null());
            command.envs(url.iter().map(|url| ("DAVENPORT_STORE", url)));
            let done = command.stderr(Stdio::null()).status().map_err(|e| e.to_string())?;
            done.success().then_some(()).ok_or(format!("{arguments:?}: {done}"))
        };
        let list = folder.join("people.csv").display().to_string();
        run(&["user", "add", "--from", &list, "--no-password"])?;
        for i in 0..ROOMS {
            run(&["resource", "add", &format!("room{i}"), "--capacity", "12"])?;
        }
        let mut command = process::davenport(folder, url.as_deref())?;
        let server = Listening::start(&mut command, "at http://")?;
        Ok(Self { server, cluster, folder, rows: Vec::new(), aims: Vec::new() })
    }

    async fn ask(&self, request: &[u8], status: u16) -> Result<String, String> {
        let open = Connection::open(self.server.address).await;
        let mut connection = open.map_err(|e| e.to_string())?;
        let got = connection.ask(request).await.map_err(|e| e.to_string())?;
        let body = String::from_utf8_lossy(&connection.body).into_owned();
        match got == status {
            true => Ok(body),
            false => {
                let line = String::from_utf8_lossy(request);
                Err(format!("{got} instead of {status} to {:?}: {body}", line.lines().next()))
            }
        }
    }

    async fn int(&self, sql: &'static str) -> Result<i64, String> {
        match &self.cluster {
            Some((cluster, name)) => cluster.int(name, sql).await,
            None => floor::int(self.folder, sql),
        }
    }

    fn cpu(&self) -> (f64, f64) {
        let database = self.cluster.as_ref().map_or(0.0, |(it, _)| it.cpu());
        (process::cpu(self.server.id()) * 1e3, database * 1e3)
    }

    /// Asks, waits until a count is `wanted`, and writes down what that took.
    async fn measure(
        &mut self,
        what: String,
        people: usize,
        (asked, status): (&[Vec<u8>], u16),
        (sql, wanted): (&'static str, i64),
    ) -> Result<(), String> {
        let before = self.cpu();
        let begun = Instant::now();
        for one in asked {
            self.ask(one, status).await.map_err(|why| format!("{what}: {why}"))?;
        }
        let answered = begun.elapsed().as_secs_f64() * 1e3;
        while self.int(sql).await? != wanted {
            if begun.elapsed() > Duration::from_secs(300) {
                return Err(format!("{what}: it does not come to an end"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let done = Some(begun.elapsed().as_secs_f64() * 1e3);
        let after = self.cpu();
        let cpu = (after.0 - before.0, after.1 - before.1);
        self.rows.push(Row { what, answered, done, cpu, people });
        Ok(())
    }

    /// An invitation of so many, an answer of one of them, another time, and the end.
    async fn meeting(&mut self, people: usize) -> Result<(), String> {
        let host = name(0);
        let uid = format!("together-{people}");
        let path = format!("{}{uid}.ics", self.calendar_of(&host).await?);
        let put = |hour| request(&host, "PUT", &path, ICS, &meeting(&uid, hour, people));
        let none = (WAITING, 0);
        self.measure(format!("invite {people}"), people, (&[put(9)], 201), none).await?;
        let (guest, last) = (name(1), name(people.min(ASKED)));
        let theirs = self.copy(&last, &uid).await?;
        let body = self.ask(&request(&last, "GET", &theirs, "", ""), 200).await?;
        if !body.contains("DTSTART:20270301T090000Z") {
            return Err(format!("the copy is {body}"));
        }
        let theirs = self.copy(&guest, &uid).await?;
        let body = self.ask(&request(&guest, "GET", &theirs, "", ""), 200).await?;
        let yes = answer(&body, &guest)?;
        let yes = request(&guest, "PUT", &theirs, ICS, &yes);
        self.measure(format!("one of {people} answers"), people, (&[yes], 204), none).await?;
        let mine = self.ask(&request(&host, "GET", &path, "", ""), 200).await?;
        if mine.replace("\r\n ", "").matches("PARTSTAT=ACCEPTED").count() != 2 {
            return Err(format!("the answer did not come in: {mine}"));
        }
        self.measure(format!("move it for {people}"), people, (&[put(11)], 204), none).await?;
        let delete = request(&host, "DELETE", &path, "", "");
        self.measure(format!("cancel it for {people}"), people, (&[delete], 204), none).await
    }

    /// The calendar that somebody's invitations come into.
    async fn calendar_of(&self, who: &str) -> Result<String, String> {
        let body = "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
                    <C:schedule-default-calendar-URL/></D:prop></D:propfind>";
        let inbox = format!("/dav/calendars/{who}/inbox/");
        let asked = request(who, "PROPFIND", &inbox, &format!("{XML}Depth: 0\r\n"), body);
        let found = self.ask(&asked, 207).await?;
        let named = found.split_once("schedule-default-calendar-URL>").map(|(_, rest)| rest);
        let href = named.and_then(|rest| rest.split_once("<D:href>")?.1.split_once('<'));
        href.map(|(href, _)| href.to_owned()).ok_or(format!("{who} has no calendar: {found}"))
    }

    /// Where somebody's copy is.
    async fn copy(&self, who: &str, uid: &str) -> Result<String, String> {
        let body = format!(
            "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/>\
             </D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
             <C:prop-filter name=\"UID\"><C:text-match collation=\"i;octet\">{uid}</C:text-match>\
             </C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        );
        let asked = request(
            who,
            "REPORT",
            &self.calendar_of(who).await?,
            &format!("{XML}Depth: 1\r\n"),
            &body,
        );
        let found = self.ask(&asked, 207).await?;
        let href = found.split_once("<D:href>").and_then(|(_, rest)| rest.split_once('<'));
        href.map(|(href, _)| href.to_owned()).ok_or(format!("{who} has no copy: {found}"))
    }

    /// The free/busy of many over eight weeks, and a time for some and a room.
    async fn free_busy(&mut self, people: usize) -> Result<(), String> {
        for i in 1..=people {
            self.seed(&name(i), i).await?;
        }
        let mut body = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n\
             UID:fb\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{}\r\nDTEND:{}\r\nORGANIZER:mailto:{}\r\n",
            WEEKS.0,
            WEEKS.1,
            name(0)
        );
        for i in 1..=people {
            let _ = write!(body, "ATTENDEE:mailto:{}\r\n", name(i));
        }
        body += "END:VFREEBUSY\r\nEND:VCALENDAR\r\n";
        let outbox = format!("/dav/calendars/{}/outbox/", name(0));
        let asked = request(&name(0), "POST", &outbox, ICS, &body);
        let told = self.ask(&asked, 200).await?;
        let known = memmem::find_iter(told.as_bytes(), "2.0;Success").count();
        if known != people || !told.contains("FREEBUSY;") {
            return Err(format!("free/busy of {known} instead of {people}"));
        }
        let took = self.latency(format!("free/busy of {people}, 8 weeks"), people, asked).await?;
        let what = "free/busy of 100 people over 8 weeks, ms";
        self.aims.push(Aim { what, is: took * ASKED as f64 / people as f64, bound: 50.0 });

        let people = people.min(PEOPLE);
        let list = |all: Vec<String>| {
            all.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(",")
        };
        let json = format!(
            "{{\"required\":[{}],\"rooms\":[{}],\"start\":\"2025-10-06T00:00:00Z\",\
             \"end\":\"2025-10-20T00:00:00Z\",\"duration\":\"PT1H\",\"count\":10}}",
            list((1..=people).map(name).collect()),
            list((0..ROOMS).map(|i| format!("room{i}")).collect()),
        );
        let asked = request(&name(0), "POST", &outbox, "Content-Type: application/json\r\n", &json);
        let told = self.ask(&asked, 200).await?;
        if memmem::find_iter(told.as_bytes(), "\"room\"").count() != 10 {
            return Err(format!("ten times were looked for: {told}"));
        }
        let what = format!("a time for {people} and one of {ROOMS} rooms, 2 weeks");
        self.latency(what, people, asked).await.map(drop)
    }

    /// So many events of somebody's own.
    async fn seed(&self, who: &str, number: usize) -> Result<(), String> {
        let (who, calendar) = (who.to_owned(), self.calendar_of(who).await?);
        let make: load::Maker = Arc::new(move |n, out| {
            let i = n as usize;
            if i < EVENTS {
                let body = event(1_000 + i * 101 + number, &format!("own-{number}-{i}"), 0);
                let body = String::from_utf8_lossy(&body).into_owned();
                out.extend(request(&who, "PUT", &format!("{calendar}{i}.ics"), ICS, &body));
            }
            i < EVENTS
        });
        let asked = load::Asked { make, status: 201 };
        load::run(self.server.address, 8, Duration::MAX, &asked).await.map(drop)
    }

    /// One request again and again, over one connection; gives the milliseconds of most answers.
    async fn latency(
        &mut self,
        what: String,
        people: usize,
        asked: Vec<u8>,
    ) -> Result<f64, String> {
        let before = self.cpu();
        let make: load::Maker = Arc::new(move |n, out| {
            out.extend_from_slice(&asked);
            (n as usize) < TIMES
        });
        let asked = load::Asked { make, status: 200 };
        let sample = load::run(self.server.address, 1, Duration::MAX, &asked).await?;
        let after = self.cpu();
        let each = |before: f64, after: f64| (after - before) / sample.ops.max(1) as f64;
        let cpu = (each(before.0, after.0), each(before.1, after.1));
        self.rows.push(Row { what, answered: sample.p50, done: None, cpu, people });
        Ok(sample.p50)
    }

    /// A calendar that so many have: sharing it, one change, and what one of them then asks.
    async fn share(&mut self, people: usize) -> Result<(), String> {
        let host = name(0);
        let path = format!("/dav/calendars/{host}/shared-{people}/");
        self.ask(&request(&host, "MKCALENDAR", &path, "", ""), 201).await?;
        let all: Vec<usize> = (1..=people).collect();
        let requests = all.chunks(SHARED_AT_ONCE).map(|some| {
            let mut body =
                "<S:share xmlns:S=\"http://calendarserver.org/ns/\" xmlns:D=\"DAV:\">".to_owned();
            for i in some {
                let who = name(*i);
                let _ = write!(
                    body,
                    "<S:set><D:href>/dav/principals/users/{who}/</D:href><S:read/></S:set>"
                );
            }
            request(&host, "POST", &path, XML, &(body + "</S:share>"))
        });
        let all: Vec<_> = requests.collect();
        let before = self.int(MOUNTS).await?;
        let there = (MOUNTS, before + people as i64);
        self.measure(format!("share with {people}"), people, (&all, 200), there).await?;

        let text = String::from_utf8_lossy(&event(5_000, "shared", 0)).into_owned();
        let put = request(&host, "PUT", &format!("{path}a.ics"), ICS, &text);
        self.ask(&put, 201).await?;
        let one = self.repeated(format!("one change, shared with {people}"), put, 204).await?;
        let poll = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:sync-token/></D:prop></D:propfind>";
        let guest = name(1);
        let home = format!("/dav/calendars/{guest}/");
        let asked = request(&guest, "PROPFIND", &home, &format!("{XML}Depth: 1\r\n"), poll);
        let look = self.repeated(format!("a sharee of {people} looks"), asked, 207).await?;
        if people > 500 {
            let first = |what: &str| {
                let found = self.rows.iter().find(|row| row.what.starts_with(what));
                found.map_or(f64::MAX, |row| row.cpu.0.max(0.05))
            };
            let (change, sharee) = (first("one change, shared"), first("a sharee of"));
            let what = "one change of what 1 000 have, CPU over that with few";
            self.aims.push(Aim { what, is: one / change, bound: 1.3 });
            let what = "what a sharee of 1 000 asks, CPU over that of few";
            self.aims.push(Aim { what, is: look / sharee, bound: 1.3 });
        }
        Ok(())
    }

    /// One request again and again; gives the milliseconds of CPU of each.
    async fn repeated(&mut self, what: String, asked: Vec<u8>, status: u16) -> Result<f64, String> {
        const MANY: u64 = 400;
        let before = self.cpu();
        let make: load::Maker = Arc::new(move |n, out| {
            out.extend_from_slice(&asked);
            n < MANY
        });
        let asked = load::Asked { make, status };
        let sample = load::run(self.server.address, 1, Duration::MAX, &asked).await?;
        let after = self.cpu();
        let each = |before: f64, after: f64| (after - before) / sample.ops.max(1) as f64;
        let cpu = (each(before.0, after.0), each(before.1, after.1));
        self.rows.push(Row { what, answered: sample.p50, done: None, cpu, people: 1 });
        Ok(cpu.0)
    }

    fn report(&self, people: usize) -> String {
        let engine = if self.cluster.is_some() { "postgres" } else { "sqlite" };
        let mut out = format!("\n## {engine}, {people} people\n\n");
        let _ = writeln!(
            out,
            "| what | answered ms | all have it ms | CPU ms | database CPU ms | CPU µs per person |\n\
             |---|---:|---:|---:|---:|---:|"
        );
        for row in &self.rows {
            let done = row.done.map_or("".to_owned(), |it| format!("{it:.0}"));
            let each = (row.cpu.0 + row.cpu.1) * 1e3 / row.people.max(1) as f64;
            let _ = writeln!(
                out,
                "| {} | {:.1} | {done} | {:.2} | {:.2} | {each:.0} |",
                row.what, row.answered, row.cpu.0, row.cpu.1
            );
        }
        out += "\n| aim | measured | bound | |\n|---|---:|---:|---|\n";
        for aim in &self.aims {
            let word = if aim.is <= aim.bound { "met" } else { "**missed**" };
            let _ = writeln!(out, "| {} | {:.2} | ≤ {:.2} | {word} |", aim.what, aim.is, aim.bound);
        }
        out
    }
}

/// An invitation with its owner's yes.
fn answer(body: &str, who: &str) -> Result<String, String> {
    let text = body.replace("\r\n ", "");
    let end = format!(":mailto:{who}");
    let line = text.lines().find(|it| it.starts_with("ATTENDEE") && it.ends_with(&end));
    let line = line.ok_or(format!("{who} is not in {text}"))?;
    Ok(text.replace(line, &line.replace("NEEDS-ACTION", "ACCEPTED")))
}
