//! `GET /me` and `GET /users`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::account::User;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::usecase::Profile;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Success;
use super::counted::Counted;
use super::lead_view::Text;
use super::query;
use super::reading::revalidated;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// Who the caller is in amoCRM.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Profile)]
pub struct ProfileView<'a> {
    /// amoCRM's number of the account, as a text.
    #[schema(value_type = String, pattern = "^[0-9]+$", example = "31920194")]
    account_id: Text<AccountId>,
    /// The account's name.
    #[schema(required)]
    account_name: Option<&'a str>,
    /// The code of the account's currency.
    #[schema(required, example = "USD")]
    currency: Option<&'a str>,
    /// amoCRM's number of the user who connected.
    #[schema(required)]
    user_id: Option<u64>,
    /// The user's name; `null` where amoCRM does not let the user list users.
    #[schema(required)]
    user_name: Option<&'a str>,
    /// Whether the user is an administrator whom amoCRM lets list users.
    is_admin: bool,
}

/// A user of the account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView<'a> {
    /// amoCRM's number.
    id: u64,
    /// The person's name.
    #[schema(required)]
    name: Option<&'a str>,
    /// The e-mail address.
    #[schema(required)]
    email: Option<&'a str>,
    /// Whether the user may log in to amoCRM.
    is_active: bool,
}

/// Who the caller is in amoCRM.
#[utoipa::path(
    get,
    path = "/api/amo-crm/me",
    operation_id = "getMe",
    tag = "leads",
    security(("jwt" = [])),
    responses((
        status = 200,
        description = "The account, and the user who connected.",
        body = Success<ProfileView>,
        example = json!({ "success": true, "data": {
            "accountId": "31920194", "accountName": "For You Real Estate", "currency": "USD", "userId": 10_110_001,
            "userName": "Olena Kovalenko", "isAdmin": true,
        } }),
    )),
)]
pub async fn me(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let use_cases = state.use_cases.clone();
    let profile = state.read(async move { use_cases.me(&caller).await }).await?;
    revalidated(&request, &Success::of(ProfileView::from(&profile)))
}

/// The users of the caller's account.
#[utoipa::path(
    get,
    path = "/api/amo-crm/users",
    operation_id = "listUsers",
    tag = "leads",
    security(("jwt" = [])),
    responses((
        status = 200,
        description = "All users, those who may not log in any more among them.",
        body = Counted<UserView>,
        example = json!({ "success": true, "data": [
            { "id": 10_110_001, "name": "Olena Kovalenko", "email": "olena@example.com", "isActive": true },
        ], "count": 1 }),
    )),
)]
pub async fn users(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let use_cases = state.use_cases.clone();
    let users = state.read(async move { use_cases.users(&caller).await }).await?;
    revalidated(&request, &Counted::of(users.iter().map(UserView::from).collect()))
}

impl<'a> From<&'a Profile> for ProfileView<'a> {
    fn from(Profile { account, name, is_admin }: &'a Profile) -> Self {
        Self {
            account_id: Text(account.number),
            account_name: account.name.as_deref(),
            currency: account.currency.as_deref(),
            user_id: account.user,
            user_name: name.as_deref(),
            is_admin: *is_admin,
        }
    }
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> Self {
        Self { id: user.id, name: user.name.as_deref(), email: user.email.as_deref(), is_active: user.is_active }
    }
}
