//! The file of an import: a JSON object a line.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};

use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::ids::UserId;
use amo_connect_domain::token::{LONGEST_PARAMETER, RefreshToken, RefreshTokenHash};
use amo_connect_domain::usecase::Candidate;
use secrecy::SecretString;
use serde_json::{Map, Value};

/// No line that makes sense is longer.
const LONGEST_LINE: u64 = 64 * 1024;

/// A line of the file, counted from 1.
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) content: Content,
}

/// What a line says.
pub(super) enum Content {
    /// A token to import.
    Candidate(Candidate),
    /// A line that says of a user or a token what an earlier line said.
    Duplicate {
        /// The user.
        user: UserId,
        /// What is there twice.
        what: &'static str,
        /// The number of the earlier line.
        of: usize,
    },
    /// It makes no sense.
    Bad {
        /// The field at fault; empty for the whole line.
        field: &'static str,
        /// What is wrong with it, without a value.
        why: &'static str,
    },
}

/// Reads all lines of the file at `path`, or of standard input for `-`. Blank ones are passed over.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn read(path: &str, hosts: &AllowedHosts) -> std::io::Result<Vec<Line>> {
    if path == "-" { lines(std::io::stdin().lock(), hosts) } else { lines(BufReader::new(File::open(path)?), hosts) }
}

fn lines(mut file: impl BufRead, hosts: &AllowedHosts) -> std::io::Result<Vec<Line>> {
    let (mut lines, mut number) = (Vec::new(), 0);
    let (mut users, mut tokens) = (HashMap::new(), HashMap::new());
    loop {
        let mut text = Vec::new();
        if file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            return Ok(lines);
        }
        number += 1;
        let is_whole = text.ends_with(b"\n") || (text.len() as u64) < LONGEST_LINE;
        if !is_whole {
            skip_to_the_end(&mut file)?;
        }
        let is_utf8 = std::str::from_utf8(&text).is_ok();
        let text = SecretString::from(String::from_utf8_lossy(&text).into_owned());
        let text = secrecy::ExposeSecret::expose_secret(&text).trim_start_matches('\u{feff}').trim();
        let content = match candidate(text, hosts) {
            _ if !is_whole => Content::Bad { field: "", why: "is longer than 64 kB" },
            // Another encoding would make another user of this one.
            _ if !is_utf8 => Content::Bad { field: "", why: "is not UTF-8" },
            _ if text.is_empty() => continue,
            Err((field, why)) => Content::Bad { field, why },
            Ok(candidate) => {
                let user = candidate.user.clone();
                let same_token = *tokens.entry(RefreshTokenHash::of(&candidate.token)).or_insert(number);
                let same_user = *users.entry(user.clone()).or_insert(number);
                match (same_token, same_user) {
                    (of, _) if of < number => Content::Duplicate { user, what: "token", of },
                    (_, of) if of < number => Content::Duplicate { user, what: "user", of },
                    _ => Content::Candidate(candidate),
                }
            }
        };
        lines.push(Line { number, content });
    }
}

fn skip_to_the_end(file: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let mut rest = Vec::new();
        let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut rest)?;
        if read == 0 || rest.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// What `text` says, or the field at fault and why.
fn candidate(text: &str, hosts: &AllowedHosts) -> Result<Candidate, (&'static str, &'static str)> {
    let object: Map<String, Value> = serde_json::from_str(text).or(Err(("", "is not a JSON object")))?;
    let field = |name: &'static str| object.get(name).filter(|value| !value.is_null()).ok_or((name, "is missing"));
    let user = match field("user")? {
        Value::String(id) => id.clone(),
        Value::Number(id) if id.is_i64() || id.is_u64() => id.to_string(),
        _ => return Err(("user", "is neither a string nor an integer")),
    };
    let user = UserId::new(user).or(Err(("user", "has not 1 to 255 bytes")))?;
    let domain = field("domain")?.as_str().ok_or(("domain", "is not a string"))?;
    let host = hosts.admit(domain).ok_or(("domain", "is not an account host under AMO_ALLOWED_HOSTS"))?;
    let token = field("refreshToken")?.as_str().ok_or(("refreshToken", "is not a string"))?;
    let is_visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_visible || token.len() > LONGEST_PARAMETER {
        return Err(("refreshToken", "is not 1 to 4096 visible ASCII characters"));
    }
    Ok(Candidate { user, host, token: RefreshToken::new(token) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let hosts = AllowedHosts::parse("amocrm.ru").unwrap();
        let told = |line: Line| match line.content {
            Content::Candidate(candidate) => format!("{} {} at {}", line.number, candidate.user, candidate.host),
            Content::Duplicate { what, of, .. } => format!("{} {what} of {of}", line.number),
            Content::Bad { field, why } => format!("{} {field}: {why}", line.number),
        };
        lines(text.as_bytes(), &hosts).unwrap().into_iter().map(told).collect()
    }

    fn line(user: &str, token: &str) -> String {
        format!("{{\"user\":{user},\"domain\":\"a.amocrm.ru\",\"refreshToken\":\"{token}\"}}\n")
    }

    #[test]
    fn no_hostile_host_is_imported() {
        let corpus = include_str!("../../../../../domain/src/host/corpus.txt");
        for quoted in corpus.lines().filter_map(|line| line.strip_prefix("refused ")) {
            let line = format!("{{\"user\":1,\"domain\":{quoted},\"refreshToken\":\"a\"}}\n");
            assert_eq!(told(&line), ["1 domain: is not an account host under AMO_ALLOWED_HOSTS"], "{quoted}");
        }
    }

    #[test]
    fn users_are_those_of_jwts_and_what_is_there_twice_is_told() {
        let text = [
            line("\"olena\"", "r1"),
            "\r\n".to_owned(),
            line("42", "r2"),
            line("\"42\"", "r3"),
            line("\"ivan\"", "r1"),
            line("\"maria\"", "r4").trim_end().to_owned(),
        ];
        let expected =
            ["1 olena at a.amocrm.ru", "3 42 at a.amocrm.ru", "4 user of 3", "5 token of 1", "6 maria at a.amocrm.ru"];
        assert_eq!(told(&text.concat()), expected);
        assert_eq!(told(&format!("\u{feff}{}", line("\"a\"", "r"))), ["1 a at a.amocrm.ru"]);
    }

    #[test]
    fn a_line_in_another_encoding_is_nobodys() {
        let hosts = AllowedHosts::parse("amocrm.ru").unwrap();
        let text = line("\"jose\"", "r").into_bytes().into_iter().map(|byte| if byte == b'e' { 0xe9 } else { byte });
        let lines = lines(text.collect::<Vec<_>>().as_slice(), &hosts).unwrap();
        assert!(matches!(&lines[..], [Line { number: 1, content: Content::Bad { field: "", why: "is not UTF-8" } }]));
    }

    #[test]
    fn a_bad_line_is_told_by_its_number_and_field_and_shows_no_value() {
        let long = "x".repeat(4097);
        let cases = [
            ("nonsense".to_owned(), "1 : is not a JSON object"),
            ("[]".to_owned(), "1 : is not a JSON object"),
            (r#"{"domain":"a.amocrm.ru","refreshToken":"r"}"#.to_owned(), "1 user: is missing"),
            (line("1.5", "r"), "1 user: is neither a string nor an integer"),
            (line("\"\"", "r"), "1 user: has not 1 to 255 bytes"),
            (
                r#"{"user":"a","domain":"evil.example","refreshToken":"r"}"#.to_owned(),
                "1 domain: is not an account host under AMO_ALLOWED_HOSTS",
            ),
            (r#"{"user":"a","domain":"a.amocrm.ru","refresh_token":"r"}"#.to_owned(), "1 refreshToken: is missing"),
            (line("\"a\"", "two words"), "1 refreshToken: is not 1 to 4096 visible ASCII characters"),
            (line("\"a\"", &long), "1 refreshToken: is not 1 to 4096 visible ASCII characters"),
            (line("\"a\"", &"x".repeat(70_000)), "1 : is longer than 64 kB"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(&format!("{}\n{}", text.trim_end(), line("\"b\"", "r9")))[0], expected);
            assert_eq!(
                told(&format!("{}\n{}", text.trim_end(), line("\"b\"", "r9"))).last().unwrap(),
                "2 b at a.amocrm.ru"
            );
        }
    }
}
