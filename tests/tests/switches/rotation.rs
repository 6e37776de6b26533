//! Positions of the rotation: who wins a race, and what becomes of the old access token.

use amo_connect_domain::ports::AmoError;
use amo_connect_sandbox::{Faults, RefreshRace};

use crate::crm::Crm;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_one_wins_or_both() {
    for (race, winners) in [(RefreshRace::OneWins, 1), (RefreshRace::AllWin, 2)] {
        let crm = Crm::start().await;
        crm.turn(|switches| switches.refresh_race = race);
        let issued = crm.connect().await;
        crm.sandbox.set_faults(Faults { token_latency_ms: 1_000, ..Faults::default() }).unwrap();
        let (one, other) = tokio::join!(crm.refresh(&issued.refresh), crm.refresh(&issued.refresh));
        assert_eq!(crm.sandbox.stats().most_refreshes_of_one_token, 2, "they were not at once");
        let (won, lost): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), winners, "{race:?}");
        assert!(lost.iter().all(|lost| *lost == Err(AmoError::GrantRevoked)), "{race:?}");
        crm.sandbox.set_faults(Faults::default()).unwrap();
        for pair in won {
            assert!(crm.refresh(&pair.unwrap().refresh).await.is_ok(), "{race:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_access_token_lives_on_or_is_refused() {
    for (kills, expected) in [(false, None), (true, Some(AmoError::AccessRefused))] {
        let crm = Crm::start().await;
        crm.turn(|switches| switches.kill_old_access = kills);
        let old = crm.connect().await;
        let new = crm.refresh(&old.refresh).await.unwrap();
        assert_eq!(crm.account(&old).await.err(), expected);
        assert!(crm.account(&new).await.is_ok());
    }
}
