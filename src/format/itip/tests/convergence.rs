//! Whatever people do, and however their messages cross each other, in the end all copies agree.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// One component of a copy as a program sees it: its lines.
#[derive(Clone, Debug)]
struct Lines(Vec<String>);

impl Lines {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|l| l.split([':', ';']).next() == Some(name))?;
        found.split_once(':').map(|(_, value)| value)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|l| l.split([':', ';']).next() != Some(name));
        self.0.push(format!("{name}:{value}"));
    }

    fn people(&self) -> BTreeMap<String, String> {
        let lines = self.0.iter().filter(|l| l.starts_with("ATTENDEE"));
        let name =
            |l: &str| l.rsplit_once("mailto:").unwrap().1.split('@').next().unwrap().to_owned();
        lines.map(|l| (name(l), partstat(l, &name(l)))).collect()
    }

    fn answer(&mut self, who: &str, answer: &str) {
        let ending = format!(":{}", mailto(who));
        for line in self.0.iter_mut().filter(|l| l.starts_with("ATTENDEE") && l.ends_with(&ending))
        {
            let was = partstat(line, who);
            *line = line.replace(&format!("PARTSTAT={was}"), &format!("PARTSTAT={answer}"));
        }
    }
}

#[derive(Clone, Debug)]
struct Copy {
    parts: Vec<Lines>,
}

impl Copy {
    fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        for line in unfolded(text).lines() {
            match line {
                "BEGIN:VEVENT" => parts.push(Lines(Vec::new())),
                "END:VEVENT" | "END:VCALENDAR" => {}
                line => {
                    parts.last_mut().into_iter().for_each(|p: &mut Lines| p.0.push(line.into()))
                }
            }
        }
        Self { parts }
    }

    fn text(&self) -> String {
        let parts = self.parts.iter().map(|p| p.0.join("\r\n"));
        let parts: String =
            parts.map(|p| format!("BEGIN:VEVENT\r\n{p}\r\nEND:VEVENT\r\n")).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//EN\r\n{parts}END:VCALENDAR\r\n")
    }

    fn master(&mut self) -> Option<&mut Lines> {
        self.parts.iter_mut().find(|p| p.get("RECURRENCE-ID").is_none())
    }

    /// The original start of the nth instance.
    fn id(&self, n: usize) -> Option<String> {
        let master = self.parts.iter().find(|p| p.get("RECURRENCE-ID").is_none())?;
        Some(format!("202606{:02}{}", n + 2, &master.get("DTSTART")?[8..]))
    }

    fn is_out(&self, id: &str) -> bool {
        self.parts.iter().any(|p| p.0.iter().any(|l| *l == format!("EXDATE:{id}")))
    }

    fn part(&mut self, id: &str) -> Option<&mut Lines> {
        self.parts.iter_mut().find(|p| p.get("RECURRENCE-ID") == Some(id))
    }

    /// The exception of an instance, made if there is none.
    fn exception(&mut self, n: usize) -> Option<&mut Lines> {
        let id = self.id(n)?;
        if self.is_out(&id) {
            return None;
        }
        if self.part(&id).is_none() {
            let mut new = self.master()?.clone();
            new.0.retain(|l| !l.starts_with("RRULE") && !l.starts_with("EXDATE"));
            let hour: u32 = id[9..11].parse().unwrap();
            new.set("DTSTART", &id);
            new.set("DTEND", &format!("{}{:02}0000Z", &id[..9], hour + 1));
            new.set("RECURRENCE-ID", &id);
            self.parts.push(new);
        }
        self.part(&id)
    }

    /// What somebody sees of an instance: start, summary, answers; none: it does not take place.
    fn seen(&self, id: &str) -> Option<(String, String, BTreeMap<String, String>)> {
        let mut copy = self.clone();
        let out = copy.is_out(id);
        let (part, start) = match copy.part(id) {
            Some(part) => (part.clone(), None),
            None if out => return None,
            None => (copy.master()?.clone(), Some(id.to_owned())),
        };
        if part.get("STATUS") == Some("CANCELLED") {
            return None;
        }
        let start = start.unwrap_or_else(|| part.get("DTSTART").unwrap().to_owned());
        Some((start, part.get("SUMMARY").unwrap().to_owned(), part.people()))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Move(u8),
    Rename(u8),
    TakeOut(usize),
    PutBack(usize),
    RenameOne(usize, u8),
    MoveOne(usize, u8),
    Forget(usize),
    Invite(char),
    Uninvite(char),
    Exclude(usize, char),
    Answer(char, u8),
    AnswerOne(char, usize, u8),
    Leave(char, usize),
    Alarm(char),
    Deliver(usize, bool),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || prop::sample::select(vec!['a', 'b', 'c']);
    prop_oneof![
        1 => (9_u8..14).prop_map(Step::Move),
        2 => any::<u8>().prop_map(Step::Rename),
        1 => (0_usize..5).prop_map(Step::TakeOut),
        1 => (0_usize..5).prop_map(Step::PutBack),
        1 => (0_usize..5, any::<u8>()).prop_map(|(n, x)| Step::RenameOne(n, x)),
        1 => (0_usize..5, 9_u8..20).prop_map(|(n, x)| Step::MoveOne(n, x)),
        1 => (0_usize..5).prop_map(Step::Forget),
        1 => who().prop_map(Step::Invite),
        1 => who().prop_map(Step::Uninvite),
        1 => (0_usize..5, who()).prop_map(|(n, x)| Step::Exclude(n, x)),
        3 => (who(), 0_u8..3).prop_map(|(x, n)| Step::Answer(x, n)),
        3 => (who(), 0_usize..5, 0_u8..3).prop_map(|(x, n, p)| Step::AnswerOne(x, n, p)),
        1 => (who(), 0_usize..5).prop_map(|(x, n)| Step::Leave(x, n)),
        1 => who().prop_map(Step::Alarm),
        8 => (0_usize..100, any::<bool>()).prop_map(|(n, twice)| Step::Deliver(n, twice)),
        2 => (0_u8..4).prop_map(Step::Wait),
    ]
}

const ANSWERS: [&str; 3] = ["ACCEPTED", "DECLINED", "TENTATIVE"];

fn organizer(world: &mut World, change: impl FnOnce(&mut Copy) -> Option<()>) {
    let mut copy = Copy::read(world.copy("o"));
    if change(&mut copy).is_some() {
        let text = copy.text();
        world.put("o", &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    }
}

fn attendee(world: &mut World, who: char, change: impl FnOnce(&mut Copy) -> Option<()>) {
    let who = who.to_string();
    if world.copy(&who).is_empty() {
        return;
    }
    let mut copy = Copy::read(world.copy(&who));
    if copy.parts.iter().any(|p| p.get("STATUS") == Some("CANCELLED")) {
        return;
    }
    if change(&mut copy).is_some() {
        let (old, text) = (world.copy(&who).to_owned(), copy.text());
        world.put(&who, &text).unwrap_or_else(|fault| panic!("{fault}\n{old}\n{text}"));
    }
}

fn attendee_line(who: char) -> String {
    format!("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{who}@example.com")
}

fn apply(world: &mut World, step: &Step) {
    match step.clone() {
        Step::Move(hour) => organizer(world, |copy| {
            copy.parts.retain(|p| p.get("RECURRENCE-ID").is_none());
            let master = copy.master()?;
            master.0.retain(|l| !l.starts_with("EXDATE"));
            master.set("DTSTART", &format!("20260602T{hour:02}0000Z"));
            master.set("DTEND", &format!("20260602T{:02}0000Z", hour + 1));
            Some(())
        }),
        Step::Rename(n) => organizer(world, |copy| {
            copy.parts.iter_mut().for_each(|p| p.set("SUMMARY", &format!("S{n}")));
            Some(())
        }),
        Step::TakeOut(n) => organizer(world, |copy| {
            let id = copy.id(n)?;
            copy.parts.retain(|p| p.get("RECURRENCE-ID") != Some(&id));
            let line = format!("EXDATE:{id}");
            let master = copy.master()?;
            (!master.0.contains(&line)).then(|| master.0.push(line))
        }),
        Step::PutBack(n) => organizer(world, |copy| {
            let line = format!("EXDATE:{}", copy.id(n)?);
            let master = copy.master()?;
            let had = master.0.len();
            master.0.retain(|l| *l != line);
            (master.0.len() != had).then_some(())
        }),
        Step::RenameOne(n, x) => organizer(world, |copy| {
            copy.exception(n)?.set("SUMMARY", &format!("One {x}"));
            Some(())
        }),
        Step::MoveOne(n, hour) => organizer(world, |copy| {
            let id = copy.id(n)?;
            let part = copy.exception(n)?;
            part.set("DTSTART", &format!("{}{hour:02}0000Z", &id[..9]));
            part.set("DTEND", &format!("{}{:02}3000Z", &id[..9], hour));
            Some(())
        }),
        Step::Forget(n) => organizer(world, |copy| {
            let id = copy.id(n)?;
            copy.part(&id)?;
            copy.parts.retain(|p| p.get("RECURRENCE-ID") != Some(&id));
            Some(())
        }),
        Step::Invite(who) => organizer(world, |copy| {
            for part in &mut copy.parts {
                if !part.people().contains_key(&who.to_string()) {
                    part.0.push(attendee_line(who));
                }
            }
            Some(())
        }),
        Step::Uninvite(who) => organizer(world, |copy| {
            let ending = format!("mailto:{who}@example.com");
            copy.parts.iter_mut().for_each(|p| p.0.retain(|l| !l.ends_with(&ending)));
            Some(())
        }),
        Step::Exclude(n, who) => organizer(world, |copy| {
            let ending = format!("mailto:{who}@example.com");
            copy.exception(n)?.0.retain(|l| !l.ends_with(&ending));
            Some(())
        }),
        Step::Answer(who, n) => attendee(world, who, |copy| {
            let answer = ANSWERS[usize::from(n)];
            copy.parts.iter_mut().for_each(|p| p.answer(&who.to_string(), answer));
            Some(())
        }),
        Step::AnswerOne(who, n, p) => attendee(world, who, |copy| {
            copy.master()?;
            copy.exception(n)?.answer(&who.to_string(), ANSWERS[usize::from(p)]);
            Some(())
        }),
        Step::Leave(who, n) => attendee(world, who, |copy| {
            let id = copy.id(n)?;
            copy.parts.retain(|p| p.get("RECURRENCE-ID") != Some(&id));
            let line = format!("EXDATE:{id}");
            let master = copy.master()?;
            (!master.0.contains(&line)).then(|| master.0.push(line))
        }),
        Step::Alarm(who) => attendee(world, who, |copy| {
            let alarm =
                ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:x", "END:VALARM"];
            let master = copy.master()?;
            let has = master.0.iter().any(|l| l == alarm[0]);
            (!has).then(|| master.0.extend(alarm.map(str::to_owned)))
        }),
        Step::Deliver(n, twice) => deliver(world, n, twice),
        Step::Wait(seconds) => world.clock += i64::from(seconds),
    }
}

/// A message arrives. A cancellation of what is still on its way waits for it, as a mail does that
/// nobody can make sense of.
fn deliver(world: &mut World, n: usize, twice: bool) {
    if world.post.is_empty() {
        return;
    }
    let index = n % world.post.len();
    let post = world.post[index].clone();
    let to = post.message.to[7..8].to_owned();
    let unknown = post.message.method == Method::Cancel && world.copy(&to).is_empty();
    let expected = world
        .post
        .iter()
        .any(|p| p.message.to == post.message.to && p.message.method == Method::Request);
    if unknown && expected {
        return;
    }
    world.post.remove(index);
    world.arrive(&post).unwrap_or_else(|fault| panic!("{fault}\n{}", post.message.text));
    if twice {
        let copy = world.copy(&to).to_owned();
        world.arrive(&post).unwrap();
        assert_eq!(
            world.copy(&to),
            copy,
            "the second time changed something\n{}",
            post.message.text
        );
    }
}

fn check(world: &World) {
    let organizer = Copy::read(world.copy("o"));
    for who in ["a", "b", "c"] {
        let copy = Copy::read(world.copy(who));
        for day in 2..7 {
            for hour in 9..14 {
                let id = format!("202606{day:02}T{hour:02}0000Z");
                let is_instance = organizer.id(day - 2).as_deref() == Some(&id);
                let told = organizer
                    .seen(&id)
                    .filter(|_| is_instance || organizer.clone().part(&id).is_some());
                let told = told.filter(|(.., people)| people.contains_key(who));
                let own =
                    copy.id(day - 2).as_deref() == Some(&id) || copy.clone().part(&id).is_some();
                let seen = copy.seen(&id).filter(|_| own);
                let left = told.as_ref().is_some_and(|told| told.2[who] == "DECLINED");
                if told != seen && !(left && seen.is_none()) {
                    panic!(
                        "{who} at {id}: told {told:?}, has {seen:?}\n{}\n{}",
                        world.copy("o"),
                        world.copy(who)
                    );
                }
            }
        }
    }
}

/// What one does reaches all before the next does something, as the server delivers by itself. Changes
/// that cross an answer on its way do not always agree yet.
fn run(steps: &[Step], order: &[usize]) {
    let mut world = World::new();
    world.put("o", &series()).unwrap();
    let mut order = order.iter().cycle();
    for step in steps {
        settle(&mut world, &mut order);
        world.clock += 1;
        apply(&mut world, step);
    }
    settle(&mut world, &mut order);
    check(&world);
}

fn settle<'o>(world: &mut World, order: &mut impl Iterator<Item = &'o usize>) {
    let mut count = 0;
    while !world.post.is_empty() {
        // What waits for another message must not be all that is ever tried.
        let n = *order.next().unwrap() + count;
        deliver(world, n, n.is_multiple_of(2));
        count += 1;
        assert!(
            count < 5_000,
            "messages without end: {:?}",
            told(&world.post.iter().map(|p| p.message.clone()).collect::<Vec<_>>())
        );
    }
}

/// The same cases each time; `DAVENPORT_CASES=8000` tries so many others.
fn config() -> ProptestConfig {
    let cases = std::env::var("DAVENPORT_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(200),
        failure_persistence: None,
        rng_seed: cases.map_or(RngSeed::Fixed(1), |_| RngSeed::Random),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn copies_agree(
        steps in prop::collection::vec(step(), 0..24),
        order in prop::collection::vec(0_usize..1_000, 1..50),
    ) {
        run(&steps, &order);
    }
}
