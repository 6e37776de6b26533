//! What our part of a page of leads costs: CPU time of the service, beside that of a client which
//! only fetches the same answers from amoCRM, in the same run.
//!
//! `cargo xtask bench leads`: the release binary, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells, or says loudly why it cannot")]

mod cpu;
mod reservations;
mod stage;

use amo_connect_tests::{PgDatabase, test_server};
use futures_util::{StreamExt as _, stream};

use stage::Stage;

/// Leads a page. The ratio of two of them says how the cost grows.
const SIZES: [u64; 4] = [10, 50, 100, 250];

/// Each size is measured so often, alternating with the others; the median counts.
const ROUNDS: usize = 7;

/// So many pages are read at a time: a machine that sleeps between two requests wakes up at our
/// expense.
const AT_A_TIME: [usize; 2] = [1, 8];

/// So many leads are read in each round, whatever the size of the pages.
const LEADS_A_ROUND: u64 = 10_000;

/// The most that a page may cost above fetching, in microseconds, one page at a time.
const GOALS: [(u64, f64); 2] = [(50, 800.0), (250, 2_000.0)];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("## `leads`\n\nOn SQLite:\n");
        measure(None).await;
        println!("\nOn PostgreSQL:\n");
        measure(Some(&PgDatabase::migrated(&test_server()).await.url())).await;
    });
}

/// One round of one size, in microseconds a page.
struct Figures {
    service: f64,
    fetch: f64,
    again: f64,
}

async fn measure(database: Option<&str>) {
    let stage = Stage::set(database).await;
    println!("CPU time a page, median of {ROUNDS} rounds of {LEADS_A_ROUND} leads\n");
    for at_a_time in AT_A_TIME {
        measure_at(&stage, at_a_time).await;
    }
    stage.strike().await;
    let (wait, used) = reservations::measure(database).await;
    println!("- a reservation costs {used:.0} µs of CPU time, and is made within {wait:.0} µs (median)");
}

async fn measure_at(stage: &Stage, at_a_time: usize) {
    let mut rounds: Vec<Vec<Figures>> = SIZES.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for (size, figures) in SIZES.iter().zip(&mut rounds) {
            let measured = one_round(stage, *size, at_a_time).await;
            // The first one warms up.
            if round > 0 {
                figures.push(measured);
            }
        }
    }
    println!(
        "| leads a page, {at_a_time} at a time | the service | fetching alone | above it | ratio | the same page again |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut verdicts = Vec::new();
    for (size, figures) in SIZES.iter().zip(&rounds) {
        let service = median(figures.iter().map(|round| round.service));
        let fetch = median(figures.iter().map(|round| round.fetch));
        let ratio = median(figures.iter().map(|round| round.service / round.fetch));
        let again = median(figures.iter().map(|round| round.again));
        let above = service - fetch;
        println!("| {size} | {service:.0} µs | {fetch:.0} µs | {above:.0} µs | {ratio:.2} | {again:.0} µs |");
        let goal = GOALS.iter().find(|(of, _)| of == size && at_a_time == 1);
        verdicts.extend(goal.map(|(_, most)| {
            let judged = if above <= *most {
                "reached".to_owned()
            } else {
                format!("missed by {:.0} %", (above / most - 1.0) * 100.0)
            };
            format!("- {size} leads, above fetching: {above:.0} µs; the goal is at most {most:.0} µs: **{judged}**")
        }));
    }
    println!();
    for line in verdicts {
        println!("{line}");
    }
    let growth = |small: usize, large: usize| {
        let ratios = rounds[small].iter().zip(&rounds[large]).map(|(small, large)| large.service / small.service);
        median(ratios)
    };
    println!("- from {} to {} leads a page the service costs {:.2} times as much\n", SIZES[1], SIZES[3], growth(1, 3));
}

/// Reads every lead once by each way, and one page again and again.
async fn one_round(stage: &Stage, size: u64, at_a_time: usize) -> Figures {
    let pages = LEADS_A_ROUND / size;
    let a_page = |spent: std::time::Duration| spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(pages).unwrap());

    let before = stage.service_cpu();
    all(at_a_time, 1..=pages, |page| stage.through_the_service(page, size)).await;
    let service = a_page(stage.service_cpu().saturating_sub(before));

    let before = stage.service_cpu();
    // Equal requests at one time would be one.
    for _ in 0..pages {
        stage.through_the_service(1, size).await;
    }
    let again = a_page(stage.service_cpu().saturating_sub(before));

    let addresses = stage.addresses(size).await;
    let before = cpu::of_this_thread();
    all(at_a_time, &addresses, |address| stage.past_the_service(address)).await;
    let fetch = a_page(cpu::of_this_thread().saturating_sub(before));
    Figures { service, fetch, again }
}

/// Does all of `work`, so much of it at a time.
async fn all<T, F: Future<Output = ()>>(at_a_time: usize, work: impl IntoIterator<Item = T>, does: impl Fn(T) -> F) {
    stream::iter(work).map(does).buffer_unordered(at_a_time).collect::<()>().await;
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
