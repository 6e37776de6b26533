//! The accounts of the local amoCRM, and who is who in them.

use amo_connect_sandbox::Fixtures;
use amo_connect_tests::signed;
use serde_json::{Value, json};

/// How many accounts the users share.
pub(crate) const SHARED: usize = 20;

/// The account that attackers aim at.
pub(crate) const VICTIM: usize = SHARED;

/// The account of an honest user whom no attacker knows.
pub(crate) const BYSTANDER: usize = SHARED + 1;

/// Accounts that amoCRM bans during one of the attacks.
pub(crate) const BANNED: [usize; 3] = [SHARED + 2, SHARED + 3, SHARED + 4];

/// The account of instances with troubles of their own.
pub(crate) const TROUBLED: usize = SHARED + 5;

const ALL: usize = SHARED + 6;

/// How many people with a log-in the accounts have that the users do not share.
pub(crate) const OTHERS: usize = 4;

/// How many leads an account begins with.
const LEADS: u64 = 60;

const FIRST_ACCOUNT: u64 = 60_000_000;
const FIRST_USER: u64 = 20_000_000;

/// Nobody's JWT ends in a run, not even by a clock that jumps.
const JWT_UNTIL: u64 = 4_000_000_000;

/// What amoCRM calls the account.
pub(crate) fn number(account: usize) -> u64 {
    FIRST_ACCOUNT + account as u64
}

/// What everything in an account is called first.
pub(crate) fn prefix(account: usize) -> String {
    format!("A{account:02} ")
}

/// The numbers of the leads that are there from the beginning.
pub(crate) fn lead(account: usize, place: u64) -> u64 {
    (account as u64 + 1) * 10_000 + place % LEADS
}

/// Somebody who uses the app.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The user that the JWT names.
    pub(crate) name: String,
    /// The account that is theirs.
    pub(crate) account: usize,
    /// Who they are in amoCRM.
    pub(crate) amo_user: u64,
    /// Where they call from.
    pub(crate) address: String,
    pub(crate) jwt: String,
}

impl Person {
    fn new(name: String, account: usize, amo_user: u64, place: usize) -> Self {
        let jwt = jwt(&name);
        Self { name, account, amo_user, address: address(10, place), jwt }
    }

    /// The user of this number.
    pub(crate) fn user(number: usize) -> Self {
        Self::new(format!("u{number:05}"), number % SHARED, FIRST_USER + number as u64, number)
    }

    /// One of the people of an account that is not shared.
    pub(crate) fn other(account: usize, place: usize) -> Self {
        let number = 90_000 + account * OTHERS + place;
        Self::new(format!("p{account}-{place}"), account, FIRST_USER + number as u64, number)
    }
}

/// A JWT of this user.
pub(crate) fn jwt(user: &str) -> String {
    signed(&json!({ "sub": user, "exp": JWT_UNTIL }))
}

/// An address in the network `first`.
pub(crate) fn address(first: u8, place: usize) -> String {
    format!("{first}.{}.{}.{}", place / 62_500, place / 250 % 250, place % 250 + 1)
}

/// The accounts, with so many users.
pub(crate) fn fixtures(users: usize) -> Fixtures {
    let accounts: Vec<Value> = (0..ALL).map(|account| fixture(account, users)).collect();
    Fixtures::parse(&json!({ "accounts": accounts }).to_string()).unwrap()
}

fn fixture(account: usize, users: usize) -> Value {
    let people: Vec<Person> = if account < SHARED {
        (account..users).step_by(SHARED).map(Person::user).collect()
    } else {
        (0..OTHERS).map(|place| Person::other(account, place)).collect()
    };
    let prefix = prefix(account);
    let people: Vec<_> = people
        .iter()
        .map(|person| json!({ "name": format!("{prefix}{}", person.name), "id": person.amo_user, "is_admin": true }))
        .collect();
    let (mut leads, mut contacts) = (Vec::new(), Vec::new());
    for place in 0..LEADS {
        let guest = format!("{prefix}guest {place}");
        contacts.push(json!({ "name": guest, "phone": format!("+38067{:07}", account as u64 * 1_000 + place) }));
        leads.push(json!({
            "name": format!("{prefix}lead {place}"), "id": lead(account, place), "price": 1_000 + place, "contacts": guest,
        }));
    }
    json!({
        "name": format!("{prefix}agency"), "id": number(account), "subdomain": format!("soak{account}"),
        "users": people, "contacts": contacts, "leads": leads,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_can_be_read_and_nobody_shares_an_address_or_a_number() {
        let _ = fixtures(2_000);
        let people = (0..50_000).map(Person::user).chain((0..OTHERS).map(|place| Person::other(VICTIM, place)));
        let mut seen = std::collections::HashSet::new();
        for person in people {
            assert!(seen.insert(person.address.clone()) && seen.insert(person.amo_user.to_string()), "{person:?}");
        }
    }
}
