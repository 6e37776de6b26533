//! One webhook: what it tells, and what became of it.

use serde::Serialize;

/// A webhook that is on its way to one destination, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookDelivery {
    /// Counts the webhooks of the account, from 1.
    pub number: u64,
    /// Where it goes.
    pub destination: String,
    /// What it tells, by the names of the settings.
    pub settings: Vec<String>,
    /// Whether it is still on its way.
    pub state: DeliveryState,
    /// When the next attempt is due, in seconds since 1970, if there will be one.
    pub due_at: Option<u64>,
    /// The attempts so far.
    pub attempts: Vec<WebhookAttempt>,
    /// The body as a form.
    pub body: String,
}

/// How far a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Waiting,
    /// An attempt is being made.
    Sending,
    /// It was taken.
    Delivered,
    /// No attempt is left.
    Failed,
    /// Its destination was switched off or is subscribed no longer.
    Dropped,
}

/// One attempt to send a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookAttempt {
    /// When it was due, in seconds since 1970.
    pub at: u64,
    /// Its `x-amocrm-requestid`.
    pub request_id: String,
    /// What came back.
    pub answer: WebhookAnswer,
}

/// What a destination did with a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAnswer {
    /// It answered with this status.
    Status(u16),
    /// It did not answer in time.
    Timeout,
    /// There was no connection, or no answer that is HTTP.
    Nothing,
}

impl WebhookAnswer {
    /// The code that amoCRM goes by; a timeout has none that is known.
    pub(super) const fn code(self, of_timeout: u16) -> u16 {
        match self {
            Self::Status(status) => status,
            Self::Timeout => of_timeout,
            Self::Nothing => 0,
        }
    }
}

impl WebhookDelivery {
    /// The same, no longer on its way.
    pub(super) fn ended(self, state: DeliveryState) -> Self {
        Self { state, due_at: None, ..self }
    }
}
