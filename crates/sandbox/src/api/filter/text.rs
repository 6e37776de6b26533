//! `query`: a text that is looked for in names, fields and telephone numbers.

use super::Query;

/// So many digits of a telephone number are compared, whatever stands before them.
const COMPARED_DIGITS: usize = 10;

/// What is looked for.
pub(super) struct Text {
    lower: String,
    /// The last digits, if it may be a telephone number.
    digits: Option<String>,
}

impl Text {
    /// The text of `query`, unless it is empty.
    pub(super) fn of(query: &Query) -> Option<Self> {
        query.text("query").map(Self::new)
    }

    fn new(text: &str) -> Self {
        let is_of_number = |letter: char| letter.is_ascii_digit() || " +-()".contains(letter);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let start = digits.len().checked_sub(COMPARED_DIGITS).filter(|_| text.chars().all(is_of_number));
        let digits = start.and_then(|start| digits.get(start..)).map(str::to_owned);
        Self { lower: text.to_lowercase(), digits }
    }

    /// Whether it is in what an entity is found by.
    pub(super) fn is_in(&self, search: &str) -> bool {
        search.contains(&self.lower) || self.digits.as_ref().is_some_and(|digits| search.contains(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_compared_by_their_last_ten_digits() {
        let stored = "ганна\n+380 67 000 12 34\n380670001234";
        for found in ["+380670001234", "8 (067) 000-12-34", "0670001234", "000 12 34", "ГАННА"] {
            assert!(Text::new(found).is_in(stored), "{found}");
        }
        for other in ["+380670001235", "ганна 0670001234", "1670001234"] {
            assert!(!Text::new(other).is_in(stored), "{other}");
        }
    }
}
