//! The contacts of leads, as few calls as possible.

use std::collections::HashMap;
use std::sync::Arc;

use crate::connection::Grant;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::cache::Contacts;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{RESERVE, Reader};

impl UseCases {
    /// The contacts with these numbers, as they were within the last half minute. Those that
    /// cannot be read are missing, and are not cached; beside them is why.
    pub(crate) async fn contacts_of(&self, reader: &Reader, ids: &[u64]) -> (Contacts, Option<AmoError>) {
        let mut known = self.reads.cache.contacts(&reader.holder, ids, self.runtime.instant());
        let unknown: Vec<u64> = ids.iter().copied().filter(|id| !known.contains_key(id)).collect();
        if !unknown.is_empty() {
            let Grant { host, tokens, .. } = &reader.grant;
            let asking = retried_if_lost(|| self.amo.contacts(host, &tokens.access, &unknown));
            let by = reader.deadline - RESERVE;
            let found = match self.until(by, asking).await.unwrap_or(Err(AmoError::TimedOut)) {
                Ok(found) => found,
                Err(gap) => {
                    tracing::info!(error = %gap, "leads are shown without their guests");
                    return (known, Some(gap));
                }
            };
            self.reads.refused_contacts.clear(&reader.holder);
            let mut found: HashMap<u64, _> = found.into_iter().map(|one| (one.id, Arc::new(one))).collect();
            let read: Contacts = unknown.into_iter().map(|id| (id, found.remove(&id))).collect();
            self.reads.cache.keep_contacts(&reader.holder, &read, self.runtime.instant());
            known.extend(read);
        }
        (known, None)
    }
}
