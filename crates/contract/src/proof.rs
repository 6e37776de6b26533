//! The proof that a suite can fail: adapters that break one promise each, and the cases that notice them.

#![expect(clippy::missing_panics_doc, reason = "a proof panics where it does not hold")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::suite::{self, Case};

/// What is proved of a suite over the harness `H` by the mutants `M` of one correct adapter.
pub struct Proof<H: ?Sized + 'static, M: 'static> {
    /// The suite.
    pub cases: &'static [Case<H>],
    /// Which mutant, and a case that has to notice it.
    pub noticed: &'static [(M, &'static str)],
    /// The cases that no mutant can break yet.
    pub not_yet_possible: &'static [&'static str],
    /// What stands for the adapter that breaks no promise.
    pub correct: M,
    /// The harness of a mutant.
    pub harness: fn(M) -> Box<H>,
}

impl<H: ?Sized + Send + Sync, M: Copy + Debug> Proof<H, M> {
    /// Each mutant breaks its case.
    pub fn every_mutant_is_noticed(&self) {
        suite::run(async {
            for (mutant, name) in self.noticed {
                let case = suite::case(self.cases, name);
                assert!(self.notices(case, *mutant).await, "{name} does not notice {mutant:?}");
            }
        });
    }

    /// It is the broken promise that a case notices, and not the wrapper that breaks it.
    pub fn a_correct_adapter_passes(&self) {
        suite::run(async {
            for case in self.cases {
                assert!(!self.notices(case, self.correct).await, "{case:?}");
            }
        });
    }

    /// No case is without a mutant.
    pub fn every_case_notices_something(&self) {
        let noticing = self.noticed.iter().map(|(_, name)| *name);
        let proved: BTreeSet<_> = noticing.chain(self.not_yet_possible.iter().copied()).collect();
        let all: BTreeSet<_> = self.cases.iter().map(|case| case.name).collect();
        assert_eq!(proved, all);
        assert_eq!(all.len(), self.cases.len(), "two cases have one name");
    }

    /// Whether `case` notices the mutant.
    async fn notices(&self, case: &'static Case<H>, mutant: M) -> bool {
        let harness = (self.harness)(mutant);
        let run = tokio::spawn(async move { (case.run)(&harness).await });
        run.await.is_err_and(|ended| ended.is_panic())
    }
}

/// The three tests that a [`Proof`] consists of.
#[macro_export]
macro_rules! prove {
    ($proof:expr) => {
        #[test]
        fn every_mutant_is_noticed_by_its_case() {
            $proof.every_mutant_is_noticed();
        }

        #[test]
        fn a_correct_adapter_under_the_same_wrapper_passes_every_case() {
            $proof.a_correct_adapter_passes();
        }

        #[test]
        fn every_case_is_known_to_notice_something() {
            $proof.every_case_notices_something();
        }
    };
}

/// Makes, from one list of mutants with the cases that have to notice them, the enum and `NOTICED`.
#[macro_export]
macro_rules! mutants {
    ($($mutant:ident => [$($case:literal),+ $(,)?],)+) => {
        /// Which promise an adapter breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mutant {
            /// None.
            None,
            $($mutant,)+
        }

        /// Which mutant, and a case that has to notice it.
        pub(crate) const NOTICED: &[(Mutant, &str)] = &[$($((Mutant::$mutant, $case),)+)+];
    };
}
