//! The webhooks of one account.

use std::collections::VecDeque;

use super::{
    MOST_SUBSCRIPTIONS, Subscription, Wanted, WebhookAnswer, WebhookDelivery, WebhookOrder, WebhookReport,
    WebhookRepost, WebhookSubscription, body::Body, delivery::DeliveryState, sender::Job, subscription::Subscriber,
};
use crate::{AccountId, Switches, store::Context};

/// How many webhooks are kept that are no longer on their way.
const KEPT: usize = 1000;
/// The id of the first subscription.
const FIRST_ID: u64 = 900_001;

/// The subscriptions of an account, and the webhooks that were sent last.
#[derive(Default)]
pub(super) struct AccountWebhooks {
    subscribers: Vec<Subscriber>,
    ended: VecDeque<WebhookDelivery>,
    /// How many subscriptions and webhooks there were.
    made: u64,
    sent: u64,
}

impl AccountWebhooks {
    pub(super) fn subscriptions(&self) -> Vec<Subscription> {
        self.subscribers.iter().map(|subscriber| subscriber.subscription.clone()).collect()
    }

    /// The ids and the settings of those that are not switched off.
    pub(super) fn enabled(&self) -> Vec<(u64, Vec<String>)> {
        let subscriptions = self.subscribers.iter().map(|subscriber| &subscriber.subscription);
        subscriptions.filter(|known| !known.disabled).map(|known| (known.id, known.settings.clone())).collect()
    }

    pub(super) fn subscribe(
        &mut self,
        account_id: AccountId,
        wanted: Wanted,
        now: u64,
        switches: &Switches,
    ) -> Option<Subscription> {
        if let Some(known) = self.subscriber(&wanted.destination) {
            if known.subscription.disabled && switches.webhook_repost == WebhookRepost::Enables {
                known.set_disabled(false);
            }
            known.subscription.settings = wanted.settings;
            known.subscription.updated_at = now;
            return Some(known.subscription.clone());
        }
        if self.subscribers.len() >= MOST_SUBSCRIPTIONS {
            return None;
        }
        let subscription = Subscription {
            id: FIRST_ID + self.made,
            destination: wanted.destination,
            created_at: now,
            updated_at: now,
            account_id,
            created_by: wanted.user,
            sort: self.subscribers.last().map_or(1, |last| last.subscription.sort + 1),
            disabled: false,
            settings: wanted.settings,
            client_id: wanted.client_id,
        };
        self.made += 1;
        self.subscribers.push(Subscriber::new(subscription.clone()));
        Some(subscription)
    }

    pub(super) fn unsubscribe(&mut self, destination: &str) -> bool {
        self.unsubscribe_where(|subscription| subscription.destination == destination)
    }

    pub(super) fn unsubscribe_integration(&mut self, client_id: &str) {
        self.unsubscribe_where(|subscription| subscription.client_id.as_deref() == Some(client_id));
    }

    fn unsubscribe_where(&mut self, ends: impl Fn(&Subscription) -> bool) -> bool {
        let mut dropped = Vec::new();
        let before = self.subscribers.len();
        self.subscribers.retain_mut(|known| {
            let stays = !ends(&known.subscription);
            if !stays {
                dropped.extend(known.drop_all());
            }
            stays
        });
        self.keep(dropped);
        self.subscribers.len() < before
    }

    pub(super) fn set_disabled(&mut self, destination: &str, disabled: bool) -> bool {
        let Some(subscriber) = self.subscriber(destination) else { return false };
        let ended = subscriber.set_disabled(disabled);
        self.keep(ended);
        true
    }

    /// Queues the webhooks of one commit for a subscription.
    pub(super) fn push(&mut self, subscription: u64, mut bodies: Vec<Body>, context: &Context<'_>) {
        let switches = context.switches;
        if switches.webhook_order == WebhookOrder::Reversed {
            bodies.reverse();
        }
        let copies = if switches.webhook_duplicates { 2 } else { 1 };
        let Some(subscriber) = self.subscribers.iter_mut().find(|known| known.subscription.id == subscription) else {
            return;
        };
        for body in bodies {
            let is_late = switches.webhook_order == WebhookOrder::Delayed && self.sent.is_multiple_of(2);
            let due_at = context.now.saturating_add(switches.webhook_delay_s).saturating_add(u64::from(is_late));
            for _ in 0..copies {
                self.sent += 1;
                let delivery = WebhookDelivery {
                    number: self.sent,
                    destination: subscriber.subscription.destination.clone(),
                    settings: body.settings.clone(),
                    state: DeliveryState::Waiting,
                    due_at: Some(due_at),
                    attempts: Vec::new(),
                    body: body.form.clone(),
                };
                subscriber.push(due_at, delivery);
            }
        }
    }

    pub(super) fn take_due(&mut self, now: u64, switches: &Switches) -> Vec<Job> {
        let job = |subscriber: &mut Subscriber| subscriber.take_due(now, switches.webhook_request_id);
        self.subscribers.iter_mut().filter_map(job).collect()
    }

    /// Notes the answer to a webhook; `code` is what amoCRM takes it for.
    pub(super) fn answered(&mut self, job: &Job, answer: WebhookAnswer, code: u16) {
        let known = self.subscribers.iter_mut().find(|known| known.subscription.id == job.subscription);
        if let Some(subscriber) = known {
            let ended = subscriber.answered(&job.request_id, answer, code);
            self.keep(ended);
        }
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.subscribers.iter().filter_map(Subscriber::next_due).min()
    }

    pub(super) fn is_busy(&self, now: u64) -> bool {
        let is_busy = |known: &Subscriber| known.is_sending() || known.next_due().is_some_and(|due| due <= now);
        self.subscribers.iter().any(is_busy)
    }

    pub(super) fn report(&self, account_form: &str) -> WebhookReport {
        let pending = self.subscribers.iter().flat_map(Subscriber::pending);
        let mut deliveries: Vec<_> = self.ended.iter().chain(pending).cloned().collect();
        deliveries.sort_by_key(|delivery| delivery.number);
        for delivery in &mut deliveries {
            delivery.body.insert_str(0, account_form);
        }
        WebhookReport { webhooks: self.subscribers.iter().map(WebhookSubscription::of).collect(), deliveries }
    }

    fn subscriber(&mut self, destination: &str) -> Option<&mut Subscriber> {
        self.subscribers.iter_mut().find(|known| known.subscription.destination == destination)
    }

    fn keep(&mut self, ended: Vec<WebhookDelivery>) {
        self.ended.extend(ended);
        let over = self.ended.len().saturating_sub(KEPT);
        self.ended.drain(..over);
    }
}
