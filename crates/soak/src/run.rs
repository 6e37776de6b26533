//! A run, from the first connect to the last check.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use tokio::task::JoinSet;

use crate::accounts::Person;
use crate::arguments::Arguments;
use crate::attacks::{Answers, Attack, Attacker, banned_people};
use crate::call::Caller;
use crate::honest::{self, Figures};
use crate::instances::{COMES_AND_GOES, RESTARTED, STAYS};
use crate::life::{Life, Standing};
use crate::plan::{BETWEEN, Plan};
use crate::report::Report;
use crate::samples::{self, Samples};
use crate::stage::Stage;
use crate::tally::Fault;
use crate::{checks, faults, restarts, settle, troubles};

/// How many users connect at a time: two an account, which has seven calls a second.
const CONNECT_AT_ONCE: usize = 40;

/// Runs everything, and gives what there is to tell.
pub(crate) async fn run(arguments: Arguments, plan: Plan) -> Result<Report, String> {
    let begun = Instant::now();
    let stage = Stage::set(arguments, plan).await?;
    let (figures, answers, samples) = (Arc::new(Figures::default()), Answers::default(), Arc::new(Samples::default()));
    restarts::start(&stage, STAYS).await;
    let caller = Caller::new(&stage);
    let (lives, measured) = connect_all(&stage, &caller).await;
    eprintln!("soak: {} users are connected after {:.0} s", lives.len(), begun.elapsed().as_secs_f64());

    stage.tally.begin("calm");
    let mut users: JoinSet<Life> = lives.into_iter().map(Life::live).collect();
    let looks = {
        let (stage, samples) = (Arc::clone(&stage), Arc::clone(&samples));
        tokio::spawn(async move { samples.take(&stage).await })
    };
    let measuring = {
        let figures = Arc::clone(&figures);
        tokio::spawn(async move { honest::ask(measured, &figures).await })
    };
    tokio::time::sleep(stage.plan.calm).await;
    for attack in stage.plan.attacks.clone() {
        eprintln!("soak: {}", attack.name());
        stage.tally.begin(attack.name());
        let attacker = Attacker::begin(&stage, attack, &answers);
        tokio::time::sleep(stage.plan.attack).await;
        stage.tally.begin("after an attack");
        attacker.end().await;
        tokio::time::sleep(BETWEEN).await;
    }
    let findings = troubles::play(&stage).await;

    eprintln!("soak: everything at once");
    stage.has_faults.store(true, Ordering::Relaxed);
    measuring.await.map_err(|error| format!("whoever measures has failed: {error}"))?;
    soak(&stage, &answers).await;
    eprintln!("soak: settling");
    stage.tally.begin("settling");
    stage.is_over.store(true, Ordering::Relaxed);
    let mut lives = Vec::new();
    while let Some(life) = users.join_next().await {
        lives.push(life.map_err(|error| format!("a user has failed: {error}"))?);
    }
    looks.await.map_err(|error| format!("whoever samples has failed: {error}"))?;
    let lives = settle::settle(&stage, lives).await;
    checks::check(&stage, &lives).await;

    for line in stage.logs.untrue() {
        stage.tally.fault(Fault::Wrong, &line);
    }
    let orders = lives.iter().map(|life| life.orders.len() as u64).sum();
    let tables = samples::judge_tables(&stage, orders, begun.elapsed()).await;
    let flat = samples.judge(&stage);
    for place in [RESTARTED, COMES_AND_GOES, STAYS] {
        restarts::stop(&stage, place).await;
    }
    Ok(Report { stage, figures, answers, findings, samples, flat, tables, elapsed: begun.elapsed() })
}

/// Connects the users, and those who are measured or banned.
async fn connect_all(stage: &Arc<Stage>, caller: &Caller) -> (Vec<Life>, Vec<Life>) {
    stage.tally.begin("connecting");
    let seed = stage.arguments.seed;
    let connect = |mut life: Life| async move {
        while life.standing != Standing::Connected {
            life.connect().await;
        }
        life
    };
    let users = (0..stage.arguments.users).map(|number| {
        Life::new(caller, Person::user(number), seed.wrapping_mul(1_000_003).wrapping_add(number as u64))
    });
    let lives: Vec<Life> = stream::iter(users).map(connect).buffer_unordered(CONNECT_AT_ONCE).collect().await;
    let banned = banned_people().into_iter().map(|person| Life::new(caller, person, seed));
    stream::iter(banned).for_each_concurrent(6, |life| async move { drop(connect(life).await) }).await;
    (lives, honest::connect(caller).await)
}

/// Faults, attacks and restarts, all at once.
async fn soak(stage: &Arc<Stage>, answers: &Answers) {
    let faults = {
        let stage = Arc::clone(stage);
        tokio::spawn(async move { faults::play(&stage).await })
    };
    let restarts = {
        let stage = Arc::clone(stage);
        tokio::spawn(async move { restarts::go_on(&stage).await })
    };
    let (begun, mut attacks) = (Instant::now(), Attack::ALL.into_iter().cycle());
    while begun.elapsed() < stage.plan.soak {
        let Some(attack) = attacks.next() else { break };
        let attacker = Attacker::begin(stage, attack, answers);
        tokio::time::sleep(stage.plan.spell).await;
        attacker.end().await;
        if stage.instances.any_has_ended() {
            stage.tally.fault(Fault::Lost, &format!("an instance has ended by itself during {}", attack.name()));
        }
    }
    faults.abort();
    let _ = faults.await;
    faults::end(stage);
    // Users whose codes were spent in vain may still hear of it.
    stage.has_faults.store(false, Ordering::Relaxed);
    assert!(restarts.await.is_ok(), "an instance could not be restarted");
}
