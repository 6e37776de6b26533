//! What nobody outside amoCRM knows for certain: each is a switch, and a client copes with both.

use serde::{Deserialize, Serialize};

use crate::{
    BadContextUser, DefaultOrder, DeletedLead, EmptyCustomFields, FractionalPrice, LargerLimit, LeadAddedValue,
    Reopening, SandboxError, SinglePatch, TaskCompletion, UnknownId, UnknownMembers, WebhookEntities, WebhookOrder,
    WebhookPlan, WebhookRepost, WebhookRequestId, WebhookZone, WebhooksOfDisabled,
};

/// Whose requests share the integration's limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitScope {
    /// Those of the integration in one account.
    #[default]
    Account,
    /// Those of the integration in all accounts.
    Integration,
}

/// Which requests count towards the limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitCovers {
    /// The API's and the token endpoint's.
    #[default]
    Everything,
    /// The API's alone.
    Api,
}

/// The answer to a request over the limit; always 429.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooMany {
    /// A web server's HTML page.
    #[default]
    Html,
    /// No body at all.
    Empty,
    /// A JSON body with `retry_after`, and the header `Retry-After`.
    RetryAfter,
}

/// What happens when one refresh token comes twice before either was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRace {
    /// One wins, the others are told that the token has been revoked.
    #[default]
    OneWins,
    /// All that were on their way before the first was answered get a pair.
    AllWin,
}

/// How the browser comes back after *Deny*.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyRedirect {
    /// With `error`, `error_description`, `state`, `client_id` and `referer`.
    #[default]
    Full,
    /// With `error` and `state`.
    Bare,
    /// Not at all: a page says that access was denied.
    Stay,
}

/// The answer to a wrong redirect URI at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongRedirectUri {
    /// 401, the client is refused.
    #[default]
    Client,
    /// 400 with the hint `Redirect URI is not associated with client`.
    NotAssociated,
}

/// What becomes of a refresh that does not name the redirect URI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRedirectUri {
    /// It is refused with 400, as an exchange is.
    #[default]
    Required,
    /// It is taken; one that is named must still be the registered one.
    Optional,
}

/// The answer to a string that is not a refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GarbageRefresh {
    /// 401 with the hint `Cannot decrypt the refresh token`.
    #[default]
    CannotDecrypt,
    /// 400 with the hint `Invalid refresh token`.
    Invalid,
}

/// The answer to the refresh token of an integration that was disabled in the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledGrant {
    /// 401 with the hint `Token has been revoked`.
    #[default]
    Revoked,
    /// 401, the client is refused.
    Client,
}

/// The body of the API's 401.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unauthorized {
    /// problem+json with `Invalid user name or password`.
    #[default]
    Problem,
    /// No body at all.
    Empty,
}

/// The position of every switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, with its name in JSON")]
pub struct Switches {
    /// Requests of an integration in any window of one second; 0 is off.
    pub rate_limit: u32,
    /// Requests to an account in any window of one second; 0 is off.
    pub account_rate_limit: u32,
    /// Whose requests share `rate_limit`.
    pub rate_limit_scope: RateLimitScope,
    /// Which requests count.
    pub rate_limit_covers: RateLimitCovers,
    /// The answer over the limit.
    pub too_many: TooMany,
    /// An account is banned after so many requests over the limit; 0 is never.
    pub ban_after: u32,
    /// Life of an access token, in seconds.
    pub expires_in: u64,
    /// Life of a refresh token, in seconds.
    pub refresh_ttl: u64,
    /// Life of an authorization code, in seconds.
    pub code_ttl: u64,
    /// Whether a refresh ends the access token before it.
    pub kill_old_access: bool,
    /// What happens to simultaneous refreshes of one token.
    pub refresh_race: RefreshRace,
    /// Whether token answers carry `server_time`.
    pub server_time: bool,
    /// Whether access tokens carry `api_domain`.
    pub api_domain: bool,
    /// Whether answers carry the members that are only inferred: `first` and `prev` of a page, a
    /// linked contact's `is_main`, a lead's `labor_cost` and `is_price_computed`, the `type` of a
    /// stage that is not unsorted.
    pub inferred_members: bool,
    /// Whether the browser brings `platform` and `client_id` after *Allow*.
    pub redirect_extras: bool,
    /// How the browser comes back after *Deny*.
    pub deny_redirect: DenyRedirect,
    /// The answer to a wrong redirect URI.
    pub wrong_redirect_uri: WrongRedirectUri,
    /// What becomes of a refresh without a redirect URI.
    pub refresh_redirect_uri: RefreshRedirectUri,
    /// The status of the refusal of an expired code, 400 or 401.
    pub expired_code_status: u16,
    /// The answer to a string that is not a refresh token.
    pub garbage_refresh: GarbageRefresh,
    /// The answer to the refresh token of a disabled integration.
    pub disabled_grant: DisabledGrant,
    /// The body of the API's 401.
    pub unauthorized: Unauthorized,
    /// The status of a host whose account moved away, 404 or 401.
    pub moved_status: u16,
    /// The most a list gives a page, from 1 to 500.
    pub page_limit: usize,
    /// What becomes of a larger `limit`.
    pub larger_limit: LargerLimit,
    /// How often the disconnect hook is sent again when it is not taken.
    pub hook_retries: u32,
    /// What becomes of members that amoCRM does not know.
    pub unknown_members: UnknownMembers,
    /// The answer to a `PATCH` of one entity.
    pub single_patch: SinglePatch,
    /// The answer to a change of an entity that is not there.
    pub unknown_id: UnknownId,
    /// The answer to a question for a deleted lead.
    pub deleted_lead: DeletedLead,
    /// What becomes of a lead's price that is no whole number.
    pub fractional_price: FractionalPrice,
    /// What a lead loses when it is opened again.
    pub reopening: Reopening,
    /// Whether a lead is lost only with a `loss_reason_id`.
    pub loss_reason_required: bool,
    /// Whether a lead enters a stage only with the custom fields that are required there.
    pub required_fields: bool,
    /// What `custom_fields_values` is if no field has a value.
    pub empty_custom_fields: EmptyCustomFields,
    /// The order of a list that asks for none.
    pub default_order: DefaultOrder,
    /// How long `query` finds an entity as it was before a change, in seconds.
    pub search_lag_s: u64,
    /// Whether the account has paid for `filter[custom_fields_values]`; without it that filter is
    /// refused with 400.
    pub custom_fields_filter: bool,
    /// What `lead_added` has in `value_after`.
    pub lead_added_value: LeadAddedValue,
    /// What it takes to complete a task.
    pub task_completion: TaskCompletion,
    /// The status of `DELETE` of a note, 405 or 204.
    pub note_delete: u16,
    /// The status of an entity that the user may not see, 204 or 403.
    pub read_outside_rights: u16,
    /// The status of a change that the user may not make, 403 or 400.
    pub write_outside_rights: u16,
    /// The answer to an `X-Context-User-ID` that is no active user.
    pub unknown_context_user: BadContextUser,
    /// The answer to `X-Context-User-ID` with a token that no administrator granted.
    pub context_user_of_user: BadContextUser,
    /// The status for the token of a deactivated user, 401 or 403.
    pub deactivated_user: u16,
    /// The status for who is no administrator and asks for webhooks, 403 or 401.
    pub webhooks_of_user: u16,
    /// Whether the plan of the accounts has webhooks.
    pub webhook_plan: WebhookPlan,
    /// Whether the name of a webhook's destination is looked up when it is subscribed.
    pub webhook_dns: bool,
    /// The status of the answer to a new subscription, 201 or 200.
    pub webhook_created: u16,
    /// What becomes of a webhook that was switched off when it is subscribed again.
    pub webhook_repost: WebhookRepost,
    /// What becomes of the webhooks of an integration that is disabled.
    pub webhooks_of_disabled: WebhooksOfDisabled,
    /// How long an answer to a webhook may take, in milliseconds.
    pub webhook_timeout_ms: u64,
    /// The code that a webhook which was not answered in time counts as, 0 or 499.
    pub webhook_timeout_status: u16,
    /// Whether a retry has a request id of its own.
    pub webhook_request_id: WebhookRequestId,
    /// How many entities one webhook tells of.
    pub webhook_entities: WebhookEntities,
    /// In what order webhooks are sent.
    pub webhook_order: WebhookOrder,
    /// Whether every webhook is sent twice.
    pub webhook_duplicates: bool,
    /// How late webhooks are sent, in seconds by the sandbox's clock.
    pub webhook_delay_s: u64,
    /// Whether a change of a lead's stage or responsible user alone is also told as an update.
    pub webhook_update_with_status: bool,
    /// Whether a change of links alone is told as an update.
    pub webhook_update_on_links: bool,
    /// Whether a change of tags alone is told as an update.
    pub webhook_update_on_tags: bool,
    /// The zone of the times that webhooks write as text.
    pub webhook_zone: WebhookZone,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            rate_limit: 7,
            account_rate_limit: 50,
            rate_limit_scope: RateLimitScope::default(),
            rate_limit_covers: RateLimitCovers::default(),
            too_many: TooMany::default(),
            ban_after: 0,
            expires_in: 24 * 60 * 60,
            refresh_ttl: 90 * 24 * 60 * 60,
            code_ttl: 20 * 60,
            kill_old_access: false,
            refresh_race: RefreshRace::default(),
            server_time: true,
            api_domain: true,
            inferred_members: true,
            redirect_extras: true,
            deny_redirect: DenyRedirect::default(),
            wrong_redirect_uri: WrongRedirectUri::default(),
            refresh_redirect_uri: RefreshRedirectUri::default(),
            expired_code_status: 400,
            garbage_refresh: GarbageRefresh::default(),
            disabled_grant: DisabledGrant::default(),
            unauthorized: Unauthorized::default(),
            moved_status: 404,
            page_limit: 250,
            larger_limit: LargerLimit::default(),
            hook_retries: 0,
            unknown_members: UnknownMembers::default(),
            single_patch: SinglePatch::default(),
            unknown_id: UnknownId::default(),
            deleted_lead: DeletedLead::default(),
            fractional_price: FractionalPrice::default(),
            reopening: Reopening::default(),
            loss_reason_required: false,
            required_fields: false,
            empty_custom_fields: EmptyCustomFields::default(),
            default_order: DefaultOrder::default(),
            search_lag_s: 0,
            custom_fields_filter: true,
            lead_added_value: LeadAddedValue::default(),
            task_completion: TaskCompletion::default(),
            note_delete: 405,
            read_outside_rights: 204,
            write_outside_rights: 403,
            unknown_context_user: BadContextUser::default(),
            context_user_of_user: BadContextUser::default(),
            deactivated_user: 401,
            webhooks_of_user: 403,
            webhook_plan: WebhookPlan::default(),
            webhook_dns: false,
            webhook_created: 201,
            webhook_repost: WebhookRepost::default(),
            webhooks_of_disabled: WebhooksOfDisabled::default(),
            webhook_timeout_ms: 2000,
            webhook_timeout_status: 0,
            webhook_request_id: WebhookRequestId::default(),
            webhook_entities: WebhookEntities::default(),
            webhook_order: WebhookOrder::default(),
            webhook_duplicates: false,
            webhook_delay_s: 0,
            webhook_update_with_status: true,
            webhook_update_on_links: true,
            webhook_update_on_tags: true,
            webhook_zone: WebhookZone::default(),
        }
    }
}

/// The longest life of anything, ten years, in seconds.
pub(crate) const TEN_YEARS: u64 = 10 * 365 * 24 * 60 * 60;

impl Switches {
    /// # Errors
    /// [`SandboxError::Invalid`] naming the switch that has no such position.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        for (field, status, positions) in [
            ("expired_code_status", self.expired_code_status, [400, 401]),
            ("moved_status", self.moved_status, [404, 401]),
            ("read_outside_rights", self.read_outside_rights, [204, 403]),
            ("write_outside_rights", self.write_outside_rights, [403, 400]),
            ("deactivated_user", self.deactivated_user, [401, 403]),
            ("note_delete", self.note_delete, [405, 204]),
            ("webhooks_of_user", self.webhooks_of_user, [403, 401]),
            ("webhook_created", self.webhook_created, [201, 200]),
            ("webhook_timeout_status", self.webhook_timeout_status, [0, 499]),
        ] {
            if !positions.contains(&status) {
                return Err(SandboxError::invalid(
                    field,
                    format!("{status} is neither {} nor {}", positions[0], positions[1]),
                ));
            }
        }
        for (field, seconds) in [
            ("expires_in", self.expires_in),
            ("refresh_ttl", self.refresh_ttl),
            ("code_ttl", self.code_ttl),
            ("search_lag_s", self.search_lag_s),
        ] {
            if seconds > TEN_YEARS {
                return Err(SandboxError::invalid(field, "at most ten years of seconds"));
            }
        }
        if !(1..=500).contains(&self.page_limit) {
            return Err(SandboxError::invalid("page_limit", "from 1 to 500"));
        }
        if !(1..=600_000).contains(&self.webhook_timeout_ms) {
            return Err(SandboxError::invalid("webhook_timeout_ms", "from 1 ms to ten minutes"));
        }
        if self.webhook_delay_s > TEN_YEARS {
            return Err(SandboxError::invalid("webhook_delay_s", "at most ten years of seconds"));
        }
        if self.hook_retries > 10 {
            return Err(SandboxError::invalid("hook_retries", "at most 10"));
        }
        Ok(())
    }
}
