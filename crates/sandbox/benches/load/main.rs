//! How many requests a second the sandbox answers with its limits off: an agency with few leads and
//! one with many, side by side.
//!
//! `cargo bench -p amo-connect-sandbox`, and with `-- --quick` one short round. The load comes from the
//! same machine, so its share of the processors is missing from the result; the time on a processor
//! is that of the sandbox alone.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod client;
mod cpu;
mod requests;

use std::{
    thread,
    time::{Duration, Instant},
};

use amo_connect_sandbox::{AccountId, Options, Sandbox, Switches};

use client::{Client, Server};
use requests::{Ask, Request};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many leads the agencies have.
const LEADS: [usize; 2] = [630, 100_000];
/// How many clients ask at once.
const CLIENTS: usize = 16;
/// The made-up leads were last changed before this time: the first hour of 2026.
const PRESENT: u64 = 1_767_225_600;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, length) = if is_quick { (1, Duration::from_millis(200)) } else { (5, Duration::from_secs(1)) };
    let [few, many] = LEADS;
    let mut agencies = [Agency::start(few).await?, Agency::start(many).await?];

    println!("{CLIENTS} clients, median of {rounds} rounds of {} ms\n", length.as_millis());
    println!("| | bytes | a second, {few} leads | a second, {many} leads | ratio | CPU, {few} | CPU, {many} |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for place in 0..agencies[0].requests.len() {
        let mut figures = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (agency, figures) in agencies.iter_mut().zip(&mut figures) {
                figures.push(agency.measure(place, length)?);
            }
        }
        let [few, many] = figures.map(|rounds| Figures::median(&rounds));
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.2} | {} | {} |",
            agencies[0].requests[place].name,
            many.bytes,
            few.a_second,
            many.a_second,
            many.a_second / few.a_second,
            few.shown_cpu(),
            many.shown_cpu(),
        );
    }
    Ok(())
}

/// A running sandbox whose agency has so many leads, and its clients.
struct Agency {
    _sandbox: Sandbox,
    clients: Vec<Client>,
    requests: Vec<Request>,
}

impl Agency {
    async fn start(leads: usize) -> Result<Self, Failure> {
        let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
        let sandbox = Sandbox::start(Options { leads, switches, present: PRESENT, ..Options::default() }).await?;
        let server = Server { host: sandbox.host(AccountId::FOR_YOU)?, redirect_uri: sandbox.report().redirect_uri };
        let open = |_| Client::open(&server, &sandbox.issue_code(AccountId::FOR_YOU)?.code);
        let mut clients = (0..CLIENTS).map(open).collect::<Result<Vec<_>, Failure>>()?;
        let first = clients.first_mut().ok_or("no client")?;
        let requests = requests::requests(first, sandbox.clock().now)?;
        Ok(Self { _sandbox: sandbox, clients, requests })
    }

    /// Has all clients send a request again and again.
    fn measure(&mut self, place: usize, length: Duration) -> Result<Figures, Failure> {
        let ask = &self.requests[place].ask;
        let (began, used) = (Instant::now(), cpu::of_workers());
        let outcomes = thread::scope(|scope| {
            let start = |(number, client)| scope.spawn(move || ask_again(client, ask, number, began, length));
            let threads: Vec<_> = (0..).map(|number: usize| number * 1000).zip(&mut self.clients).map(start).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().or(Err("a client died"))?)
                .collect::<Result<Vec<_>, Failure>>()
        })?;
        let (took, used) =
            (began.elapsed(), cpu::of_workers().zip(used).map(|(after, before)| after.saturating_sub(before)));
        let answers: u32 = outcomes.iter().map(|(answers, _)| answers).sum();
        let bytes = outcomes.last().map_or(0, |(_, bytes)| *bytes);
        Ok(Figures {
            a_second: f64::from(answers) / took.as_secs_f64(),
            bytes: f64::from(u32::try_from(bytes)?),
            cpu_us: used.map(|used| used.as_secs_f64() * 1e6 / f64::from(answers)),
        })
    }
}

/// Sends a request until the time is over; says how often, and how long the last answer was.
fn ask_again(
    client: &mut Client,
    ask: &Ask,
    mut count: usize,
    began: Instant,
    length: Duration,
) -> Result<(u32, usize), Failure> {
    let (mut answers, mut bytes) = (0, 0);
    while began.elapsed() < length {
        bytes = ask(client, count)?;
        count += 1;
        answers += 1;
    }
    Ok((answers, bytes))
}

/// What a round gave.
struct Figures {
    /// Answers a second.
    a_second: f64,
    /// How long an answer was.
    bytes: f64,
    /// What an answer cost the sandbox, in microseconds on a processor.
    cpu_us: Option<f64>,
}

impl Figures {
    fn median(rounds: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<_> = rounds.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        let has_cpu = rounds.iter().all(|round| round.cpu_us.is_some());
        Self {
            a_second: middle(|round| round.a_second),
            bytes: middle(|round| round.bytes),
            cpu_us: has_cpu.then(|| middle(|round| round.cpu_us.unwrap_or_default())),
        }
    }

    fn shown_cpu(&self) -> String {
        self.cpu_us.map_or_else(|| "?".to_owned(), |used| format!("{used:.0} µs"))
    }
}
