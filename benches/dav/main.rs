//! The benchmark: the release server in a process of its own, asked over HTTP, beside floors that
//! are measured in the same minutes. `benches/README.md` says how to run and read it.
//!
//! Invariant: a wrong answer ends the run with a failure; figures never do, unless `--strict`.

mod card;
mod client;
mod cluster;
mod event;
mod floor;
mod load;
mod process;
mod report;
mod together;
mod workload;

use clap::Parser;
use load::{Asked, Sample};
use process::Listening;
use report::{HYPER, ROWS, Section};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use workload::{ALONE, EVERYWHERE, IMPORT, NAMES, Site};

/// Measures the server over HTTP.
#[derive(Debug, Parser)]
struct Arguments {
    /// Events in the calendar, and cards in the address book, one section each
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    objects: Vec<usize>,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 0.6)]
    seconds: f64,
    /// Rounds over all workloads; medians are shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Engines; without this sqlite, and postgres where its programs are
    #[arg(long, value_delimiter = ',')]
    engines: Option<Vec<String>>,
    /// Workloads; without this all
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// Connections at once
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    connections: Vec<usize>,
    /// Measure every workload with each number of connections, not only those that it matters to
    #[arg(long)]
    every: bool,
    /// Events of the whole calendar that is imported
    #[arg(long, default_value_t = 10_000)]
    import: usize,
    /// A smoke run: 1 000 events, 1 second, 1 round, sqlite
    #[arg(long)]
    quick: bool,
    /// (`together`:) so many people who meet, ask for each other's time and share calendars; 0: leave that out
    #[arg(long, default_value_t = 1_000)]
    people: usize,
    /// Fail when an aim is missed
    #[arg(long)]
    strict: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// Be the bare HTTP server
    #[arg(long, hide = true)]
    bare_hyper: bool,
}

impl Arguments {
    /// Whether people together are measured, which is one workload for `--only`.
    fn wants_people(&self) -> bool {
        let only = self.only.as_ref();
        self.people > 0 && only.is_none_or(|only| only.iter().any(|one| one == TOGETHER))
    }

    /// Whether anything else is.
    fn wants_sections(&self) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|one| one != TOGETHER))
    }

    /// Whether a workload is measured with so many connections. What costs the same with few and with
    /// many is measured with eight, if they are among those asked for; an import goes over one.
    fn measures(&self, workload: &str, connections: usize) -> bool {
        let first = self.connections.first() == Some(&connections);
        match workload {
            IMPORT => first,
            _ if self.every || EVERYWHERE.contains(&workload) => true,
            _ => connections == ALONE || first && !self.connections.contains(&ALONE),
        }
    }
}

/// What people together are called in `--only`.
const TOGETHER: &str = "together";

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.bare_hyper {
        floor::serve();
        return ExitCode::SUCCESS;
    }
    if arguments.quick {
        arguments.objects = vec![1_000];
        arguments.seconds = arguments.seconds.min(1.0);
        arguments.rounds = 1;
        arguments.engines = Some(vec!["sqlite".into()]);
        arguments.connections = vec![8];
        arguments.import = 1_000;
        arguments.people = arguments.people.min(30);
    }
    // One thread: the generator takes one core, and the server finds the others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|e| e.to_string()).and_then(|r| r.block_on(run(&arguments)));
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) if !arguments.strict => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("{missed} aims missed");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("failed: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<usize, String> {
    println!("{}", machine());
    let both = || vec!["sqlite".to_owned(), "postgres".to_owned()];
    let (mut sections, mut missed) = (Vec::new(), 0);
    for engine in arguments.engines.clone().unwrap_or_else(both) {
        let cluster = match engine.as_str() {
            "sqlite" => None,
            "postgres" => match cluster::Cluster::start()? {
                None => {
                    println!("\npostgres: skipped, initdb and postgres are not here");
                    continue;
                }
                some => some,
            },
            other => return Err(format!("no engine is called {other}")),
        };
        for objects in arguments.objects.iter().filter(|_| arguments.wants_sections()) {
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
            let folder = folder.map_err(|e| e.to_string())?;
            let section = section(arguments, cluster.as_ref(), folder.path(), *objects).await?;
            println!("{}", section.table());
            sections.push(section);
        }
        if arguments.wants_people() {
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
            let folder = folder.map_err(|e| e.to_string())?;
            let done = together::run(cluster.as_ref(), folder.path(), arguments.people).await;
            let (text, some) = done.map_err(|why| format!("people together: {why}"))?;
            println!("{text}");
            missed += some;
        }
    }
    if !sections.is_empty() {
        let (text, some) = report::aims(&sections);
        println!("{text}");
        missed += some;
    }
    Ok(missed)
}

/// The machine's facts.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let line = |text: &str, key: &str| -> String {
        let found = text.lines().find_map(|line| line.strip_prefix(key));
        found.unwrap_or("?").trim_start_matches([' ', '\t', ':']).trim().to_owned()
    };
    format!(
        "Machine: {} cores of {}; {} memory; Linux {}; load {:.1}.",
        std::thread::available_parallelism().map_or(1, usize::from),
        line(&read("/proc/cpuinfo"), "model name"),
        line(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim(),
        process::load(),
    )
}

/// A running server, and the CPU of it and of its database.
struct Target<'c> {
    server: Listening,
    cluster: Option<&'c cluster::Cluster>,
}

impl Target<'_> {
    /// Runs one measurement.
    async fn measure(
        &self,
        connections: usize,
        time: Duration,
        asked: &Asked,
    ) -> Result<Sample, String> {
        let cpu = || {
            let database = self.cluster.map_or(0.0, cluster::Cluster::cpu);
            (process::cpu(self.server.id()), database)
        };
        let before = cpu();
        let mut sample = load::run(self.server.address, connections, time, asked).await?;
        let after = cpu();
        (sample.cpu, sample.database) = (after.0 - before.0, after.1 - before.1);
        Ok(sample)
    }
}

async fn section(
    arguments: &Arguments,
    cluster: Option<&cluster::Cluster>,
    folder: &Path,
    objects: usize,
) -> Result<Section, String> {
    let engine = if cluster.is_some() { "postgres" } else { "sqlite" };
    let (name, mut url) = (format!("bench_{objects}"), None);
    if let Some(cluster) = cluster {
        url = Some(cluster.database(&name).await?);
    }
    let connections = arguments.connections.clone();
    let mut section = Section { objects, connections, ..Section::default() };
    section.engine = engine.to_owned();
    section.import = arguments.import;
    let data = folder.join("data");
    std::fs::create_dir(&data).map_err(|e| e.to_string())?;

    // Seed, stop, and see what it takes on the disk.
    let first = Listening::start(&mut process::davenport(&data, url.as_deref())?, "Password: ")?;
    let password = first.said.split_once("Password: ").map_or("", |(_, rest)| rest);
    let password = password.split_whitespace().next().unwrap_or_default().to_owned();
    let empty = match cluster {
        Some(cluster) => cluster.octets(&name).await?,
        None => 0.0,
    };
    let seeded = Site::seed(first.address, ("admin", &password), objects).await;
    let (site, rate, own) = seeded.map_err(|why| format!("seeding: {why}"))?;
    first.stop();
    let stored = match cluster {
        Some(cluster) => cluster.octets(&name).await? - empty,
        None => octets(&data),
    };
    section.seeded = rate;
    section.disk = (stored - own as f64) / objects as f64;

    let mut command = process::davenport(&data, url.as_deref())?;
    let began = Instant::now();
    let server = Listening::start(&mut command, "at http://")?;
    section.start = began.elapsed().as_secs_f64() * 1e3;
    tokio::time::sleep(Duration::from_millis(300)).await;
    section.resident.0 = process::resident(server.id());
    let site = site.at(server.address);
    section.seeded_cards = site.seed_cards().await.map_err(|why| format!("cards: {why}"))?;
    let target = Target { server, cluster };
    indexed(cluster, &name, &data).await?;
    for _ in 0..arguments.rounds {
        round(arguments, &target, &site, folder, &mut section).await?;
    }
    section.resident.1 = process::resident(target.server.id());
    target.server.stop();
    Ok(section)
}

/// Waits until the background work has nothing more to do on the index, which it looks for each
/// minute.
async fn indexed(
    cluster: Option<&cluster::Cluster>,
    name: &str,
    data: &Path,
) -> Result<(), String> {
    const DUE: &str = "SELECT count(*) FROM search_due";
    for _ in 0..300 {
        let due = match cluster {
            Some(cluster) => cluster.int(name, DUE).await?,
            None => floor::int(data, DUE)?,
        };
        if due == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err("the index does not get ready".into())
}

/// One round over everything, so that a disturbance of the machine does not hit one row alone.
async fn round(
    arguments: &Arguments,
    target: &Target<'_>,
    site: &Site,
    folder: &Path,
    section: &mut Section,
) -> Result<(), String> {
    let time = Duration::from_secs_f64(arguments.seconds);
    let wanted = |name: &&str| {
        arguments.only.as_ref().is_none_or(|only| only.iter().any(|one| one == *name))
    };
    for rows in ROWS {
        section.rows.entry(rows).or_default().push(floor::sqlite(folder, rows, time / 2)?);
    }
    section.appends.push(floor::appends(folder, time / 2)?);
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let bare = Listening::start(Command::new(program).arg(floor::HYPER), "at http://")?;
    let bare = Target { server: bare, cluster: None };
    for connections in arguments.connections.clone() {
        let sample = bare.measure(connections, time, &floor::asked(site.plain())).await?;
        section.samples.entry((HYPER.to_owned(), connections)).or_default().push(sample);
        let here = |name: &&&str| arguments.measures(name, connections);
        for name in NAMES.iter().filter(|name| wanted(name)).filter(here) {
            if *name != "delete" {
                site.tidy().await?;
            }
            let asked = match *name {
                IMPORT => site.import(arguments.import).await?,
                name => site.prepare(name).await?,
            };
            let sample = target.measure(connections, time, &asked).await;
            let sample = sample.map_err(|why| format!("{name} at {connections}: {why}"))?;
            section.samples.entry(((*name).to_owned(), connections)).or_default().push(sample);
        }
        site.tidy().await?;
        section.load.push(process::load());
    }
    Ok(())
}

/// Octets of the files in a folder and below, the log of the server excepted.
fn octets(folder: &Path) -> f64 {
    let mut left = vec![PathBuf::from(folder)];
    let mut sum = 0.0;
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(it) if it.is_dir() => left.push(entry.path()),
                Ok(it) if entry.file_name() != "log" => sum += it.len() as f64,
                _ => {}
            }
        }
    }
    sum
}
