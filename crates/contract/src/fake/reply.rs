//! What a CRM answers, on good days and on bad ones.

use std::time::Duration;

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::WriteField;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::Issued;

use super::Dress;

/// The answer to one request. [`FakeAmo`](super::FakeAmo) gives its meaning,
/// [`CrmServer`](crate::wire::CrmServer) its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A pair.
    Issues(Issued),
    /// A pair whose life is written in quotes.
    IssuesWithQuotedLife(Issued),
    /// A pair in an answer that is odd otherwise.
    IssuesIn(Dress, Issued),
    /// The host where the account answers.
    Located(AccountHost),
    /// The account, of which only its number is known.
    Account(AccountId),
    /// The account, and whose the access token is.
    AccountCard(AmoAccount),
    /// A page of users.
    Users(Page<User>),
    /// A page of leads.
    Leads(LeadPage),
    /// The page of these leads that is asked for.
    PageOf(Vec<AmoLead>),
    /// One lead, with its main contact alone.
    Lead(AmoLead),
    /// One lead, with its contacts and why it was lost.
    LeadDetails(AmoLeadDetails),
    /// A lead that was deleted; asked for a page, it is alone there.
    DeletedLead(AmoLead),
    /// A page of notes.
    Notes(Page<Note>),
    /// A page of tasks.
    Tasks(Page<Task>),
    /// A page of events.
    Events(Page<Event>),
    /// One note.
    Note(Note),
    /// One task.
    Task(Task),
    /// Contacts.
    Contacts(Vec<Contact>),
    /// Pipelines.
    Pipelines(Vec<Pipeline>),
    /// What a write has made, or what the CRM has put it together with.
    Made(WrittenObject),
    /// What was to be changed is changed.
    Changed,
    /// 204: there is nothing.
    Nothing,

    /// The code was used before.
    CodeUsed,
    /// The code is more than 20 minutes old.
    CodeExpired,
    /// The code is none.
    CodeUnreadable,
    /// The code is another account's.
    CodeOfAnotherAccount,
    /// The refresh token was used before, or its grant was taken back.
    GrantRevoked,
    /// The refresh token was not used for three months.
    GrantExpired,
    /// The refresh token is none.
    GrantUnreadable,
    /// The refresh token is no good, for no said reason.
    GrantInvalid,
    /// The client's id, secret or redirect URI is not right.
    ClientRefused,
    /// The client's id is missing.
    ClientIdMissing,
    /// The redirect URI is not the client's.
    RedirectUriUnknown,
    /// The refresh token is another client's.
    TokenOfAnotherClient,
    /// The host is not an account's.
    HostOfNoAccount,
    /// A refusal that says nothing we know.
    OddRefusal,

    /// This part of what was written is not accepted.
    Refuses(WriteField),
    /// The lead or the task that the write is on is not there.
    TargetMissing,

    /// The access token is not good.
    AccessRefused,
    /// The right to what was asked for is missing.
    Forbidden,
    /// The account is not paid for.
    PaymentRequired,
    /// There is no such thing.
    NotFound,
    /// Too many calls, with a time to wait or without.
    TooManyCalls(Option<Duration>),
    /// A page of the web server in front, which bans us.
    Banned,
    /// A failure of the CRM's, with this status. 410 and 421 say that the account is not there.
    Fails(u16),
    /// The place to go instead.
    Redirects,

    /// Nobody listens.
    Unreachable,
    /// The connection ends before the CRM has done anything.
    CutBeforeTheDeed,
    /// The CRM does what it was asked, and the connection ends before its answer.
    CutAfterTheDeed,
    /// The connection ends within the answer.
    CutWithinTheAnswer,
    /// The connection ends before the CRM has done anything, and so does every other that is
    /// kept by then, as soon as a request comes over it.
    KeptConnectionsLost,
    /// The answer never comes.
    Silence,
    /// The answer never ends.
    Endless,
    /// The answer is cut JSON.
    Garbled,
    /// The answer is well-formed, and lacks what matters most.
    Incomplete,
}

impl Reply {
    /// How amoCRM refuses a code.
    pub const REFUSED_CODES: &[Self] =
        &[Self::CodeUsed, Self::CodeExpired, Self::CodeUnreadable, Self::CodeOfAnotherAccount];

    /// How amoCRM refuses a refresh token for certain.
    pub const REFUSED_GRANTS: &[Self] =
        &[Self::GrantRevoked, Self::GrantExpired, Self::GrantUnreadable, Self::GrantInvalid];

    /// How amoCRM accuses the client.
    pub const REFUSED_CLIENTS: &[Self] = &[
        Self::ClientRefused,
        Self::ClientIdMissing,
        Self::RedirectUriUnknown,
        Self::TokenOfAnotherClient,
        Self::HostOfNoAccount,
    ];

    /// After which nobody knows whether a token request or a write was carried out.
    pub const DOUBTS: &[Self] = &[
        Self::Fails(500),
        Self::Fails(502),
        Self::Fails(503),
        Self::Fails(504),
        Self::CutBeforeTheDeed,
        Self::CutAfterTheDeed,
        Self::CutWithinTheAnswer,
        Self::Silence,
        Self::Endless,
        Self::Garbled,
        Self::Incomplete,
    ];

    /// That say nothing about a token or a code.
    pub const OTHER_FAILURES: &[Self] = &[
        Self::OddRefusal,
        Self::Forbidden,
        Self::PaymentRequired,
        Self::NotFound,
        Self::TooManyCalls(None),
        Self::Banned,
        Self::Redirects,
        Self::Unreachable,
    ];
}
