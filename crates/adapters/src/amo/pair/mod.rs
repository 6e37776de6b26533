//! What counts as a token pair: the one place that decides it, for codes and refresh tokens alike.
//!
//! amoCRM has spent what it was sent by the time it answers, so a pair is looked for in whatever
//! came, and how it is wrapped does not matter. It is a JSON object, in no other object (an answer
//! may quote the pair before), whose `access_token` and `refresh_token` are texts of visible ASCII,
//! each with its closing quote. Of several pairs the last counts, and of a repeated member the last
//! one that can be used. A token is taken as it is or not at all: nothing in it is repaired.

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroize as _;

use super::objects::{Member, Objects};

/// No access token lives longer; a number beyond is nonsense.
const LONGEST_LIFE: Duration = Duration::from_hours(10 * 365 * 24);

/// Two tokens that were issued together.
#[cfg_attr(test, derive(Clone, Debug, PartialEq, Eq))]
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: String,
    /// How long the access token lives, if the answer says so in a way that makes sense.
    pub(super) life: Option<Duration>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

/// What the body of an answer holds.
#[cfg_attr(test, derive(Clone, Debug, PartialEq, Eq))]
pub(super) enum Found {
    /// A pair.
    Pair(Pair),
    /// A part of one: it was issued, and the rest did not come.
    Half,
    /// Nothing of the kind.
    Nothing,
}

impl Found {
    /// Looks through `body`. The refresh token that was `sent`, if one was, makes no pair: a new
    /// one differs from it.
    pub(super) fn in_body(body: &[u8], sent: Option<&str>) -> Self {
        let (mut found, mut objects) = (Self::Nothing, Objects::new(body));
        loop {
            let mut members = Members::default();
            if objects.next(&mut |member| members.take(member)).is_none() {
                return found;
            }
            found = found.then(members.amount_to(sent));
        }
    }

    /// What this and what came after it hold together: the last pair counts.
    pub(super) fn then(self, later: Self) -> Self {
        match (self, later) {
            (_, Self::Pair(pair)) | (Self::Pair(pair), _) => Self::Pair(pair),
            (Self::Half, _) | (_, Self::Half) => Self::Half,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// The members of one object that matter.
#[derive(Default)]
struct Members {
    access: Option<String>,
    refresh: Option<String>,
    life: Option<Duration>,
    /// Whether the text ends within a token.
    is_torn: bool,
}

impl Members {
    fn take(&mut self, member: &Member<'_>) {
        let kept = match visible_ascii(member.name).as_deref() {
            Some("access_token") => &mut self.access,
            Some("refresh_token") => &mut self.refresh,
            Some("expires_in") => {
                self.life = life(member.value).or(self.life);
                return;
            }
            _ => return,
        };
        if member.is_whole {
            *kept = visible_ascii(member.value).or(kept.take());
        } else {
            self.is_torn |= member.value.first() == Some(&b'"');
        }
    }

    fn amount_to(self, sent: Option<&str>) -> Found {
        match (self.access, self.refresh) {
            (Some(access), Some(refresh)) if sent != Some(refresh.as_str()) => {
                Found::Pair(Pair { access, refresh, life: self.life })
            }
            _ if self.is_torn => Found::Half,
            (Some(_), None) => Found::Half,
            (None, Some(refresh)) if sent != Some(refresh.as_str()) => Found::Half,
            _ => Found::Nothing,
        }
    }
}

/// The text in these quotes, if all of it can be printed as it is.
fn visible_ascii(quoted: &[u8]) -> Option<String> {
    let text: String = serde_json::from_slice(quoted).ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

/// Seconds, as a number or in quotes.
fn life(value: &[u8]) -> Option<Duration> {
    let seconds = match serde_json::from_slice(value).ok()? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    seconds.map(Duration::from_secs).filter(|life| !life.is_zero() && *life <= LONGEST_LIFE)
}
