//! Notes: `/api/v4/{leads|contacts|companies}/notes` and `/api/v4/{…}/{id}/notes`.

mod address;
mod read;
mod view;
mod write;

use crate::endpoint::{Endpoint, delete, get, patch, post};

pub(crate) use view::{View, view};

/// What is answered for notes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let lists = ["/{kind:leads|contacts|companies}/notes", "/{kind:leads|contacts|companies}/{entity:[0-9]+}/notes"];
    lists.into_iter().flat_map(under).collect()
}

/// What is answered for a list of notes and for each of them.
fn under(list: &str) -> Vec<Endpoint> {
    let one = format!("{list}/{{note:[0-9]+}}");
    vec![
        get(list, read::list),
        post(list, write::add),
        patch(list, write::edit),
        get(&one, read::one),
        patch(&one, write::edit_one),
        delete(&one, write::delete),
        post(format!("{one}/{{what:pin|unpin}}"), write::pin),
    ]
}
