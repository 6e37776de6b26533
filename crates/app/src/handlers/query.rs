//! The query of a request: each parameter at most once, and none that the endpoint does not have.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::HttpRequest;
use amo_connect_domain::usecase::Responsible;
use url::form_urlencoded;

use crate::error::ApiError;

/// As much of an unknown name as an answer repeats.
const LONGEST_NAME: usize = 64;

/// Gives each parameter of `query` to `take`, which says whether the endpoint has one of this name.
pub(super) fn each(query: &str, mut take: impl FnMut(&str, &str) -> Result<bool, ApiError>) -> Result<(), ApiError> {
    let mut given = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if given.contains(&name) {
            return Err(refusal(&name, "given once"));
        }
        if !take(&name, &value)? {
            return Err(unknown(&name));
        }
        given.push(name);
    }
    Ok(())
}

/// Refuses every parameter, for an endpoint that has none.
pub(super) fn none(request: &HttpRequest) -> Result<(), ApiError> {
    each(request.query_string(), |_, _| Ok(false))
}

/// A parameter or a member of the body that the endpoint does not have.
pub(crate) fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    ApiError::invalid(&name, "is not known here")
}

/// A number of amoCRM's, which is never 0, and which programs keep in 64 bits with a sign.
pub(super) fn amo_number(field: &str, value: &str) -> Result<u64, ApiError> {
    number(field, value, 1, i64::MAX.unsigned_abs())
}

/// Whose is asked for: a user's number, or `me`.
pub(super) fn responsible(field: &str, value: &str) -> Result<Responsible, ApiError> {
    if value == "me" {
        return Ok(Responsible::Me);
    }
    let number = amo_number(field, value);
    number.map(Responsible::User).or(Err(refusal(field, format_args!("me, or a whole number from 1 to {}", i64::MAX))))
}

/// A number within bounds, in digits alone.
pub(super) fn number<T: Copy + Display + FromStr + PartialOrd>(
    field: &str,
    value: &str,
    least: T,
    most: T,
) -> Result<T, ApiError> {
    let number = value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| refusal(field, format_args!("a whole number from {least} to {most}")))
}

/// What `field` has to be.
pub(super) fn refusal(field: &str, allowed: impl Display) -> ApiError {
    ApiError::invalid(field, format_args!("must be {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_parameter_is_named_and_a_long_name_is_cut() {
        let error = each("page=1&Page=2", |name, _| Ok(name == "page")).unwrap_err();
        assert_eq!((error.field(), error.to_string().as_str()), (Some("Page"), "`Page` is not known here."));
        let error = each(&"a".repeat(4000), |_, _| Ok(false)).unwrap_err();
        assert_eq!(error.field().map(str::len), Some(64));
        assert!(each("", |_, _| Ok(false)).is_ok());
    }
}
