//! The query of `GET /tasks`.

use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::usecase::{Responsible, TaskRequest};
use utoipa::{IntoParams, ToSchema};

use super::page_query::{self, FIRST, MOST};
use super::query::{each, refusal, responsible};
use crate::error::ApiError;

/// Which tasks are listed.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(rename_all = "camelCase", parameter_in = Query)]
pub struct TaskQuery {
    /// The page, from 1.
    #[param(required = false, minimum = 1, maximum = 2_147_483_647, default = 1)]
    page: u32,
    /// Tasks a page.
    #[param(required = false, minimum = 1, maximum = 250, default = 50)]
    limit: u32,
    /// The order; with `-` the one that is due last is the first.
    #[param(inline, required = false)]
    order: Due,
    /// Only tasks that this person is responsible for: a number, or `me` for the user who connected.
    #[param(value_type = Option<String>, pattern = "^(me|[0-9]+)$", example = "me")]
    responsible_user_id: Option<Responsible>,
    /// Only tasks that are completed, or are not.
    is_completed: Option<bool>,
}

/// The order of a list of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(default = "completeTill")]
enum Due {
    #[default]
    #[schema(rename = "completeTill")]
    First,
    #[schema(rename = "-completeTill")]
    Last,
}

impl TaskQuery {
    /// Reads the query of a request.
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let (mut page, mut order, mut responsible_user_id, mut is_completed) = (FIRST, Due::First, None, None);
        each(query, |name, value| {
            match name {
                "order" => order = due(value)?,
                "responsibleUserId" => responsible_user_id = Some(responsible(name, value)?),
                "isCompleted" => is_completed = Some(flag(name, value)?),
                _ => return page_query::take(&mut page, MOST, name, value),
            }
            Ok(true)
        })?;
        let PageRequest { page, limit } = page;
        Ok(Self { page, limit, order, responsible_user_id, is_completed })
    }

    /// The page that is asked for.
    pub(super) fn page(&self) -> PageRequest {
        PageRequest { page: self.page, limit: self.limit }
    }
}

impl From<TaskQuery> for TaskRequest {
    fn from(wanted: TaskQuery) -> Self {
        Self {
            page: wanted.page(),
            is_descending: wanted.order == Due::Last,
            responsible: wanted.responsible_user_id,
            is_completed: wanted.is_completed,
        }
    }
}

fn due(value: &str) -> Result<Due, ApiError> {
    match value {
        "completeTill" => Ok(Due::First),
        "-completeTill" => Ok(Due::Last),
        _ => Err(refusal("order", "completeTill or -completeTill")),
    }
}

fn flag(field: &str, value: &str) -> Result<bool, ApiError> {
    value.parse().or(Err(refusal(field, "true or false")))
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::ParameterIn;

    use super::*;

    #[test]
    fn every_parameter_is_taken() {
        let query = "page=2&limit=250&order=-completeTill&responsibleUserId=me&isCompleted=false";
        let (page, is_descending) = (PageRequest { page: 2, limit: 250 }, true);
        let wanted = TaskRequest { page, is_descending, responsible: Some(Responsible::Me), is_completed: Some(false) };
        assert_eq!(TaskRequest::from(TaskQuery::read(query).unwrap()), wanted);
        let (responsible, is_completed) = (None, None);
        let unasked = TaskRequest { page: FIRST, is_descending: false, responsible, is_completed };
        assert_eq!(TaskRequest::from(TaskQuery::read("order=completeTill").unwrap()), unasked);
        let documented = TaskQuery::into_params(|| Some(ParameterIn::Query));
        let names: Vec<_> = documented.iter().map(|parameter| parameter.name.as_str()).collect();
        assert_eq!(names, ["page", "limit", "order", "responsibleUserId", "isCompleted"]);
    }

    #[test]
    fn a_bad_parameter_is_named() {
        for (field, value, allowed) in [
            ("limit", "251", "a whole number from 1 to 250"),
            ("order", "createdAt", "completeTill or -completeTill"),
            ("responsibleUserId", "0", "me, or a whole number"),
            ("isCompleted", "1", "true or false"),
            ("isCompleted", "True", "true or false"),
            ("leadId", "7", "is not known here"),
        ] {
            let error = TaskQuery::read(&format!("{field}={value}")).unwrap_err();
            assert_eq!(error.field(), Some(field), "{field}={value}: {error}");
            assert!(error.to_string().contains(allowed), "{field}={value}: {error}");
        }
    }
}
