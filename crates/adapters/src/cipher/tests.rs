use super::*;

const ONE: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const TWO: &str = "two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn keys(list: &str) -> TokenKeys {
    TokenKeys::parse(list).unwrap()
}

fn row() -> RowIdentity {
    RowIdentity::new("connections", b"olena")
}

fn sealed(keys: &TokenKeys) -> Vec<u8> {
    keys.seal(&AccessToken::new("access-token"), &RefreshToken::new("refresh-token"), &row()).unwrap()
}

fn opens(keys: &TokenKeys, blob: &[u8], row: &RowIdentity) -> bool {
    let Ok((access, refresh)) = keys.open(blob, row) else { return false };
    assert_eq!((access.expose(), refresh.expose()), ("access-token", "refresh-token"));
    true
}

#[test]
fn sealed_tokens_open_again_and_show_nothing() {
    let keys = keys(ONE);
    let blob = sealed(&keys);
    assert!(opens(&keys, &blob, &row()));
    assert!(!blob.windows(5).any(|window| window == b"token"));
}

#[test]
fn the_same_tokens_are_never_sealed_alike() {
    let keys = keys(ONE);
    assert_ne!(sealed(&keys), sealed(&keys));
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = sealed(&keys(ONE));
    let both = keys(&format!("{TWO}, {ONE}"));
    assert!(opens(&both, &old, &row()));
    let new = sealed(&both);
    assert!(opens(&keys(TWO), &new, &row()));
    assert!(!opens(&keys(ONE), &new, &row()));
}

#[test]
fn a_blob_opens_in_its_own_row_alone() {
    let keys = keys(ONE);
    let blob = sealed(&keys);
    for other in [
        RowIdentity::new("connections", b"ivan"),
        RowIdentity::new("exchanges", b"olena"),
        RowIdentity::new("connections", b"olena\0"),
        RowIdentity::new("connections\0o", b"lena"),
    ] {
        assert!(!opens(&keys, &blob, &other));
    }
}

#[test]
fn no_bit_can_be_flipped_and_no_byte_cut_off() {
    let keys = keys(ONE);
    let blob = sealed(&keys);
    for bit in 0..blob.len() * 8 {
        let mut flipped = blob.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(&keys, &flipped, &row()), "bit {bit}");
    }
    for length in 0..blob.len() {
        assert!(!opens(&keys, &blob[..length], &row()), "length {length}");
    }
}

#[test]
fn a_generated_entry_is_a_usable_key_of_its_own() {
    let (first, second) = (TokenKeys::generate_entry().unwrap(), TokenKeys::generate_entry().unwrap());
    assert_ne!(*first, *second);
    let both = keys(&format!("{},{}", *first, *second));
    assert!(opens(&both, &sealed(&both), &row()));
}

#[test]
fn a_bad_list_is_refused_by_the_place_of_its_entry() {
    let swapped = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:one";
    let unpadded = "two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    let cases = [
        (String::new(), InvalidTokenKeys::Empty),
        (format!("{ONE},"), InvalidTokenKeys::NoId(2)),
        ("c2VjcmV0".to_owned(), InvalidTokenKeys::NoId(1)),
        (swapped.to_owned(), InvalidTokenKeys::BadId(1)),
        (format!(":{ONE}"), InvalidTokenKeys::BadId(1)),
        (format!("{ONE},{unpadded}"), InvalidTokenKeys::NotBase64(2)),
        ("one:c2VjcmV0".to_owned(), InvalidTokenKeys::BadLength(1)),
        (format!("{ONE},{TWO},{ONE}"), InvalidTokenKeys::SameId(1, 3)),
        (format!("{ONE},{}", ONE.replace("one", "two")), InvalidTokenKeys::SameKey(1, 2)),
    ];
    for (list, expected) in cases {
        assert_eq!(TokenKeys::parse(&list).err(), Some(expected), "{expected}");
    }
}

#[test]
fn keys_do_not_show_in_debug() {
    assert_eq!(format!("{:?}", keys(&format!("{ONE},{TWO}"))), "TokenKeys(2)");
}
