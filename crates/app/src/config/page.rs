//! `docs/configuration.md`, which is made from the declarations.

use std::fmt::Write as _;

use super::declared::ALL;
use super::setting::{About, Preset};

/// What stands before the table.
const HEAD: &str = "\
# Configuration

This page is made from the declarations in [`declared.rs`](../crates/app/src/config/declared.rs); a test compares them.

Every setting is a variable and a flag: `BIND` is `--bind`. A flag goes before a variable, and a variable before `.env` in
the working directory, where a value with `$` goes in single quotes, one with a blank or `#` in quotes. An empty value is
as if it was not given. Each command's `--help` shows the settings that it uses. `serve` checks all of them before anything
starts, and names every mistake in one message, which repeats no secret.

A secret can be in a file: `AMO_CLIENT_SECRET_FILE` is a path whose content is the value, without the line end at its
end. If both are given, that is refused.

- A value with a blank, a line end or another character that nobody sees at either end is refused: it was pasted, or read
  from a file. Within the integration's id, its secret and the two URLs nothing of the kind is taken either.
- Quotes around a value are refused: docker's `--env-file` keeps them, and they would be part of it.
- URLs are `https`; `http` is taken on loopback alone, except for `OTEL_EXPORTER_OTLP_ENDPOINT`.
- Durations are written as `90s`, `5m` or `30d`.

";

/// The page.
pub fn page() -> String {
    let mut page = format!("{HEAD}| variable | default | meaning |\n|---|---|---|\n");
    for about in ALL {
        let _ = writeln!(page, "| {} | {} | {} |", names(about), default(about), meaning(about));
    }
    page
}

fn names(about: &About) -> String {
    if about.is_secret { format!("`{}`, `{}`", about.name, about.file_name()) } else { format!("`{}`", about.name) }
}

fn default(about: &About) -> String {
    match about.preset {
        Preset::Required => "required".to_owned(),
        Preset::Value(text) => format!("`{text}`"),
        Preset::Unset(text) => text.to_owned(),
    }
}

/// The line of help and what is said besides, as sentences.
fn meaning(about: &About) -> String {
    let help = format!("{}.", about.help.trim());
    std::iter::once(help).chain(about.more.iter().map(|line| line.trim().to_owned())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Set to anything, the page is written instead of compared.
    fn is_updated() -> bool {
        std::env::var_os("UPDATE_GOLDEN").is_some()
    }

    #[test]
    fn the_page_is_what_the_declarations_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        if is_updated() {
            std::fs::write(&path, page()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, page(), "UPDATE_GOLDEN=1 cargo nextest run -p amo-connect the_page_is writes it");
    }

    #[test]
    fn a_default_is_a_value_that_its_setting_takes() {
        let complaints = super::super::Given::default().check().err().map(|invalid| invalid.0).unwrap_or_default();
        assert!(
            complaints.len() >= 5 && complaints.iter().all(|line| line.contains(": is required")),
            "{complaints:?}"
        );
    }

    #[test]
    fn a_setting_is_declared_once() {
        let mut names: Vec<_> = ALL.iter().map(|about| about.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
