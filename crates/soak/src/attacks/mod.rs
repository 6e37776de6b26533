//! The attacks, each of which goes on until it is ended.

mod codes;
mod connections;
mod floods;
mod gate;

pub(crate) use codes::banned_people;
pub(crate) use floods::DISCONNECTERS;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use crate::stage::Stage;

/// What somebody does who means ill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    GarbageCodes,
    Strangers,
    Disconnects,
    Readyz,
    Hooks,
    LongTokens,
    Forwarded,
    EndlessBodies,
    UnreadAnswers,
    HalfOpen,
    SlowHeads,
    Idle,
    Banned,
}

impl Attack {
    /// In the order they are played. After the last one amoCRM's ban goes on for a while.
    pub(crate) const ALL: [Self; 13] = [
        Self::GarbageCodes,
        Self::Strangers,
        Self::Disconnects,
        Self::Readyz,
        Self::Hooks,
        Self::LongTokens,
        Self::Forwarded,
        Self::EndlessBodies,
        Self::UnreadAnswers,
        Self::HalfOpen,
        Self::SlowHeads,
        Self::Idle,
        Self::Banned,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GarbageCodes => "garbage-codes",
            Self::Strangers => "strangers",
            Self::Disconnects => "disconnects",
            Self::Readyz => "readyz",
            Self::Hooks => "hooks",
            Self::LongTokens => "long-tokens",
            Self::Forwarded => "forwarded-for",
            Self::EndlessBodies => "endless-bodies",
            Self::UnreadAnswers => "unread-answers",
            Self::HalfOpen => "half-open",
            Self::SlowHeads => "slow-heads",
            Self::Idle => "idle-connections",
            Self::Banned => "banned-accounts",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::GarbageCodes => "one user posts garbage codes with a victim's host, 8 a second",
            Self::Strangers => "redirects without a JWT, each for another host, 150 a second",
            Self::Disconnects => "/disconnect by 200 users over 200 connections, 600 a second",
            Self::Readyz => "/readyz over 100 connections from 250 addresses, 1,000 a second",
            Self::Hooks => "hooks with a wrong signature, 600 a second",
            Self::LongTokens => "JWTs of 58 kB with 5,000 members, 400 a second",
            Self::Forwarded => "an X-Forwarded-For that is not ASCII, 600 a second",
            Self::EndlessBodies => "200 chunked bodies that never end, for no path",
            Self::UnreadAnswers => "100 connections that ask and never read",
            Self::HalfOpen => "500 connections that are silent, half closed, or end in the midst of a head",
            Self::SlowHeads => "500 heads of a byte in two seconds (slow-loris)",
            Self::Idle => "10,500 connections that do nothing",
            Self::Banned => "three accounts that amoCRM bans go on polling",
        }
    }
}

/// What attackers were answered: how often what, by attack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Mutex<BTreeMap<&'static str, BTreeMap<String, u64>>>>);

impl Answers {
    /// Counts one.
    pub(crate) fn count(&self, attack: Attack, what: &str) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(attack.name()).or_default().entry(what.to_owned()).or_default() += 1;
    }

    /// In words, the most frequent first.
    pub(crate) fn told(&self, attack: Attack) -> String {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_attack: Vec<_> = answers.get(attack.name()).into_iter().flatten().collect();
        of_attack.sort_by(|one, other| other.1.cmp(one.1));
        of_attack.iter().map(|(what, count)| format!("{count} × {what}")).collect::<Vec<_>>().join(", ")
    }
}

/// An attack that goes on until this is ended.
pub(crate) struct Attacker {
    attack: Attack,
    stage: Arc<Stage>,
    task: JoinHandle<()>,
}

impl Attacker {
    pub(crate) fn begin(stage: &Arc<Stage>, attack: Attack, answers: &Answers) -> Self {
        stage.is_crowded.store(attack == Attack::Idle, Ordering::Relaxed);
        let (of_task, answers) = (Arc::clone(stage), answers.clone());
        let task = tokio::spawn(async move { run(of_task, attack, answers).await });
        Self { attack, stage: Arc::clone(stage), task }
    }

    /// Ends it, and what is left of it.
    pub(crate) async fn end(self) {
        assert!(!self.task.is_finished(), "{} ended by itself", self.attack.name());
        self.task.abort();
        let _ = self.task.await;
        if self.attack == Attack::Banned {
            codes::end_bans(&self.stage);
        }
        if self.attack == Attack::Idle {
            // Until the service has seen that they are closed.
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        self.stage.is_crowded.store(false, Ordering::Relaxed);
    }
}

async fn run(stage: Arc<Stage>, attack: Attack, answers: Answers) {
    match attack {
        Attack::GarbageCodes => codes::garbage(&stage, &answers).await,
        Attack::Strangers => codes::strangers(&stage, &answers).await,
        Attack::Banned => codes::banned(&stage, &answers).await,
        Attack::Disconnects | Attack::Readyz | Attack::Hooks | Attack::LongTokens | Attack::Forwarded => {
            floods::flood(&stage, attack, &answers).await;
        }
        Attack::EndlessBodies | Attack::UnreadAnswers | Attack::HalfOpen | Attack::SlowHeads | Attack::Idle => {
            connections::hold(&stage, attack, &answers).await;
        }
    }
}
