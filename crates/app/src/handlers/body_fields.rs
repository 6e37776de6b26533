//! The members of a write's body, read one by one: each has its type, its range and its length.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::query::{refusal, unknown};
use crate::error::ApiError;

/// The longest name, in characters.
pub(super) const LONGEST_NAME: usize = 255;

/// The longest text of a note, a task or a comment, in characters.
pub(super) const LONGEST_TEXT: usize = 4096;

/// The longest phone number, in characters.
const LONGEST_PHONE: usize = 64;

/// The longest e-mail address, in characters.
const LONGEST_EMAIL: usize = 254;

/// The longest name of a tag, in characters.
const LONGEST_TAG: usize = 100;

/// The most tags.
pub(super) const MOST_TAGS: usize = 40;

/// The highest price: up to here every whole number is exact in JavaScript.
pub(super) const HIGHEST_PRICE: u64 = (1 << 53) - 1;

/// The last second that a task can be due in, 2099-12-31.
const LAST_SECOND: i64 = 4_102_444_799;

/// The body of a write. A member that is `null` counts as absent.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(body: Map<String, Value>) -> Self {
        Self(body.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }

    /// The body in a canonical form: the order of its members makes no other request.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let sorted: BTreeMap<&String, &Value> = self.0.iter().collect();
        serde_json::to_vec(&sorted).unwrap_or_default()
    }

    /// A text of one line.
    pub(super) fn line(&mut self, name: &str, longest: usize) -> Result<Option<String>, ApiError> {
        self.text(name, longest, char::is_control)
    }

    /// A text of several lines.
    pub(super) fn lines(&mut self, name: &str, longest: usize) -> Result<Option<String>, ApiError> {
        self.text(name, longest, |sign| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t'))
    }

    /// Blanks at either end are dropped.
    fn text(&mut self, name: &str, longest: usize, is_bad: impl Fn(char) -> bool) -> Result<Option<String>, ApiError> {
        match self.0.shift_remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => checked(name, &text, longest, is_bad).map(Some),
            Some(_) => Err(ApiError::invalid(name, "must be a string")),
        }
    }

    /// An e-mail address, as far as one can tell.
    pub(super) fn email(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let email = self.line(name, LONGEST_EMAIL)?;
        let is_one =
            |email: &String| email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
        if email.as_ref().is_none_or(is_one) { Ok(email) } else { Err(refusal(name, "an e-mail address")) }
    }

    /// A phone number: whatever has a digit in it.
    pub(super) fn phone(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let phone = self.line(name, LONGEST_PHONE)?;
        let is_one = |phone: &String| phone.bytes().any(|byte| byte.is_ascii_digit());
        if phone.as_ref().is_none_or(is_one) { Ok(phone) } else { Err(refusal(name, "a phone number")) }
    }

    /// A number of amoCRM's.
    pub(super) fn id(&mut self, name: &str) -> Result<Option<u64>, ApiError> {
        self.number(name, 1, i64::MAX.unsigned_abs())
    }

    pub(super) fn price(&mut self, name: &str) -> Result<Option<u64>, ApiError> {
        self.number(name, 0, HIGHEST_PRICE)
    }

    fn number(&mut self, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.0.shift_remove(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| refusal(name, format_args!("a whole number from {least} to {most}")))
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.0.shift_remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(refusal(name, "true or false")),
        }
    }

    /// A moment with its zone. amoCRM keeps whole seconds.
    pub(super) fn moment(&mut self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(value) = self.0.shift_remove(name) else { return Ok(None) };
        let moment = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let moment = moment.filter(|moment| (1..=LAST_SECOND).contains(&moment.as_second()));
        let allowed = "a time of RFC 3339 with its zone, as 2026-11-24T09:00:00Z, before the year 2100";
        moment.map(Some).ok_or_else(|| refusal(name, allowed))
    }

    /// The names of tags, each once.
    pub(super) fn tags(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        let Some(value) = self.0.shift_remove(name) else { return Ok(Vec::new()) };
        let wrong = || refusal(name, format_args!("a list of at most {MOST_TAGS} texts"));
        let Value::Array(list) = value else { return Err(wrong()) };
        if list.len() > MOST_TAGS {
            return Err(wrong());
        }
        let mut tags: Vec<String> = Vec::new();
        for tag in list {
            let tag = checked(name, tag.as_str().ok_or_else(wrong)?, LONGEST_TAG, char::is_control)?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(tags)
    }

    /// Refuses what is left.
    pub(super) fn none_left(self) -> Result<(), ApiError> {
        self.0.keys().next().map_or(Ok(()), |name| Err(unknown(name)))
    }
}

fn checked(name: &str, text: &str, longest: usize, is_bad: impl Fn(char) -> bool) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ApiError::invalid(name, "says nothing"));
    }
    if text.chars().count() > longest {
        return Err(ApiError::invalid(name, format_args!("is longer than {longest} characters")));
    }
    if text.chars().any(is_bad) {
        return Err(ApiError::invalid(name, "has control characters"));
    }
    Ok(text.to_owned())
}

/// What is required.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::invalid(name, "is required"))
}
