//! `IDLE`: news as they come.
//!
//! Invariant: what is told is worked out anew from the store; news only say when to look. Standard: RFC
//! 9051 §6.3.13. Without a selected mailbox it waits and says nothing, as some programs want.

use super::session::{End, Session, Told, ok};
use crate::domain::collection::News;
use crate::kernel::limits::{COMMAND_LINE_MAX, IMAP_LOOK_SECONDS};
use crate::protocol::net::Line;
use std::io;
use std::time::Duration;

impl Session {
    pub(super) async fn idle(&mut self) -> io::Result<End> {
        let mut watcher = self.service.store.watch();
        self.say("+ idling").await?;
        if !self.news(true, &Told::new()).await? {
            return Ok(End::Over);
        }
        self.wire.flush().await?;
        let patience = self.patience();
        // Other processes over SQLite tell nobody.
        let mut look = tokio::time::interval(Duration::from_secs(IMAP_LOOK_SECONDS));
        look.tick().await;
        loop {
            let mine = self.selected.as_ref().map(|selected| selected.seen.collection.id);
            let concerns = |news: &News| match news {
                News::Changed(all) => all.iter().any(|it| Some(it.collection) == mine),
                News::Anew => true,
            };
            tokio::select! {
                line = self.wire.line(COMMAND_LINE_MAX, patience) => match line? {
                    Line::Text(line) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => {
                        return Ok(ok("done"));
                    }
                    Line::Text(_) | Line::TooLong => {
                        return Ok(End::Tagged("BAD DONE ends idling".to_owned()));
                    }
                    Line::Closed => return Ok(End::Over),
                    Line::Idle => {
                        self.say("* BYE nothing came for too long").await?;
                        return Ok(End::Over);
                    }
                    Line::Stopping => {
                        self.say("* BYE [UNAVAILABLE] the server stops; connect again").await?;
                        return Ok(End::Over);
                    }
                },
                news = watcher.next() => match news {
                    Some(news) if concerns(&news) => {
                        if !self.news(true, &Told::new()).await? {
                            return Ok(End::Over);
                        }
                        self.wire.flush().await?;
                    }
                    Some(_) => {}
                    None => return Ok(End::Over),
                },
                _ = look.tick() => {
                    if !self.news(true, &Told::new()).await? {
                        return Ok(End::Over);
                    }
                    self.wire.flush().await?;
                }
            }
        }
    }
}
