//! `X-Forwarded-For`, as proxies and strangers write it.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use amo_connect::client_address::{ClientAddress, ClientAddresses};

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

/// Nobody else than a trusted proxy says who its client is, and no client is taken for the proxy.
pub(crate) fn forwarded_for(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(HeaderName::from_static("x-forwarded-for"), value);
    }
    let addresses = ClientAddresses::behind(vec!["10.0.0.0/8".parse().unwrap()]);
    assert_eq!(addresses.of(STRANGER, &headers), ClientAddress::Known(STRANGER));
    let named = addresses.of(PROXY, &headers);
    let is_blank = |value: &HeaderValue| value.as_bytes().iter().all(|byte| b", \t".contains(byte));
    if headers.get_all("x-forwarded-for").all(is_blank) {
        assert_eq!(named, ClientAddress::Known(PROXY), "nobody is named");
    }
    if let ClientAddress::Known(address) = named {
        assert_eq!(address, address.to_canonical(), "one client has one address");
    }
}
