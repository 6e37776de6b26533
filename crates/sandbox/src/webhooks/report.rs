//! The webhooks of an account at a glance.

use serde::Serialize;

use super::{WebhookDelivery, subscription::Subscriber};

/// The subscriptions of an account and its webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WebhookReport {
    /// The subscriptions, the oldest first.
    pub webhooks: Vec<WebhookSubscription>,
    /// What is on its way, and the last thousand that no longer are, in the order of the changes.
    pub deliveries: Vec<WebhookDelivery>,
}

/// A subscription and how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookSubscription {
    /// Its number.
    pub id: u64,
    /// Where its webhooks go.
    pub destination: String,
    /// What it is subscribed to.
    pub settings: Vec<String>,
    /// Whether it was switched off.
    pub disabled: bool,
    /// The integration that subscribed.
    pub client_id: Option<String>,
    /// How many bad answers there were in the two hours before the last one.
    pub bad_answers: usize,
    /// How many webhooks are on their way.
    pub queued: usize,
}

impl WebhookSubscription {
    pub(super) fn of(subscriber: &Subscriber) -> Self {
        let known = &subscriber.subscription;
        Self {
            id: known.id,
            destination: known.destination.clone(),
            settings: known.settings.clone(),
            disabled: known.disabled,
            client_id: known.client_id.clone(),
            bad_answers: subscriber.bad_answers(),
            queued: subscriber.pending().count(),
        }
    }
}
