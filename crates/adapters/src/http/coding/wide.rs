//! Texts of more than a byte a sign: UTF-16 and UTF-32, with a byte-order mark or without.

/// Reads the bytes of one sign, or of a half of one.
type Unit = fn(&[u8]) -> Option<u32>;

/// The encodings and their bytes a unit. In UTF-32 as UTF-16 every second unit would be 0.
const ENCODINGS: [(usize, Unit); 4] = [
    (4, |unit| Some(u32::from_le_bytes(unit.try_into().ok()?))),
    (4, |unit| Some(u32::from_be_bytes(unit.try_into().ok()?))),
    (2, |unit| Some(u16::from_le_bytes(unit.try_into().ok()?).into())),
    (2, |unit| Some(u16::from_be_bytes(unit.try_into().ok()?).into())),
];

/// `body` in UTF-8, if it is such a text. Most signs of an answer are ASCII, whatever language
/// its words are in. U+FFFD stands for what is no sign.
pub(super) fn text(body: &[u8]) -> Option<Vec<u8>> {
    ENCODINGS.iter().find_map(|(width, unit)| {
        let units: Vec<u32> = body.chunks_exact(*width).filter_map(unit).collect();
        let is_ascii = |unit: &&u32| matches!(**unit, 0x20..0x7f | 0x9 | 0xa | 0xd);
        let ascii = units.iter().filter(is_ascii).count();
        (2 * ascii > units.len()).then(|| decoded(*width, &units).into_bytes())
    })
}

fn decoded(width: usize, units: &[u32]) -> String {
    if width == 4 {
        return units.iter().map(|unit| char::from_u32(*unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    let halves = units.iter().filter_map(|unit| u16::try_from(*unit).ok());
    char::decode_utf16(halves).map(|sign| sign.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"access_token\":\"a\",\"name\":\"Олена \u{1f3e0}\"}";

    /// `text` in each encoding.
    fn encoded(text: &str) -> [Vec<u8>; 4] {
        let (signs, halves) = (|| text.chars().map(u32::from), || text.encode_utf16());
        [
            signs().flat_map(u32::to_le_bytes).collect(),
            signs().flat_map(u32::to_be_bytes).collect(),
            halves().flat_map(u16::to_le_bytes).collect(),
            halves().flat_map(u16::to_be_bytes).collect(),
        ]
    }

    #[test]
    fn a_text_is_read_with_its_mark_and_without() {
        for whole in [TEXT.to_owned(), format!("\u{feff}{TEXT}"), format!("\r\n{TEXT}\n")] {
            for bytes in encoded(&whole) {
                assert_eq!(text(&bytes).as_deref(), Some(whole.as_bytes()), "{bytes:x?}");
                // A sign that was cut is none.
                let cut = text(&bytes[..bytes.len() - 1]).unwrap();
                assert!(whole.as_bytes().starts_with(&cut) && cut.len() + 1 == whole.len(), "{bytes:x?}");
            }
        }
    }

    #[test]
    fn what_is_no_sign_is_replaced_and_nothing_else_is_such_a_text() {
        let half = [encoded("{\"a\":\"")[2].as_slice(), &0xd800_u16.to_le_bytes(), &encoded("\"}")[2]].concat();
        assert_eq!(text(&half).as_deref(), Some("{\"a\":\"\u{fffd}\"}".as_bytes()));
        for other in [TEXT.as_bytes(), b"", b"{", &[0; 64], &[0x7b; 64], &[0xff; 64], "Привет, мир".as_bytes()]
        {
            assert_eq!(text(other), None, "{other:x?}");
        }
    }
}
