//! One user with a client: what he believes to be there, and what he does next.

use super::text::{INSTANCES, Object};
use crate::kill::client::{Answer, Client, Lost, members};
use crate::support::Random;
use std::collections::BTreeMap;

/// The calendars that everybody makes; the second comes and goes.
pub const CALENDARS: [&str; 2] = ["work", "other"];
const WORDS: [&str; 3] = ["ACCEPTED", "DECLINED", "TENTATIVE"];
const WANTED: &str = "<D:prop><D:getetag/><D:sync-token/></D:prop>";
const XML: (&str, &str) = ("Content-Type", "application/xml");

/// What somebody may do with another's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Nothing,
    Read,
    Write,
}

/// A copy of a collection, and the token that it is of.
#[derive(Clone, Debug, Default)]
pub struct Copy {
    pub token: String,
    pub members: BTreeMap<String, String>,
}

/// A user.
pub struct Person {
    pub name: String,
    pub others: Vec<String>,
    pub client: Client,
    pub random: Random,
    /// The objects in his own calendars as he saw them last: ETag and text, by path.
    pub known: BTreeMap<String, (String, Object)>,
    /// Copies of collections from earlier times, by path.
    pub copies: BTreeMap<String, Vec<Copy>>,
    /// What others may do with his `work`; what was asked for and not answered is asked for again.
    pub grants: BTreeMap<String, Level>,
    pub open: Option<(String, Level)>,
    /// What he did, for the report of a failure.
    pub log: Vec<String>,
    pub made: usize,
}

fn quoted(body: &str) -> String {
    format!("<?xml version=\"1.0\"?>{body}")
}

fn etag(value: &str) -> String {
    let tag = value.split_once("getetag").and_then(|(_, rest)| rest.split_once('>'));
    let tag = tag.and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default();
    tag.replace("&quot;", "\"")
}

impl Person {
    pub fn home(&self) -> String {
        format!("/dav/calendars/{}/", self.name)
    }

    pub fn calendar(&self, name: &str) -> String {
        format!("{}{name}/", self.home())
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.random.below(of.len().max(1) as u64) as usize;
        of.get(at).cloned()
    }

    /// Sends a request; anything but these statuses ends the test.
    async fn send(
        &mut self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
        fine: &[u16],
    ) -> Result<Answer, Lost> {
        let answer = loop {
            let answer = self.client.send(method, path, headers, body.as_bytes()).await;
            match answer {
                // "Not now" is an answer, too.
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => break answer,
                Err(lost) => {
                    self.log.push(format!("{method} {path} {headers:?}: no answer\n{body}"));
                    return Err(lost);
                }
            }
        };
        if !["GET", "PROPFIND", "REPORT"].contains(&method) {
            self.log.push(format!("{method} {path} {headers:?}: {}\n{body}", answer.status));
        }
        let text = String::from_utf8_lossy(&answer.body);
        let told = || format!("{}: {method} {path} {headers:?}\n{body}\n", self.name);
        assert!(fine.contains(&answer.status), "{}{}\n{text}", told(), answer.head);
        Ok(answer)
    }

    pub async fn furnish(&mut self) {
        for name in CALENDARS {
            let path = self.calendar(name);
            self.send(("MKCALENDAR", &path), &[], "", &[201]).await.unwrap();
        }
    }

    /// The members of a collection, each with its properties.
    pub async fn list(&mut self, path: &str) -> Result<BTreeMap<String, String>, Lost> {
        let body = quoted(&format!("<D:propfind xmlns:D='DAV:'>{WANTED}</D:propfind>"));
        let answer =
            self.send(("PROPFIND", path), &[XML, ("Depth", "1")], &body, &[207, 404]).await?;
        if answer.status == 404 {
            return Ok(BTreeMap::new());
        }
        let all = members(&answer).0.into_iter().filter(|(href, _)| href != path);
        Ok(all.map(|(href, value)| (href, value.unwrap())).collect())
    }

    /// Brings a copy up to date; whether its token still counts.
    pub async fn synchronise(&mut self, path: &str, copy: &mut Copy) -> Result<bool, Lost> {
        loop {
            let body = quoted(&format!(
                "<D:sync-collection xmlns:D='DAV:'><D:sync-token>{}</D:sync-token>\
                 <D:sync-level>1</D:sync-level>{WANTED}</D:sync-collection>",
                copy.token
            ));
            let fine = [207, 403, 404];
            let answer = self.send(("REPORT", path), &[XML, ("Depth", "0")], &body, &fine).await?;
            if answer.status != 207 {
                return Ok(false);
            }
            let (members, token) = members(&answer);
            for (href, value) in members {
                match value {
                    Some(value) => copy.members.insert(href, value),
                    None => copy.members.remove(&href),
                };
            }
            copy.token = token.expect("a token");
            if copy.members.remove(path).is_none() {
                return Ok(true);
            }
        }
    }

    /// What is to be watched: the home, and the collections in it.
    pub async fn watched(&mut self) -> Result<Vec<String>, Lost> {
        let home = self.home();
        let inside = self.list(&home).await?;
        let calendars = inside.into_keys().filter(|href| href.ends_with('/'));
        Ok([home].into_iter().chain(calendars).collect())
    }

    /// The calendars of his own.
    pub async fn own(&mut self) -> Result<Vec<String>, Lost> {
        let mut all = self.watched().await?;
        let (home, length) = (self.home(), self.home().len());
        let not = |name: &str| {
            name.starts_with("shared-") || ["inbox/", "outbox/", "notifications/"].contains(&name)
        };
        all.retain(|href| *href != home && !not(&href[length..]));
        Ok(all)
    }

    /// Those of others that show in his home.
    pub async fn mounts(&mut self) -> Result<Vec<String>, Lost> {
        let mut all = self.watched().await?;
        let start = format!("{}shared-", self.home());
        all.retain(|href| href.starts_with(&start));
        Ok(all)
    }

    /// The objects of a calendar with their ETags and texts.
    pub async fn objects(&mut self, of: &str) -> Result<BTreeMap<String, (String, Object)>, Lost> {
        let mut found = BTreeMap::new();
        for (href, value) in self.list(of).await? {
            let answer = self.send(("GET", &href), &[], "", &[200, 404]).await?;
            if answer.status == 200 {
                // It may have changed since it was listed: the answer's own tag counts.
                let tag = match answer.header("etag") {
                    tag if tag.is_empty() => etag(&value),
                    tag => tag,
                };
                let text = String::from_utf8(answer.body).unwrap();
                found.insert(href, (tag, Object::read(&text)));
            }
        }
        Ok(found)
    }

    /// Looks at everything in his own calendars.
    pub async fn look(&mut self) -> Result<(), Lost> {
        let mut known = BTreeMap::new();
        for calendar in self.own().await? {
            known.extend(self.objects(&calendar).await?);
        }
        self.known = known;
        Ok(())
    }

    /// Does the next thing.
    pub async fn act(&mut self) -> Result<(), Lost> {
        if let Some((to, level)) = self.open.take() {
            return self.share(to, level).await;
        }
        match self.random.below(24) {
            0..4 => self.meet().await,
            4 => self.put_new(&[], "work").await,
            5..8 => self.keep().await,
            8..10 => self.look().await,
            10..14 => self.change().await,
            14..18 => self.answer().await,
            18 => self.delete().await,
            19 => self.relocate().await,
            20..22 => {
                let to = self.others.clone();
                let level = [Level::Nothing, Level::Read, Level::Write];
                let (to, level) = (self.pick(&to).unwrap(), self.pick(&level).unwrap());
                self.share(to, level).await
            }
            22 => self.visit().await,
            _ => self.renew().await,
        }
    }

    /// A new meeting with some of the others.
    async fn meet(&mut self) -> Result<(), Lost> {
        let chosen = 1 + self.random.below((1 << self.others.len()) - 1);
        let people = self.others.iter().enumerate();
        let people: Vec<String> =
            people.filter(|(n, _)| chosen >> n & 1 == 1).map(|(_, name)| name.clone()).collect();
        let into = self.pick(&CALENDARS).unwrap();
        self.put_new(&people, into).await
    }

    async fn put_new(&mut self, people: &[String], into: &str) -> Result<(), Lost> {
        self.made += 1;
        let uid = format!("{}-{}", self.name, self.made);
        let series = self.random.below(3) == 0;
        let object = Object::new(&uid, &self.name, people, series);
        let path = format!("{}{uid}.ics", self.calendar(into));
        // The calendar may be away.
        let fine = [201, 404, 409];
        let new = [("If-None-Match", "*")];
        self.send(("PUT", &path), &new, &object.text(), &fine).await?;
        self.fetch(&path).await
    }

    async fn fetch(&mut self, path: &str) -> Result<(), Lost> {
        self.known.remove(path);
        let answer = self.send(("GET", path), &[], "", &[200, 404]).await?;
        if answer.status == 200 {
            let (tag, text) = (answer.header("etag"), String::from_utf8(answer.body).unwrap());
            self.known.insert(path.to_owned(), (tag, Object::read(&text)));
        }
        Ok(())
    }

    /// Keeps a copy of something, to come back with later.
    async fn keep(&mut self) -> Result<(), Lost> {
        let watched = self.watched().await?;
        let path = self.pick(&watched).unwrap();
        let kept = self.copies.get(&path).and_then(|copies| copies.last());
        let mut copy = kept.cloned().unwrap_or_default();
        if self.synchronise(&path, &mut copy).await? {
            self.copies.entry(path).or_default().push(copy);
        }
        Ok(())
    }

    /// Changes an object as he knows it; if it has changed since, as it is now.
    async fn edit(&mut self, path: &str, change: impl Fn(&mut Object)) -> Result<(), Lost> {
        for _ in 0..2 {
            let Some((tag, mut object)) = self.known.get(path).cloned() else { return Ok(()) };
            change(&mut object);
            let condition = [("If-Match", &*tag)];
            let fine = [201, 204, 404, 409, 412];
            let answer = self.send(("PUT", path), &condition, &object.text(), &fine).await?;
            self.fetch(path).await?;
            if answer.status != 412 {
                break;
            }
        }
        Ok(())
    }

    fn choose(&mut self, mine: bool) -> Option<String> {
        let name = self.name.clone();
        let fits = |object: &Object| match object.organizer() {
            Some(organizer) if organizer == name => mine && !object.is_cancelled(),
            Some(_) => !mine && !object.parts.iter().any(|part| part.is_cancelled()),
            None => false,
        };
        let all = self.known.iter().filter(|(_, (_, object))| fits(object));
        let all: Vec<String> = all.map(|(path, _)| path.clone()).collect();
        self.pick(&all)
    }

    /// Changes a meeting of his own.
    async fn change(&mut self) -> Result<(), Lost> {
        let Some(path) = self.choose(true) else { return Ok(()) };
        let others = self.others.clone();
        let (who, what) = (self.pick(&others).unwrap(), self.random.below(8));
        let (n, hour) = (self.random.below(INSTANCES as u64) as usize, 8 + self.random.below(8));
        let word = format!("Plan {}", self.random.below(100));
        self.edit(&path, |object| match what {
            0 => object.parts.iter_mut().for_each(|part| part.set("SUMMARY", Some(&word))),
            1 => {
                object.parts.retain(|part| part.get("RECURRENCE-ID").is_none());
                if let Some(master) = object.master_mut() {
                    master.set("EXDATE", None);
                    master.at("20270301", hour);
                }
            }
            2 | 3 => object.parts.iter_mut().for_each(|part| {
                if !part.people().contains_key(&who) {
                    part.invite(&who);
                }
            }),
            4 => object.parts.iter_mut().for_each(|part| part.uninvite(&who)),
            5 if object.is_series() => object.exclude(n),
            6 if object.is_series() => {
                let part = object.exception(n);
                part.into_iter().for_each(|part| part.set("SUMMARY", Some(&word)));
            }
            _ => match object.exception(n) {
                Some(part) => {
                    let day = part.get("RECURRENCE-ID").unwrap()[..8].to_owned();
                    part.at(&day, hour);
                }
                None => object.parts[0].set("LOCATION", Some(&word)),
            },
        })
        .await
    }

    /// Answers an invitation.
    async fn answer(&mut self) -> Result<(), Lost> {
        let Some(path) = self.choose(false) else { return self.look().await };
        let word = self.pick(&WORDS).unwrap();
        let (one, n) = (self.random.below(3) == 0, self.random.below(INSTANCES as u64) as usize);
        let me = self.name.clone();
        self.edit(&path, |object| match one && object.is_series() {
            true => object.exception(n).into_iter().for_each(|part| part.answer(&me, word)),
            false => object.parts.iter_mut().for_each(|part| part.answer(&me, word)),
        })
        .await
    }

    async fn delete(&mut self) -> Result<(), Lost> {
        let all: Vec<String> = self.known.keys().cloned().collect();
        let Some(path) = self.pick(&all) else { return Ok(()) };
        let (tag, _) = self.known.remove(&path).unwrap();
        self.send(("DELETE", &path), &[("If-Match", &tag)], "", &[204, 404, 412]).await.map(drop)
    }

    /// Moves something from one of his calendars to another.
    async fn relocate(&mut self) -> Result<(), Lost> {
        let all: Vec<String> = self.known.keys().cloned().collect();
        let Some(path) = self.pick(&all) else { return Ok(()) };
        let into = self.pick(&CALENDARS).unwrap();
        let to = format!("{}{}", self.calendar(into), path.rsplit('/').next().unwrap());
        if to == path {
            return Ok(());
        }
        self.known.remove(&path);
        let headers = [("Destination", &*to), ("Overwrite", "F")];
        self.send(("MOVE", &path), &headers, "", &[201, 404, 409]).await?;
        self.fetch(&to).await
    }

    /// Lets somebody into `work`, or out of it.
    pub async fn share(&mut self, to: String, level: Level) -> Result<(), Lost> {
        let what = match level {
            Level::Nothing => "remove",
            _ => "set",
        };
        let right = match level {
            Level::Nothing => "",
            Level::Read => "<S:read/>",
            Level::Write => "<S:read-write/>",
        };
        let body = quoted(&format!(
            "<S:share xmlns:D='DAV:' xmlns:S='http://calendarserver.org/ns/'><S:{what}>\
             <D:href>/dav/principals/users/{to}/</D:href>{right}</S:{what}></S:share>"
        ));
        self.open = Some((to.clone(), level));
        let path = self.calendar("work");
        self.send(("POST", &path), &[("Content-Type", "text/xml")], &body, &[200]).await?;
        self.open = None;
        self.grants.insert(to, level);
        Ok(())
    }

    /// Writes into a calendar that somebody shares with him, or takes something of his out.
    async fn visit(&mut self) -> Result<(), Lost> {
        let mounts = self.mounts().await?;
        let Some(mount) = self.pick(&mounts) else { return Ok(()) };
        let mark = format!("/{}-guest-", self.name);
        let mine: Vec<String> =
            self.list(&mount).await?.into_keys().filter(|href| href.contains(&mark)).collect();
        if let Some(path) = self.pick(&mine).filter(|_| self.made.is_multiple_of(2)) {
            // The right may just have gone.
            return self.send(("DELETE", &path), &[], "", &[204, 403, 404]).await.map(drop);
        }
        self.made += 1;
        let uid = format!("{}-guest-{}", self.name, self.made);
        let object = Object::new(&uid, &self.name, &[], false);
        let path = format!("{mount}{uid}.ics");
        let fine = [201, 403, 404, 409];
        self.send(("PUT", &path), &[], &object.text(), &fine).await.map(drop)
    }

    /// Removes a calendar with all that is in it, and makes it anew.
    async fn renew(&mut self) -> Result<(), Lost> {
        let path = self.calendar("other");
        self.known.retain(|href, _| !href.starts_with(&path));
        if self.made.is_multiple_of(2) {
            self.send(("DELETE", &path), &[], "", &[204, 404]).await?;
        }
        self.send(("MKCALENDAR", &path), &[], "", &[201, 405, 403]).await.map(drop)
    }

    /// What another gets who asks for something of his.
    pub async fn asks(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let headers = [("Content-Type", "text/calendar"), ("Depth", "0")];
        self.client.send(method, path, &headers, body.as_bytes()).await.unwrap().status
    }
}
