//! Which objects of a text are in no other one, though any of them may be damaged.
//!
//! - A brace opens an object if a name and a colon follow it; the name may lack its quotes, as in
//!   a script. Any other brace is a sign like the others: notices have such.
//! - An object that can be read ends with its brace. All that is in it is nested.
//! - One that cannot be read to its end goes on until its braces balance, whatever stands
//!   between. All that is in it is nested. If a text stands right before what cannot be read, that
//!   text may lack its quote: braces that it opens count.
//! - Where they never balance, it broke off. Nested is what was read of it, and later each object
//!   that is a value: after a colon or an opening bracket. Others after the break are not: they
//!   are what was written after it, as an answer that is begun anew.

mod scan;

pub(super) use scan::Member;
use scan::{Scanner, Stop};

/// Objects that broke off; each costs a walk to the end of the text.
const MOST_BROKEN_OFF: usize = 64;

/// The objects of a text that are in no other object, one after the other.
pub(super) struct Objects<'a> {
    text: &'a [u8],
    at: usize,
    broken_off: usize,
}

/// An object, as far as it can be read.
pub(super) struct Object<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether it was read up to its closing brace.
    pub(super) is_whole: bool,
}

impl<'a> Objects<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, broken_off: 0 }
    }

    /// Reads the next object, and shows its members one by one.
    pub(super) fn next(&mut self, see: &mut dyn FnMut(&Member<'a>)) -> Option<Object<'a>> {
        while self.broken_off < MOST_BROKEN_OFF {
            let begin = self.at + self.text.get(self.at..)?.iter().position(|byte| *byte == b'{')?;
            self.at = begin + 1;
            if !opens_object(&self.text[begin + 1..]) {
                continue;
            }
            if self.broken_off > 0 && is_value(&self.text[..begin]) {
                self.read(begin, &mut |_| ());
                continue;
            }
            return Some(self.read(begin, see));
        }
        None
    }

    fn read(&mut self, begin: usize, see: &mut dyn FnMut(&Member<'a>)) -> Object<'a> {
        let mut scanner = Scanner::new(self.text, begin);
        let read = scanner.object(see);
        let end = scanner.at();
        self.at = match read {
            Ok(()) => end,
            Err(Stop::Ended) => self.text.len(),
            Err(Stop::NotJson) => {
                // Right after a text: that one may lack its quote, and end with one of what follows it.
                let text = self.text[scanner.last_quoted()..end].trim_ascii_end();
                let swallowed = if text.last() == Some(&b'"') { opened(text) } else { 0 };
                closing(self.text, end, scanner.open_braces() + swallowed).unwrap_or_else(|| {
                    self.broken_off += 1;
                    scanner.last_quoted().max(begin + 1)
                })
            }
        };
        Object { bytes: &self.text[begin..end], is_whole: read.is_ok() }
    }
}

/// Whether a name and a colon stand here: quoted in either way, or a word.
fn opens_object(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let after = if let [quote @ (b'"' | b'\''), name @ ..] = text {
        after_quoted(name, *quote)
    } else {
        let length = text.iter().take_while(|byte| is_in_a_name(**byte)).count();
        (length > 0).then(|| &text[length..])
    };
    after.is_some_and(|after| after.trim_ascii_start().first() == Some(&b':'))
}

fn after_quoted(name: &[u8], quote: u8) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        match name.get(at)? {
            b'\\' => at += 2,
            byte if *byte == quote => return name.get(at + 1..),
            _ => at += 1,
        }
    }
}

fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_$-".contains(&byte) || !byte.is_ascii()
}

/// Whether what follows `before` stands where a value of JSON does.
fn is_value(before: &[u8]) -> bool {
    matches!(before.trim_ascii_end().last(), Some(b':' | b'['))
}

/// How many more braces are opened here than closed.
fn opened(text: &[u8]) -> usize {
    let parts = |brace| text.split(|byte| *byte == brace).count();
    parts(b'{').saturating_sub(parts(b'}'))
}

/// Past the brace that closes the `open` ones.
fn closing(text: &[u8], from: usize, mut open: usize) -> Option<usize> {
    let length = text[from..].iter().position(|byte| {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        open == 0
    })?;
    Some(from + length + 1)
}
