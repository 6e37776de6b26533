//! The settings as they are given on a command line, each command with those that it uses.

use std::marker::PhantomData;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::Given;
use super::declared::ALL;
use super::setting::About;

/// Which settings a command uses.
pub trait Uses {
    /// Their variables; all that not every command has, if this is empty.
    const NAMES: &'static [&'static str];
    /// Whether every command has them.
    const IN_EVERY_COMMAND: bool = false;
}

/// The settings of a command that uses those of `U`.
#[derive(Clone)]
pub struct Settings<U> {
    /// What was given.
    pub given: Given,
    uses: PhantomData<U>,
}

/// What `U` uses, with its place in the order of the declarations.
fn used<U: Uses>() -> impl Iterator<Item = (usize, &'static About)> {
    let is_used = |about: &About| match U::NAMES {
        [] => !Logs::NAMES.contains(&about.name),
        names => names.contains(&about.name),
    };
    ALL.iter().copied().enumerate().filter(move |(_, about)| is_used(about))
}

impl<U: Uses> Args for Settings<U> {
    fn augment_args(command: Command) -> Command {
        command.args(used::<U>().flat_map(|(place, about)| {
            about.arguments().map(move |argument| argument.display_order(place).global(U::IN_EVERY_COMMAND))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<U: Uses> FromArgMatches for Settings<U> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Self { given: Given::default(), uses: PhantomData };
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (_, about) in used::<U>() {
            if let Some(text) = matches.get_one::<String>(about.name) {
                self.given.set(about.name, text.clone());
                if matches.value_source(about.name) == Some(ValueSource::CommandLine) {
                    self.given.by_flag.insert(about.name);
                }
            }
            if about.is_secret
                && let Some(path) = matches.get_one::<String>(&about.file_name())
            {
                self.given.files.insert(about.name, path.clone());
            }
        }
        Ok(())
    }
}

/// Logs.
#[derive(Clone, Copy, Debug)]
pub enum Logs {}

impl Uses for Logs {
    const NAMES: &'static [&'static str] = &["LOG_FORMAT", "RUST_LOG"];
    const IN_EVERY_COMMAND: bool = true;
}

/// Defines what commands use.
macro_rules! uses {
    ($($(#[$about:meta])* $name:ident: [$($setting:literal),* $(,)?];)+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Uses for $name {
                const NAMES: &'static [&'static str] = &[$($setting),*];
            }
        )+
    };
}

uses! {
    /// The service, which uses all of them.
    Everything: [];
    /// A database's connection.
    Storage: ["DATABASE_URL"];
    /// A database's tokens.
    Tokens: ["TOKEN_KEYS", "DATABASE_URL", "DATABASE_POOL"];
    /// Where the service listens.
    Address: ["BIND"];
    /// A JWT.
    Jwts: ["JWT_SECRET", "JWT_USER_CLAIM", "JWT_ISSUER", "JWT_AUDIENCE"];
    /// A refresh.
    Refresh: [
        "AMO_CLIENT_ID",
        "AMO_CLIENT_SECRET",
        "AMO_REDIRECT_URI",
        "TOKEN_KEYS",
        "DATABASE_URL",
        "DATABASE_POOL",
        "AMO_AUTH_URL",
        "AMO_ALLOWED_HOSTS",
        "AMO_ALLOW_PRIVATE_ADDRESSES",
        "AMO_RATE_LIMIT",
        "AMO_RATE_LIMIT_SCOPE",
        "SHUTDOWN_TIMEOUT",
    ];
}
