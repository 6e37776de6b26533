//! When a webhook that was not taken is sent again, and when its destination is switched off.

/// More bad answers than this switch a destination off.
const MOST_BAD_ANSWERS: usize = 100;
/// In so many seconds.
const BAD_ANSWERS_COUNT_FOR: u64 = 2 * 60 * 60;

/// Whether an answer with this code means that the webhook was taken; 0 is no answer.
pub(super) fn is_taken(code: u16) -> bool {
    (100..300).contains(&code)
}

/// After how many seconds the next attempt follows those that were made, of which the last was
/// answered with `code`; `None` if there is none.
pub(super) fn next_after(attempts: usize, code: u16) -> Option<u64> {
    const MINUTE: u64 = 60;
    let is_server_error = code == 499 || (500..600).contains(&code);
    match attempts {
        _ if is_taken(code) => None,
        1 => Some(5 * MINUTE),
        2 => Some(15 * MINUTE),
        3 if is_server_error => Some(15 * MINUTE),
        4 if is_server_error => Some(60 * MINUTE),
        _ => None,
    }
}

/// When a destination gave its last bad answers.
#[derive(Debug, Default)]
pub(super) struct BadAnswers {
    at: Vec<u64>,
}

impl BadAnswers {
    /// Notes a bad answer at this second; says whether it is one too many.
    pub(super) fn note(&mut self, now: u64) -> bool {
        self.at.retain(|&at| at.saturating_add(BAD_ANSWERS_COUNT_FOR) >= now);
        self.at.push(now);
        self.at.len() > MOST_BAD_ANSWERS
    }

    /// How many there were in the two hours before the last one.
    pub(super) const fn count(&self) -> usize {
        self.at.len()
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.at.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of all attempts if each is answered with `code`.
    fn attempts(code: u16) -> Vec<u64> {
        let mut at = vec![0];
        while let Some(wait) = next_after(at.len(), code) {
            at.push(at[at.len() - 1] + wait);
        }
        at
    }

    #[test]
    fn the_ladder_has_three_steps_and_for_server_errors_five() {
        for code in [0, 99, 300, 404, 498, 600] {
            assert_eq!(attempts(code), [0, 300, 1200], "{code}");
        }
        for code in [499, 500, 503, 599] {
            assert_eq!(attempts(code), [0, 300, 1200, 2100, 5700], "{code}");
        }
        for code in [100, 200, 204, 299] {
            assert_eq!(attempts(code), [0], "{code}");
        }
    }

    #[test]
    fn the_code_of_the_last_attempt_counts() {
        assert_eq!(next_after(3, 404), None);
        assert_eq!(next_after(3, 502), Some(900));
        assert_eq!(next_after(4, 404), None);
    }

    #[test]
    fn the_101st_bad_answer_in_two_hours_is_one_too_many() {
        let mut answers = BadAnswers::default();
        assert!((0..100).all(|second| !answers.note(second)));
        assert!(answers.note(7200), "the first still counts");
        answers.clear();
        assert!((0..100).all(|second| !answers.note(second)));
        assert!(!answers.note(7201), "the first counts no longer");
        assert_eq!(answers.count(), 100);
    }
}
