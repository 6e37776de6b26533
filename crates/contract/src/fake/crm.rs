//! The CRM behind the fake: accounts, codes and tokens.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage, LeadSort};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};

use super::{Asked, Reply};

/// An account and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct FakeAccount {
    /// Its number.
    pub number: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// The code of its currency.
    pub currency: Option<String>,
    /// The user whose rights every access token has.
    pub user: Option<u64>,
    /// Its users.
    pub users: Vec<User>,
    /// Its leads.
    pub leads: Vec<AmoLead>,
    /// Notes of its leads, each with the number of its lead, the newest first.
    pub notes: Vec<(u64, Note)>,
    /// Tasks of its leads, the newest first.
    pub tasks: Vec<Task>,
    /// Events of its leads, each with the number of its lead, the newest first.
    pub events: Vec<(u64, Event)>,
    /// Its contacts.
    pub contacts: Vec<Contact>,
    /// Its pipelines.
    pub pipelines: Vec<Pipeline>,
}

impl FakeAccount {
    /// An account with nothing in it.
    pub fn empty(number: u64) -> Self {
        Self {
            number: AccountId(number),
            name: None,
            currency: None,
            user: None,
            users: Vec::new(),
            leads: Vec::new(),
            notes: Vec::new(),
            tasks: Vec::new(),
            events: Vec::new(),
            contacts: Vec::new(),
            pipelines: Vec::new(),
        }
    }

    pub(super) fn page(&self, filter: &LeadFilter) -> LeadPage {
        let fits = |lead: &&AmoLead| {
            let named = |text: &String| lead.name.as_ref().is_some_and(|name| name.contains(text.as_str()));
            filter.admits(lead) && filter.query.as_ref().is_none_or(named)
        };
        let mut found: Vec<&AmoLead> = self.leads.iter().filter(fits).collect();
        // Those that are equal stay in the account's order.
        found.sort_by(|one, other| {
            let (first, second) = if filter.order.is_descending { (other, one) } else { (one, other) };
            match filter.order.by {
                LeadSort::UpdatedAt => first.updated_at.cmp(&second.updated_at),
                LeadSort::CreatedAt => first.created_at.cmp(&second.created_at),
                LeadSort::Id => first.id.cmp(&second.id),
            }
        });
        page_of(found, filter)
    }

    pub(super) fn card(&self) -> AmoAccount {
        let Self { number, name, currency, user, .. } = self;
        AmoAccount { number: *number, name: name.clone(), currency: currency.clone(), user: *user }
    }

    pub(super) fn users(&self, page: PageRequest) -> Page<User> {
        part_of(&self.users, page)
    }

    pub(super) fn notes_of(&self, lead: u64, page: PageRequest) -> Page<Note> {
        part_of(self.notes.iter().filter(|(of, _)| *of == lead).map(|(_, note)| note), page)
    }

    pub(super) fn events_of(&self, lead: u64, page: PageRequest) -> Page<Event> {
        part_of(self.events.iter().filter(|(of, _)| *of == lead).map(|(_, event)| event), page)
    }

    pub(super) fn tasks(&self, filter: &TaskFilter) -> Page<Task> {
        let fits = |task: &&Task| {
            filter.lead.is_none_or(|lead| task.lead == Some(lead))
                && filter.responsible_user.is_none_or(|user| task.responsible_user == Some(user))
                && filter.is_completed.is_none_or(|is_completed| task.is_completed == is_completed)
        };
        let mut found: Vec<&Task> = self.tasks.iter().filter(fits).collect();
        if let TaskOrder::CompleteTill { is_descending } = filter.order {
            found.sort_by_key(|task| task.complete_till);
            if is_descending {
                found.reverse();
            }
        }
        part_of(found, filter.page)
    }

    pub(super) fn contacts_with(&self, ids: &[u64]) -> Vec<Contact> {
        self.contacts.iter().filter(|contact| ids.contains(&contact.id)).cloned().collect()
    }
}

/// A lead as it is told to whoever wants its custom fields, or does not.
pub(super) fn told(mut lead: AmoLead, with_custom_fields: bool) -> AmoLead {
    lead.custom_fields = with_custom_fields.then(|| lead.custom_fields.unwrap_or_default());
    lead
}

/// The page of `leads` that `filter` asks for.
pub(super) fn page_of<'a>(leads: impl IntoIterator<Item = &'a AmoLead>, filter: &LeadFilter) -> LeadPage {
    let Page { items, has_more } = part_of(leads, PageRequest { page: filter.page, limit: filter.limit });
    LeadPage { leads: items, has_more }
}

/// That page of `all`.
fn part_of<'a, T: Clone + 'a>(all: impl IntoIterator<Item = &'a T>, page: PageRequest) -> Page<T> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let skipped = usize::try_from(page.page.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(limit);
    let mut rest = all.into_iter().skip(skipped);
    let items = rest.by_ref().take(limit).cloned().collect();
    Page { items, has_more: rest.next().is_some() }
}

/// All that the fake knows. Codes and tokens lead to the host they are good for.
pub(super) struct Crm {
    pub(super) script: VecDeque<Reply>,
    pub(super) asked: Vec<Asked>,
    pub(super) accounts: HashMap<String, FakeAccount>,
    pub(super) life: Duration,
    pub(super) shard: Option<AccountHost>,
    pub(super) has_authority: bool,
    pub(super) has_look_ups: bool,
    pub(super) access: HashMap<String, AccountHost>,
    codes: HashMap<String, AccountHost>,
    refresh: HashMap<String, AccountHost>,
    issued: u64,
}

impl Default for Crm {
    fn default() -> Self {
        Self {
            script: VecDeque::new(),
            asked: Vec::new(),
            accounts: HashMap::new(),
            life: Duration::from_hours(24),
            shard: None,
            has_authority: true,
            has_look_ups: true,
            access: HashMap::new(),
            codes: HashMap::new(),
            refresh: HashMap::new(),
            issued: 0,
        }
    }
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("asked", &self.asked).field("script", &self.script).finish_non_exhaustive()
    }
}

impl Crm {
    pub(super) fn allow(&mut self, host: &AccountHost) -> AuthorizationCode {
        let code = format!("fake-code-{}", self.next());
        self.codes.insert(code.clone(), host.clone());
        AuthorizationCode::new(code)
    }

    pub(super) fn revoke(&mut self, host: &AccountHost) {
        for secrets in [&mut self.codes, &mut self.refresh, &mut self.access] {
            secrets.retain(|_, account| account != host);
        }
    }

    pub(super) fn move_account(&mut self, from: &AccountHost, to: &AccountHost) {
        if let Some(account) = self.accounts.remove(from.as_str()) {
            self.accounts.insert(to.as_str().to_owned(), account);
        }
        for secrets in [&mut self.codes, &mut self.refresh, &mut self.access] {
            secrets.values_mut().filter(|host| *host == from).for_each(|host| *host = to.clone());
        }
    }

    pub(super) fn locate(&self, token: &RefreshToken) -> Option<FoundHost> {
        let host = self.refresh.get(token.expose())?.clone();
        let account = self.accounts.get(host.as_str()).map(|account| account.number);
        Some(FoundHost { host, account })
    }

    pub(super) fn exchange(&mut self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        if self.codes.get(code.expose()) != Some(host) {
            return Err(AmoError::CodeRejected);
        }
        self.codes.remove(code.expose());
        Ok(self.issue(host))
    }

    pub(super) fn refresh(&mut self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        if self.refresh.get(token.expose()) != Some(host) {
            return Err(AmoError::GrantRevoked);
        }
        self.refresh.remove(token.expose());
        Ok(self.issue(host))
    }

    /// The account that `token` opens at `host`.
    pub(super) fn opened(&self, host: &AccountHost, token: &AccessToken) -> Result<&FakeAccount, AmoError> {
        if self.access.get(token.expose()) != Some(host) {
            return Err(AmoError::AccessRefused);
        }
        self.accounts.get(host.as_str()).ok_or(AmoError::NotFound)
    }

    fn issue(&mut self, host: &AccountHost) -> Issued {
        let number = self.next();
        let (access, refresh) = (format!("fake-access-{number}"), format!("fake-refresh-{number}"));
        self.access.insert(access.clone(), host.clone());
        self.refresh.insert(refresh.clone(), host.clone());
        Issued {
            access: AccessToken::new(access),
            refresh: RefreshToken::new(refresh),
            expires_in: self.life,
            account: self.accounts.get(host.as_str()).map(|account| account.number),
            host: None,
        }
    }

    fn next(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }
}
