//! Looking up where an account is, once there is a sign that it has moved.

use std::time::Duration;

use crate::connection::Grant;
use crate::host::AccountHost;
use crate::host_look_up::{FoundHost, LookUpDecision};
use crate::ports::{AmoError, StoreError};
use crate::token::Issued;
use crate::usecase::UseCases;

/// What is known of where an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It has moved there.
    MovedTo(AccountHost),
    /// It has not moved.
    Here,
    /// The host that the token names does not know the grant, and so does not know the account.
    Disowned,
    /// No host with the authority to say has answered.
    Unknown {
        /// How the look-up failed, if it did.
        failure: Option<AmoError>,
        /// How long it is until the account may be looked up again.
        again: Duration,
    },
}

impl UseCases {
    /// The host that the CRM names for the account of a pair, if it is allowed.
    pub(crate) fn named_host(&self, issued: &Issued) -> Option<AccountHost> {
        let named = issued.host.as_deref()?;
        let host = self.settings.allowed_hosts.admit(named);
        if host.is_none() {
            tracing::error!("the host that was named with a token pair is not allowed: check AMO_ALLOWED_HOSTS");
        }
        host
    }

    /// Where the account of `grant` is, which was at `host`: from the record, or from a look-up. An
    /// account is looked up at most once a minute over all instances.
    pub(crate) async fn whereabouts(&self, host: &AccountHost, grant: &Grant) -> Result<Whereabouts, StoreError> {
        let Some(asked) = self.amo.locator(host, &grant.tokens.access) else { return Ok(Whereabouts::Here) };
        match self.stores.look_ups.request_look_up(host, grant.account).await? {
            LookUpDecision::MovedTo(now) => return Ok(Whereabouts::MovedTo(now)),
            LookUpDecision::Later(again) => return Ok(Whereabouts::Unknown { failure: None, again }),
            LookUpDecision::Granted => {}
        }
        let unknown = |failure| Whereabouts::Unknown { failure, again: Duration::ZERO };
        let located = match self.amo.locate(&asked, &grant.tokens.access, &grant.tokens.refresh).await {
            Ok(located) => located,
            Err(error) => {
                tracing::warn!(%error, amo.host = %host, "account look-up failed");
                return Ok(unknown(Some(error)));
            }
        };
        // An imported token names no host that would know better than the one it was imported for.
        let is_known_here_alone = grant.tokens.access.expose().is_empty();
        if !is_known_here_alone && !located.counts_for(grant.account) {
            tracing::info!(amo.host = %host, "account look-up not answered by an authority");
            return Ok(unknown(None));
        }
        let Some(found) = located.at else { return Ok(Whereabouts::Disowned) };
        match Some(found).filter(|found| found.host != *host) {
            Some(FoundHost { host: now, account: told }) => {
                // Without a number the move would be nobody's.
                if let account @ Some(_) = told.or(grant.account) {
                    self.stores.look_ups.save_move(host, &FoundHost { host: now.clone(), account }).await?;
                }
                Ok(Whereabouts::MovedTo(now))
            }
            None => Ok(Whereabouts::Here),
        }
    }
}
