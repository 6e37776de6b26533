//! `cargo xtask soak`: thousands of users, faults, restarts and an attacker, on the real program.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what a run stands on fails it, and progress goes to standard error"
)]

mod accounts;
mod arguments;
mod attacks;
mod call;
mod checks;
mod connects;
mod database;
mod faults;
mod figures;
mod honest;
mod instances;
mod life;
mod plan;
mod process;
mod reads;
mod report;
mod restarts;
mod run;
mod samples;
mod settle;
mod stage;
mod tally;
mod troubles;
mod writes;

use std::io::{self, Write as _};
use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser as _;
use plan::Plan;

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let plan = match Plan::of(&arguments) {
        Ok(plan) => plan,
        Err(problem) => return failed(&problem, ExitCode::from(2)),
    };
    if arguments.plan {
        for line in plan.lines() {
            writeln!(io::stdout(), "{line}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Ten thousand connections of an attacker are ours too.
    amo_connect::budgets::raise_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match runtime.block_on(run::run(arguments, plan)) {
        Ok(report) => {
            write!(io::stdout(), "{}", report.told())?;
            let is_good = report.is_good();
            // Within the runtime: what is stopped here is asynchronous.
            runtime.block_on(async move { drop(report) });
            Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(problem) => failed(&problem, ExitCode::FAILURE),
    }
}

fn failed(problem: &str, code: ExitCode) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "soak: {problem}")?;
    Ok(code)
}
