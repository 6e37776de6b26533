//! `cargo run --release -p amo-connect-simulation`: many schedules, or the trace of one.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use amo_connect_simulation::{Bug, Failure, Profile, Totals, replay, run};
use clap::{Parser, ValueEnum};

/// Runs the real use cases through schedules of faults, in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many schedules.
    #[arg(long, default_value_t = 10_000)]
    schedules: u64,
    /// The seed of the first; the others follow it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What people mostly do.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// A bug to plant.
    #[arg(long)]
    bug: Option<Bug>,
    /// Shows the trace of this one schedule.
    #[arg(long, conflicts_with = "schedules")]
    replay: Option<u64>,
    /// How many lines of a failing schedule's trace are shown; 0 for all of them.
    #[arg(long, default_value_t = 60)]
    lines: usize,
    /// How many schedules run at a time; by default one a processor.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.replay {
        let all = Arguments { lines: 0, ..arguments };
        return show(&all, seed);
    }
    let (totals, failure) = run_all(&arguments)?;
    writeln!(io::stdout(), "{totals}")?;
    match failure {
        None => Ok(ExitCode::SUCCESS),
        Some(failure) => {
            writeln!(
                io::stdout(),
                "FAILED: seed {}: {}: {}",
                failure.seed,
                failure.broken.invariant,
                failure.broken.how
            )?;
            show(&arguments, failure.seed)
        }
    }
}

/// Runs the schedules on all processors. Of failures the one with the smallest seed counts.
fn run_all(arguments: &Arguments) -> io::Result<(Totals, Option<Failure>)> {
    let threads = arguments.threads.or_else(|| thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let (done, failed, began) = (AtomicU64::new(0), AtomicBool::new(false), Instant::now());
    let terminal = io::stderr().is_terminal();
    let work = |index: u64| {
        let seeds = (arguments.seed + index..arguments.seed + arguments.schedules).step_by(threads);
        let seeds = seeds.take_while(|_| !failed.load(Ordering::Relaxed));
        let outcome = run(arguments.profile, seeds, arguments.bug, |_| {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(if terminal { 1_000 } else { 50_000 }) {
                let rate = a_second(done, began.elapsed());
                let end = if terminal { '\r' } else { '\n' };
                // Standard error may be closed.
                let _ = write!(io::stderr(), "{done} of {} schedules, {rate} a second{end}", arguments.schedules);
            }
        });
        if outcome.1.is_some() {
            failed.store(true, Ordering::Relaxed);
        }
        outcome
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads as u64).map(|index| scope.spawn(move || work(index))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let mut totals = Totals::default();
    for (other, _) in &outcomes {
        totals.merge(other);
    }
    let (took, rate) = (began.elapsed(), a_second(totals.schedules, began.elapsed()));
    writeln!(io::stderr(), "{:.1} s, {rate} schedules a second", took.as_secs_f64())?;
    let failures = outcomes.into_iter().filter_map(|(_, failure)| failure);
    Ok((totals, failures.min_by_key(|failure| failure.seed)))
}

fn a_second(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1_000 / elapsed.as_millis().max(1)
}

/// Shows the trace of one schedule.
fn show(arguments: &Arguments, seed: u64) -> io::Result<ExitCode> {
    let (trace, broken) = replay(arguments.profile, seed, arguments.bug);
    let mut out = io::stdout().lock();
    let skipped = if arguments.lines == 0 { 0 } else { trace.len().saturating_sub(arguments.lines) };
    if skipped > 0 {
        writeln!(out, "… {skipped} lines before")?;
    }
    for line in &trace[skipped..] {
        writeln!(out, "{line}")?;
    }
    let Some(broken) = broken else { return Ok(ExitCode::SUCCESS) };
    writeln!(out, "{}: {}", broken.invariant, broken.how)?;
    let profile = Some(arguments.profile).filter(|profile| *profile != Profile::default());
    let profile = profile.map(|profile| format!(" --profile {}", name(&profile))).unwrap_or_default();
    let bug = arguments.bug.map(|bug| format!(" --bug {}", name(&bug))).unwrap_or_default();
    writeln!(out, "replay: cargo run --release -p amo-connect-simulation -- --replay {seed}{profile}{bug}")?;
    Ok(ExitCode::FAILURE)
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
