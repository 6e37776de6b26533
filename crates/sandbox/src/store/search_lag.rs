//! What `query` still finds entities by while the search lags behind their changes.

use std::collections::HashMap;

use super::{Card, Context, Kind};

/// The texts of before the last changes, as long as the search has them.
#[derive(Default)]
pub(crate) struct SearchLag {
    old: HashMap<(Kind, u64), OldText>,
}

struct OldText {
    text: String,
    /// When the search forgets it, in seconds since 1970.
    until: u64,
}

impl SearchLag {
    /// The text that an entity is found by.
    pub(crate) fn found_by<'t>(&'t self, kind: Kind, card: &'t Card, now: u64) -> &'t str {
        let old = if self.old.is_empty() { None } else { self.old.get(&(kind, card.id)) };
        old.filter(|old| now < old.until).map_or(&card.search, |old| &old.text)
    }

    /// Keeps the text that an entity was found by before a change. Of several changes the first
    /// counts: what it replaced is still what is found.
    pub(super) fn note(&mut self, context: &Context<'_>, entity: (Kind, u64), text: &str) {
        let (now, lag) = (context.now, context.switches.search_lag_s);
        if lag == 0 || self.old.get(&entity).is_some_and(|old| now < old.until) {
            return;
        }
        self.old.insert(entity, OldText { text: text.to_owned(), until: now.saturating_add(lag) });
    }
}
