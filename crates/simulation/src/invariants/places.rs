//! How many codes of strangers are under way, and that nobody else is refused because of them.

use amo_connect_domain::authorization::budget::{
    PLACES, PLACES_OF_A_HOST, PLACES_OF_A_NETWORK, SLOW_AFTER, SLOW_PLACES, STARTS, STARTS_WITHIN,
};
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::token::CodeHash;

use super::{Checker, Invariant};
use crate::executor::micros;

/// A stranger's code that was admitted.
#[derive(Debug)]
pub(super) struct StrangersCode {
    owner: LeaseOwner,
    code: CodeHash,
    network: CallerNetwork,
    host: AccountHost,
    begun_at: u64,
    until: u64,
    is_over: bool,
}

impl Checker {
    /// A stranger's code in `network` for `host` was admitted.
    #[expect(clippy::needless_pass_by_value, reason = "whoever admitted it has no more use for it")]
    pub(crate) fn stranger_admitted(
        &mut self,
        (code, owner): (CodeHash, LeaseOwner),
        network: CallerNetwork,
        host: AccountHost,
        now: u64,
    ) {
        self.stranger_settled(code);
        let until = now + micros(LEASE_TERM);
        self.strangers.push(StrangersCode {
            owner,
            code,
            network,
            host: host.clone(),
            begun_at: now,
            until,
            is_over: false,
        });
        let within = |place: &StrangersCode, term| now - place.begun_at < micros(term);
        let held = |place: &&StrangersCode| !place.is_over && now < place.until;
        let count = |counts: &dyn Fn(&StrangersCode) -> bool| {
            self.strangers.iter().filter(held).filter(|place| counts(place)).count()
        };
        let begun = self.strangers.iter().filter(|place| within(place, STARTS_WITHIN)).count();
        let counts = [
            (count(&|_| true), PLACES + SLOW_PLACES, "under way"),
            (count(&|place| within(place, SLOW_AFTER)), PLACES, "under way for less than ten seconds"),
            (count(&|place| place.network == network), PLACES_OF_A_NETWORK, "under way of one network"),
            (count(&|place| place.host == host), PLACES_OF_A_HOST, "under way at one host"),
            (begun, STARTS, "begun within a second"),
        ];
        for (found, most, what) in counts {
            if found > most {
                self.accuse(Invariant::TooManyStrangers, || format!("{found} codes of strangers are {what}"));
            }
        }
    }

    pub(super) fn strangers_lease_renewed(&mut self, owner: LeaseOwner, now: u64) {
        for place in self.strangers.iter_mut().filter(|place| place.owner == owner) {
            place.until = now + micros(LEASE_TERM);
        }
    }

    pub(super) fn strangers_lease_ended(&mut self, owner: LeaseOwner) {
        self.strangers.iter_mut().filter(|place| place.owner == owner).for_each(|place| place.is_over = true);
    }

    /// The outcome of a code is on record, or somebody else sends it.
    pub(crate) fn stranger_settled(&mut self, code: CodeHash) {
        self.strangers.iter_mut().filter(|place| place.code == code).for_each(|place| place.is_over = true);
    }

    /// A code that a user vouches for was refused; `has_room` if the user had few.
    pub(crate) fn users_code_refused(&mut self, has_room: bool) {
        if has_room {
            self.accuse(Invariant::RefusedForStrangers, || "a code of a user with few codes was refused".to_owned());
        }
    }
}
