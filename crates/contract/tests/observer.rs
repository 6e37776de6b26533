//! The suite of observers: what hears nothing passes it, and what breaks a promise is noticed.

use std::sync::Arc;

use amo_connect_contract::observer::{CASES, ObserverHarness};
use amo_connect_contract::proof::Proof;
use amo_connect_domain::ports::{Event, NoObserver, Observer};
use tokio::runtime::Handle;

amo_connect_contract::mutants! {
    PanicsAtAFailure => ["every_event_is_taken_by_many_threads_at_once"],
    SpawnsATask => ["every_event_is_taken_outside_of_a_runtime"],
}

/// An observer that breaks a promise.
#[derive(Debug)]
struct MutantObserver(Mutant);

impl Observer for MutantObserver {
    fn observe(&self, event: &Event<'_>) {
        match (self.0, event) {
            (Mutant::PanicsAtAFailure, Event::SaveFailed) => panic!("not saved"),
            (Mutant::SpawnsATask, _) => drop(Handle::current().spawn(async {})),
            _ => NoObserver.observe(event),
        }
    }
}

struct MutantHarness(Mutant);

impl ObserverHarness for MutantHarness {
    fn fresh() -> Self {
        Self(Mutant::None)
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(MutantObserver(self.0))
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: &[],
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(mutant)),
});

mod no_observer {
    use super::{Arc, NoObserver, Observer, ObserverHarness};

    struct Harness;

    impl ObserverHarness for Harness {
        fn fresh() -> Self {
            Self
        }

        fn observer(&self) -> Arc<dyn Observer> {
            Arc::new(NoObserver)
        }
    }

    amo_connect_contract::observer_contract!(Harness);
}
