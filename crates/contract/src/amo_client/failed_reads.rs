//! Reads that bring nothing, and those that fail.

use amo_connect_domain::ports::AmoError;
use futures_util::future::join_all;

use super::AmoClientHarness;
use super::call::Call;
use super::calls::{answered, assert_fail};
use crate::fake::Reply;

pub(super) async fn nothing_is_no_error(harness: &dyn AmoClientHarness) {
    for call in Call::READS.into_iter().filter(|call| *call != Call::Account) {
        assert_eq!(answered(harness, call, Reply::Nothing).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn a_failed_read_can_be_asked_again(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[500, 503].map(Reply::Fails), AmoError::Unavailable).await;
}

pub(super) async fn a_lost_connection_is_told_apart(harness: &dyn AmoClientHarness) {
    let losses = [Reply::CutBeforeTheDeed, Reply::CutWithinTheAnswer];
    assert_fail(harness, &Call::READS, &losses, AmoError::ConnectionLost).await;
}

pub(super) async fn after_a_lost_connection_the_next_read_goes_over_a_new_one(harness: &dyn AmoClientHarness) {
    let (client, host) = (harness.client(), harness.host());
    for call in Call::READS {
        // Whoever keeps connections has several by now.
        for _ in 0..4 {
            harness.will(call.good_answer(&host)).await;
        }
        let made = join_all((0..4).map(|_| call.make(&*client, &host))).await;
        assert_eq!(made, [Ok(()); 4], "{call:?}");
        let lost = answered(harness, call, Reply::KeptConnectionsLost).await;
        assert_eq!(lost, Err(AmoError::ConnectionLost), "{call:?}");
        assert_eq!(answered(harness, call, call.good_answer(&host)).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn a_slow_read_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[Reply::Fails(504), Reply::Silence], AmoError::TimedOut).await;
}

pub(super) async fn a_read_that_makes_no_sense_is_told_apart(harness: &dyn AmoClientHarness) {
    let nonsense = [Reply::Garbled, Reply::Incomplete, Reply::OddRefusal];
    assert_fail(harness, &Call::READS, &nonsense, AmoError::Protocol).await;
    for call in Call::READS {
        let endless = answered(harness, call, Reply::Endless).await;
        assert!(matches!(endless, Err(AmoError::Protocol | AmoError::TimedOut)), "{call:?}: {endless:?}");
    }
}
