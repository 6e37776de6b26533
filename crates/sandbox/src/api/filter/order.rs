//! `order[…]`: by which member, and which way.

use std::cmp::Reverse;

use super::{BadParameter, Field, Query};

/// The order that a request asks for.
pub(super) struct Order<E> {
    pub(super) name: &'static str,
    read: fn(&E) -> Option<u64>,
    pub(super) is_descending: bool,
}

impl<E> Order<E> {
    /// What `query` asks for; of several members the first of `orders` counts.
    pub(super) fn of(
        query: &Query,
        fields: &[Field<E>],
        orders: &[&'static str],
    ) -> Result<Option<Self>, BadParameter> {
        for &name in orders {
            let Some(&direction) = query.values(&["order", name]).first() else { continue };
            let Some(Field { read, .. }) = fields.iter().find(|field| field.name == name) else { continue };
            // The official library sends it as it was given, in capitals too.
            let is_descending = direction.eq_ignore_ascii_case("desc");
            if !is_descending && !direction.eq_ignore_ascii_case("asc") {
                let path = format!("order.{name}");
                return Err(BadParameter::new(path, "This value should be asc or desc."));
            }
            return Ok(Some(Self { name, read: *read, is_descending }));
        }
        Ok(None)
    }

    /// Sorts `found`; what is equal stays in the order it is in.
    pub(super) fn sort(&self, found: &mut [&E]) {
        if self.is_descending {
            found.sort_by_key(|entity| Reverse((self.read)(entity)));
        } else {
            found.sort_by_key(|entity| (self.read)(entity));
        }
    }
}
