//! The shares of a rate limit as text: `[place, [[asker, share, until], …], [share, …]]`.

use amo_connect_domain::rate_limit::{Announced, Share, Shares, UserTag};
use jiff::Timestamp;

/// The place in the cycle, the calls that wait, and the users who had the last turns.
type Written = (u8, Vec<(u32, String, i64)>, Vec<String>);

/// `None` if there is nothing to know.
pub(super) fn text(shares: &Shares) -> Option<String> {
    if *shares == Shares::default() {
        return None;
    }
    let announced = |one: &Announced| (one.asker, share_text(one.share), one.until.as_microsecond());
    let written: Written = (
        shares.place,
        shares.announced.iter().map(announced).collect(),
        shares.served.iter().copied().map(share_text).collect(),
    );
    serde_json::to_string(&written).ok()
}

/// What another build wrote in another way is unknown: it is worth seconds at most.
pub(super) fn read(text: &str) -> Shares {
    let Ok((place, announced, served)) = serde_json::from_str::<Written>(text) else { return Shares::default() };
    let announced = announced.into_iter().filter_map(|(asker, share, until)| {
        Some(Announced { asker, share: read_share(&share)?, until: Timestamp::from_microsecond(until).ok()? })
    });
    let served = served.iter().filter_map(|share| read_share(share));
    Shares { place, announced: announced.collect(), served: served.collect() }
}

fn share_text(share: Share) -> String {
    match share {
        Share::Refresh => "f".to_owned(),
        Share::Read => "r".to_owned(),
        Share::Write(UserTag(tag)) => format!("w{tag:x}"),
        Share::Exchange(UserTag(tag)) => format!("x{tag:x}"),
    }
}

fn read_share(text: &str) -> Option<Share> {
    let tag = || u32::from_str_radix(text.get(1..)?, 16).ok().map(UserTag);
    match text.get(..1)? {
        "f" => Some(Share::Refresh),
        "r" => Some(Share::Read),
        "w" => tag().map(Share::Write),
        "x" => tag().map(Share::Exchange),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_they_were_written() {
        let until = Timestamp::from_microsecond(1_795_428_000_123_456).unwrap();
        let all = [Share::Refresh, Share::Read, Share::Write(UserTag(0)), Share::Exchange(UserTag(u32::MAX))];
        let announced = (7..).zip(all).map(|(asker, share)| Announced { asker, share, until }).collect();
        let shares = Shares { place: 11, announced, served: all[2..].to_vec() };
        let text = text(&shares).unwrap();
        assert_eq!(
            text,
            "[11,[[7,\"f\",1795428000123456],[8,\"r\",1795428000123456],[9,\"w0\",1795428000123456],\
             [10,\"xffffffff\",1795428000123456]],[\"w0\",\"xffffffff\"]]"
        );
        assert_eq!(read(&text), shares);
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        assert_eq!(text(&Shares::default()), None);
        for text in ["", "{}", "[1]", "[1,[[1,\"f\"]],[]]"] {
            assert_eq!(read(text), Shares::default(), "{text}");
        }
        assert_eq!(
            read("[1,[[1,\"é\",0],[1,\"f\",9223372036854775807]],[\"w\",\"q1\",\"x1\"]]"),
            Shares { place: 1, announced: Vec::new(), served: vec![Share::Exchange(UserTag(1))] }
        );
    }
}
