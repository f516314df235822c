//! `davenport find-time`: times that suit several people and one of some rooms.

use super::Failure;
use super::link::owner;
use super::out::table;
use super::session::Session;
use crate::domain::availability::{Open, find};
use crate::format::instant;
use crate::kernel::clock::Timestamp;
use crate::protocol::caldav::find_time::{Clock, Wanted, Wish, search, told};
use clap::Args;

/// What `--help` says besides.
pub const HELP: &str = "\
Examples:
  davenport find-time alice@example.org --with bob@example.org --room small@example.org --length PT1H
  davenport find-time alice@example.org --with team@example.org --optional carol@example.org \\
      --from 2026-06-01T00:00:00Z --to 2026-06-06T00:00:00Z --hours 09:00-17:00 --days MO,TU,WE,TH,FR
  davenport find-time alice@example.org --with bob@example.org --capacity 8 --feature projector

Nobody of --with, a group's members included, is busy or unavailable at a time that is told, and one of
the rooms is free and can be booked then; of all rooms the smallest that suffices is preferred. Times at which fewer of --optional are missing come first, then those at which fewer
people have something tentative, then earlier ones. What is told is what the one for whom is asked may
know.

JSON fields: slots, each with start, end (RFC 3339), room (null: none was asked for), missing and
tentative (addresses); people, each with address and status (2.0 known, 3.7 nobody, 3.8 no authority,
5.1 too much work, 5.3 another server's).";

/// The options.
#[derive(Debug, Args)]
pub struct FindTime {
    /// For whom is asked: the account's name or an address; it comes too
    name: String,
    /// Who must come: addresses of people and groups
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    with: Vec<String>,
    /// Who should come
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    optional: Vec<String>,
    /// Rooms, of which one is needed, the preferred one first
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    room: Vec<String>,
    /// One room is needed, of those of --room or, without, of all
    #[arg(long)]
    any_room: bool,
    /// The room must be for so many people
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    capacity: i64,
    /// This must be in the room (repeatable)
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    feature: Vec<String>,
    /// The room must be here: a part of the text that says where it is
    #[arg(long, value_name = "TEXT")]
    location: Option<String>,
    /// Not before this time (default: now)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Not after this time (default: two weeks after --from)
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How long it takes
    #[arg(long, value_name = "DURATION", default_value = "PT1H")]
    length: String,
    /// How far apart the starts are that are looked at
    #[arg(long, value_name = "DURATION", default_value = "PT30M")]
    step: String,
    /// Hours of the day, such as 09:00-17:00, in --zone
    #[arg(long, value_name = "FROM-TO")]
    hours: Option<String>,
    /// Days of the week for --hours (default: all)
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    days: Vec<String>,
    /// The time zone of --hours (default: the account's)
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// How many times to tell
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    count: usize,
}

/// Seconds that are looked through when nothing is said.
const TWO_WEEKS: i64 = 14 * 86_400;

impl FindTime {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let access = owner(session, &self.name).await?;
        let open = (Open(session.config.open_free_busy), Open(session.config.directory_book));
        let search = search(self.wish(&access.who.name, session.at)?, &access)?;
        let found = find::times(&access, open, search).await?;
        let rows = found.slots.iter().map(|slot| {
            let texts = [slot.room.clone().unwrap_or_default(), slot.missing.join(", ")];
            let times = [instant::written(slot.time.start), instant::written(slot.time.end)];
            let tentative = slot.tentative.join(", ");
            times.into_iter().chain(texts).chain([tentative]).collect::<Vec<_>>()
        });
        let titles = ["START", "END", "ROOM", "MISSING", "TENTATIVE"].map(str::to_owned).to_vec();
        let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
        let text = match rows.len() {
            1 => "no time suits".to_owned(),
            _ => table(&rows),
        };
        session.out.result(&told(&found), text)
    }

    fn wish(self, name: &str, now: Timestamp) -> Result<Wish, Failure> {
        let start = self.from.unwrap_or_else(|| instant::written(now.seconds()));
        let end = || instant::parse(&start).map(|second| instant::written(second + TWO_WEEKS));
        let end = self.to.or_else(end).unwrap_or_default();
        let hours = match self.hours.as_deref().map(|text| text.split_once('-')) {
            Some(Some((from, to))) => {
                let (from, to) = (from.to_owned(), to.to_owned());
                Some(Clock { from, to, days: self.days, zone: self.zone })
            }
            Some(None) => return Err(Failure::Failed("--hours: give 09:00-17:00".into())),
            None => None,
        };
        let asks = self.any_room || self.capacity != 0;
        let asks = asks || !self.feature.is_empty() || self.location.is_some();
        let location = self.location.unwrap_or_default();
        let room = Wanted { capacity: self.capacity, features: self.feature, location };
        Ok(Wish {
            room: Some(room).filter(|_| asks),
            required: std::iter::once(name.to_owned()).chain(self.with).collect(),
            optional: self.optional,
            rooms: self.room,
            start,
            end,
            duration: self.length,
            step: self.step,
            hours,
            count: self.count,
            mask: None,
        })
    }
}
