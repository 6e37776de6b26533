//! JSON that may be odd: what has not the shape that is expected counts as absent, and loses
//! nothing of what is around it. What nobody reads is skipped: of a page of leads, that is most.
//! Members that are there twice are refused: whoever reads a text looks at it again then.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// An object, if it is one. The members of `T` are loose themselves: an [`Object`], a [`List`] or another
/// [`Shape`], each with a default.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

/// The most objects of a list that are read: four times amoCRM's longest page.
const MOST_ENTRIES: usize = 1_000;

/// The objects of a list, if it is one, up to [`MOST_ENTRIES`].
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Option<Vec<T>>);

/// An object, or the first object of a list: amoCRM writes what is there once at most in both ways.
#[derive(Debug)]
pub(super) struct First<T>(pub(super) Option<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        read(json)
    }
}

/// What JSON is expected to be. All other JSON is the default.
pub(super) trait Shape<'de>: Default {
    fn of_bool(_: bool) -> Self {
        Self::default()
    }

    fn of_number(_: Number) -> Self {
        Self::default()
    }

    fn of_text(_: &str) -> Self {
        Self::default()
    }

    fn of_object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(members).map(|_| Self::default())
    }

    fn of_list<A: SeqAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(entries).map(|_| Self::default())
    }
}

/// Reads whatever JSON comes.
pub(super) fn read<'de, S: Shape<'de>, D: Deserializer<'de>>(json: D) -> Result<S, D::Error> {
    json.deserialize_any(Loose(PhantomData))
}

impl<'de, T: Deserialize<'de>> Shape<'de> for Object<T> {
    fn of_object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(|object| Self(Some(object)))
    }
}

impl<'de, T: Deserialize<'de>> Shape<'de> for List<T> {
    fn of_list<A: SeqAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while list.len() < MOST_ENTRIES
            && let Some(Object(entry)) = entries.next_element()?
        {
            list.extend(entry);
        }
        // What is too much is still JSON, or the whole is none.
        IgnoredAny.visit_seq(entries).map(|_| Self(Some(list)))
    }
}

impl<'de, T: Deserialize<'de>> Shape<'de> for First<T> {
    fn of_object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        Object::of_object(members).map(|Object(object)| Self(object))
    }

    fn of_list<A: SeqAccess<'de>>(entries: A) -> Result<Self, A::Error> {
        List::of_list(entries).map(|List(entries)| Self(entries.into_iter().flatten().next()))
    }
}

struct Loose<S>(PhantomData<S>);

impl<'de, S: Shape<'de>> Visitor<'de> for Loose<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<S, E> {
        Ok(S::default())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<S, E> {
        Ok(S::of_bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<S, E> {
        Ok(S::of_number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<S, E> {
        Ok(S::of_number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<S, E> {
        Ok(Number::from_f64(number).map_or_else(S::default, S::of_number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<S, E> {
        Ok(S::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, entries: A) -> Result<S, A::Error> {
        S::of_list(entries)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<S, A::Error> {
        S::of_object(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Thing {
        id: Value,
        parts: List<Self>,
        box_: Object<Box<Self>>,
    }

    fn read(body: &str) -> Result<Object<Thing>, serde_json::Error> {
        serde_json::from_str(body)
    }

    #[test]
    fn what_is_odd_is_absent_and_loses_nothing_around_it() {
        for odd in ["null", "true", "-1", "18446744073709551615", "1.5", "\"x\"", "[[1],{}]", "{\"x\":{\"y\":[]}}"] {
            let body = format!(r#"{{"parts":[{odd},{{"id":1}}],"other":{odd},"box_":{odd},"id":{odd}}}"#);
            let thing = read(&body).unwrap().0.unwrap();
            assert_eq!(thing.id.to_string(), odd);
            assert_eq!(thing.parts.0.unwrap().last().unwrap().id, 1, "{odd}");
            assert!(thing.box_.0.is_none_or(|found| found.id.is_null()), "{odd}");

            let thing = read(&format!(r#"{{"parts":{odd},"id":2}}"#)).unwrap().0.unwrap();
            assert_eq!((thing.parts.0.is_some(), thing.id), (odd.starts_with('['), json!(2)), "{odd}");
            assert_eq!(read(odd).unwrap().0.is_some(), odd.starts_with('{'), "{odd}");
        }
    }

    #[test]
    fn of_a_list_without_an_end_no_more_is_read_than_any_page_has() {
        let thing = read(&format!(r#"{{"parts":[{{}}{}],"id":1}}"#, ",{}".repeat(5_000))).unwrap().0.unwrap();
        assert_eq!((thing.parts.0.unwrap().len(), thing.id), (MOST_ENTRIES, json!(1)));
        assert!(read(&format!(r#"{{"parts":[{{}}{},]}}"#, ",{}".repeat(5_000))).is_err());
    }

    #[test]
    fn what_is_there_once_at_most_is_an_object_or_the_first_of_a_list() {
        for (body, id) in [
            (r#"{"id":1}"#, Some(1)),
            (r#"[{"id":1},{"id":2}]"#, Some(1)),
            (r#"[null,{"id":2}]"#, Some(2)),
            ("[]", None),
            ("null", None),
            ("7", None),
        ] {
            let First(thing) = serde_json::from_str::<First<Thing>>(body).unwrap();
            assert_eq!(thing.map(|thing| thing.id), id.map(Value::from), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_wherever_it_is() {
        for body in ["", "{", r#"{"id":1}x"#, r#"{"other":[1,}"#, r#"{"other":"x}"#, r#"{"id":01}"#, "\"\u{7}\""] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
