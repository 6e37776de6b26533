//! The tables of `docs/commands.md`, which are made from the commands themselves.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;
use super::exit::Exit;

/// A command with more flags than this has a page of its own.
const MOST_FLAGS: usize = 5;

/// Set to anything, the page is written instead of compared.
fn is_updated() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The lines of all commands that do something, those within `command`.
fn lines(command: &Command, before: &str, table: &mut String) {
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("{before}{}", command.get_name());
        if command.has_subcommands() {
            lines(command, &format!("{name} "), table);
            continue;
        }
        let own = command.get_arguments().filter(|argument| argument.get_env().is_none() && !argument.is_hide_set());
        let own = own.filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()));
        let (required, optional): (Vec<&Arg>, Vec<&Arg>) = own.partition(|argument| argument.is_required_set());
        let mut words: Vec<String> = required.iter().map(|argument| format!(" {argument}")).collect();
        if optional.len() > MOST_FLAGS {
            words.push(" [OPTIONS]".to_owned());
        } else {
            words.extend(optional.iter().map(|argument| format!(" [{argument}]")));
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(table, "| `{name}{}` | {about} |", words.concat());
    }
}

fn commands() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut table = "| command | does |\n|---|---|\n".to_owned();
    lines(&cli, "", &mut table);
    table
}

fn codes() -> String {
    let mut table = "| code | means |\n|---|---|\n".to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(table, "| {} | {} |", exit.code(), exit.text());
    }
    table
}

/// `page` with `table` between its marks.
fn with_table(page: &str, mark: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- {mark}: made from the code -->\n"), format!("<!-- end of {mark} -->\n"));
    let (before, rest) = page.split_once(&start).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{start}\n{table}\n{end}{after}")
}

#[test]
fn the_page_of_commands_is_what_the_commands_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let page = with_table(&with_table(&written, "commands", &commands()), "exit codes", &codes());
    if is_updated() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    assert!(written == page, "UPDATE_GOLDEN=1 cargo nextest run -p amo-connect the_page_of_commands writes it");
}
