//! What Harbour writes, and what it means in the domain's words.

use std::time::Duration;

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LossReason, Tag};
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::ids::{AccountId, derived_number};
use amo_connect_domain::token::{AccessToken, Issued, RefreshToken};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Number, Value};

/// Where a pair does not say how long it lives. It is bought: it must not be lost for that.
const UNSTATED_LIFE: u64 = 3600;

#[derive(Deserialize)]
pub(crate) struct Tokens {
    access: String,
    renewal: String,
    seconds: Value,
    agency: Option<String>,
    pier: Option<String>,
}

impl Tokens {
    /// The last pair in `body`, whatever stands around it. What was `sent` is no new renewal.
    pub(crate) fn in_body(body: &[u8], sent: &str) -> Option<Self> {
        let (mut found, mut at) = (None, 0);
        while let Some(next) = body[at..].iter().position(|byte| *byte == b'{') {
            let mut objects = serde_json::Deserializer::from_slice(&body[at + next..]).into_iter::<Value>();
            match objects.next() {
                Some(Ok(object)) => {
                    at += next + objects.byte_offset();
                    let tokens = serde_json::from_value(object).ok();
                    found = tokens.filter(|tokens: &Self| tokens.renewal != sent).or(found);
                }
                // A brace that begins nothing.
                _ => at += next + 1,
            }
        }
        found
    }

    pub(crate) fn into_issued(self) -> Issued {
        let seconds = self.seconds.as_u64().or_else(|| self.seconds.as_str()?.parse().ok());
        Issued {
            access: AccessToken::new(self.access),
            refresh: RefreshToken::new(self.renewal),
            expires_in: Duration::from_secs(seconds.unwrap_or(UNSTATED_LIFE)),
            account: self.agency.as_deref().map(account),
            host: self.pier,
        }
    }
}

/// Agencies have UUIDs: the number is ours.
fn account(agency: &str) -> AccountId {
    AccountId(derived_number(agency))
}

/// What was refused: `code`, `renewal`, `app`, `access`, `right`, `pace`, `deal`, `remark`, `errand`, `agency`, or a
/// member of what was written.
#[derive(Deserialize)]
pub(crate) struct Refused {
    pub(crate) refused: String,
}

#[derive(Deserialize)]
pub(crate) struct Agency {
    #[serde(rename = "agency")]
    id: String,
    name: Option<String>,
    coin: Option<String>,
    /// Whose the token is.
    agent: Option<u64>,
}

impl From<Agency> for AmoAccount {
    fn from(Agency { id, name, coin, agent }: Agency) -> Self {
        Self { number: account(&id), name, currency: coin, user: agent }
    }
}

#[derive(Deserialize)]
pub(crate) struct Agents {
    agents: Vec<Agent>,
    more: bool,
}

#[derive(Deserialize)]
struct Agent {
    no: u64,
    name: Option<String>,
    email: Option<String>,
    works_here: bool,
    is_chief: bool,
}

impl From<Agents> for Page<User> {
    fn from(Agents { agents, more }: Agents) -> Self {
        let user = |Agent { no, name, email, works_here, is_chief }| User {
            id: no,
            name,
            email,
            is_active: works_here,
            is_admin: is_chief,
        };
        Self { items: agents.into_iter().map(user).collect(), has_more: more }
    }
}

#[derive(Deserialize)]
pub(crate) struct Deals {
    pub(crate) deals: Vec<Deal>,
    pub(crate) more: bool,
}

#[derive(Deserialize)]
pub(crate) struct Deal {
    no: u64,
    gone: bool,
    title: Option<String>,
    amount: Option<Number>,
    board: Option<u64>,
    column: Option<String>,
    closed: bool,
    agent: Option<u64>,
    by: Option<u64>,
    opened: Option<i64>,
    touched: Option<i64>,
    settled: Option<i64>,
    labels: Vec<Label>,
    person: Option<u64>,
    /// All of its people; only of a deal by its number.
    #[serde(default)]
    people: Vec<u64>,
    lost_for: Option<(u64, Option<String>)>,
    facts: Vec<Fact>,
}

#[derive(Deserialize)]
struct Label {
    no: u64,
    text: String,
    color: Option<String>,
}

pub(crate) fn moment(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// What Harbour knows of a deal beside the rest.
#[derive(Deserialize)]
struct Fact {
    no: u64,
    name: Option<String>,
    code: Option<String>,
    kind: Option<String>,
    /// Each with the number and the code of the choice that it is, if it is one.
    values: Vec<(Value, Option<u64>, Option<String>)>,
}

impl Deal {
    /// `None` if it was deleted: Harbour goes on listing those.
    pub(crate) fn into_lead(self) -> Option<AmoLead> {
        (!self.gone).then(|| AmoLead {
            id: self.no,
            name: self.title,
            price: self.amount,
            pipeline: self.board,
            stage: self.column.as_deref().map(derived_number),
            is_closed: self.closed,
            responsible_user: self.agent,
            created_by: self.by,
            created_at: moment(self.opened),
            updated_at: moment(self.touched),
            closed_at: moment(self.settled),
            tags: self.labels.into_iter().map(Tag::from).collect(),
            contact: self.person,
            custom_fields: Some(self.facts.into_iter().map(CustomField::from).collect()),
        })
    }
}

impl Deal {
    /// A deal that was asked for by its number; `None` if it was deleted.
    pub(crate) fn into_details(mut self) -> Option<AmoLeadDetails> {
        let (contacts, lost_for) = (std::mem::take(&mut self.people), self.lost_for.take());
        let loss_reason = lost_for.map(|(id, name)| LossReason { id, name });
        Some(AmoLeadDetails { lead: self.into_lead()?, contacts, loss_reason })
    }
}

impl From<Label> for Tag {
    fn from(label: Label) -> Self {
        Self { id: label.no, name: label.text, color: label.color }
    }
}

impl From<Fact> for CustomField {
    fn from(Fact { no, name, code, kind, values }: Fact) -> Self {
        let value = |(value, choice, choice_code)| CustomValue { value, choice, choice_code };
        Self { id: no, name, code, kind, values: values.into_iter().map(value).collect() }
    }
}

#[derive(Deserialize)]
pub(crate) struct People {
    pub(crate) people: Vec<Person>,
}

#[derive(Deserialize)]
pub(crate) struct Person {
    no: u64,
    name: Option<String>,
    phones: Vec<Line>,
    emails: Vec<Line>,
}

/// A phone number or an e-mail address, and what it is for.
#[derive(Deserialize)]
struct Line(String, Option<String>);

impl From<Line> for Reached {
    fn from(Line(value, kind): Line) -> Self {
        Self { value, kind }
    }
}

impl From<Person> for Contact {
    fn from(person: Person) -> Self {
        let reached = |lines: Vec<Line>| lines.into_iter().map(Reached::from).collect();
        Self { id: person.no, name: person.name, phones: reached(person.phones), emails: reached(person.emails) }
    }
}

#[derive(Deserialize)]
pub(crate) struct Boards {
    pub(crate) boards: Vec<Board>,
}

#[derive(Deserialize)]
pub(crate) struct Board {
    no: u64,
    name: String,
    place: i64,
    main: bool,
    pub(crate) columns: Vec<Column>,
}

#[derive(Deserialize)]
pub(crate) struct Column {
    pub(crate) id: String,
    name: String,
    place: i64,
    fixed: bool,
    color: Option<String>,
    ends: Option<String>,
}

impl From<Board> for Pipeline {
    fn from(board: Board) -> Self {
        Self {
            id: board.no,
            name: board.name,
            sort: board.place,
            is_main: board.main,
            is_unsorted_on: false,
            is_archived: false,
            stages: board.columns.into_iter().map(Stage::from).collect(),
        }
    }
}

impl From<Column> for Stage {
    fn from(column: Column) -> Self {
        Self {
            id: derived_number(&column.id),
            name: column.name,
            sort: column.place,
            is_editable: !column.fixed,
            color: column.color,
            kind: match column.ends.as_deref() {
                Some("deal") => StageKind::Won,
                Some(_) => StageKind::Lost,
                None => StageKind::Open,
            },
            type_number: None,
        }
    }
}
