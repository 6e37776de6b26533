//! The JSON bodies and the queries of the control plane: unknown, missing and wrong fields are named.

use actix_web::web::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{AccountId, SandboxError};

/// The fields of a body, taken one by one.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body; nothing at all is as good as `{}`.
    pub(crate) fn read(body: &Bytes) -> Result<Self, SandboxError> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(value) => Self::of_value(value),
            Err(error) => Err(SandboxError::invalid("body", format!("not JSON: {error}"))),
        }
    }

    /// Reads a value as if it were a body.
    pub(crate) fn of_value(value: Value) -> Result<Self, SandboxError> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(SandboxError::invalid("body", "a JSON object is wanted")),
        }
    }

    /// Reads a query, whose values are numbers where they look like it.
    pub(crate) fn of_query(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let value = |text: String| text.parse::<u64>().map_or(Value::String(text), Value::from);
        Self(pairs.map(|(name, text)| (name, value(text))).collect())
    }

    /// Takes a field that may be missing or `null`.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        field: &str,
        wanted: &str,
    ) -> Result<Option<T>, SandboxError> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| SandboxError::invalid(field, format!("{wanted}: {error}"))),
        }
    }

    /// Takes the account, which must be there.
    pub(crate) fn account(&mut self) -> Result<AccountId, SandboxError> {
        let account = self.optional("account", "the number of an account is wanted")?;
        account.ok_or_else(|| SandboxError::invalid("account", "missing"))
    }

    /// Takes the number of the last entry that is known already.
    pub(crate) fn after(&mut self) -> Result<u64, SandboxError> {
        Ok(self.optional("after", "the number of an entry is wanted")?.unwrap_or_default())
    }

    /// The fields that were not taken.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Makes sure that all fields were taken.
    pub(crate) fn finish(self) -> Result<(), SandboxError> {
        match self.0.keys().next() {
            Some(field) => Err(SandboxError::invalid(field, "no such field here")),
            None => Ok(()),
        }
    }
}
