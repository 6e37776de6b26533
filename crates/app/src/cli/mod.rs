//! The commands. Standard output holds the result and nothing else; all else goes to standard error.

mod jwt;
mod keys;
mod sandbox;
mod serve;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{LogFormat, ServeArgs};
use crate::telemetry;

/// Connects a mobile app's users to their amoCRM accounts and keeps them connected.
#[derive(Parser)]
#[command(name = "amo-connect", version, about)]
struct Cli {
    /// How logs are written [default: text on a terminal, else json]
    #[arg(long, env = "LOG_FORMAT", global = true, hide_env_values = true)]
    log_format: Option<LogFormat>,
    /// What is logged of our own doings [default: info]
    #[arg(long, env = "RUST_LOG", global = true, hide_env_values = true, value_name = "DIRECTIVES")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    Serve(Box<ServeArgs>),
    /// Run the whole thing on this machine: a local amoCRM, the service, and a page that plays the phone
    Sandbox(sandbox::SandboxArgs),
    /// Print a JWT signed with `JWT_SECRET`, for development
    Jwt(jwt::JwtArgs),
    /// Make keys for stored tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
}

/// A command that could not do its work.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => {
            // The error may quote a line of the file, and lines have secrets.
            complain(".env cannot be read: each line must be NAME=value");
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    let cli = Cli::parse();
    telemetry::init(cli.log_format, cli.log.as_deref());
    let done = match cli.command {
        Command::Serve(args) => in_runtime(serve::run(*args)),
        Command::Sandbox(args) => in_runtime(sandbox::run(args)),
        Command::Jwt(args) => jwt::run(&args),
        Command::Keys(command) => keys::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn in_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

fn complain(problem: &str) {
    // There is nobody left to tell if standard error is gone.
    let _ = writeln!(std::io::stderr(), "amo-connect: {problem}");
}

/// An error with what caused it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn print(result: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{result}")?)
}
