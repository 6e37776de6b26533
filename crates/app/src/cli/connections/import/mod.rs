//! `connections import`: refresh tokens of an earlier service, a line each.
//!
//! One line after the other: a process that is killed loses at most the answer that it waits for.

mod file;
mod report;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::{AmoError, StoreError};
use amo_connect_domain::usecase::{Candidate, Imported, UseCases};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, timeout};

use super::super::exit::{Ended, Exit};
use super::super::signals::Signals;
use super::super::{Failure, complain};
use super::refresh::left_undone;
use crate::config::{Refresh, Settings};
use crate::key_guard::ServingKeys;
use crate::wiring;
use file::Content;
use report::{Outcome, Report};

/// So many lines in a row without a connection mean that something else is wrong than a token.
const MOST_REFUSALS: u32 = 3;

/// How long a line is tried again that cannot be finished at once: longer than the lease of a process that
/// was killed lasts, and the first pauses after a doubt.
const LINE_TIMEOUT: Duration = Duration::from_secs(45);

/// How long it is between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// What to import, and how.
#[derive(Args)]
pub(in crate::cli) struct ImportArgs {
    /// The file, or - for standard input: a line each of {"user","domain","refreshToken"}
    file: String,
    /// Check every line and ask amoCRM for each token, without spending one
    #[arg(long)]
    dry_run: bool,
    /// Replace the connections of users who are connected, or have disconnected
    #[arg(long)]
    replace: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings<Refresh>,
}

pub(in crate::cli) async fn run(args: &ImportArgs) -> Result<(), Failure> {
    let config = args.settings.given.check_refresh()?;
    let lines = file::read(&args.file, &config.settings.allowed_hosts)
        .map_err(|error| format!("{} cannot be read: {error}", args.file))?;
    let mut report = Report::new(args.dry_run, &lines);
    let (bad, longest_wait) = (report.bad(), config.shutdown_timeout);
    if bad > 0 && !args.dry_run {
        report.print(args.json)?;
        return Err(format!("nothing was imported: {bad} lines make no sense; --dry-run checks all of them").into());
    }
    let signals = Signals::new()?;
    let ring = config.storage.token_keys.ring();
    let opened = wiring::open(config.storage).await?;
    // What is sealed here must be opened by the instances that run, and by those that start meanwhile.
    let keys = ServingKeys::start(Arc::clone(&opened.keys), ring, true).await?;
    let ports = (opened.storage, opened.rate_limits);
    let (use_cases, tasks) = wiring::use_cases_on(ports, config.amo, config.pace, config.settings)?;
    let candidates = lines.into_iter().enumerate().filter_map(|(place, line)| match line.content {
        Content::Candidate(candidate) => Some((place, candidate)),
        Content::Duplicate { .. } | Content::Bad { .. } => None,
    });
    let importer = Importer { use_cases, dry_run: args.dry_run, replaces: args.replace };
    let end = importer.import(candidates.collect(), &mut report, signals).await;
    tasks.close();
    // What was sent is waited for with each line; this is for what is noted besides.
    let is_undone = matches!(end, End::InterruptedTwice) || timeout(longest_wait, tasks.wait()).await.is_err();
    keys.stop().await;
    report.print(args.json)?;
    match (end, report.left_out()) {
        (End::InterruptedTwice, _) => Err(format!("interrupted twice: {}", left_undone(&importer.use_cases)).into()),
        _ if is_undone => Err(left_undone(&importer.use_cases).into()),
        (End::Early(why), _) => Err(why.into()),
        (End::Last, 0) => Ok(()),
        (End::Last, left_out) => {
            Err(Ended { exit: Exit::Partly, why: format!("{left_out} of {} lines make no connection", report.len()) }
                .into())
        }
    }
}

/// How an import ended.
enum End {
    /// With the last line.
    Last,
    /// Before it, and why.
    Early(String),
    /// In the middle of a line.
    InterruptedTwice,
}

struct Importer {
    use_cases: UseCases,
    dry_run: bool,
    replaces: bool,
}

impl Importer {
    /// Imports line after line.
    async fn import(&self, candidates: Vec<(usize, Candidate)>, report: &mut Report, mut signals: Signals) -> End {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} lines, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let progress = ProgressBar::new(candidates.len() as u64).with_style(style);
        let (mut has_imported, mut refused, mut told) = (self.dry_run, 0, false);
        let mut stopped = None;
        for (place, candidate) in candidates {
            let outcome = {
                let mut work = pin!(self.one(&candidate));
                loop {
                    tokio::select! {
                        outcome = &mut work => break outcome,
                        _ = signals.told() => {
                            if told {
                                return End::InterruptedTwice;
                            }
                            told = true;
                            complain("stops after this line; a second interrupt leaves it undone");
                        }
                    }
                }
            };
            progress.inc(1);
            let outcome = match outcome {
                Ok(outcome) => Outcome::Imported(outcome),
                Err(StoreError::Unavailable(why)) => {
                    stopped = Some(format!("stopped: the database is unavailable: {why}"));
                    break;
                }
                Err(error) => Outcome::Failed(error.to_string()),
            };
            match &outcome {
                Outcome::Imported(Imported::Now | Imported::Before) => (has_imported, refused) = (true, 0),
                Outcome::Imported(Imported::Skipped(_)) => {}
                _ => refused += 1,
            }
            let is_trouble = outcome.is_trouble();
            report.note(place, outcome);
            if is_trouble && !has_imported {
                stopped = Some("stopped: one line goes first, and it could not be finished".into());
            } else if refused == MOST_REFUSALS && !self.dry_run {
                stopped = Some(format!("stopped: {MOST_REFUSALS} lines in a row make no connection"));
            } else if told {
                stopped = Some("stopped as told; start it again to go on".into());
            }
            if stopped.is_some() {
                break;
            }
        }
        progress.finish_and_clear();
        stopped.map_or(End::Last, End::Early)
    }

    /// A line, tried again while amoCRM or another process may need a moment.
    async fn one(&self, candidate: &Candidate) -> Result<Imported, StoreError> {
        if self.dry_run {
            return self.use_cases.preview_import(candidate, self.replaces).await;
        }
        let end = Instant::now() + LINE_TIMEOUT;
        loop {
            let outcome = self.use_cases.import(candidate, self.replaces).await?;
            let is_passing = match &outcome {
                Imported::Unfinished(None) => true,
                Imported::Unfinished(Some(error)) => is_doubt(*error),
                Imported::NotAsked(error) => passes(*error),
                _ => false,
            };
            if !is_passing || Instant::now() >= end {
                return Ok(outcome);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether nobody knows after such a failure what became of the token. It is sent again when its lease and
/// its backoff allow it; whoever sends a token that is certainly good again is a new import.
fn is_doubt(error: AmoError) -> bool {
    matches!(error, AmoError::OutcomeUnknown | AmoError::ConnectionLost | AmoError::TimedOut | AmoError::Protocol)
}

/// Whether a look-up that failed so, and spends nothing, may be made again.
fn passes(error: AmoError) -> bool {
    matches!(
        error,
        AmoError::RateLimited { .. }
            | AmoError::QueueFull { .. }
            | AmoError::PermitUnavailable
            | AmoError::Unavailable
            | AmoError::ConnectionLost
            | AmoError::TimedOut
    )
}
