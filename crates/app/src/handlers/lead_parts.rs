//! The query of `GET /leads/{amoLeadId}`.

use amo_connect_domain::usecase::LeadParts;

use super::query::{each, refusal};
use crate::error::ApiError;

/// How many words `include` has at most.
const MOST_WORDS: usize = 3;

/// Reads which parts of a lead are asked for.
pub(super) fn read(query: &str) -> Result<LeadParts, ApiError> {
    let mut parts = LeadParts::default();
    each(query, |name, value| {
        if name == "include" {
            parts = included(value)?;
        }
        Ok(name == "include")
    })?;
    Ok(parts)
}

fn included(value: &str) -> Result<LeadParts, ApiError> {
    let mut parts = LeadParts::default();
    if value.split(',').count() > MOST_WORDS {
        return Err(wrong());
    }
    for word in value.split(',') {
        let part = match word {
            "notes" => &mut parts.notes,
            "tasks" => &mut parts.tasks,
            "events" => &mut parts.events,
            _ => return Err(wrong()),
        };
        *part = true;
    }
    Ok(parts)
}

fn wrong() -> ApiError {
    refusal("include", "at most three of notes, tasks and events, by comma")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_included_that_is_named() {
        let parts = |notes, tasks, events| LeadParts { notes, tasks, events };
        for (query, expected) in [
            ("", parts(false, false, false)),
            ("include=notes", parts(true, false, false)),
            ("include=events,tasks", parts(false, true, true)),
            ("include=notes%2Ctasks%2Cevents", parts(true, true, true)),
            ("include=notes,notes", parts(true, false, false)),
        ] {
            assert_eq!(read(query).unwrap(), expected, "{query}");
        }
        for query in
            ["include=", "include=customFields", "include=notes,", "include=notes,notes,notes,notes", "include=Notes"]
        {
            let error = read(query).unwrap_err();
            assert_eq!(error.field(), Some("include"), "{query}");
            assert!(error.to_string().contains("notes, tasks and events"), "{error}");
        }
        assert_eq!(read("page=1").unwrap_err().field(), Some("page"));
    }
}
