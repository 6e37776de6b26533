//! The binary `amo-connect`.

use std::process::ExitCode;

fn main() -> ExitCode {
    amo_connect::cli::run()
}
