//! Pages of the app's size out of pages of Harbour's, one of theirs for one of ours.

use amo_connect_domain::crm::lead::LeadPage;

use crate::answers::{Deal, Deals};

/// How many deals are on a page of Harbour's, whoever asks.
const PAGE: u32 = 20;

/// Which part of which page of Harbour's a page of ours is.
///
/// Our pages have the largest size that divides Harbour's: so none of them lies on two of theirs, and
/// none of theirs has a rest. A page may be shorter than the app wants; no deal is lost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) page: u32,
    skipped: usize,
    length: usize,
}

impl Window {
    /// Of our `page`, from 1, of at most `limit` deals.
    pub(crate) fn of(page: u32, limit: u32) -> Self {
        let size = (1..=limit.min(PAGE)).rev().find(|size| PAGE.is_multiple_of(*size)).unwrap_or(1);
        let on_theirs = PAGE / size;
        let before = page.saturating_sub(1);
        let length = |deals: u32| usize::try_from(deals).unwrap_or(usize::MAX);
        Self { page: before / on_theirs + 1, skipped: length(before % on_theirs * size), length: length(size) }
    }

    /// Our page out of theirs. Deleted deals have their places there.
    pub(crate) fn cut(&self, deals: Deals) -> LeadPage {
        let has_more = deals.more || deals.deals.len() > self.skipped + self.length;
        let ours = deals.deals.into_iter().skip(self.skipped).take(self.length);
        LeadPage { leads: ours.filter_map(Deal::into_lead).collect(), has_more }
    }
}

#[test]
fn no_page_of_ours_lies_on_two_of_theirs() {
    for (page, limit, theirs, skipped, length) in [
        (1, 50, 1, 0, 20),
        (3, 250, 3, 0, 20),
        (2, 20, 2, 0, 20),
        (2, 19, 1, 10, 10),
        (3, 10, 2, 0, 10),
        (5, 7, 2, 0, 5),
        (4, 7, 1, 15, 5),
        (21, 1, 2, 0, 1),
    ] {
        assert_eq!(Window::of(page, limit), Window { page: theirs, skipped, length }, "page {page} of {limit}");
    }
}
