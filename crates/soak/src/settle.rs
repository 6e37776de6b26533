//! The end of a run: amoCRM is well, every write is asked for until it is certain, and everybody is connected.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use amo_connect_sandbox::Switches;
use futures_util::{StreamExt as _, stream};

use crate::life::{Life, Standing};
use crate::stage::Stage;
use crate::tally::Fault;

/// Absence counts 75 s after a sending; a lease, and what it takes to ask for everything, come before and after.
const CERTAIN_WITHIN: Duration = Duration::from_mins(4);

/// How long a user may take until a page is served: all ask at once, and accounts have seven calls a second.
const SERVED_WITHIN: Duration = Duration::from_mins(2);

/// How many users ask at a time: two an account.
const AT_ONCE: usize = 40;

const PAUSE: Duration = Duration::from_secs(1);

/// Has everything come to its end. Gives the users as they are then.
pub(crate) async fn settle(stage: &Stage, lives: Vec<Life>) -> Vec<Life> {
    let switches = Switches { expires_in: 24 * 60 * 60, ..stage.sandbox.switches() };
    stage.sandbox.set_switches(switches).unwrap();
    stage.has_faults.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    let settled = stream::iter(lives).map(|life| certain(life, begun)).buffer_unordered(AT_ONCE * 5);
    let settled: Vec<Life> = settled.collect().await;
    let served: Vec<Life> = stream::iter(settled).map(served).buffer_unordered(AT_ONCE).collect().await;
    let open: usize = served.iter().map(|life| life.open_orders().count()).sum();
    stage.tally.add("writes that stay unknown at the end", open as u64);
    served
}

/// Connects a user who is not connected, and asks for each open write until its end is certain.
async fn certain(mut life: Life, begun: Instant) -> Life {
    while begun.elapsed() < CERTAIN_WITHIN {
        match life.standing {
            Standing::Unknown => drop(life.look().await),
            Standing::Apart => life.connect().await,
            Standing::Connected => {
                let open: Vec<usize> = life.open_orders().collect();
                if open.is_empty() {
                    return life;
                }
                for place in open {
                    life.ask_for(place).await;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    life
}

/// Everybody is connected, as themselves, and sees their leads.
async fn served(mut life: Life) -> Life {
    let begun = Instant::now();
    let mut is_served = false;
    while !is_served && begun.elapsed() < SERVED_WITHIN {
        is_served = match life.standing {
            Standing::Unknown => {
                life.look().await;
                false
            }
            Standing::Apart => {
                life.connect().await;
                false
            }
            Standing::Connected => life.look().await && life.read_self().await && life.read_page().await,
        };
        if !is_served {
            tokio::time::sleep(PAUSE).await;
        }
    }
    if !is_served {
        life.fault(Fault::Lost, &format!("a good amoCRM does not serve the user within {SERVED_WITHIN:?}"));
    }
    life
}
