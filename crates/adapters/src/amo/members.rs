//! The members of amoCRM's objects that are no objects themselves. One that is not what it should be is absent.

use jiff::Timestamp;
use serde::de::{IgnoredAny, MapAccess, Visitor as _};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::loose::{self, Shape};

/// A number of amoCRM's that names something, in quotes or not, also as `7.0` or `7e3`; never 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Id(pub(super) Option<u64>);

/// An amount, as a number or as one in quotes.
#[derive(Debug, Default)]
pub(super) struct Amount(pub(super) Option<Number>);

/// A number without a fraction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole(pub(super) Option<i64>);

/// A moment, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time(pub(super) Option<Timestamp>);

/// A text that says something; phone numbers come as numbers, too.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Option<String>);

/// Whether it is `true`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flag(pub(super) bool);

/// Whether it is an object, whatever is in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IsObject(pub(super) bool);

/// What a custom field is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FieldCode {
    Phone,
    Email,
    #[default]
    Other,
}

/// Reads each of these as the [`Shape`] that it is.
macro_rules! read_loosely {
    ($($member:ty)*) => {
        $(impl<'de> Deserialize<'de> for $member {
            fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                loose::read(json)
            }
        })*
    };
}

read_loosely! { Id Amount Whole Time Text Flag IsObject FieldCode }

impl Shape<'_> for Id {
    fn of_number(number: Number) -> Self {
        let whole = number.as_u64().or_else(|| without_fraction(number.as_f64()?));
        Self(whole.filter(|id| *id != 0))
    }

    fn of_text(text: &str) -> Self {
        in_quotes(text).map_or_else(Self::default, Self::of_number)
    }
}

impl Shape<'_> for Amount {
    fn of_number(number: Number) -> Self {
        Self(Some(number))
    }

    fn of_text(text: &str) -> Self {
        Self(in_quotes(text))
    }
}

impl Shape<'_> for Whole {
    fn of_number(number: Number) -> Self {
        Self(number.as_i64())
    }
}

impl Shape<'_> for Time {
    fn of_number(number: Number) -> Self {
        Self(number.as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok()))
    }
}

impl Shape<'_> for Text {
    fn of_number(number: Number) -> Self {
        Self(Some(number.to_string()))
    }

    fn of_text(text: &str) -> Self {
        Self((!text.trim().is_empty()).then(|| text.to_owned()))
    }
}

impl Shape<'_> for Flag {
    fn of_bool(flag: bool) -> Self {
        Self(flag)
    }
}

impl<'de> Shape<'de> for IsObject {
    fn of_object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(members).map(|_| Self(true))
    }
}

impl Shape<'_> for FieldCode {
    fn of_text(text: &str) -> Self {
        match text {
            "PHONE" => Self::Phone,
            "EMAIL" => Self::Email,
            _ => Self::Other,
        }
    }
}

/// The number that stands in quotes.
fn in_quotes(text: &str) -> Option<Number> {
    text.trim().parse().ok()
}

/// A number without a fraction, if a double holds it and its neighbours.
fn without_fraction(number: f64) -> Option<u64> {
    let text = format!("{number:.0}");
    (number.fract() == 0.0 && number.abs() < 2_f64.powi(53)).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn read<T: DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn what_is_not_of_its_kind_is_absent() {
        for odd in ["null", "[]", "[1]", "{}", r#"{"id":1,"id":2}"#] {
            assert_eq!(read::<Id>(odd).0, None, "{odd}");
            assert_eq!(read::<Amount>(odd).0, None, "{odd}");
            assert_eq!(read::<Whole>(odd).0, None, "{odd}");
            assert_eq!(read::<Time>(odd).0, None, "{odd}");
            assert_eq!(read::<Text>(odd).0, None, "{odd}");
            assert!(!read::<Flag>(odd).0, "{odd}");
            assert_eq!(read::<FieldCode>(odd), FieldCode::Other, "{odd}");
            assert_eq!(read::<IsObject>(odd).0, odd.starts_with('{'), "{odd}");
        }
        for odd in ["true", "1", r#""true""#] {
            assert_eq!(read::<Flag>(odd).0, odd == "true", "{odd}");
            assert!(!read::<IsObject>(odd).0, "{odd}");
        }
    }

    #[test]
    fn an_id_is_any_whole_number_except_0_in_quotes_or_not() {
        for (json, id) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("7e3", Some(7_000)),
            (r#"" 7 ""#, Some(7)),
            (r#""7e3""#, Some(7_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("9007199254740992.0", None),
            ("0", None),
            (r#""0""#, None),
            ("-7", None),
            ("7.5", None),
            ("true", None),
            (r#""seven""#, None),
        ] {
            assert_eq!(read::<Id>(json).0, id, "{json}");
        }
    }

    #[test]
    fn amounts_whole_numbers_and_times_are_what_amocrm_sends() {
        for (json, amount) in [("7", json!(7)), ("7.5", json!(7.5)), (r#"" 7.5""#, json!(7.5)), (r#""-""#, json!(null))]
        {
            assert_eq!(json!(read::<Amount>(json).0), amount, "{json}");
        }
        for (json, whole) in [("-7", Some(-7)), ("7.0", None), (r#""7""#, None), ("9223372036854775808", None)] {
            assert_eq!(read::<Whole>(json).0, whole, "{json}");
        }
        for (json, seconds) in [("0", Some(0)), ("-1", Some(-1)), (r#""1""#, None), ("999999999999999", None)] {
            assert_eq!(read::<Time>(json).0.map(Timestamp::as_second), seconds, "{json}");
        }
    }

    #[test]
    fn a_text_says_something_and_may_be_a_number() {
        for (json, text) in [
            (r#"" a ""#, Some(" a ")),
            (r#""\u041e""#, Some("О")),
            ("380671234567", Some("380671234567")),
            ("1.50", Some("1.5")),
            (r#""  ""#, None),
            ("true", None),
        ] {
            assert_eq!(read::<Text>(json).0.as_deref(), text, "{json}");
        }
        for (json, code) in
            [(r#""PHONE""#, FieldCode::Phone), (r#""EMAIL""#, FieldCode::Email), (r#""phone""#, FieldCode::Other)]
        {
            assert_eq!(read::<FieldCode>(json), code, "{json}");
        }
    }
}
