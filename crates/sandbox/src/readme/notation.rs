//! Endpoints as the README and the server write them.
//!
//! The README has `PATCH /leads/{id}`; without a method it is `GET`, and methods that stand alone
//! are those of the path after them: `POST`, `PATCH /leads`. In brackets after a path is what
//! follows on it: `leads` (`/{id}`, `PATCH /{id}`). Paths are under `/api/v4`, except those that
//! begin with `/api/`, and those that the server has at its root.
//! `{leads|contacts}` are two paths, `{entity}` is each of leads, contacts and companies.

use std::collections::BTreeSet;

use super::table::codes;

const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

/// A method and a path, in which all parameters are `{}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) method: String,
    pub(super) path: String,
}

/// The endpoints that a cell of the README names. `known` are those of the server.
pub(super) fn named(cell: &str, known: &BTreeSet<Named>) -> Vec<Named> {
    let mut found = Vec::new();
    let (mut methods, mut base) = (Vec::new(), String::new());
    let mut depth = 0;
    for (before, code) in codes(cell) {
        depth += before.matches('(').count();
        depth -= before.matches(')').count().min(depth);
        let (own, path) = split(code);
        methods.extend(own);
        if path.is_empty() && !methods.is_empty() {
            continue;
        }
        let methods = std::mem::take(&mut methods);
        if !is_path(path) {
            continue;
        }
        let path = path.split('?').next().unwrap();
        let whole = if depth > 0 && path.starts_with('/') { format!("{base}{path}") } else { path.to_owned() };
        if depth == 0 {
            base.clone_from(&whole);
        }
        let methods = if methods.is_empty() { vec!["GET"] } else { methods };
        for method in methods {
            found.extend(variants(&whole).into_iter().map(|path| at_home(method, path, known)));
        }
    }
    found
}

/// The methods that a code begins with, and the rest of it.
fn split(code: &str) -> (Vec<&'static str>, &str) {
    let (first, rest) = code.split_once(' ').unwrap_or((code, ""));
    let listed = first.split(['|', ',']);
    let methods: Option<Vec<_>> = listed.map(|word| METHODS.into_iter().find(|&method| method == word)).collect();
    methods.map_or((Vec::new(), code), |methods| (methods, rest.trim()))
}

/// `/leads/{id}?with=contacts` and `leads/pipelines`, and not `with=source`, `drop_after()` or `X-Name`.
fn is_path(code: &str) -> bool {
    let path = code.split('?').next().unwrap();
    let is_plain = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '/' | '{' | '}' | '|');
    !path.is_empty() && path.chars().all(is_plain)
}

/// The endpoint under the root of the server or under that of the API.
fn at_home(method: &str, path: String, known: &BTreeSet<Named>) -> Named {
    let method = method.to_owned();
    let is_root = path.starts_with("/api/") || path.starts_with('/') && known.iter().any(|one| one.path == path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Named { method, path: if is_root { path } else { format!("{}{slash}{path}", crate::api::SCOPE) } }
}

/// An endpoint of the server: `/leads/{id:[0-9]+}`, or `/{kind:leads|contacts}/{id}`, which are two.
pub(super) fn declared(method: &str, path: &str) -> Vec<Named> {
    variants(path).into_iter().map(|path| Named { method: method.to_owned(), path }).collect()
}

/// The paths that a path with parameters stands for: one for each choice of words, `{}` for the rest.
fn variants(path: &str) -> Vec<String> {
    let Some(start) = path.find('{') else { return vec![path.to_owned()] };
    let mut depth = 0;
    let end = path[start..].find(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0
    });
    let end = start + end.unwrap_or_else(|| panic!("a brace of {path} is open"));
    let (name, pattern) = path[start + 1..end].split_once(':').unwrap_or((&path[start + 1..end], ""));
    let choice = if name == "entity" && pattern.is_empty() { "leads|contacts|companies" } else { pattern };
    let choice = if name.contains('|') { name } else { choice };
    let are_words = choice.chars().all(|letter| matches!(letter, 'a'..='z' | '_' | '/' | '|'));
    let choices: Vec<_> = if choice.is_empty() || !are_words { vec!["{}"] } else { choice.split('|').collect() };
    let rests = variants(&path[end + 1..]);
    let joined = |choice| rests.iter().map(move |rest| format!("{}{choice}{rest}", &path[..start]));
    choices.into_iter().flat_map(joined).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, expected: &[(&str, &str)]) {
        let known = declared("GET", "/oauth").into_iter().collect();
        let found = named(cell, &known);
        let found: Vec<_> = found.iter().map(|one| (one.method.as_str(), one.path.as_str())).collect();
        assert_eq!(found, expected, "{cell}");
    }

    #[test]
    fn cells_name_endpoints() {
        check("limits, `X-Context-User-ID`, `with=source`", &[]);
        check("`leads?with=only_deleted`", &[("GET", "/api/v4/leads")]);
        check("page, `GET`, `POST /oauth`", &[("GET", "/oauth"), ("POST", "/oauth")]);
        check("`GET|PATCH /x`", &[("GET", "/api/v4/x"), ("PATCH", "/api/v4/x")]);
        let of_users = [("GET", "/api/v4/users"), ("GET", "/api/v4/users/{}"), ("DELETE", "/api/v4/users/{}")];
        check("`users` (`/{id}`, `DELETE /{id}`)", &of_users);
        check("`users` (`/{id}`), `roles`", &[of_users[0], of_users[1], ("GET", "/api/v4/roles")]);
        let of_tags =
            [("GET", "/api/v4/leads/tags"), ("GET", "/api/v4/contacts/tags"), ("GET", "/api/v4/companies/tags")];
        check("`/{entity}/tags`", &of_tags);
        check("`/{leads|contacts}/tags`", &of_tags[..2]);
    }

    #[test]
    fn patterns_of_the_server_are_parameters_or_choices() {
        let paths = |path| declared("GET", path).into_iter().map(|one| one.path).collect::<Vec<_>>();
        assert_eq!(paths("/events/{id:[0-9a-z]{26}}"), ["/events/{}"]);
        assert_eq!(paths("/{kind:leads|contacts}/{id:[0-9]+}"), ["/leads/{}", "/contacts/{}"]);
    }
}
