//! `amo-connect move`: from a SQLite file to a PostgreSQL database.

use amo_connect_adapters::backend::Place;
use amo_connect_adapters::transfer::{MoveProgress, move_store};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, print};
use crate::config::{Settings, Storage, check_target};

/// From where to where.
#[derive(Args)]
pub(super) struct MoveArgs {
    /// The PostgreSQL database, which has to be empty. Other users of this machine see a password that is given as a flag
    #[arg(long, value_name = "URL", env = "MOVE_TO", hide_env_values = true)]
    to: String,
    #[command(flatten)]
    settings: Settings<Storage>,
}

/// Copies all rows and compares them.
pub(super) async fn run(args: &MoveArgs) -> Result<(), Failure> {
    let source = args.settings.given.check_database()?;
    let target = check_target(&args.to)?;
    let (Place::Sqlite(source), Place::Postgres(target)) = (source.place(), target.place()) else {
        return Err(
            "a SQLite database is moved to a PostgreSQL database: DATABASE_URL is sqlite:path, and --to postgres://…"
                .into(),
        );
    };
    let progress =
        ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len}, {eta} left")?);
    let tell = |at: MoveProgress| {
        progress.set_length(at.of);
        progress.set_position(at.rows);
        progress.set_message(format!("{} {}", if at.compares { "compares" } else { "copies" }, at.table));
    };
    let moved = move_store(source, target, tell).await;
    progress.finish_and_clear();
    let moved = moved?;
    for (table, rows) in &moved {
        print(&format!("{table}: {rows}"))?;
    }
    print(&format!("Moved {} rows, and compared each. The file is as it was.", moved.values().sum::<u64>()))
}
