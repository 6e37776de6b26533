//! How often one user or one address may call, with a burst of five seconds' worth, and how much of one user's may be
//! under way.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use actix_web::HttpRequest;
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::ids::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use crate::budgets::REQUESTS_OF_A_USER;
use crate::client_address::{ClientAddress, ClientAddresses};
use crate::concurrency_limit::{ConcurrencyLimit, InFlight};
use crate::error::ApiError;
use crate::long_answers::LongAnswers;

const BURST_S: u32 = 5;

/// The limits of one process.
pub struct Limits {
    users: Option<DefaultKeyedRateLimiter<UserId>>,
    under_way: Option<ConcurrencyLimit<UserId>>,
    addresses: Option<DefaultKeyedRateLimiter<ClientAddress>>,
    clients: ClientAddresses,
    network_key: SecretString,
    long_answers: LongAnswers,
    clock: DefaultClock,
}

impl Limits {
    /// Limits of calls a second; `0` switches one off. All instances name networks by the same `network_key`.
    pub fn new(per_user: u32, per_address: u32, trusted_proxies: Vec<IpNet>, network_key: SecretString) -> Self {
        Self {
            users: quota(per_user).map(RateLimiter::keyed),
            under_way: (per_user > 0).then(|| ConcurrencyLimit::of(REQUESTS_OF_A_USER)),
            addresses: quota(per_address).map(RateLimiter::keyed),
            clients: ClientAddresses::behind(trusted_proxies),
            network_key,
            long_answers: LongAnswers::default(),
            clock: DefaultClock::default(),
        }
    }

    /// The memory of long answers.
    pub fn long_answers(&self) -> &LongAnswers {
        &self.long_answers
    }

    /// Counts a call of `user`, which is under way until what this returns is dropped.
    pub fn begin(&self, user: &UserId) -> Result<Option<InFlight<UserId>>, ApiError> {
        if let Some(limiter) = &self.users {
            self.count(limiter, user)?;
        }
        let Some(under_way) = &self.under_way else { return Ok(None) };
        under_way.begin(user.clone()).map(Some).ok_or(ApiError::TooManyRequests(1))
    }

    /// Counts a call from the address behind `request`.
    pub fn check_address(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let (Some(limiter), Some(client)) = (&self.addresses, self.client(request)) else {
            return Ok(());
        };
        self.count(limiter, &network(client))
    }

    /// The address behind `request`.
    pub fn client(&self, request: &HttpRequest) -> Option<ClientAddress> {
        request.peer_addr().map(|peer| self.clients.of(peer.ip(), request.headers()))
    }

    /// The network behind `request`, by a name that does not show it.
    pub fn network(&self, request: &HttpRequest) -> CallerNetwork {
        let client = self.client(request).unwrap_or(ClientAddress::Unknown);
        CallerNetwork::keyed(self.network_key.expose_secret(), &network(client).to_string())
    }

    /// Forgets callers who have been quiet long enough.
    pub fn forget_quiet(&self) {
        if let Some(limiter) = &self.users {
            limiter.retain_recent();
        }
        if let Some(limiter) = &self.addresses {
            limiter.retain_recent();
        }
    }

    fn count<K: Clone + Eq + std::hash::Hash>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), ApiError> {
        limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::TooManyRequests(wait.as_secs() + 1)
        })
    }
}

fn quota(per_second: u32) -> Option<Quota> {
    let burst = NonZeroU32::new(per_second.saturating_mul(BURST_S))?;
    Some(Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(burst))
}

/// One IPv6 customer has a whole /64.
fn network(client: ClientAddress) -> ClientAddress {
    match client {
        ClientAddress::Known(IpAddr::V6(address)) => {
            ClientAddress::Known(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into())
        }
        ClientAddress::Known(IpAddr::V4(_)) | ClientAddress::Unknown => client,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn clients_of_a_proxy_have_a_limit_each_and_unknown_ones_share_one_that_is_not_the_proxys() {
        let limits = Limits::new(0, 1, vec!["10.0.0.0/8".parse().unwrap()], "key".into());
        let call = |forwarded: Option<&str>| {
            let mut request = TestRequest::default().peer_addr("10.0.0.1:4711".parse().unwrap());
            if let Some(forwarded) = forwarded {
                request = request.insert_header(("x-forwarded-for", forwarded));
            }
            limits.check_address(&request.to_http_request()).is_ok()
        };
        let welcome = |forwarded| (0..20).filter(|_| call(forwarded)).count();
        assert_eq!(welcome(Some("203.0.113.1:50001")), 5);
        assert!(!call(Some("203.0.113.1:50002")), "another port is the same client");
        assert_eq!(welcome(Some("203.0.113.2:50001")), 5);
        assert_eq!(welcome(Some("nonsense")), 5);
        assert!(!call(Some("203.0.113.3, other nonsense")));
        assert_eq!(welcome(None), 5);
    }

    #[test]
    fn a_user_is_stopped_after_five_seconds_worth() {
        let limits = Limits::new(2, 0, Vec::new(), "key".into());
        let user = UserId::new("olena").unwrap();
        let welcome = (0..20).filter(|_| limits.begin(&user).is_ok()).count();
        assert_eq!(welcome, 10);
        assert!(limits.begin(&UserId::new("ivan").unwrap()).is_ok());
    }

    #[test]
    fn a_user_who_waits_for_many_answers_waits_for_one_before_the_next() {
        let limits = Limits::new(1_000, 0, Vec::new(), "key".into());
        let (olena, ivan) = (UserId::new("olena").unwrap(), UserId::new("ivan").unwrap());
        let mut under_way: Vec<_> = (0..200).map_while(|_| limits.begin(&olena).ok()).collect();
        assert_eq!(under_way.len(), REQUESTS_OF_A_USER);
        assert!(limits.begin(&ivan).is_ok());
        under_way.pop();
        assert!(limits.begin(&olena).is_ok());
        let unlimited = Limits::new(0, 0, Vec::new(), "key".into());
        let all: Vec<_> = (0..200).map_while(|_| unlimited.begin(&olena).ok()).collect();
        assert_eq!(all.len(), 200);
    }

    #[test]
    fn neighbours_are_one_network_of_strangers_and_those_without_an_address_another() {
        let limits = Limits::new(0, 0, vec!["10.0.0.0/8".parse().unwrap()], "key".into());
        let network = |forwarded: &str| {
            let request = TestRequest::default().peer_addr("10.0.0.1:4711".parse().unwrap());
            limits.network(&request.insert_header(("x-forwarded-for", forwarded)).to_http_request())
        };
        assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
        assert_eq!(network("203.0.113.1:50001"), network("203.0.113.1:50002"));
        assert_ne!(network("203.0.113.1"), network("203.0.113.2"));
        assert_eq!(network("nonsense"), limits.network(&TestRequest::default().to_http_request()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_address() {
        let network_of = |text: &str| network(ClientAddress::Known(text.parse().unwrap()));
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
    }
}
