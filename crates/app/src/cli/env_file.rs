//! `.env` of the working directory.

use std::fs;
use std::io::ErrorKind;

const FILE: &str = ".env";

/// Takes its variables into the environment, where they are not set yet. The complaint names
/// the line and not what is in it: lines have secrets.
pub(super) fn load() -> Result<(), String> {
    let text = match fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{FILE} cannot be read: {error}")),
    };
    if let Some(line) = text.lines().position(would_be_expanded) {
        let line = line + 1;
        return Err(format!("{FILE}, line {line}: put the value in single quotes, or its $ would be expanded"));
    }
    dotenvy::from_path(FILE).map_err(|error| match error {
        dotenvy::Error::LineParse(bad, _) => {
            let line = text.lines().position(|line| is_bad(line, &bad)).map(|line| format!(", line {}", line + 1));
            let line = line.unwrap_or_default();
            format!("{FILE}{line}: is not NAME=value; put a value with spaces or # in quotes")
        }
        _ => format!("{FILE} cannot be read"),
    })
}

/// Whether `bad`, a whole line or its value alone, is what could not be read.
fn is_bad(line: &str, bad: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim());
    line.trim() == bad.trim() || value == Some(bad.trim())
}

fn would_be_expanded(line: &str) -> bool {
    let value = line.trim_start().split_once('=').filter(|(name, _)| !name.starts_with('#'));
    value.is_some_and(|(_, value)| value.contains('$') && !value.trim_start().starts_with('\''))
}

#[cfg(test)]
mod tests {
    use super::would_be_expanded;

    #[test]
    fn a_dollar_is_taken_as_it_is_only_in_single_quotes() {
        for (line, expanded) in [
            ("A=b$c", true),
            ("A=\"b$c\"", true),
            ("A='b$c'", false),
            ("# A=b$c", false),
            ("A=bc", false),
            ("$", false),
        ] {
            assert_eq!(would_be_expanded(line), expanded, "{line}");
        }
    }
}
