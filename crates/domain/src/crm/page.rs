//! Lists that come in pages.

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// The page, from 1.
    pub page: u32,
    /// The most entries a page, from 1.
    pub limit: u32,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it, in the list's order.
    pub items: Vec<T>,
    /// Whether the CRM names a next page.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page with nothing on it, after which none comes.
    pub fn empty() -> Self {
        Self { items: Vec::new(), has_more: false }
    }
}
