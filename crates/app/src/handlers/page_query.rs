//! The page that a list is asked for.

use amo_connect_domain::crm::page::PageRequest;

use super::query::{each, number};
use crate::error::ApiError;

/// The page where none is asked for.
pub(super) const FIRST: PageRequest = PageRequest { page: 1, limit: 50 };

/// The most that notes and tasks have on a page.
pub(super) const MOST: u32 = 250;

/// The most events on a page.
pub(super) const MOST_EVENTS: u32 = 100;

/// Reads a query that has a page of at most `most` entries, and no more.
pub(super) fn read(query: &str, most: u32) -> Result<PageRequest, ApiError> {
    let mut wanted = FIRST;
    each(query, |name, value| take(&mut wanted, most, name, value))?;
    Ok(wanted)
}

/// Takes a parameter of a page, if it is one.
pub(super) fn take(wanted: &mut PageRequest, most: u32, name: &str, value: &str) -> Result<bool, ApiError> {
    match name {
        "page" => wanted.page = number(name, value, 1, i32::MAX.unsigned_abs())?,
        "limit" => wanted.limit = number(name, value, 1, most)?,
        _ => return Ok(false),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_first_fifty_unless_it_is_asked_for() {
        assert_eq!(read("", MOST).unwrap(), FIRST);
        assert_eq!(read("limit=100&page=3", MOST_EVENTS).unwrap(), PageRequest { page: 3, limit: 100 });
        for (query, field) in [
            ("limit=101", "limit"),
            ("limit=0", "limit"),
            ("page=0", "page"),
            ("page=1&page=2", "page"),
            ("order=id", "order"),
        ] {
            assert_eq!(read(query, MOST_EVENTS).unwrap_err().field(), Some(field), "{query}");
        }
    }
}
