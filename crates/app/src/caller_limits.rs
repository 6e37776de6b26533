//! How often one user or one address may call, with a burst of five seconds' worth.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use amo_connect_domain::ids::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use crate::error::ApiError;

const BURST_S: u32 = 5;

/// The limits of one process.
pub struct Limits {
    users: Option<DefaultKeyedRateLimiter<UserId>>,
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
    trusted_proxies: Vec<IpNet>,
    clock: DefaultClock,
}

impl Limits {
    /// Limits of calls a second; `0` switches one off.
    pub fn new(per_user: u32, per_address: u32, trusted_proxies: Vec<IpNet>) -> Self {
        Self {
            users: quota(per_user).map(RateLimiter::keyed),
            addresses: quota(per_address).map(RateLimiter::keyed),
            trusted_proxies,
            clock: DefaultClock::default(),
        }
    }

    /// Counts a call of `user`.
    pub fn check_user(&self, user: &UserId) -> Result<(), ApiError> {
        self.users.as_ref().map_or(Ok(()), |limiter| self.count(limiter, user))
    }

    /// Counts a call from the address behind `request`.
    pub fn check_address(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let (Some(limiter), Some(peer)) = (&self.addresses, request.peer_addr()) else {
            return Ok(());
        };
        self.count(limiter, &network(self.client(peer.ip(), request.headers())))
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

    /// The nearest address that is not one of our own proxies.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let trusted = |address: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(address));
        if !trusted(&peer) {
            return peer;
        }
        let forwarded = headers
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|hop| hop.trim().parse::<IpAddr>())
            .collect::<Vec<_>>();
        // From the right: what stands left of an unreadable or a foreign hop, anybody can write.
        for hop in forwarded.into_iter().rev() {
            match hop {
                Ok(address) if trusted(&address) => {}
                Ok(address) => return address,
                Err(_) => break,
            }
        }
        peer
    }
}

fn quota(per_second: u32) -> Option<Quota> {
    let burst = NonZeroU32::new(per_second.saturating_mul(BURST_S))?;
    Some(Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(burst))
}

/// One IPv6 customer has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(forwarded: &str) -> IpAddr {
        let limits = Limits::new(1, 1, vec!["10.0.0.0/8".parse().unwrap()]);
        let request = TestRequest::default().insert_header(("x-forwarded-for", forwarded)).to_http_request();
        limits.client("10.0.0.1".parse().unwrap(), request.headers())
    }

    #[test]
    fn the_client_is_the_nearest_hop_that_is_not_ours() {
        let expect = |forwarded, address: &str| assert_eq!(client(forwarded), address.parse::<IpAddr>().unwrap());
        expect("203.0.113.9", "203.0.113.9");
        expect("198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9");
        expect("203.0.113.9, nonsense", "10.0.0.1");
        expect("", "10.0.0.1");
    }

    #[test]
    fn an_untrusted_proxy_cannot_forward() {
        let limits = Limits::new(1, 1, Vec::new());
        let request = TestRequest::default().insert_header(("x-forwarded-for", "203.0.113.9")).to_http_request();
        let peer: IpAddr = "198.51.100.1".parse().unwrap();
        assert_eq!(limits.client(peer, request.headers()), peer);
    }

    #[test]
    fn a_user_is_stopped_after_five_seconds_worth() {
        let limits = Limits::new(2, 0, Vec::new());
        let user = UserId::new("olena").unwrap();
        let welcome = (0..20).filter(|_| limits.check_user(&user).is_ok()).count();
        assert_eq!(welcome, 10);
        assert!(limits.check_user(&UserId::new("ivan").unwrap()).is_ok());
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_address() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}
