//! The members of a JSON object in a request, read by their types; what is wrong is collected.

use std::cell::RefCell;

use serde_json::{Map, Number, Value};

use super::numbers::{fractional, whole};
use crate::{
    UnknownMembers,
    store::{FieldError, Nullable},
};

/// An object of a request. `null` is as good as nothing unless a method says otherwise.
pub(crate) struct Members<'v> {
    map: &'v Map<String, Value>,
    /// Where the object is, with a dot at its end; empty for an item.
    path: String,
    errors: &'v RefCell<Vec<FieldError>>,
    unknown: UnknownMembers,
    taken: Vec<&'static str>,
}

impl<'v> Members<'v> {
    /// Reads an item with `read`, which takes the members one by one.
    pub(crate) fn read<T>(
        item: &Value,
        unknown: UnknownMembers,
        read: impl FnOnce(&mut Members<'_>) -> T,
    ) -> Result<T, Vec<FieldError>> {
        let Value::Object(map) = item else { return Err(vec![FieldError::invalid_type("", "array")]) };
        let errors = RefCell::default();
        let members = Members { map, path: String::new(), errors: &errors, unknown, taken: Vec::new() };
        let read = members.all(read);
        let errors = errors.into_inner();
        if errors.is_empty() { Ok(read) } else { Err(errors) }
    }

    /// Whether the member is there and is not `null`, whatever it is.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// A number that is not negative.
    pub(crate) fn int(&mut self, name: &'static str) -> Option<u64> {
        match self.nullable_int(name) {
            Nullable::Is(number) => Some(number),
            Nullable::Absent | Nullable::Null => None,
        }
    }

    /// As [`Self::int`], for members that `null` clears.
    pub(crate) fn nullable_int(&mut self, name: &'static str) -> Nullable<u64> {
        match self.take(name) {
            None => Nullable::Absent,
            Some(Value::Null) => Nullable::Null,
            Some(value) => self.number(name, value, whole(value)).map_or(Nullable::Absent, Nullable::Is),
        }
    }

    /// A number that is not negative: its whole part, and all of it if it has a fraction.
    pub(crate) fn decimal(&mut self, name: &'static str) -> Option<(u64, Option<Number>)> {
        let value = self.take(name).filter(|value| !value.is_null())?;
        self.number(name, value, whole(value).map(|whole| (whole, None)).or_else(|| fractional(value)))
    }

    /// As [`Self::int`]; it must be there.
    pub(crate) fn required_int(&mut self, name: &'static str) -> u64 {
        if !self.has(name) {
            self.missing(name);
        }
        self.int(name).unwrap_or_default()
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name).filter(|value| !value.is_null())?;
        self.typed(name, "string", value.as_str()).map(str::to_owned)
    }

    /// As [`Self::text`]; it must be there and not be empty.
    pub(crate) fn required_text(&mut self, name: &'static str) -> String {
        if !self.has(name) {
            self.missing(name);
        }
        let text = self.text(name);
        if text.as_deref() == Some("") {
            self.refuse(FieldError::blank(self.path_of(name)));
        }
        text.unwrap_or_default()
    }

    /// As [`Self::text`], for members that `null` clears.
    pub(crate) fn nullable_text(&mut self, name: &'static str) -> Nullable<String> {
        match self.map.get(name) {
            Some(Value::Null) => {
                self.ignore(&[name]);
                Nullable::Null
            }
            _ => self.text(name).map_or(Nullable::Absent, Nullable::Is),
        }
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.take(name).filter(|value| !value.is_null())?;
        self.typed(name, "bool", value.as_bool())
    }

    /// A text, or a number as text.
    pub(crate) fn text_or_number(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(name),
        }
    }

    /// A list of numbers that are not negative; `null` is an empty one.
    pub(crate) fn ints(&mut self, name: &'static str) -> Option<Vec<u64>> {
        let list = self.list(name)?;
        let numbers = list.iter().enumerate().filter_map(|(place, value)| {
            let number = value.as_u64();
            self.typed(&format!("{name}.{place}"), "int", number)
        });
        Some(numbers.collect())
    }

    /// A list as it is; `null` is an empty one.
    pub(crate) fn list(&mut self, name: &'static str) -> Option<&'v [Value]> {
        match self.take(name)? {
            Value::Null => Some(&[]),
            value => self.typed(name, "array", value.as_array()).map(Vec::as_slice),
        }
    }

    /// A list as it is, which may also be an object with the entries as its members, as PHP writes a list with keys
    /// of its own.
    pub(crate) fn entries(&mut self, name: &'static str) -> Option<Vec<Value>> {
        match self.map.get(name) {
            Some(Value::Object(entries)) => {
                self.ignore(&[name]);
                Some(entries.values().cloned().collect())
            }
            _ => self.list(name).map(<[_]>::to_vec),
        }
    }

    /// A list of objects, each read by `read`; `null` is an empty one.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Members<'v>) -> T,
    ) -> Option<Vec<T>> {
        let list = self.list(name)?;
        let entries = list.iter().enumerate().filter_map(|(place, value)| {
            let path = format!("{}{name}.{place}", self.path);
            let Value::Object(map) = value else {
                self.refuse(FieldError::invalid_type(path, "array"));
                return None;
            };
            Some(self.within(map, format!("{path}.")).all(&mut read))
        });
        Some(entries.collect())
    }

    /// An object, read by `read`. PHP writes an empty one as `[]`.
    pub(crate) fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Members<'v>) -> T) -> Option<T> {
        let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        let value = self.take(name).filter(|&value| !is_empty(value))?;
        let map = self.typed(name, "array", value.as_object())?;
        let path = format!("{}{name}.", self.path);
        Some(self.within(map, path).all(read))
    }

    /// An object as it is. PHP writes an empty one as `[]`.
    pub(crate) fn map(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Null => None,
            Value::Array(list) if list.is_empty() => Some(Map::new()),
            value => self.typed(name, "array", value.as_object()).cloned(),
        }
    }

    /// Takes note of members that are known and have no effect.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.taken.extend(names);
    }

    /// Notes that a member that must be there is not.
    pub(crate) fn missing(&self, name: &str) {
        self.refuse(FieldError::missing(self.path_of(name)));
    }

    /// Notes that the value of a member is none of those that it can have.
    pub(crate) fn not_supported(&self, name: &str) {
        self.refuse(FieldError::not_supported_choice(self.path_of(name)));
    }

    /// Notes that a list has more than `most` entries.
    pub(crate) fn too_many(&self, name: &str, most: usize) {
        self.refuse(FieldError::too_many(self.path_of(name), most));
    }

    fn refuse(&self, error: FieldError) {
        self.errors.borrow_mut().push(error);
    }

    fn path_of(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    fn within(&self, map: &'v Map<String, Value>, path: String) -> Self {
        Self { map, path, errors: self.errors, unknown: self.unknown, taken: Vec::new() }
    }

    /// Reads all members; those that `read` does not take are not known.
    fn all<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let read = read(&mut self);
        if self.unknown == UnknownMembers::Refused {
            for name in self.map.keys().filter(|name| !self.taken.contains(&name.as_str())) {
                self.refuse(FieldError::extra(self.path_of(name)));
            }
        }
        read
    }

    fn take(&mut self, name: &'static str) -> Option<&'v Value> {
        self.taken.push(name);
        self.map.get(name)
    }

    /// A number as it was read from `value`. One below 0 is too low, and as an id that of nothing.
    fn number<T>(&self, name: &str, value: &Value, number: Option<T>) -> Option<T> {
        if value.as_f64().is_none_or(|number| number >= 0.0) {
            return self.typed(name, "int", number);
        }
        let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_by");
        let error = if is_id { FieldError::not_supported_choice } else { FieldError::negative };
        self.refuse(error(self.path_of(name)));
        None
    }

    fn typed<T>(&self, name: &str, wanted: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse(FieldError::invalid_type(self.path_of(name), wanted));
        }
        value
    }
}
