//! Every metric, declared once: what `/metrics` calls it, and what `docs/metrics.md` says of it.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It counts durations in buckets.
    Histogram(&'static [u32]),
}

/// A metric.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels, in the order in which their values are given. No value names a user, a token or a
    /// host.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

impl Declared {
    /// The upper bounds of a histogram's buckets, in seconds.
    pub(crate) fn bounds(&self) -> Option<Vec<f64>> {
        let Kind::Histogram(milliseconds) = self.kind else { return None };
        Some(milliseconds.iter().map(|bound| f64::from(*bound) / 1_000.0).collect())
    }
}

/// Upper bounds in milliseconds, of what our own database takes.
const FAST: &[u32] = &[1, 2, 5, 10, 25, 50, 100, 250, 1_000, 5_000];

/// Upper bounds in milliseconds, of what amoCRM and its callers wait for.
const SLOW: &[u32] = &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 15_000, 60_000];

/// Declares metrics, and the list of them.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident = $text:literal, $kind:expr, [$($label:literal),*];)+) => {
        $($(#[doc = $help])+ pub const $name: Declared = Declared {
            name: $text,
            kind: $kind,
            labels: &[$($label),*],
            help: concat!($($help),+),
        };)+

        /// All of them, in the order of `docs/metrics.md`.
        pub const ALL: &[Declared] = &[$($name),+];
    };
}

metrics! {
    /// 1, with the version that runs
    BUILD_INFO = "amo_connect_build_info", Kind::Gauge, ["version"];

    /// Answers, by the pattern of the route (`none`: there is no such path)
    HTTP_REQUESTS = "amo_connect_http_requests_total", Kind::Counter, ["route", "method", "status"];
    /// How long an answer took
    HTTP_DURATION = "amo_connect_http_request_duration_seconds", Kind::Histogram(SLOW), ["route", "method"];

    /// Connections of clients on `BIND`: those that are being `served`, and those that are `waiting` for their client, as
    /// for its next request
    CLIENT_CONNECTIONS = "amo_connect_client_connections", Kind::Gauge, ["state"];
    /// How many of them there may be
    CLIENT_CONNECTIONS_MAX = "amo_connect_client_connections_max", Kind::Gauge, [];
    /// Connections of clients that this process ended: `idle`, `slow_request`, `unread_answer`,
    /// `malformed_request`, `evicted` (its place was needed), `refused` (there was no place) or `stopped`
    CLIENT_CONNECTIONS_ENDED = "amo_connect_client_connections_ended_total", Kind::Counter, ["reason"];
    /// Tasks of this process: calls of use cases, and exchanges, refreshes and saves
    TASKS = "amo_connect_tasks", Kind::Gauge, [];
    /// Requests that were refused because there were too many tasks
    TASKS_REFUSED = "amo_connect_tasks_refused_total", Kind::Counter, [];

    /// Stored connections by what `/status` says of them; `problem` is `none` or a code. Read from the
    /// database at a scrape, at most every 30 s
    CONNECTIONS = "amo_connect_connections", Kind::Gauge, ["state", "problem"];
    /// Stored records with sealed tokens, by the id of the key and whether this instance opens them
    /// (`none`: what stands there names no key). Read as the connections are
    SEALED_RECORDS = "amo_connect_sealed_records", Kind::Gauge, ["key", "opened"];
    /// Refreshes by how they ended, and why
    REFRESHES = "amo_connect_refreshes_total", Kind::Counter, ["outcome", "reason"];
    /// From the request for the lease to the saved pair, or to the failure
    REFRESH_DURATION = "amo_connect_refresh_duration_seconds", Kind::Histogram(SLOW), [];
    /// Leases on refresh tokens that this process got: `first`, or `again` after a sending that gave no
    /// pair or whose owner died
    REFRESH_LEASES = "amo_connect_refresh_leases_total", Kind::Counter, ["kind"];
    /// Exchanges of authorization codes by how they ended, and why
    EXCHANGES = "amo_connect_exchanges_total", Kind::Counter, ["outcome", "reason"];
    /// From the permit's queue to the saved pair, or to the failure
    EXCHANGE_DURATION = "amo_connect_exchange_duration_seconds", Kind::Histogram(SLOW), [];
    /// Codes that were not admitted, so that nothing was written or sent: `stranger`, there was no place for a
    /// code without a state of ours; `user`, the user had too many codes. Of either kind also where too many
    /// redirects wait for the outcome of one code
    CODES_REFUSED = "amo_connect_codes_refused_total", Kind::Counter, ["whose"];
    /// Codes without a state of ours that this process is exchanging
    UNSOLICITED_CODES = "amo_connect_unsolicited_codes_under_way", Kind::Gauge, [];
    /// Refreshes and exchanges of this process that are under way: the leases it holds
    TOKEN_REQUESTS = "amo_connect_token_requests_under_way", Kind::Gauge, [];
    /// Token pairs that amoCRM has given and the database has not saved yet: they are in this process's
    /// memory alone
    UNSAVED_PAIRS = "amo_connect_unsaved_pairs", Kind::Gauge, [];
    /// Tries to save a token pair that failed
    SAVE_FAILURES = "amo_connect_save_failures_total", Kind::Counter, [];
    /// Token pairs that the database had confirmed and has lost, and that were saved again
    LOST_PAIRS = "amo_connect_lost_pairs_total", Kind::Counter, [];

    /// Calls to amoCRM; `outcome` is `ok` or the code of the failure
    CRM_CALLS = "amo_connect_crm_calls_total", Kind::Counter, ["endpoint", "outcome"];
    /// How long amoCRM took, without the wait for the permit
    CRM_DURATION = "amo_connect_crm_call_duration_seconds", Kind::Histogram(SLOW), ["endpoint"];
    /// Calls to amoCRM that are under way, each with a socket: `tokens` (exchanges and refreshes) or `api`
    CRM_SOCKETS = "amo_connect_crm_calls_under_way", Kind::Gauge, ["kind"];
    /// How many of them there may be
    CRM_SOCKETS_MAX = "amo_connect_crm_calls_under_way_max", Kind::Gauge, ["kind"];
    /// Answers of amoCRM's of more than 64 kB that are in memory
    LONG_ANSWERS = "amo_connect_crm_long_answers", Kind::Gauge, [];
    /// Calls that were refused because too many were under way (`calls`), because their host does not answer those that
    /// are under way (`silent_host`), or whose answer was because too many long ones were in memory (`memory`)
    CRM_REFUSED = "amo_connect_crm_calls_refused_total", Kind::Counter, ["budget"];
    /// Waits for a permit; `outcome` is `given`, `queue_full`, `blocked` (the circuit is open) or
    /// `permit_unavailable` (the database failed)
    PERMITS = "amo_connect_permits_total", Kind::Counter, ["outcome"];
    /// How long a call waited for its permit
    PERMIT_WAIT = "amo_connect_permit_wait_seconds", Kind::Histogram(SLOW), [];
    /// Calls of this process that wait for a permit now
    PERMIT_QUEUE = "amo_connect_permit_queue", Kind::Gauge, [];
    /// Open circuit breakers of all instances, as `open` or `half_open`. Read as the connections are
    CIRCUITS = "amo_connect_circuits", Kind::Gauge, ["state"];
    /// What this process did to circuit breakers: bans that it met (`opened`, also where the circuit was open already),
    /// probes that it sent (`half_opened`), and probes that were answered (`closed`)
    CIRCUIT_CHANGES = "amo_connect_circuit_changes_total", Kind::Counter, ["change"];

    /// Rounds of background work, every 2 s
    BACKGROUND_ROUNDS = "amo_connect_background_rounds_total", Kind::Counter, ["outcome"];
    /// How long a round took
    BACKGROUND_DURATION = "amo_connect_background_round_duration_seconds", Kind::Histogram(FAST), [];
    /// How long ago the last good round ended
    BACKGROUND_AGE = "amo_connect_background_round_age_seconds", Kind::Gauge, [];
    /// Sweeps, every 30 s
    SWEEPS = "amo_connect_sweeps_total", Kind::Counter, ["outcome"];

    /// Calls to the database by the port's method; `outcome` is `ok`, `conflict`, `unavailable` or
    /// `corrupt`
    STORAGE_CALLS = "amo_connect_storage_calls_total", Kind::Counter, ["operation", "outcome"];
    /// How long such a call took, with the wait for a connection
    STORAGE_DURATION = "amo_connect_storage_call_duration_seconds", Kind::Histogram(FAST), ["operation"];
    /// Whether the database could be written the last time: 1 or 0
    STORAGE_WRITABLE = "amo_connect_storage_writable", Kind::Gauge, [];
    /// Connections to the database, `in_use` or `idle`, by pool: SQLite has one that writes
    POOL_CONNECTIONS = "amo_connect_storage_pool_connections", Kind::Gauge, ["pool", "state"];
    /// How many connections a pool may have
    POOL_SIZE = "amo_connect_storage_pool_size", Kind::Gauge, ["pool"];
    /// How many calls wait for a connection now, or for their read in a group or write in a group to begin
    POOL_WAITING = "amo_connect_storage_pool_waiting", Kind::Gauge, ["pool"];
    /// Calls that waited too long for that, and failed
    POOL_TIMEOUTS = "amo_connect_storage_pool_timeouts_total", Kind::Counter, ["pool"];

    /// Lines of the log that were dropped: whoever reads the log is too slow
    LOG_LINES_DROPPED = "amo_connect_log_lines_dropped_total", Kind::Counter, [];
}
