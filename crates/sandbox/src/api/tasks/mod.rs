//! Tasks: `/api/v4/tasks` and one of them.

mod read;
mod write;

use super::list;
use crate::{
    endpoint::{Endpoint, get, patch, post},
    store::Task,
};

/// What is answered for tasks. They cannot be deleted here.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/tasks", read::list),
        post("/tasks", write::add),
        patch("/tasks", write::edit),
        get("/tasks/{id:[0-9]+}", list::one::<Task>),
        patch("/tasks/{id:[0-9]+}", write::edit_one),
    ]
}
