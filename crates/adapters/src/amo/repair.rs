//! Text that is nearly JSON, made JSON: one value that no parser takes must not lose the page
//! around it. For answers of the API alone: a token that is mended is no token.

use serde_json::Value;

/// How deep values may lie in each other: as deep as `serde_json` follows them.
const DEEPEST: usize = 127;

/// The begin of a UTF-8 text, as some write it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// `body` without what no JSON may have. JSON comes back as it was, unless it is deeper than
/// [`DEEPEST`] or has a number beyond a double.
///
/// - U+FFFD stands for a byte that is no UTF-8, half a surrogate pair, and a backslash that
///   begins no escape.
/// - A control character within a text is escaped.
/// - `null` stands for a word or number that JSON has not (`NaN`, `1e400`), and for what lies too
///   deep.
/// - A byte-order mark at the beginning is left out.
pub(super) fn repaired(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut repair =
        Repair { rest: text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text), done: String::new(), depth: 0 };
    repair.done.reserve(text.len());
    while let Some(next) = repair.rest.chars().next() {
        match next {
            '"' => repair.text(),
            '{' | '[' => repair.open(),
            '}' | ']' => {
                repair.depth = repair.depth.saturating_sub(1);
                repair.keep(1);
            }
            next if is_in_a_word(next) => repair.code(),
            next => repair.keep(next.len_utf8()),
        }
    }
    repair.done
}

struct Repair<'a> {
    rest: &'a str,
    done: String,
    depth: usize,
}

impl Repair<'_> {
    /// Keeps the next `length` bytes.
    fn keep(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.done.push_str(kept);
        self.rest = rest;
    }

    /// Puts `instead` in the place of the next `length` bytes.
    fn replace(&mut self, length: usize, instead: &str) {
        self.rest = &self.rest[length..];
        self.done.push_str(instead);
    }

    fn open(&mut self) {
        if self.depth < DEEPEST {
            self.depth += 1;
            return self.keep(1);
        }
        // All of it, as far as it goes: its quotes are looked at, for there may be brackets in them.
        let kept = self.done.len();
        let outside = self.depth;
        loop {
            match self.rest.chars().next() {
                None => break,
                Some('"') => self.text(),
                Some(next) => {
                    match next {
                        '{' | '[' => self.depth += 1,
                        '}' | ']' => self.depth -= 1,
                        _ => {}
                    }
                    self.rest = &self.rest[next.len_utf8()..];
                }
            }
            if self.depth == outside {
                break;
            }
        }
        self.done.truncate(kept);
        self.done.push_str("null");
    }

    /// A number, `true`, `false`, `null`, or what stands in such a place.
    fn code(&mut self) {
        let length = self.rest.find(|next| !is_in_a_word(next)).unwrap_or(self.rest.len());
        if serde_json::from_str::<Value>(&self.rest[..length]).is_ok() {
            self.keep(length);
        } else {
            self.replace(length, "null");
        }
    }

    /// A text with its quotes.
    fn text(&mut self) {
        self.keep(1);
        loop {
            let plain = self.rest.find(|next| next < ' ' || next == '"' || next == '\\').unwrap_or(self.rest.len());
            self.keep(plain);
            match self.rest.chars().next() {
                None => return,
                Some('"') => return self.keep(1),
                Some('\\') => self.escape(),
                Some(control) => self.replace(control.len_utf8(), &format!("\\u{:04x}", u32::from(control))),
            }
        }
    }

    fn escape(&mut self) {
        let escaped = self.rest.as_bytes().get(1).copied().unwrap_or_default();
        match (escaped, code_unit(self.rest)) {
            (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', _) => self.keep(2),
            (_, Some(0xD800..=0xDBFF)) => match code_unit(&self.rest[UNIT..]) {
                Some(0xDC00..=0xDFFF) => self.keep(2 * UNIT),
                _ => self.replace(UNIT, "\u{fffd}"),
            },
            (_, Some(0xDC00..=0xDFFF)) => self.replace(UNIT, "\u{fffd}"),
            (_, Some(_)) => self.keep(UNIT),
            (_, None) => self.replace(1, "\u{fffd}"),
        }
    }
}

/// The length of `\u0041`.
const UNIT: usize = 6;

/// The code unit of UTF-16 that `text` begins with as an escape.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..UNIT - 2)?;
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Numbers and words without quotes are made of these.
fn is_in_a_word(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '+' | '-' | '.')
}

#[cfg(test)]
mod tests;
