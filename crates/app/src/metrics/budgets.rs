//! What is used up of what the process may take, and what was refused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use amo_connect_adapters::amo::AmoBudgets;
use tokio_util::task::TaskTracker;

use super::Metrics;
use super::declared::{
    CLIENT_CONNECTIONS, CLIENT_CONNECTIONS_ENDED, CLIENT_CONNECTIONS_MAX, CRM_REFUSED, CRM_SOCKETS, CRM_SOCKETS_MAX,
    LONG_ANSWERS, TASKS, TASKS_REFUSED,
};
use super::gauges::as_float;
use crate::server::clients::{Clients, Ending};

/// Who knows it. What is not there is not shown.
#[derive(Debug, Default)]
pub(super) struct Watched {
    clients: OnceLock<Arc<Clients>>,
    tasks: OnceLock<TaskTracker>,
    amo: OnceLock<AmoBudgets>,
    refused_tasks: AtomicU64,
}

/// What is counted from the start.
pub(super) fn begin(metrics: &Metrics) {
    for ending in Ending::ALL {
        metrics.recorder.add(&CLIENT_CONNECTIONS_ENDED, [ending.code()], 0);
    }
    metrics.recorder.add(&TASKS_REFUSED, [""; 0], 0);
    for budget in ["calls", "memory"] {
        metrics.recorder.add(&CRM_REFUSED, [budget], 0);
    }
}

impl Metrics {
    /// Shows the connections of clients from now on.
    pub(crate) fn watch_clients(&self, clients: Arc<Clients>) {
        // The first server that is started is the one that is shown.
        let _ = self.budgets.clients.set(clients);
    }

    /// Shows these tasks from now on.
    pub(crate) fn watch_tasks(&self, tasks: TaskTracker) {
        let _ = self.budgets.tasks.set(tasks);
    }

    /// Shows the calls to amoCRM from now on.
    pub(crate) fn watch_amo(&self, amo: AmoBudgets) {
        let _ = self.budgets.amo.set(amo);
    }

    /// A request was refused because there were too many tasks.
    pub(crate) fn count_refused_task(&self) {
        self.budgets.refused_tasks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn gather_budgets(&self) {
        let (recorder, watched) = (&self.recorder, &self.budgets);
        if let Some(clients) = watched.clients.get() {
            let (open, waiting) = clients.count();
            recorder.set(&CLIENT_CONNECTIONS, &["served"], as_float((open - waiting) as u64));
            recorder.set(&CLIENT_CONNECTIONS, &["waiting"], as_float(waiting as u64));
            recorder.set(&CLIENT_CONNECTIONS_MAX, &[], as_float(clients.most() as u64));
            for ending in Ending::ALL {
                recorder.set_counter(&CLIENT_CONNECTIONS_ENDED, &[ending.code()], clients.times_ended(ending));
            }
        }
        if let Some(tasks) = watched.tasks.get() {
            recorder.set(&TASKS, &[], as_float(tasks.len() as u64));
        }
        recorder.set_counter(&TASKS_REFUSED, &[], watched.refused_tasks.load(Ordering::Relaxed));
        if let Some(amo) = watched.amo.get() {
            let (tokens, api) = (amo.tokens.usage(), amo.api.usage());
            for (kind, usage) in [("tokens", tokens), ("api", api)] {
                recorder.set(&CRM_SOCKETS, &[kind], as_float(usage.calls as u64));
                recorder.set(&CRM_SOCKETS_MAX, &[kind], as_float(usage.most_calls as u64));
            }
            recorder.set(&LONG_ANSWERS, &[], as_float((tokens.long_answers + api.long_answers) as u64));
            recorder.set_counter(&CRM_REFUSED, &["calls"], tokens.refused_calls + api.refused_calls);
            let silent = tokens.refused_to_silent_hosts + api.refused_to_silent_hosts;
            recorder.set_counter(&CRM_REFUSED, &["silent_host"], silent);
            recorder.set_counter(&CRM_REFUSED, &["memory"], tokens.refused_answers + api.refused_answers);
        }
    }
}
