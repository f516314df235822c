//! IMAP: dialogues, one behaviour each.

mod fetch;
mod mailboxes;
mod selected;
mod session;

use crate::support::dav::User;
use crate::support::lines::Dialogue;

/// A session.
pub struct Imap {
    io: Dialogue,
    tags: u32,
}

/// What a command got.
#[derive(Debug)]
pub struct Answer {
    /// The untagged lines, literals and all, without their line ends.
    pub lines: Vec<String>,
    /// What stood behind the tag.
    pub end: String,
}

impl Answer {
    /// Fails unless the command went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.end.starts_with("OK"), "{self:?}");
        self
    }

    /// Fails unless the command ended so.
    #[track_caller]
    pub fn ends(self, with: &str) -> Self {
        assert!(self.end.starts_with(with), "wanted {with}: {self:?}");
        self
    }

    /// The untagged lines that begin so, behind the asterisk.
    pub fn starting(&self, with: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter_map(|line| line.strip_prefix("* "));
        lines.filter(|line| line.starts_with(with)).collect()
    }

    /// The one line that begins so.
    #[track_caller]
    pub fn only(&self, with: &str) -> &str {
        let lines = self.starting(with);
        assert_eq!(lines.len(), 1, "{with}: {self:?}");
        lines[0]
    }

    /// Whether some line has this in it.
    pub fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text)) || self.end.contains(text)
    }

    /// What stands in brackets with this name.
    pub fn code(&self, name: &str) -> Option<&str> {
        let lines = self.lines.iter().map(String::as_str).chain([self.end.as_str()]);
        lines.filter_map(|line| line.split_once(&format!("[{name} "))?.1.split(']').next()).next()
    }
}

impl Imap {
    /// A connection that nobody has signed in on.
    pub async fn connect(user: &User) -> Self {
        let mut io = Dialogue::open(user.server.imap).await;
        let greeting = io.line().await.unwrap();
        assert!(greeting.starts_with("* OK [CAPABILITY IMAP4rev2 IMAP4rev1 "), "{greeting}");
        Self { io, tags: 0 }
    }

    /// A session of somebody.
    pub async fn open(user: &User) -> Self {
        let mut imap = Self::connect(user).await;
        let login = format!("LOGIN {} {}", user.name, user.password.expose());
        imap.say(&login).await.ok();
        imap
    }

    /// A session of somebody with a mailbox selected.
    pub async fn at(user: &User, mailbox: &str) -> Self {
        let mut imap = Self::open(user).await;
        imap.say(&format!("SELECT {mailbox}")).await.ok();
        imap
    }

    /// Sends octets as they are.
    pub async fn raw(&mut self, octets: impl AsRef<[u8]>) {
        self.io.raw(octets).await;
    }

    /// A line of the server with its literals.
    pub async fn line(&mut self) -> String {
        let mut whole = self.io.line().await.expect("a line");
        loop {
            let announced = whole.strip_suffix('}').and_then(|it| it.rsplit_once('{'));
            let Some(count) = announced.and_then(|(_, digits)| digits.parse::<usize>().ok()) else {
                return whole;
            };
            whole.push_str("\r\n");
            whole.push_str(&self.io.octets(count).await);
            whole.push_str(&self.io.line().await.expect("the rest of a line"));
        }
    }

    /// Sends a command; gives all up to its end. A line that goes on with `+` is not expected.
    pub async fn say(&mut self, command: &str) -> Answer {
        let tag = self.send(command).await;
        self.until(&tag).await
    }

    /// Sends a command and does not wait; gives its tag.
    pub async fn send(&mut self, command: &str) -> String {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.raw(format!("{tag} {command}\r\n")).await;
        tag
    }

    /// All lines up to the end of a command.
    pub async fn until(&mut self, tag: &str) -> Answer {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            match line.strip_prefix(&format!("{tag} ")) {
                Some(end) => return Answer { lines, end: end.to_owned() },
                None => lines.push(line),
            }
        }
    }

    /// Stores a message; gives its UID.
    pub async fn append(&mut self, mailbox: &str, before: &str, message: &str) -> u32 {
        let before = if before.is_empty() { String::new() } else { format!("{before} ") };
        let literal = format!("{{{}+}}\r\n{message}", message.len());
        let answer = self.say(&format!("APPEND {mailbox} {before}{literal}")).await.ok();
        let code = answer.code("APPENDUID").unwrap();
        code.split_once(' ').unwrap().1.parse().unwrap()
    }

    /// Whether the server has closed.
    pub async fn closed(&mut self) -> bool {
        self.io.line().await.is_none()
    }
}
