//! The accounts and who can log in to them; the same whatever the seed.

use std::collections::HashMap;

use super::{Account, LossReason, User, pipelines};
use crate::{AccountId, UserId};

/// The three accounts and so many more, without leads yet.
pub(crate) fn accounts(more: u16) -> Vec<Account> {
    let mut accounts = vec![
        Account {
            name: "For You Real Estate",
            subdomain: "foryou",
            uuid: "5f0d7c2e-41b6-4a3c-9d8e-1c2b3a4d5e6f",
            country: "UA",
            currency: "USD",
            currency_symbol: "$",
            users: vec![
                user(10_110_001, "Олена Коваленко", "olena@foryou.example", "ru", true),
                user(10_110_002, "Andrew Bailey", "andrew@foryou.example", "en", false),
            ],
            pipelines: pipelines::of_an_agency(7_301_200),
            loss_reasons: loss_reasons(18_240_000),
            ..empty(AccountId::FOR_YOU, 1_612_170_000)
        },
        Account {
            name: "Rival Homes",
            subdomain: "rivalhomes",
            uuid: "8a6b1f90-7d53-4c0b-b0a4-6d5e4f3c2b1a",
            country: "GB",
            currency: "GBP",
            currency_symbol: "£",
            users: vec![user(10_220_001, "Марина Соколова", "marina@rival.example", "ru", true)],
            pipelines: pipelines::of_a_rival(8_402_300),
            loss_reasons: loss_reasons(18_250_000),
            ..empty(AccountId::RIVAL_HOMES, 1_655_280_000)
        },
    ];
    let numbers = (AccountId::EMPTY.get()..).take(usize::from(more) + 1);
    accounts.extend(numbers.map(|number| Account {
        name: "Empty",
        subdomain: "empty",
        uuid: "c3d2e1f0-1a2b-4c3d-8e9f-0a1b2c3d4e5f",
        users: vec![user(10_330_001, "Sam Novak", "sam@empty.example", "en", true)],
        pipelines: pipelines::of_a_rival(9_503_400),
        loss_reasons: loss_reasons(18_260_000),
        ..empty(AccountId::from(number), 1_790_000_000)
    }));
    accounts
}

fn empty(id: AccountId, created_at: u64) -> Account {
    Account {
        id,
        name: "",
        subdomain: "",
        uuid: "",
        country: "RU",
        currency: "RUB",
        currency_symbol: "₽",
        created_at,
        users: Vec::new(),
        pipelines: Vec::new(),
        loss_reasons: Vec::new(),
        leads: Vec::new(),
        contacts: Vec::new(),
        contact_places: HashMap::new(),
    }
}

fn user(id: u64, name: &'static str, email: &'static str, lang: &'static str, is_admin: bool) -> User {
    User { id: UserId::from(id), name, email, lang, is_admin }
}

fn loss_reasons(first_id: u64) -> Vec<LossReason> {
    ["Слишком дорого", "Купили в другом агентстве", "Пропала потребность", "No answer"]
        .into_iter()
        .zip(0_u32..)
        .map(|(name, place)| LossReason {
            id: first_id + u64::from(place),
            name,
            sort: 100_000 * (place + 1),
            created_at: 1_655_300_000,
        })
        .collect()
}
