//! Reading JSON that may be damaged: member by member, as far as it goes.
//!
//! It takes more than JSON has: what is in a string, a number or a literal is left to whoever
//! reads the value.

/// Deeper JSON is no answer of amoCRM's.
const DEEPEST: u8 = 128;

/// Why an object was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ends within it.
    Ended,
    /// It is no JSON object from here on.
    NotJson,
}

/// One member of an object, as its bytes.
pub(super) struct Member<'a> {
    /// The name, in its quotes.
    pub(super) name: &'a [u8],
    /// The value; of a text in its quotes.
    pub(super) value: &'a [u8],
    /// Whether the value was read to its end.
    pub(super) is_whole: bool,
}

/// A place in a text.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// How far it has read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Reads the object that begins here, and shows its members one by one.
    pub(super) fn object(&mut self, see: &mut dyn FnMut(&Member<'a>)) -> Result<(), Stop> {
        self.members(0, see)
    }

    fn members(&mut self, depth: u8, see: &mut dyn FnMut(&Member<'a>)) -> Result<(), Stop> {
        self.entries(b'{', b'}', |this| {
            let name = this.quoted()?;
            this.skip_blanks();
            this.expect(b':')?;
            this.skip_blanks();
            let begin = this.at;
            let read = this.value(depth);
            see(&Member { name, value: &this.text[begin..this.at], is_whole: read.is_ok() });
            read
        })
    }

    fn value(&mut self, depth: u8) -> Result<(), Stop> {
        match self.next()? {
            b'{' | b'[' if depth == DEEPEST => Err(Stop::NotJson),
            b'{' => self.members(depth + 1, &mut |_| ()),
            b'[' => self.entries(b'[', b']', |this| this.value(depth + 1)),
            b'"' => self.quoted().map(drop),
            _ => self.code(),
        }
    }

    /// What stands between `open` and `close`, separated by commas.
    fn entries(
        &mut self,
        open: u8,
        close: u8,
        mut entry: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.expect(open)?;
        self.skip_blanks();
        if self.next()? == close {
            return self.expect(close);
        }
        loop {
            entry(self)?;
            self.skip_blanks();
            if self.next()? == close {
                return self.expect(close);
            }
            self.expect(b',')?;
            self.skip_blanks();
        }
    }

    fn quoted(&mut self) -> Result<&'a [u8], Stop> {
        let begin = self.at;
        self.expect(b'"')?;
        loop {
            match self.next()? {
                b'"' => {
                    self.at += 1;
                    return Ok(&self.text[begin..self.at]);
                }
                // Whatever is escaped does not end it.
                b'\\' if self.at + 1 < self.text.len() => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// A number, `true`, `false`, `null`, or what somebody took for one.
    fn code(&mut self) -> Result<(), Stop> {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(byte)).count();
        self.at += length;
        if length > 0 { Ok(()) } else { Err(Stop::NotJson) }
    }

    fn skip_blanks(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    }

    fn next(&self) -> Result<u8, Stop> {
        self.text.get(self.at).copied().ok_or(Stop::Ended)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.next()? != byte {
            return Err(Stop::NotJson);
        }
        self.at += 1;
        Ok(())
    }
}
