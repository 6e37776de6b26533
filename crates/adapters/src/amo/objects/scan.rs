//! Reading JSON that may be damaged: member by member, as far as it goes.
//!
//! It takes more than JSON has: what is in a string, a number or a literal is left to whoever
//! reads the value. However deep values lie in each other, it does not call itself.

/// Why an object was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ends within it.
    Ended,
    /// It is no JSON object from here on.
    NotJson,
}

/// One member of an object, as its bytes.
pub(in super::super) struct Member<'a> {
    /// The name, in its quotes.
    pub(in super::super) name: &'a [u8],
    /// The value; of a text in its quotes.
    pub(in super::super) value: &'a [u8],
    /// Whether the value was read to its end.
    pub(in super::super) is_whole: bool,
}

/// A place in a text.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// The brackets and braces that are open here.
    open: Vec<u8>,
    /// Where the last text in quotes begins.
    last_quoted: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at, open: Vec::new(), last_quoted: at }
    }

    /// How far it has read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How many braces are open here.
    pub(super) fn open_braces(&self) -> usize {
        self.open.split(|bracket| *bracket == b'{').count() - 1
    }

    /// Where the last text in quotes that it read begins.
    pub(super) fn last_quoted(&self) -> usize {
        self.last_quoted
    }

    /// Reads the object that begins here, and shows its members one by one.
    pub(super) fn object(&mut self, see: &mut dyn FnMut(&Member<'a>)) -> Result<(), Stop> {
        self.expect(b'{')?;
        self.open.push(b'{');
        self.skip_blanks();
        if self.is_closed()? {
            return Ok(());
        }
        loop {
            let name = self.name()?;
            let begin = self.at;
            let read = self.value();
            see(&Member { name, value: &self.text[begin..self.at], is_whole: read.is_ok() });
            read?;
            self.skip_blanks();
            if self.is_closed()? {
                return Ok(());
            }
            self.comma()?;
        }
    }

    /// Reads a value, with all that is in it.
    fn value(&mut self) -> Result<(), Stop> {
        let outside = self.open.len();
        loop {
            match self.next()? {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    self.open.push(bracket);
                    self.skip_blanks();
                    if !self.is_closed()? {
                        self.name_in_object()?;
                        continue;
                    }
                }
                b'"' => drop(self.quoted()?),
                _ => self.word()?,
            }
            while self.open.len() > outside {
                self.skip_blanks();
                if !self.is_closed()? {
                    self.comma()?;
                    self.name_in_object()?;
                    break;
                }
            }
            if self.open.len() == outside {
                return Ok(());
            }
        }
    }

    /// Passes the end of what was opened last, if it is here.
    fn is_closed(&mut self) -> Result<bool, Stop> {
        let closing = if self.open.last() == Some(&b'{') { b'}' } else { b']' };
        let is_closed = self.next()? == closing;
        if is_closed {
            self.open.pop();
            self.at += 1;
        }
        Ok(is_closed)
    }

    fn comma(&mut self) -> Result<(), Stop> {
        self.expect(b',')?;
        self.skip_blanks();
        Ok(())
    }

    /// The name of the next member, if this is within an object.
    fn name_in_object(&mut self) -> Result<(), Stop> {
        if self.open.last() == Some(&b'{') { self.name().map(drop) } else { Ok(()) }
    }

    /// A name with its colon.
    fn name(&mut self) -> Result<&'a [u8], Stop> {
        let name = self.quoted()?;
        self.skip_blanks();
        self.expect(b':')?;
        self.skip_blanks();
        Ok(name)
    }

    fn quoted(&mut self) -> Result<&'a [u8], Stop> {
        let begin = self.at;
        self.expect(b'"')?;
        self.last_quoted = begin;
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
    fn word(&mut self) -> Result<(), Stop> {
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
