//! The commands. Standard output holds the result and nothing else; all else goes to standard error.

mod arguments;
mod completions;
mod connections;
mod doctor;
mod env_file;
mod exit;
mod healthcheck;
mod jwt;
mod keys;
mod migrate;
mod move_store;
#[cfg(test)]
mod page;
mod sandbox;
mod serve;
mod service_manager;
mod signals;
mod start;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use connections::ConnectionsCommand;
use exit::Exit;
use keys::KeysCommand;
use url::Url;

use crate::config::{Everything, Given, LogFormat, Logs, Settings, Storage};
use crate::otlp::Exporter;
use crate::telemetry::Subject;
use crate::{openapi, telemetry};

/// Connects a mobile app's users to their amoCRM accounts and keeps them connected.
#[derive(Parser)]
#[command(name = "amo-connect", version, about, after_help = exit::help())]
struct Cli {
    #[command(flatten)]
    logs: Settings<Logs>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    Serve(Box<Settings<Everything>>),
    /// Run the whole thing on this machine: a local amoCRM, the service, and a page that plays the phone
    Sandbox(Box<sandbox::SandboxArgs>),
    /// Bring the database up to date
    Migrate(Box<Settings<Storage>>),
    /// Copy a SQLite database to an empty PostgreSQL database; the service has to be stopped
    Move(Box<move_store::MoveArgs>),
    /// Look at connections, and end or refresh one
    #[command(subcommand)]
    Connections(Box<ConnectionsCommand>),
    /// Print a JWT signed with `JWT_SECRET`, for development
    Jwt(Box<jwt::JwtArgs>),
    /// Make keys for stored tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Check configuration, database, migrations, clock, and that amoCRM answers; exit 1 if one fails
    Doctor(Box<doctor::DoctorArgs>),
    /// Ask the running service, or a local amoCRM, whether it is ready; exit 0 or 1
    Healthcheck(Box<healthcheck::HealthcheckArgs>),
    /// Print a script that completes commands and flags in a shell
    Completions(completions::CompletionsArgs),
    /// Print the OpenAPI 3.1 document of the service
    Openapi,
}

/// A command that could not do its work.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let env_file = env_file::load();
    let cli = match arguments::read() {
        Ok(cli) => cli,
        // Help and version are told in this way too, on standard output.
        Err(told) => told.exit(),
    };
    let subject = match cli.command {
        Command::Serve(_) => Subject::Service,
        Command::Sandbox(_) => Subject::Sandbox,
        _ => Subject::Command,
    };
    let is_serve = subject == Subject::Service;
    let logs = match cli.logs.given.check_logs() {
        Ok(logs) => logs,
        // They tell what is wrong with these settings together with the others.
        Err(_) if is_serve || matches!(cli.command, Command::Doctor(_)) => cli.logs.given.logs_or_default(),
        Err(invalid) => {
            complain(&invalid.to_string());
            return Exit::of(&invalid.into()).into();
        }
    };
    let (exporter, unstarted) = match Exporter::start(cli.command.collector().as_ref()) {
        Ok(exporter) => (exporter, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let traces = exporter.as_ref().and_then(Exporter::layer);
    // Until the end: what waits is written when it is dropped.
    let logging = telemetry::init(&logs, subject, traces);
    let ended = unstarted.map_err(Failure::from).and_then(|()| cli.run(env_file, exporter.as_ref()));
    if let Some(exporter) = exporter {
        exporter.stop();
    }
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            let problem = chain(&*error);
            // Whoever reads the log of a service reads this too. Other commands are told to people.
            if is_serve || logs.format == Some(LogFormat::Json) {
                logging.tell_failure(&problem);
            } else {
                // What was logged on the way stands before it.
                drop(logging);
                complain(&problem);
            }
            Exit::of(&error).into()
        }
    }
}

impl Command {
    /// Who gets traces and metrics: the service's alone. `serve` tells of a mistake in it with the others.
    fn collector(&self) -> Option<Url> {
        match self {
            Self::Serve(args) => args.given.collector_or_none(),
            _ => None,
        }
    }
}

impl Cli {
    /// `env_file` concerns only the commands that take settings, and `exporter` only the service.
    fn run(self, env_file: Result<(), String>, exporter: Option<&Exporter>) -> Result<(), Failure> {
        let takes_settings = !matches!(
            self.command,
            Command::Sandbox(_) | Command::Completions(_) | Command::Openapi | Command::Keys(KeysCommand::New)
        );
        if takes_settings {
            env_file?;
        }
        match self.command {
            Command::Serve(args) => {
                let Given { log_format, rust_log, .. } = self.logs.given;
                in_runtime(serve::run(Given { log_format, rust_log, ..args.given }, exporter))
            }
            Command::Sandbox(args) => in_runtime(sandbox::run(*args)),
            Command::Migrate(args) => in_runtime(migrate::run(&args.given)),
            Command::Move(args) => in_runtime(async move { move_store::run(&args).await }),
            Command::Connections(command) => in_runtime(command.run()),
            Command::Jwt(args) => jwt::run(&args),
            Command::Doctor(args) => in_runtime(doctor::run(*args, self.logs.given)),
            Command::Healthcheck(args) => in_runtime(async move { healthcheck::run(&args).await }),
            Command::Completions(args) => completions::run(&args),
            Command::Keys(KeysCommand::New) => keys::new(),
            Command::Openapi => print(&openapi::pretty()),
            Command::Keys(KeysCommand::Rotate(args)) => in_runtime(keys::rotate(&args.given)),
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
