//! Short summaries of the store's answers, for the trace.

use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::code::{Admitted, Exchange, ExchangeStatus};
use amo_connect_domain::connection::audit::AuditEntry;
use amo_connect_domain::connection::import::{ImportRecord, NotImported};
use amo_connect_domain::connection::{ConnectionParts, ConnectionState, ConnectionSummary, CrmConnection, Grant};
use amo_connect_domain::host_look_up::LookUpDecision;
use amo_connect_domain::ids::{AccountId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::lease::Lease;
use amo_connect_domain::ports::{Claim, RefreshRequest};
use amo_connect_domain::rate_limit::Reservation;
use amo_connect_domain::refresh::lease::RefreshLease;
use jiff::Timestamp;

/// Has a short form.
pub(crate) trait Traced {
    /// The short form.
    fn short(&self) -> String;
}

impl<T: Traced> Traced for Option<T> {
    fn short(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Traced::short)
    }
}

macro_rules! summarized_by_debug {
    ($($type:ty),*) => {
        $(impl Traced for $type {
            fn short(&self) -> String {
                format!("{self:?}")
            }
        })*
    };
}

summarized_by_debug!(
    (),
    bool,
    usize,
    Claim,
    Epoch,
    Vec<UserId>,
    Vec<(UserId, Generation)>,
    Vec<AccountId>,
    Vec<AuditEntry>,
    Vec<Attempt>,
    Vec<Exchange>,
    ImportRecord,
    LookUpDecision,
    Reservation,
    Vec<u64>
);

impl Traced for Revision {
    fn short(&self) -> String {
        format!("revision {}", self.0)
    }
}

impl Traced for Timestamp {
    fn short(&self) -> String {
        self.to_string()
    }
}

impl Traced for Lease {
    fn short(&self) -> String {
        lease(self.owner, self.until)
    }
}

pub(super) fn lease(owner: LeaseOwner, until: Timestamp) -> String {
    format!("{:02x}{:02x} until {until:.3}", owner.0[0], owner.0[1])
}

impl Traced for RefreshLease {
    fn short(&self) -> String {
        let doubt = if self.in_doubt { " IN DOUBT" } else { "" };
        format!("backoff until {:.3}, {} tries{doubt}", self.until, self.tries)
    }
}

impl Traced for Grant {
    fn short(&self) -> String {
        format!("{} till {:.0}", self.tokens.refresh.expose(), self.tokens.expires_at)
    }
}

impl Traced for CrmConnection {
    fn short(&self) -> String {
        let ConnectionParts { user, epoch, generation, state, .. } = &**self;
        let state = match state {
            ConnectionState::Connected(grant) => grant.short(),
            ConnectionState::NeedsReauth { reason, .. } => format!("NEEDS REAUTH {reason:?}"),
            ConnectionState::Disconnected => "disconnected".to_owned(),
            ConnectionState::Revoked(_) => "REVOKED".to_owned(),
        };
        format!("{user} epoch {} generation {} {state}", epoch.0, generation.0)
    }
}

impl Traced for ConnectionSummary {
    fn short(&self) -> String {
        format!("epoch {} {:?}", self.epoch.0, self.standing)
    }
}

impl Traced for Result<CrmConnection, NotImported> {
    fn short(&self) -> String {
        match self {
            Ok(connection) => connection.short(),
            Err(not) => format!("{not:?}"),
        }
    }
}

impl Traced for Attempt {
    fn short(&self) -> String {
        format!("{} {:?}", self.user, self.state)
    }
}

impl Traced for Exchange {
    fn short(&self) -> String {
        let whose = self.user.as_ref().map_or("nobody", |user| user.as_str());
        let status = match &self.status {
            ExchangeStatus::InFlight(lease) => format!("in flight, {}", lease.short()),
            ExchangeStatus::Waiting { grant, .. } => format!("waiting, {}", grant.short()),
            other => format!("{other:?}"),
        };
        format!("{whose}, {status}")
    }
}

impl Traced for Admitted {
    fn short(&self) -> String {
        match self {
            Self::Granted(record) => format!("granted: {}", record.short()),
            Self::OnRecord(record) => format!("on record: {}", record.short()),
            Self::StateSpent => "state spent".to_owned(),
            Self::Later(later) => format!("later, in {:?}", later.wait),
        }
    }
}

impl Traced for RefreshRequest {
    fn short(&self) -> String {
        match self {
            Self::Granted(row, lease) => {
                let doubt = if lease.in_doubt { " IN DOUBT" } else { "" };
                let until = lease.owner.map(|owner| self::lease(owner, lease.until)).unwrap_or_default();
                format!("granted {until}{doubt}: {}", row.short())
            }
            Self::BackingOff(until) => format!("backs off until {until:.3}"),
            Self::Held => "held".to_owned(),
            Self::Outdated => "outdated".to_owned(),
            Self::Unreadable => "unreadable".to_owned(),
        }
    }
}
