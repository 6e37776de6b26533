//! A subscription, and the webhooks that wait to be sent to its destination.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::{
    WebhookRequestId,
    delivery::{DeliveryState, WebhookAnswer, WebhookAttempt, WebhookDelivery},
    retry::{self, BadAnswers},
    sender::Job,
};
use crate::{AccountId, UserId};

/// A subscription as amoCRM writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Subscription {
    pub(super) id: u64,
    pub(super) destination: String,
    pub(super) created_at: u64,
    pub(super) updated_at: u64,
    pub(super) account_id: AccountId,
    pub(super) created_by: UserId,
    pub(super) sort: u64,
    pub(super) disabled: bool,
    pub(super) settings: Vec<String>,
    /// The integration that subscribed; `None` for somebody in the UI.
    #[serde(skip)]
    pub(super) client_id: Option<String>,
}

impl Subscription {
    pub(crate) fn destination(&self) -> &str {
        &self.destination
    }
}

/// When a webhook is due, and its place among those of the same second.
type Due = (u64, u64);

/// A subscription with its queue. One webhook at a time is on its way to a destination.
pub(super) struct Subscriber {
    pub(super) subscription: Subscription,
    waiting: BTreeMap<Due, WebhookDelivery>,
    sending: Option<Sending>,
    bad_answers: BadAnswers,
}

/// A webhook that is on its way.
struct Sending {
    due: Due,
    request_id: String,
    delivery: WebhookDelivery,
}

impl Subscriber {
    pub(super) fn new(subscription: Subscription) -> Self {
        Self { subscription, waiting: BTreeMap::new(), sending: None, bad_answers: BadAnswers::default() }
    }

    /// Adds a webhook that is due at this second.
    pub(super) fn push(&mut self, due_at: u64, delivery: WebhookDelivery) {
        self.waiting.insert((due_at, delivery.number), delivery);
    }

    /// The webhook to be sent now, if one is due and none is on its way.
    pub(super) fn take_due(&mut self, now: u64, request_ids: WebhookRequestId) -> Option<Job> {
        if self.sending.is_some() || self.waiting.first_key_value()?.0.0 > now {
            return None;
        }
        let (due, mut delivery) = self.waiting.pop_first()?;
        delivery.state = DeliveryState::Sending;
        let first = delivery.attempts.first().filter(|_| request_ids == WebhookRequestId::Hook);
        let request_id = first.map_or_else(|| Uuid::new_v4().to_string(), |first| first.request_id.clone());
        let job = Job {
            account: self.subscription.account_id,
            subscription: self.subscription.id,
            destination: delivery.destination.clone(),
            request_id: request_id.clone(),
            body: delivery.body.clone(),
        };
        self.sending = Some(Sending { due, request_id, delivery });
        Some(job)
    }

    /// Notes the answer to the webhook that was on its way; gives those that end by it. `code` is
    /// what amoCRM takes the answer for.
    pub(super) fn answered(&mut self, request_id: &str, answer: WebhookAnswer, code: u16) -> Vec<WebhookDelivery> {
        // After a reset it may be the answer to a webhook that is forgotten.
        let sent = self.sending.take_if(|sending| sending.request_id == request_id);
        let Some(Sending { due: (due_at, number), request_id, mut delivery }) = sent else { return Vec::new() };
        delivery.attempts.push(WebhookAttempt { at: due_at, request_id, answer });
        if retry::is_taken(code) {
            return vec![delivery.ended(DeliveryState::Delivered)];
        }
        if self.subscription.disabled {
            return vec![delivery.ended(DeliveryState::Dropped)];
        }
        if self.bad_answers.note(due_at) {
            self.subscription.disabled = true;
            let mut ended = vec![delivery.ended(DeliveryState::Failed)];
            ended.extend(self.drop_all());
            return ended;
        }
        let Some(wait) = retry::next_after(delivery.attempts.len(), code) else {
            return vec![delivery.ended(DeliveryState::Failed)];
        };
        let due_at = due_at.saturating_add(wait);
        delivery.state = DeliveryState::Waiting;
        delivery.due_at = Some(due_at);
        self.waiting.insert((due_at, number), delivery);
        Vec::new()
    }

    /// Switches it on or off; gives the webhooks that end by it.
    pub(super) fn set_disabled(&mut self, disabled: bool) -> Vec<WebhookDelivery> {
        self.subscription.disabled = disabled;
        self.bad_answers.clear();
        if disabled { self.drop_all() } else { Vec::new() }
    }

    /// Drops what waits.
    pub(super) fn drop_all(&mut self) -> Vec<WebhookDelivery> {
        let waiting = std::mem::take(&mut self.waiting).into_values();
        waiting.map(|delivery| delivery.ended(DeliveryState::Dropped)).collect()
    }

    /// When the next attempt is due; `None` while one is being made.
    pub(super) fn next_due(&self) -> Option<u64> {
        let next = self.waiting.first_key_value().map(|((due_at, _), _)| *due_at);
        next.filter(|_| self.sending.is_none())
    }

    pub(super) const fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    pub(super) const fn bad_answers(&self) -> usize {
        self.bad_answers.count()
    }

    /// What is on its way and what waits, by when it is due.
    pub(super) fn pending(&self) -> impl Iterator<Item = &WebhookDelivery> {
        let sending = self.sending.as_ref().map(|sending| &sending.delivery);
        sending.into_iter().chain(self.waiting.values())
    }
}
