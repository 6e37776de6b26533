//! How hosts, accounts, people and secrets of the model are named: a number is part of each.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};

use super::{CodeId, PairId};

/// amoCRM's number of the first account.
const FIRST_ACCOUNT: u64 = 700;

/// The account host of `account` after so many moves.
pub(super) fn host(account: usize, moves: usize) -> AccountHost {
    AccountHost::stored(format!("account{account}-{moves}.amocrm.ru"))
}

/// amoCRM's number of `account`.
pub(crate) fn account_id(account: usize) -> AccountId {
    AccountId(FIRST_ACCOUNT + account as u64)
}

/// The account that has this number.
pub(crate) fn account_of(id: AccountId) -> usize {
    usize::try_from(id.0.saturating_sub(FIRST_ACCOUNT)).unwrap_or_default()
}

/// amoCRM's number of `user`, in all accounts.
pub(crate) fn amo_user(user: usize) -> u64 {
    1 + user as u64
}

fn number(secret: &str) -> Option<usize> {
    secret.rsplit_once('-')?.1.parse().ok()
}

/// The pair of a refresh token of the model's.
pub(crate) fn pair_of(token: &RefreshToken) -> Option<PairId> {
    number(token.expose())
}

/// The pair of an access token of the model's.
pub(crate) fn pair_of_access(token: &AccessToken) -> Option<PairId> {
    number(token.expose())
}

/// The number of a code of the model's.
pub(crate) fn code_of(code: &AuthorizationCode) -> Option<CodeId> {
    number(code.expose())
}

/// Whether a pair came in an odd answer.
pub(crate) fn is_odd_answer(issued: &Issued) -> bool {
    issued.access.expose().starts_with("odd-")
}

/// The code with this number.
pub(crate) fn code(id: CodeId) -> AuthorizationCode {
    AuthorizationCode::new(format!("code-{id}"))
}
