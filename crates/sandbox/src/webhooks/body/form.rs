//! Forms as PHP writes arrays: `leads[add][0][id]=1`, brackets encoded, nothing for `null`.

use std::fmt::Display;

use serde_json::Value;
use url::form_urlencoded::Serializer;

/// A form.
pub(super) struct Form(Serializer<'static, String>);

impl Form {
    pub(super) fn new() -> Self {
        Self(Serializer::new(String::new()))
    }

    /// The part of the form whose names begin with `prefix`.
    pub(super) fn at(&mut self, prefix: String) -> Item<'_> {
        Item { form: self, prefix }
    }

    pub(super) fn finish(mut self) -> String {
        self.0.finish()
    }
}

/// A part of a form.
pub(super) struct Item<'f> {
    form: &'f mut Form,
    prefix: String,
}

impl Item<'_> {
    /// Writes one member; `path` is in brackets.
    pub(super) fn put(&mut self, path: &str, value: impl Display) {
        self.form.0.append_pair(&format!("{}{path}", self.prefix), &value.to_string());
    }

    /// Writes a member that may be missing.
    pub(super) fn put_some(&mut self, path: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(path, value);
        }
    }

    /// Writes JSON as PHP would.
    pub(super) fn put_json(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(flag) => self.put(path, u8::from(*flag)),
            Value::Number(number) => self.put(path, number),
            Value::String(text) => self.put(path, text),
            Value::Array(entries) => {
                for (place, entry) in entries.iter().enumerate() {
                    self.put_json(&format!("{path}[{place}]"), entry);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.put_json(&format!("{path}[{name}]"), member);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_values_are_encoded_and_null_is_nothing() {
        let mut form = Form::new();
        let mut item = form.at("leads[add][0]".to_owned());
        item.put("[name]", "Квартира & дім");
        item.put_some("[closed]", None::<u64>);
        item.put_json("[result]", &json!({"id": 5, "text": null, "flags": [true, false], "in": {"a": "b c"}}));
        assert_eq!(
            form.finish(),
            "leads%5Badd%5D%5B0%5D%5Bname%5D=%D0%9A%D0%B2%D0%B0%D1%80%D1%82%D0%B8%D1%80%D0%B0+%26+%D0%B4%D1%96%D0%BC\
             &leads%5Badd%5D%5B0%5D%5Bresult%5D%5Bid%5D=5\
             &leads%5Badd%5D%5B0%5D%5Bresult%5D%5Bflags%5D%5B0%5D=1&leads%5Badd%5D%5B0%5D%5Bresult%5D%5Bflags%5D%5B1%5D=0\
             &leads%5Badd%5D%5B0%5D%5Bresult%5D%5Bin%5D%5Ba%5D=b+c"
        );
    }
}
