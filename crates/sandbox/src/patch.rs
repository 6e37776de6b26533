//! Changing faults and switches by name, so that a wrong one is named back.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::SandboxError;

/// A set of named settings that has, or lacks, a field.
pub(crate) struct Settings {
    defaults: Map<String, Value>,
    now: Map<String, Value>,
}

impl Settings {
    /// Takes the settings apart into their fields.
    pub(crate) fn of<T: Serialize + Default>(now: &T) -> Self {
        Self { defaults: fields(&T::default()), now: fields(now) }
    }

    /// Whether there is a setting of this name.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.now.contains_key(field)
    }

    /// Sets one field; `null` is its default.
    pub(crate) fn set<T: DeserializeOwned>(&mut self, field: &str, value: &Value) -> Result<(), SandboxError> {
        if let (Value::Array(entries), Some(Value::Array(_))) = (value, self.now.get(field)) {
            for (index, entry) in entries.iter().enumerate() {
                let alone = Value::Array(vec![entry.clone()]);
                read::<T>(field, alone, &format!("{field}[{index}]"))?;
            }
        }
        let value = match value {
            Value::Null => self.defaults.get(field).cloned().unwrap_or_default(),
            value => {
                read::<T>(field, value.clone(), field)?;
                value.clone()
            }
        };
        self.now.insert(field.to_owned(), value);
        Ok(())
    }

    /// Puts the settings together again.
    pub(crate) fn finish<T: DeserializeOwned>(self) -> Result<T, SandboxError> {
        serde_json::from_value(Value::Object(self.now))
            .map_err(|error| SandboxError::invalid("body", error.to_string()))
    }
}

fn fields<T: Serialize>(of: &T) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Reads settings of which only `field` is given; a failure names `blamed`.
fn read<T: DeserializeOwned>(field: &str, value: Value, blamed: &str) -> Result<T, SandboxError> {
    let alone = Map::from_iter([(field.to_owned(), value)]);
    serde_json::from_value(Value::Object(alone)).map_err(|error| SandboxError::invalid(blamed, error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Failure, Faults};

    #[test]
    fn a_wrong_entry_of_a_list_is_named_with_its_index() {
        let mut settings = Settings::of(&Faults::default());
        let refused = settings.set::<Faults>("fail_api", &json!([503, "explode"])).unwrap_err();
        assert_eq!(refused.field(), Some("fail_api[1]"));
    }

    #[test]
    fn null_is_the_default() {
        let now = Faults { token_outage: Some(Failure::Drop), latency_ms: 5, ..Faults::default() };
        let mut settings = Settings::of(&now);
        settings.set::<Faults>("latency_ms", &Value::Null).unwrap();
        settings.set::<Faults>("token_outage", &Value::Null).unwrap();
        assert_eq!(settings.finish::<Faults>().unwrap(), Faults::default());
    }

    #[test]
    fn what_is_not_named_stays() {
        let now = Faults { latency_ms: 5, ..Faults::default() };
        let mut settings = Settings::of(&now);
        settings.set::<Faults>("fail_token", &json!(["drop_after", 429])).unwrap();
        let faults: Faults = settings.finish().unwrap();
        assert_eq!(faults.latency_ms, 5);
        assert_eq!(faults.fail_token, [Failure::DropAfter, Failure::Status(429)]);
    }
}
