//! What is a pair and what is none, and that nothing around one can hide it.

use std::iter::repeat_with;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::*;

const PAIR: &str =
    r#"{"token_type":"Bearer","expires_in":86400,"access_token":"ey.J0-x_","refresh_token":"def502+/="}"#;

fn pair(access: &str, refresh: &str, life_s: Option<u64>) -> Found {
    let (access, refresh) = (access.to_owned(), refresh.to_owned());
    Found::Pair(Pair { access, refresh, life: life_s.map(Duration::from_secs) })
}

fn whole() -> Found {
    pair("ey.J0-x_", "def502+/=", Some(86_400))
}

fn found(body: impl AsRef<[u8]>) -> Found {
    Found::in_body(body.as_ref(), Some("sent"))
}

#[test]
fn what_stands_around_a_pair_is_ignored() {
    for around in [
        ("", ""),
        ("\u{feff}", ""),
        (" \r\n\t", "\n\n"),
        ("\0\0", "\0"),
        ("<br />\n<b>Notice</b>: Undefined index {x} in /a.php on line <b>1</b>\n", ""),
        ("#0 {main}\n  thrown", "}{{}"),
        ("for(;;);", ""),
        (")]}',\n", ""),
        ("callback(", ");"),
        ("{", ""),
        ("{\"", "\"}"),
        ("{\"a\" : \"", ""),
        ("{\"foo ", ""),
        ("<script>var x={a:{\"b\":1}};</script>", "<!-- {\"access_token\":1} -->"),
        ("{}{\"access_token\":\"old\"}", "{}"),
        ("[", "]"),
        ("[2026-11-28 09:00:00] ", " {\"hint\":\"Token has been revoked\"}"),
        ("\u{441}\u{442}\u{430}\u{440}\u{44b}\u{439} \"", "\""),
        ("\\", "\\"),
    ] {
        let body = format!("{}{PAIR}{}", around.0, around.1);
        assert_eq!(found(&body), whole(), "{body}");
    }
    let noise = b"\xff\xfe{\xc3".as_slice();
    assert_eq!(found([noise, PAIR.as_bytes(), noise].concat()), whole());
}

#[test]
fn whatever_else_is_in_its_object_is_ignored() {
    for more in [
        r#""server_time":1795000000"#,
        r#""data":{"access_token":"x","refresh_token":"y"}"#,
        r#""list":[{"access_token":"x","refresh_token":"y"},[[]],{}]"#,
        r#""deep":{"a":{"b":[{"c":null}]}}"#,
        r#""quotes":"\"}{\\""#,
        r#""half":"\ud800""#,
        r#""big":1e999,"odd":NaN"#,
        "\"line\":\"one\ntwo\"",
        r#""":"""#,
        r#""Access_token":"x","refresh_token ":"y""#,
    ] {
        let inner = PAIR.trim_matches(['{', '}']);
        for body in [format!("{{{inner},{more}}}"), format!("{{{more},{inner}}}"), format!("{{ {more} , {inner} \n}}")]
        {
            assert_eq!(found(&body), whole(), "{body}");
        }
    }
    let damaged = [b"{\"note\":\"\xff\xc3\",".as_slice(), &PAIR.as_bytes()[1..]].concat();
    assert_eq!(found(damaged), whole());
    let escaped = r#"{"access\u005ftoken":"\u0061\/b","refresh_token":"c\\d"}"#;
    assert_eq!(found(escaped), pair("a/b", "c\\d", None));
}

#[test]
fn both_halves_come_from_one_object_that_is_in_no_other() {
    for body in [
        r#"{"data":{"access_token":"a","refresh_token":"r"}}"#,
        r#"{"data":[{"access_token":"a","refresh_token":"r"}]}"#,
        r#"{"error":"x","request":{"access_token":"a","refresh_token":"r"}} and more"#,
        r#"{"data":{"access_token":"a","refresh_token":"r"}"#,
        r#"{"data":{"access_token":"a","refresh_token":"r""#,
        r#""{\"access_token\":\"a\",\"refresh_token\":\"r\"}""#,
        "access_token=a&refresh_token=r",
        "[\"access_token\",\"a\",\"refresh_token\",\"r\"]",
        "{\"hint\":\"Token has been revoked\"}",
        "{\"refresh_token\":\"sent\"}",
        "{\"access_token\":\"a\",\"refresh_token\":\"sent\"}",
        "",
        "{",
        "null",
    ] {
        assert_eq!(found(body), Found::Nothing, "{body}");
    }
    assert_eq!(found(r#"{"access_token":"a"}{"refresh_token":"r"}"#), Found::Half);
    let equal = r#"{"access_token":"a","refresh_token":"sent"}"#;
    assert_eq!(Found::in_body(equal.as_bytes(), None), pair("a", "sent", None), "a code compares nothing");
}

/// It may be the pair from before, or somebody's example: the good one must not be lost to it.
#[test]
fn an_object_in_a_damaged_one_makes_no_pair() {
    let inner = r#"{"access_token":"AAA","refresh_token":"RRR"}"#;
    for around in [
        // Damaged after it.
        (r#"{"error":"x","previous":"#, ",}"),
        (r#"{"previous":"#, "<br>Fatal error"),
        (r#"{"previous":"#, " oops"),
        (r#"{"previous":["#, "],]"),
        (r#"{"a":{"previous":"#, "}}}"),
        (r#"{"a":{"previous":"#, ",}"),
        // Damaged before it.
        (r#"{"error":"x",,"previous":"#, "}"),
        (r#"{"error":"x",,"previous":"#, ""),
        (r#"{"error":"x" "previous": "#, "<br>"),
        (r#"{"error":"x",,"previous":["#, ""),
        (r#"{"error":"x",,"list":[{"a":1},"#, "]}"),
        (r#"{"error":"a "b" c","previous":"#, "}"),
        (r#"{"error":"unexpected }" oops,"previous":"#, "}"),
        (r#"{"error":"unexpected {" oops,"previous":"#, "}"),
        (r#"{"error":NaN(1),"a":{"b":"#, "}}"),
        // In no quotes, or in the wrong ones.
        ("<script>window.cfg={demo:", "}</script>"),
        ("<script>window.cfg={demo:", ""),
        ("<script>window.cfg={demo:[", "]}</script>"),
        ("<script>window.cfg={a:1,demo:f(", ")}</script>"),
        (r#"{error:{"previous":"#, "}}"),
        ("{'previous': ", "}"),
        ("{'it\\'s': ", "}"),
        ("{ошибка: ", "}"),
        // In a text that was not escaped.
        (r#"{"request":""#, r#""}"#),
        (r#"{"error":"bad answer: "#, r#" at line 1"}"#),
    ] {
        let body = format!("{}{inner}{}", around.0, around.1);
        assert_eq!(found(&body), Found::Nothing, "{body}");
        // What comes when it is closed is its own.
        if body.matches('{').count() == body.matches('}').count() && !body.contains("unexpected") {
            assert_eq!(found(format!("{body}\n{PAIR}")), whole(), "{body}");
        }
    }
    let deep = 100_000;
    let wrapped = format!("{}{inner}{}", r#"{"a":"#.repeat(deep), "}".repeat(deep));
    assert_eq!(found(wrapped), Found::Nothing);
}

/// What was begun, and then written anew, hides nothing.
#[test]
fn a_pair_after_an_object_that_broke_off_counts() {
    for before in [
        r#"{"a":1,"#,
        r#"{"error":"x"#,
        r#"{"level":"debug","ctx":{"a":[1,2"#,
        r#"Notice: {"a": [1,2"#,
        r#"{"error":"x","previous":{"access_token":"AAA","refresh_token":"RRR"},"#,
        r#"{"previous":{"access_token":"AAA","refresh_token":"RR"#,
        "{code: 5, detail: ",
        "function f(){var a={b:1};if(a){g()}}\nbody{margin:0}",
    ] {
        for end in ["", "\n", "<br />"] {
            let body = format!("{before}{end}{PAIR}");
            // Where it stands as a member's value, it is one.
            let expected = if before.ends_with(": ") && end != "<br />" { Found::Nothing } else { whole() };
            assert_eq!(found(&body), expected, "{body}");
        }
    }
    for cut in 2..PAIR.len() - 1 {
        let body = format!("{}{PAIR}", &PAIR[..cut]);
        // Behind a colon it is a value of the first.
        assert_eq!(found(&body) == whole(), !PAIR[..cut].ends_with(':'), "{body}");
    }
}

#[test]
fn however_deep_a_value_is_it_hides_nothing() {
    let deep = 100_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let value = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        let tokens = &PAIR[1..PAIR.len() - 1];
        assert_eq!(found(format!("{{\"x\":{value},{tokens}}}")), whole());
        assert_eq!(found(format!("{{{tokens},\"x\":{value}}}")), whole());
    }
}

#[test]
fn an_object_that_breaks_off_counts_if_both_tokens_are_closed() {
    let tokens_end = PAIR.len() - 1;
    for end in 0..=PAIR.len() {
        let expected = if end >= tokens_end {
            whole()
        } else if end > PAIR.find(r#""ey"#).unwrap() {
            Found::Half
        } else {
            Found::Nothing
        };
        assert_eq!(found(&PAIR[..end]), expected, "{}", &PAIR[..end]);
    }
    let broken = format!("{} <b>Warning</b> {{\"x\":1}}", &PAIR[..tokens_end]);
    assert_eq!(found(broken), whole());
}

#[test]
fn a_part_of_a_pair_is_told_from_nothing() {
    for body in [
        r#"{"access_token":"a"}"#,
        r#"{"refresh_token":"r"}"#,
        r#"{"access_token":"a","refresh_token":null}"#,
        r#"{"access_token":"a","refresh_token":""}"#,
        r#"{"access_token":"a","refresh_token":"r s"}"#,
        r#"{"access_token":"eyJ0"#,
        r#"{"access_token":""#,
        r#"{"access_token":null,"refresh_token":"r"#,
        r#"{"access_token":"a"} {"hint":"x"}"#,
    ] {
        assert_eq!(found(body), Found::Half, "{body}");
    }
}

#[test]
fn a_damaged_token_is_no_token() {
    let tokens: [&[u8]; 13] = [
        b"\"\"",
        b"\" \"",
        b"\"a b\"",
        b"\"a\nb\"",
        b"\"a\x7f\"",
        b"\"a\xff\"",
        b"\"\xc3\xa9\"",
        br#""\u00e9""#,
        br#""a\ud800""#,
        br#""a\ud83d\ude00""#,
        br#""a\x""#,
        br#""a\n""#,
        b"7",
    ];
    for token in tokens {
        for (access, refresh) in [(token, b"\"r\"".as_slice()), (b"\"a\"", token)] {
            let parts = [b"{\"access_token\":".as_slice(), access, b",\"refresh_token\":", refresh, b"}"];
            let body = parts.concat();
            assert_eq!(found(&body), Found::Half, "{}", String::from_utf8_lossy(&body));
        }
    }
}

#[test]
fn of_several_the_last_counts() {
    let other = r#"{"access_token":"b","refresh_token":"s"}"#;
    let equal = r#"{"access_token":"c","refresh_token":"sent"}"#;
    for (body, expected) in [
        (format!("{other}{PAIR}"), whole()),
        (format!("{PAIR}\n{other}"), pair("b", "s", None)),
        (format!("{PAIR}{equal}"), whole()),
        (format!("{equal}{PAIR}{equal}"), whole()),
        (format!("{PAIR}{{\"access_token\":\"x\"}}"), whole()),
        (format!("{PAIR}{{\"access_token\":\"x"), whole()),
        (format!("{}{other}", &PAIR[..PAIR.len() - 1]), pair("b", "s", None)),
    ] {
        assert_eq!(found(&body), expected, "{body}");
    }
}

#[test]
fn of_a_repeated_member_the_last_that_can_be_used_counts() {
    for (body, expected) in [
        (r#"{"access_token":"a","access_token":"b","refresh_token":"r"}"#, pair("b", "r", None)),
        (r#"{"access_token":"a","access_token":null,"refresh_token":"r"}"#, pair("a", "r", None)),
        (r#"{"access_token":"a","refresh_token":"r","access_token":"b c"}"#, pair("a", "r", None)),
        (r#"{"refresh_token":"q","access_token":"a","refresh_token":"r"}"#, pair("a", "r", None)),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":60,"expires_in":70}"#, pair("a", "r", Some(70))),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":60,"expires_in":"x"}"#, pair("a", "r", Some(60))),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":" 60 "}"#, pair("a", "r", Some(60))),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":0}"#, pair("a", "r", None)),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":1e999}"#, pair("a", "r", None)),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":{"s":60}}"#, pair("a", "r", None)),
        (r#"{"access_token":"a","refresh_token":"r","expires_in":315360001}"#, pair("a", "r", None)),
    ] {
        assert_eq!(found(body), expected, "{body}");
    }
    let damaged = b"{\"access_token\":\"a\",\"access_token\":\"\xff\",\"refresh_token\":\"r\"}";
    assert_eq!(found(damaged), pair("a", "r", None));
}

/// Any JSON, of some depth.
fn value(dice: &mut ChaCha8Rng, depth: u8) -> Value {
    let text = |dice: &mut ChaCha8Rng| {
        let signs = ['a', '"', '\\', '{', '}', '[', ',', ':', ' ', '\n', '\u{e9}', '\u{1f600}', '\0'];
        repeat_with(|| signs[dice.random_range(0..signs.len())]).take(5).collect::<String>()
    };
    match dice.random_range(0..if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => dice.random::<bool>().into(),
        2 => dice.random::<i64>().into(),
        3 => dice.random::<f64>().into(),
        4 => text(dice).into(),
        5 => (0..3).map(|_| value(dice, depth - 1)).collect(),
        _ => (0..3).map(|_| (text(dice), value(dice, depth - 1))).collect::<serde_json::Map<_, _>>().into(),
    }
}

#[test]
fn a_pair_in_any_json_and_between_any_noise_is_found() {
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    for round in 0..2_000 {
        let mut object = value(&mut dice, 0);
        while !object.is_object() {
            object = value(&mut dice, 3);
        }
        object["access_token"] = "a".into();
        object["more"] = value(&mut dice, 2);
        object["refresh_token"] = "r".into();
        object["last"] = value(&mut dice, 2);
        let text = if round % 2 == 0 { object.to_string() } else { format!("{object:#}") };
        // Noise without a quote or a colon: no text and no object begins in it, to swallow what follows.
        let noise: String = repeat_with(|| char::from(dice.random_range(b';'..=b'~'))).take(9).collect();
        let body = format!("{noise}\n{text}{noise}");
        assert_eq!(found(&body), pair("a", "r", None), "round {round}: {body}");
        let nested = json!({ "data": object }).to_string();
        assert_eq!(found(&nested), Found::Nothing, "round {round}: {nested}");
    }
}

#[test]
fn no_bytes_make_it_panic_or_take_long() {
    let mut dice = ChaCha8Rng::seed_from_u64(2);
    let signs = b"{}[]\",:\\a1 \"access_token\"\"refresh_token\"";
    for _ in 0..2_000 {
        let body: Vec<u8> = repeat_with(|| signs[dice.random_range(0..signs.len())]).take(200).collect();
        found(body);
    }
    let begun = std::time::Instant::now();
    for unit in
        ["{", "{a:", "{a:1}", "{\"a\":\"{x:\"b", "{\"a\":", "[", "{\"a\":[", "{\"{\"", "\\", "{\"a\":1,", "{\"a\":{},"]
    {
        let body = unit.repeat(64 * 1024 / unit.len());
        assert_eq!(found(&body), Found::Nothing, "{unit}");
        assert_eq!(found(body + "!"), Found::Nothing, "{unit}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
