//! When a body that still grows is looked at again: with each chunk, a body that comes a byte at a time would be read
//! through as often as it has bytes.

/// How much of a body has been looked at.
#[derive(Debug, Default)]
pub(super) struct Growth(usize);

impl Growth {
    /// Whether a body of this length has something new.
    pub(super) fn is_new(&self, length: usize) -> bool {
        length > self.0
    }

    /// Whether a body of this length has grown by an eighth. All looks together then read some nine times its length.
    pub(super) fn is_worth_a_look(&self, length: usize) -> bool {
        length - self.0 > self.0 / 8
    }

    /// The body was looked at when it had this length.
    pub(super) fn looked_at(&mut self, length: usize) {
        self.0 = length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_comes_a_byte_at_a_time_is_looked_at_a_hundred_times() {
        let (mut growth, mut looks, mut read) = (Growth::default(), 0, 0);
        for length in 1..=64 * 1024 {
            if growth.is_worth_a_look(length) {
                growth.looked_at(length);
                (looks, read) = (looks + 1, read + length);
            }
        }
        assert!((50..=100).contains(&looks), "{looks}");
        assert!(read < 10 * 64 * 1024, "{read}");
    }

    #[test]
    fn a_first_chunk_is_looked_at_and_then_what_has_come_since() {
        let mut growth = Growth::default();
        assert!(growth.is_worth_a_look(1));
        growth.looked_at(800);
        assert!(!growth.is_new(800) && growth.is_new(801));
        assert!(!growth.is_worth_a_look(900) && growth.is_worth_a_look(901));
    }
}
