//! What the service does, over its ports.

mod background;
mod connect;
mod host_look_up;
mod import;
mod keyed_mutex;
pub mod rate_limited;
mod reads;
mod revocation_check;
mod shared_by_key;
mod single_flight;
mod status;
mod sweep;
mod timeouts;
mod tokens;
mod update_connection;
mod writes;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use connect::authorize::{AttemptView, Started};
pub use connect::callback::{CallbackOutcome, Received};
pub use connect::claim::ClaimError;
pub use import::{Candidate, Imported, Refused, Skipped};
pub use reads::ReadError;
pub use reads::lead::{LeadContact, LeadDetails, LeadParts, Part};
pub use reads::leads::{LeadList, LeadRequest};
pub use reads::lists::{NamedTask, TaskRequest};
pub use reads::users::{Profile, Responsible};
pub use status::ConnectionStatus;
pub use tokens::access_token::{AccessError, RefreshNowError};
pub use writes::{MissingPart, WriteAnswer, WriteError, WriteKey, WriteOrder, Written};

use crate::authorization::callback::Given;
use crate::client::ClientFingerprint;
use crate::host::{AccountHost, AllowedHosts};
use crate::idempotency::KeyHash;
use crate::ids::{Generation, LeaseOwner, UserId};
use crate::ports::{Observer, Runtime, Stores};
use crate::token::CodeHash;
use background::BackgroundSlots;
use connect::deep_links::DeepLinks;
use connect::unrecorded_callbacks::UnrecordedCallbacks;
use connect::unsolicited_codes::UnsolicitedCodes;
use keyed_mutex::KeyedMutex;
use rate_limited::RateLimitedClient;
use reads::Reads;
use single_flight::SingleFlight;
use sweep::LastSweep;
use tokens::refresh_token::{AskedBy, RefreshOutcome};
use tokens::saved_pairs::SavedPairs;
use tokens::tokens_in_flight::TokensInFlight;

/// What the operator configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which hosts are amoCRM's (`AMO_ALLOWED_HOSTS`).
    pub allowed_hosts: AllowedHosts,
    /// The host to use where none is named (`AMO_DOMAIN`).
    pub default_host: Option<AccountHost>,
    /// Whether a grant counts only when the app has brought its code back (`REQUIRE_CLAIM`).
    pub require_claim: bool,
    /// Whether states that this service did not make are accepted (`ACCEPT_FOREIGN_STATE`).
    pub accept_foreign_state: bool,
    /// How much life an access token needs to be used (`REFRESH_MARGIN`).
    pub refresh_margin: Duration,
    /// How long a connection may go without a refresh (`KEEPALIVE_AFTER`).
    pub keepalive_after: Duration,
}

/// The use cases, each a method. Cheap to clone.
///
/// What changes something is to run as a task of the process, and not of the request that asked for it: then it runs to
/// its end, also if the caller disconnects. What reads alone may be dropped.
#[derive(Clone)]
pub struct UseCases {
    stores: Stores,
    amo: RateLimitedClient,
    /// What `amo` identifies itself with.
    client: ClientFingerprint,
    runtime: Arc<dyn Runtime>,
    observer: Arc<dyn Observer>,
    settings: Arc<Settings>,
    unsolicited_codes: Arc<UnsolicitedCodes>,
    tokens_in_flight: TokensInFlight,
    saved_pairs: Arc<SavedPairs>,
    reads: Arc<Reads>,
    refreshes: Arc<Refreshes>,
    unrecorded: Arc<UnrecordedCallbacks>,
    deep_links: Arc<DeepLinks>,
    repeated_writes: Arc<KeyedMutex<KeyHash>>,
    /// Who waits for the outcome of a code.
    codes_under_way: Arc<KeyedMutex<CodeHash>>,
    last_sweep: Arc<LastSweep>,
    background_slots: BackgroundSlots,
    winding_down: Arc<AtomicBool>,
}

/// The refreshes that callers of this process wait for.
type Refreshes = SingleFlight<(UserId, Generation, AskedBy), RefreshOutcome>;

/// How often [`UseCases::background_round`] is to be called: a lease of a dead process is taken over
/// so long after it has lapsed.
pub const BACKGROUND_INTERVAL: Duration = Duration::from_secs(2);

impl fmt::Debug for UseCases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseCases").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl UseCases {
    /// The use cases over these ports.
    pub fn new(
        stores: Stores,
        amo: RateLimitedClient,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
        settings: Settings,
    ) -> Self {
        Self {
            stores,
            client: amo.fingerprint(),
            amo,
            runtime,
            observer,
            settings: Arc::new(settings),
            unsolicited_codes: Arc::default(),
            tokens_in_flight: TokensInFlight::default(),
            saved_pairs: Arc::default(),
            reads: Arc::default(),
            refreshes: Arc::default(),
            unrecorded: Arc::default(),
            deep_links: Arc::default(),
            repeated_writes: Arc::default(),
            codes_under_way: Arc::default(),
            last_sweep: Arc::default(),
            background_slots: BackgroundSlots::default(),
            winding_down: Arc::default(),
        }
    }

    /// How many pairs that amoCRM has given are not saved yet. A process that ends now loses them.
    pub fn unsaved_pairs(&self) -> usize {
        self.tokens_in_flight.unsaved_pairs()
    }

    /// How many calls of this process wait for a permit.
    pub fn waiting_for_permits(&self) -> usize {
        self.amo.waiting()
    }

    /// How many refreshes and exchanges this process has a lease for, with those that are not saved yet.
    pub fn token_requests(&self) -> usize {
        self.tokens_in_flight.under_way()
    }

    /// How many codes of strangers this process is exchanging.
    pub fn unsolicited_codes(&self) -> usize {
        self.unsolicited_codes.under_way()
    }

    /// Ends background work that other processes can take over, at its next step: this process is to
    /// stop.
    pub fn wind_down(&self) {
        self.winding_down.store(true, Ordering::Relaxed);
    }

    fn new_owner(&self) -> LeaseOwner {
        let mut bytes = [0; 16];
        self.runtime.fill_random(&mut bytes);
        LeaseOwner(bytes)
    }

    /// The host that may be sent a secret for an account whose host was `named` so, if any.
    fn account_host(&self, named: &Given<String>) -> Option<AccountHost> {
        match named {
            Given::Absent => self.settings.default_host.clone(),
            Given::One(host) => self.settings.allowed_hosts.admit(host),
            Given::Unusable => None,
        }
    }
}
