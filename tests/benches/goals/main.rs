//! What the service can do, beside what it stands on: each goal of `docs/performance.md`, measured.
//!
//! `cargo xtask bench [NAME …] [--quick] [--against PATH]` installs what this needs, and runs it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells, or says loudly why it cannot")]

mod bare;
mod callback;
mod crm;
mod database;
mod durable;
mod express;
mod figures;
mod idle;
mod instance;
mod instances;
mod latency;
mod machine;
mod memory;
mod million;
mod plan;
mod refresher;
mod refreshes;
mod selects;
mod size;
mod start;
mod status;
mod table;
mod users;
mod wrk;

use std::process::ExitCode;

use plan::Plan;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, address] = &arguments[..]
        && serve == bare::SERVE
    {
        return bare::serve(address);
    }
    match Plan::of(arguments.into_iter()) {
        Ok(plan) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(measure(&plan));
            ExitCode::SUCCESS
        }
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::FAILURE
        }
    }
}

/// Every measure, in the order of the goals.
const NAMES: [&str; 10] =
    ["status", "latency", "callback", "refreshes", "million", "idle", "start", "memory", "instances", "size"];

async fn measure(plan: &Plan) {
    machine::tell(plan).await;
    for name in NAMES.into_iter().filter(|name| plan.wants(name)) {
        println!("## `{name}`\n");
        match name {
            "status" => status::measure(plan).await,
            "latency" => latency::measure(plan).await,
            "callback" => callback::measure(plan).await,
            "refreshes" => refreshes::measure(plan).await,
            "million" => million::measure(plan).await,
            "idle" => idle::measure(plan).await,
            "start" => start::measure(plan).await,
            "memory" => memory::measure(plan).await,
            "instances" => instances::measure(plan).await,
            _ => size::measure(plan),
        }
        println!();
    }
}
