//! Looking whether a change was made whose answer was lost.

use std::time::Duration;

use jiff::Timestamp;

use super::WriteError;
use super::look::{Looked, in_doubt};
use crate::clock::before;
use crate::crm::write::Write;
use crate::idempotency::Doubt;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::tokens::access_token::Access;

/// By how much amoCRM's clock may differ from the store's where a change is sent again: shorter than where something
/// is made, for a change that is made twice makes nothing twice.
const CHANGE_SKEW: Duration = Duration::from_secs(5);

impl UseCases {
    /// A change is made if the object is as it makes it. It was not made if the object has not changed since the
    /// sending. Else somebody may have changed it again.
    pub(super) async fn look_at_change(
        &self,
        access: &Access,
        step: &Write,
        doubt: Doubt,
    ) -> Result<Looked, WriteError> {
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let (is_made, updated_at) = match step {
            Write::LeadChange(id, change) => {
                let lead = retried_if_lost(|| self.amo.lead(host, token, *id)).await.map_err(in_doubt)?;
                // It may be one that the user may not see any more.
                let Some(found) = lead else { return Ok(Looked::Unsure(Vec::new())) };
                let reason = found.loss_reason.map(|reason| reason.id);
                (change.is_made(&found.lead, reason), found.lead.updated_at)
            }
            Write::TaskChange(id, change) => {
                let task = retried_if_lost(|| self.amo.task(host, token, *id)).await.map_err(in_doubt)?;
                let Some(found) = task else { return Ok(Looked::Unsure(Vec::new())) };
                (change.is_made(&found), found.updated_at)
            }
            Write::Lead(_) | Write::Note(_) | Write::Task(_) => return Ok(Looked::Unsure(Vec::new())),
        };
        Ok(match is_made {
            true => Looked::Done(None),
            false if doubt.absence_counts && is_older(updated_at, doubt.sent_at) => Looked::NotDone,
            false => Looked::Unsure(Vec::new()),
        })
    }
}

fn is_older(updated_at: Option<Timestamp>, sent_at: Timestamp) -> bool {
    updated_at.is_some_and(|updated_at| updated_at < before(sent_at, CHANGE_SKEW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_more_than_five_seconds_before_the_sending_is_older() {
        let at = |millisecond| Timestamp::from_millisecond(millisecond).unwrap();
        for (changed_at, expected) in [(4_999, true), (5_000, false), (5_001, false), (10_000, false)] {
            assert_eq!(is_older(Some(at(changed_at)), at(10_000)), expected, "{changed_at}");
        }
        assert!(!is_older(None, at(10_000)), "who knows");
    }
}
