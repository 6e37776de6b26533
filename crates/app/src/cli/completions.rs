//! `amo-connect completions`.

use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::{Shell, generate};

use super::{Cli, Failure, print};

/// For which shell.
#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell that reads them
    shell: KnownShell,
}

/// The shells that have completions.
#[derive(Clone, Copy, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let shell = match args.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "amo-connect", &mut script);
    print(String::from_utf8(script)?.trim_end())
}
