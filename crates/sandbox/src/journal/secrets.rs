//! Cuts codes, tokens, client secrets and states out of what was sent and answered.
//!
//! It works twice: first by the names of parameters and members, then by the values that were found
//! there and by what codes and tokens look like, wherever these stand.

use serde_json::{Map, Value};
use url::form_urlencoded;

/// What stands where a secret was.
const CUT: &str = "…";

/// A name with one of these in it is that of a secret.
const PARTS: [&str; 5] = ["token", "secret", "password", "authorization", "api_key"];
/// These are secrets in a query, in a form, and where an integration asks for access.
const NAMES: [&str; 2] = ["code", "state"];
/// These are not, whatever they look like.
const HARMLESS: [&str; 1] = ["token_type"];

/// A shorter value is cut only where its name stands: elsewhere it may be anything.
const SHORTEST: usize = 8;

/// What codes and refresh tokens, and what access tokens begin with.
const BEGINNINGS: [&str; 2] = ["def50200", "eyJ"];

/// The secrets of one request.
pub(super) struct Secrets<'s> {
    of_clients: &'s [&'s str],
    is_of_oauth: bool,
    found: Vec<String>,
}

impl<'s> Secrets<'s> {
    /// `is_of_oauth`: whether the request asks for access, so that its members `code` and `state`
    /// are secrets.
    pub(super) const fn new(of_clients: &'s [&'s str], is_of_oauth: bool) -> Self {
        Self { of_clients, is_of_oauth, found: Vec::new() }
    }

    pub(super) const fn is_of_oauth(&self) -> bool {
        self.is_of_oauth
    }

    /// Cuts a query or a form.
    pub(super) fn cut_pairs(&mut self, pairs: &str) -> String {
        pairs.split('&').map(|pair| self.cut_pair(pair)).collect::<Vec<_>>().join("&")
    }

    fn cut_pair(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else {
            return if self.is_of_oauth && !pair.is_empty() { CUT.to_owned() } else { pair.to_owned() };
        };
        if !name.bytes().all(is_of_a_name) {
            return CUT.to_owned();
        }
        let decoded = form_urlencoded::parse(pair.as_bytes()).into_owned().next();
        let (plain_name, plain_value) = decoded.unwrap_or_default();
        let is_secret = is_secret(&plain_name) || NAMES.contains(&plain_name.as_str());
        if is_secret {
            self.remember(value);
            self.remember(&plain_value);
        }
        // An address with a secret in it is encoded here.
        if is_secret || self.cut_text(&plain_value) != plain_value { format!("{name}={CUT}") } else { pair.to_owned() }
    }

    /// Cuts the members of `json`, at any depth, whose names are those of secrets.
    pub(super) fn cut_members(&mut self, json: &mut Value) {
        match json {
            Value::Object(members) => self.cut_object(members),
            Value::Array(items) => items.iter_mut().for_each(|item| self.cut_members(item)),
            _ => {}
        }
    }

    fn cut_object(&mut self, members: &mut Map<String, Value>) {
        for (name, value) in members {
            let is_secret = is_secret(name) || (self.is_of_oauth && NAMES.contains(&name.as_str()));
            if !is_secret {
                self.cut_members(value);
            } else if !value.is_null() {
                match &*value {
                    Value::String(text) => self.remember(text),
                    other => self.remember(&other.to_string()),
                }
                *value = CUT.into();
            }
        }
    }

    fn remember(&mut self, value: &str) {
        if value.len() >= SHORTEST && !self.found.iter().any(|known| known == value) {
            self.found.push(value.to_owned());
        }
    }

    /// Cuts secrets that stand somewhere in the texts of `json`.
    pub(super) fn cut_values(&self, json: &mut Value) {
        match json {
            Value::String(text) => *text = self.cut_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.cut_values(item)),
            Value::Object(members) => members.values_mut().for_each(|value| self.cut_values(value)),
            _ => {}
        }
    }

    /// Cuts secrets that stand somewhere in a text.
    pub(super) fn cut_text(&self, text: &str) -> String {
        let known = self.of_clients.iter().copied().chain(self.found.iter().map(String::as_str));
        let mut text = text.to_owned();
        for secret in known.filter(|secret| !secret.is_empty()) {
            if text.contains(secret) {
                text = text.replace(secret, CUT);
            }
        }
        for beginning in BEGINNINGS {
            text = cut_from(&text, beginning, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        }
        cut_parameters(&text)
    }
}

/// Cuts what begins so, as far as its bytes are those of a token.
fn cut_from(text: &str, beginning: &str, is_of_it: impl Fn(u8) -> bool) -> String {
    let (mut cut, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(beginning) {
        cut.push_str(before);
        let length = after.bytes().take_while(|&byte| is_of_it(byte)).count();
        if length >= SHORTEST {
            cut.push_str(CUT);
            rest = after.get(length..).unwrap_or_default();
        } else {
            cut.push_str(beginning);
            rest = after;
        }
    }
    cut + rest
}

/// Cuts parameters of addresses that stand in a text: `https://app.example/back?code=…`.
fn cut_parameters(text: &str) -> String {
    let is_end = |letter: char| letter.is_whitespace() || "&?#\"'<>".contains(letter);
    let mut cut = String::with_capacity(text.len());
    for word in text.split_inclusive(is_end) {
        let Some((name, value)) = word.split_once('=') else {
            cut.push_str(word);
            continue;
        };
        let follows_another = cut.ends_with(['?', '&', '#']);
        let end = value.len() - value.trim_end_matches(is_end).len();
        let is_empty = value.len() == end;
        if follows_another && !is_empty && (is_secret(name) || NAMES.contains(&name)) {
            cut.push_str(name);
            cut.push('=');
            cut.push_str(CUT);
            cut.push_str(value.get(value.len() - end..).unwrap_or_default());
        } else {
            cut.push_str(word);
        }
    }
    cut
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !HARMLESS.contains(&name.as_str()) && PARTS.iter().any(|part| name.contains(part))
}

const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'%' | b'[' | b']' | b'+')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_oauth() -> Secrets<'static> {
        Secrets::new(&["sandbox-secret"], true)
    }

    #[test]
    fn a_query_keeps_its_form_and_loses_the_values_of_secrets() {
        let mut secrets = of_oauth();
        assert_eq!(
            secrets.cut_pairs("client_id=a&state=planted-state&limit=5&filter%5Bid%5D=1&Client_Secret=x"),
            "client_id=a&state=…&limit=5&filter%5Bid%5D=1&Client_Secret=…"
        );
        assert_eq!(secrets.cut_text("a page with planted-state in it"), "a page with … in it");
    }

    #[test]
    fn what_is_no_pair_of_a_form_is_not_shown() {
        assert_eq!(of_oauth().cut_pairs("{\"client_secret\":\"a=b\"}&naked&a=1"), "…&…&a=1");
        assert_eq!(Secrets::new(&[], false).cut_pairs("naked&a=1"), "naked&a=1");
    }

    #[test]
    fn a_secret_is_cut_where_it_is_encoded_within_another_parameter() {
        let cut = of_oauth().cut_pairs("redirect_uri=https%3A%2F%2Fa.example%2Fback%3Fcode%3Dabc&mode=popup");
        assert_eq!(cut, "redirect_uri=…&mode=popup");
    }

    #[test]
    fn members_are_cut_at_any_depth_and_null_stays() {
        let mut json =
            json!({"a": [{"refresh_token": "planted-token", "code": 5}], "access_token": null, "token_type": "Bearer"});
        let mut secrets = of_oauth();
        secrets.cut_members(&mut json);
        assert_eq!(
            json,
            json!({"a": [{"refresh_token": "…", "code": "…"}], "access_token": null, "token_type": "Bearer"})
        );
        let mut echo = json!({"detail": "no planted-token here"});
        secrets.cut_values(&mut echo);
        assert_eq!(echo, json!({"detail": "no … here"}));
    }

    #[test]
    fn the_code_of_a_field_is_no_secret_to_the_api() {
        let mut json = json!({"field_code": "PHONE", "code": "NotSupportedChoice", "state": "Kyiv"});
        let before = json.clone();
        Secrets::new(&[], false).cut_members(&mut json);
        assert_eq!(json, before);
    }

    #[test]
    fn codes_and_tokens_are_known_by_their_looks_and_addresses_by_their_parameters() {
        let secrets = of_oauth();
        let code = format!("def50200{}", "0a".repeat(50));
        assert_eq!(secrets.cut_text(&format!("/x/{code}/y eyJhbGciOi.eyJzdWIi.c2ln-_ eyJ")), "/x/…/y … eyJ");
        assert_eq!(
            secrets.cut_text("http://h/back?code=abc&state=xyz&referer=h:1#code=d"),
            "http://h/back?code=…&state=…&referer=h:1#code=…"
        );
        assert_eq!(secrets.cut_text("of sandbox-secret, zip code=5"), "of …, zip code=5");
    }
}
