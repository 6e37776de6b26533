//! `amo-connect doctor`: what works, what does not, and what works and will hurt. A line each; a check that
//! fails does not stop the next.

mod crm;
mod database;
mod settings;

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, print, table};
use crate::config::{Everything, Given, Settings};

/// How to tell it.
#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings<Everything>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Failed,
}

impl Verdict {
    fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// A check, and what it found. It shows no secret.
struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, detail: detail.into() }
    }

    fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, detail: detail.into() }
    }

    fn failed(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Failed, detail: detail.into() }
    }

    fn json(&self) -> Value {
        json!({ "check": self.name, "result": self.verdict.code(), "detail": self.detail })
    }

    fn row(&self) -> [String; 3] {
        [self.verdict.code().to_owned(), self.name.to_owned(), table::shown(&self.detail)]
    }
}

/// Makes all checks, of the settings of `logs` too, and tells them.
pub(super) async fn run(args: DoctorArgs, logs: Given) -> Result<(), Failure> {
    let given = Given { log_format: logs.log_format, rust_log: logs.rust_log, ..args.settings.given };
    let mut checks = settings::check(&given);
    checks.extend(database::check(&given).await);
    checks.extend(crm::check(&given).await);
    let failed = checks.iter().filter(|check| check.verdict == Verdict::Failed).count();
    if args.json {
        let all: Vec<_> = checks.iter().map(Check::json).collect();
        print(&serde_json::to_string_pretty(&json!({ "ok": failed == 0, "checks": all }))?)?;
    } else {
        print(&table::table(["result", "check", "detail"], checks.iter().map(Check::row)))?;
    }
    match failed {
        0 => Ok(()),
        1 => Err("a check failed".into()),
        _ => Err(format!("{failed} checks failed").into()),
    }
}
