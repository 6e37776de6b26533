use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::*;

/// How many texts are made up.
const TEXTS: u64 = 3_000;

fn nested(depth: usize, inner: &str) -> String {
    format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn what_no_json_may_have_is_replaced_and_nothing_around_it() {
    for (found, made) in [
        // Half a surrogate pair, at each place, beside whole ones and beside the other half.
        (r#"["\ud800"]"#, "[\"\u{fffd}\"]"),
        (r#"["\uDC00a"]"#, "[\"\u{fffd}a\"]"),
        (r#"["\ud83c\udfe0\ud83c"]"#, "[\"\\ud83c\\udfe0\u{fffd}\"]"),
        (r#"["\ud83c\ud83c\udfe0"]"#, "[\"\u{fffd}\\ud83c\\udfe0\"]"),
        (r#"["\udfe0\ud83c"]"#, "[\"\u{fffd}\u{fffd}\"]"),
        (r#"["\ud800\n\u0041"]"#, "[\"\u{fffd}\\n\\u0041\"]"),
        (r#"{"\ud800":1}"#, "{\"\u{fffd}\":1}"),
        // An escaped backslash begins no escape.
        (r#"["\\ud800"]"#, r#"["\\ud800"]"#),
        (r#"["\\\ud800"]"#, "[\"\\\\\u{fffd}\"]"),
        // Escapes that are none.
        (r#"["\x41\u12 \u+123"]"#, "[\"\u{fffd}x41\u{fffd}u12 \u{fffd}u+123\"]"),
        ("[\"\\\n\"]", "[\"\u{fffd}\\u000a\"]"),
        (r#"["\é"]"#, "[\"\u{fffd}é\"]"),
        // Control characters as they are.
        ("[\"a\0b\tc\nd\"]", r#"["a\u0000b\u0009c\u000ad"]"#),
        // Numbers and words that JSON has not.
        ("[1e400,-1e400,NaN,-Infinity,01,0x1F,.5,None]", "[null,null,null,null,null,null,null,null]"),
        ("[1e4,-0.5E-3,true,false,null,18446744073709551616]", "[1e4,-0.5E-3,true,false,null,18446744073709551616]"),
        (r#"["1e400 NaN \"NaN"]"#, r#"["1e400 NaN \"NaN"]"#),
        ("\u{feff}[1]", "[1]"),
    ] {
        assert_eq!(repaired(found.as_bytes()), made, "{found}");
        serde_json::from_str::<Value>(made).unwrap();
    }
}

#[test]
fn a_byte_that_is_no_utf_8_is_replaced() {
    assert_eq!(
        repaired(b"[\"a\xffb\",\"\xed\xa0\x80\",\"\xd0\"]"),
        "[\"a\u{fffd}b\",\"\u{fffd}\u{fffd}\u{fffd}\",\"\u{fffd}\"]"
    );
}

#[test]
fn what_lies_too_deep_is_null_and_the_rest_is_read() {
    let kept = nested(DEEPEST - 1, "null");
    for (inner, made) in [("7", "7"), ("[]", "null"), (r#"{"]":"[\ud800","a":[[1e400]]},[2]"#, "null,null")] {
        let text = format!("[{},1]", nested(DEEPEST - 1, inner));
        assert_eq!(repaired(text.as_bytes()), format!("[{},1]", kept.replace("null", made)));
        assert_eq!(serde_json::from_slice::<Value>(text.as_bytes()).is_ok(), inner == "7", "as deep as can be read");
        serde_json::from_str::<Value>(&repaired(text.as_bytes())).unwrap();
    }
    let deep = nested(100_000, "");
    serde_json::from_str::<Value>(&repaired(format!("[{deep},{deep},1]").as_bytes())).unwrap();
}

#[test]
fn what_is_no_json_at_all_stays_so() {
    let cut = format!("{}\"", "[".repeat(200));
    for text in
        ["", " ", "<html>502</html>", "{", "[\"a", "[\"\\", "[\"\\ud800", "{\"a\":1", "[1,]", "{a:1}", "]", &cut]
    {
        assert!(serde_json::from_str::<Value>(&repaired(text.as_bytes())).is_err(), "{text}");
    }
}

#[test]
fn json_comes_back_as_it_was() {
    for seed in 0..TEXTS {
        let text = Json(ChaCha8Rng::seed_from_u64(seed)).value(8);
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{seed}: {error}: {text}"));
        assert_eq!(repaired(text.as_bytes()), text, "{seed}");
    }
}

/// Whatever comes: it is mended in one go, and what was JSON before bytes of it were lost has no
/// more of what is mended here.
#[test]
fn what_is_repaired_needs_no_repair() {
    for seed in 0..TEXTS {
        let mut json = Json(ChaCha8Rng::seed_from_u64(seed));
        let mut text = json.value(6).into_bytes();
        for _ in 0..3 {
            let at = json.0.random_range(0..text.len());
            text[at] = json.0.random();
        }
        let once = repaired(&text);
        assert_eq!(repaired(once.as_bytes()), once, "{seed}");
    }
}

/// Makes JSON, in every spelling.
struct Json(ChaCha8Rng);

impl Json {
    fn one_of(&mut self, these: &[&str]) -> String {
        these[self.0.random_range(0..these.len())].to_owned()
    }

    fn blank(&mut self) -> String {
        self.one_of(&["", "", " ", "\n\t", "\r\n "])
    }

    fn value(&mut self, depth: u32) -> String {
        let (before, after) = (self.blank(), self.blank());
        let kinds = if depth == 0 { 3 } else { 5 };
        let value = match self.0.random_range(0..kinds) {
            0 => self.text(),
            1 => self.one_of(&["true", "false", "null"]),
            2 => self.one_of(&["0", "-0", "12", "-1.5", "1e308", "1E-400", "0.1e+2", "123456789012345678901234567890"]),
            3 => format!("[{}]", self.several(depth, |json| json.value(depth - 1))),
            _ => format!(
                "{{{}}}",
                self.several(depth, |json| { format!("{}{}:{}", json.blank(), json.text(), json.value(depth - 1)) })
            ),
        };
        format!("{before}{value}{after}")
    }

    fn several(&mut self, depth: u32, one: impl Fn(&mut Self) -> String) -> String {
        let several = self.0.random_range(0..=depth.min(3));
        (0..several).map(|_| one(self)).collect::<Vec<_>>().join(",")
    }

    fn text(&mut self) -> String {
        let parts = [
            "a",
            " ",
            "Олена",
            "🏖",
            "\u{7f}",
            "\u{2028}",
            "\u{fffd}",
            "\u{feff}",
            "\\\"",
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\u0000",
            "\\u0041",
            "\\uABCD",
            "\\uD83C\\uDFE0",
            "\\ud7ff",
            "\\ue000",
            "u",
            "[",
            "{",
            "}",
            "]",
            "1e400",
            "NaN",
            ",",
            ":",
        ];
        let length = self.0.random_range(0..6);
        let inner: String = (0..length).map(|_| self.one_of(&parts)).collect();
        format!("\"{inner}\"")
    }
}
