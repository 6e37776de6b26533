//! The positions of the switches that are about webhooks.

use serde::{Deserialize, Serialize};

/// Whether the plan of the accounts has webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookPlan {
    /// It has.
    #[default]
    Included,
    /// It has not: to subscribe is refused with 402.
    PaymentRequired,
    /// It has not: to subscribe is refused with 403.
    Forbidden,
}

/// What becomes of a webhook that was switched off when its destination subscribes again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookRepost {
    /// Its settings change and it stays off.
    #[default]
    StaysDisabled,
    /// It is on again.
    Enables,
}

/// What has an `x-amocrm-requestid` of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookRequestId {
    /// Every attempt.
    #[default]
    Attempt,
    /// Every webhook: a retry has that of the first attempt.
    Hook,
}

/// How many entities one request tells of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEntities {
    /// One.
    #[default]
    One,
    /// All that one request of the API changed.
    All,
}

/// In what order webhooks are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOrder {
    /// As the changes were made.
    #[default]
    Commits,
    /// Those of one request of the API the other way round.
    Reversed,
    /// Every second one comes a second late, after those that follow it.
    Delayed,
}

/// The zone of the times that webhooks write as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookZone {
    /// That of the account.
    #[default]
    Account,
    /// Greenwich.
    Utc,
}

/// What becomes of the webhooks that an integration subscribed when it is disabled in the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhooksOfDisabled {
    /// They go on.
    #[default]
    Kept,
    /// They are deleted.
    Deleted,
}
