//! The claims that may name the user.

use std::fmt;

use amo_connect_domain::ids::UserId;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::ApiError;

/// Those of which each that is there names the user, where `JWT_USER_CLAIM` is unset.
const USER_CLAIMS: [&str; 3] = ["sub", "userId", "id"];

/// All claims of a token. A token has few, and its signature was good, so they are searched one by one.
pub(super) struct Claims(Vec<(String, Claim)>);

impl Claims {
    /// The user that this claim names, the value of `JWT_USER_CLAIM`.
    pub(super) fn user(mut self, claim: Option<&str>) -> Result<UserId, ApiError> {
        let mut take = |name: &str| {
            let place = self.0.iter().position(|(known, _)| known == name)?;
            Some(self.0.swap_remove(place).1)
        };
        match claim {
            Some(claim) => named_user([take(claim)]),
            None => named_user(USER_CLAIMS.map(take)),
        }
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(claims: D) -> Result<Self, D::Error> {
        claims.deserialize_map(Members).map(Self)
    }
}

/// Reads members, each of which may stand once: of two, another reader may go by the other one.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Claim)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut claims: Self::Value = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if claims.iter().any(|(known, _)| *known == name) {
                return Err(serde::de::Error::custom("a claim stands twice"));
            }
            claims.push((name, members.next_value()?));
        }
        Ok(claims)
    }
}

/// The user that all of `claims` name.
fn named_user(claims: impl IntoIterator<Item = Option<Claim>>) -> Result<UserId, ApiError> {
    let mut named: Option<UserId> = None;
    for claim in claims.into_iter().flatten() {
        let user = claim.user()?;
        if named.as_ref().is_some_and(|named| *named != user) {
            return Err(ApiError::Unauthorized("it names different users"));
        }
        named = Some(user);
    }
    named.ok_or(ApiError::Unauthorized("it names no user"))
}

/// A claim: a string or an integer, which name a user, or anything else.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Name(String),
    Other,
}

impl Claim {
    fn user(self) -> Result<UserId, ApiError> {
        match self {
            Self::Name(id) => UserId::new(id).or(Err(ApiError::Unauthorized("its user has not 1 to 255 bytes"))),
            Self::Other => Err(ApiError::Unauthorized("its user is neither a string nor an integer")),
        }
    }
}

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(claim: D) -> Result<Self, D::Error> {
        claim.deserialize_any(AnyClaim)
    }
}

struct AnyClaim;

impl<'de> Visitor<'de> for AnyClaim {
    type Value = Claim;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claim")
    }

    fn visit_str<E>(self, id: &str) -> Result<Claim, E> {
        Ok(Claim::Name(id.to_owned()))
    }

    fn visit_string<E>(self, id: String) -> Result<Claim, E> {
        Ok(Claim::Name(id))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Claim, E> {
        Ok(Claim::Name(id.to_string()))
    }

    fn visit_i64<E>(self, id: i64) -> Result<Claim, E> {
        Ok(Claim::Name(id.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Claim, E> {
        Ok(Claim::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Claim, E> {
        Ok(Claim::Other)
    }

    fn visit_unit<E>(self) -> Result<Claim, E> {
        Ok(Claim::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Claim, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Claim::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Claim, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Claim::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(claims: &str) -> Result<String, String> {
        let claims: Claims = serde_json::from_str(claims).unwrap();
        claims.user(None).map(|user| user.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_string_or_an_integer_names_the_user_in_every_claim_alike() {
        for claims in [
            r#"{"sub":"42","exp":1}"#,
            r#"{"userId":42}"#,
            r#"{"id":42,"aud":["a",{"b":[null]}]}"#,
            r#"{"sub":"42","userId":42,"id":"42"}"#,
        ] {
            assert_eq!(named(claims).as_deref(), Ok("42"), "{claims}");
        }
        assert_eq!(named(r#"{"id":-7}"#).as_deref(), Ok("-7"));
        assert_eq!(named(r#"{"id":18446744073709551615}"#).as_deref(), Ok("18446744073709551615"));
    }

    #[test]
    fn what_names_nobody_for_certain_is_refused_with_the_reason() {
        for (claims, reason) in [
            (r#"{"exp":1}"#, "names no user"),
            (r#"{"sub":"olena","id":"ivan"}"#, "names different users"),
            (r#"{"sub":null,"id":"ivan"}"#, "neither a string nor an integer"),
            (r#"{"sub":1.5}"#, "neither a string nor an integer"),
            (r#"{"sub":true}"#, "neither a string nor an integer"),
            (r#"{"sub":["olena"]}"#, "neither a string nor an integer"),
            (r#"{"sub":{"id":"olena"}}"#, "neither a string nor an integer"),
            (r#"{"sub":""}"#, "1 to 255 bytes"),
        ] {
            let refusal = named(claims).unwrap_err();
            assert!(refusal.contains(reason), "{claims}: {refusal}");
        }
    }

    #[test]
    fn a_claim_that_stands_twice_is_refused() {
        for twice in [r#"{"sub":"olena","sub":"ivan"}"#, r#"{"sub":"olena","foo":1,"foo":2}"#] {
            assert!(serde_json::from_str::<Claims>(twice).is_err(), "{twice}");
        }
    }

    #[test]
    fn every_claim_is_read_past_whatever_it_is() {
        let claims = r#"{"email":"olena@example.com","exp":1,"nested":{"a":[1,{"b":null}]},"none":null}"#;
        let Claims(claims) = serde_json::from_str(claims).unwrap();
        assert!(claims.contains(&("email".to_owned(), Claim::Name("olena@example.com".to_owned()))));
        assert!(claims.contains(&("nested".to_owned(), Claim::Other)));
    }
}
