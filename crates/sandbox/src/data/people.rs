//! The accounts and who works in them; the same whatever the seed.

use super::pipelines;
use crate::{
    AccountId, UserId,
    store::{
        Group,
        Letter::{A, D, M},
        Letters, LossReason, Pipeline, Rights, Role, TaskLetters, User,
    },
};

/// The number of the agency's department for lettings.
const LETTINGS: u64 = 311_001;
/// The agency's roles.
const SELLER: u64 = 120_001;
const LETTING_AGENT: u64 = 120_002;

/// What an account is like before anything is in it.
pub(crate) struct Profile {
    pub(crate) id: AccountId,
    pub(crate) name: &'static str,
    pub(crate) subdomain: &'static str,
    pub(crate) uuid: &'static str,
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) currency_symbol: &'static str,
    pub(crate) created_at: u64,
    pub(crate) users: Vec<User>,
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<Group>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) loss_reasons: Vec<LossReason>,
    /// The id of a type of tasks that the account made itself.
    pub(crate) own_task_type: Option<u64>,
}

/// The three accounts and so many more.
pub(crate) fn profiles(more: u16) -> Vec<Profile> {
    let mut profiles = vec![
        Profile {
            name: "For You Real Estate",
            subdomain: "foryou",
            uuid: "5f0d7c2e-41b6-4a3c-9d8e-1c2b3a4d5e6f",
            country: "UA",
            currency: "USD",
            currency_symbol: "$",
            users: vec![
                admin(10_110_001, "Олена Коваленко", "olena@foryou.example", "ru"),
                // Sees everything, and changes what is his own.
                User { role_id: Some(SELLER), ..user(10_110_002, "Andrew Bailey", "andrew@foryou.example", "en") },
                // Sees and changes what is her own.
                User {
                    group_id: LETTINGS,
                    role_id: Some(LETTING_AGENT),
                    ..user(10_110_003, "Ірина Мельник", "iryna@foryou.example", "ru")
                },
                // Left the agency.
                User { is_active: false, ..user(10_110_004, "Тарас Гайдай", "taras@foryou.example", "ru") },
            ],
            roles: vec![
                Role { id: SELLER, name: "Менеджер продажу".to_owned(), rights: sees_all_changes_own() },
                Role { id: LETTING_AGENT, name: "Агент по аренде".to_owned(), rights: own() },
            ],
            groups: vec![
                Group { id: 0, name: "Отдел продаж".to_owned() },
                Group { id: LETTINGS, name: "Оренда".to_owned() },
            ],
            pipelines: pipelines::of_an_agency(7_301_200),
            loss_reasons: loss_reasons(18_240_000),
            own_task_type: Some(2_841_001),
            ..empty(AccountId::FOR_YOU, 1_612_170_000)
        },
        Profile {
            name: "Rival Homes",
            subdomain: "rivalhomes",
            uuid: "8a6b1f90-7d53-4c0b-b0a4-6d5e4f3c2b1a",
            country: "GB",
            currency: "GBP",
            currency_symbol: "£",
            users: vec![admin(10_220_001, "Марина Соколова", "marina@rival.example", "ru")],
            pipelines: pipelines::of_a_rival(8_402_300),
            loss_reasons: loss_reasons(18_250_000),
            ..empty(AccountId::RIVAL_HOMES, 1_655_280_000)
        },
    ];
    let numbers = (AccountId::EMPTY.get()..).take(usize::from(more) + 1);
    profiles.extend(numbers.map(|number| Profile {
        name: "Empty",
        subdomain: "empty",
        uuid: "c3d2e1f0-1a2b-4c3d-8e9f-0a1b2c3d4e5f",
        users: vec![admin(10_330_001, "Sam Novak", "sam@empty.example", "en")],
        pipelines: pipelines::of_a_rival(9_503_400),
        loss_reasons: loss_reasons(18_260_000),
        ..empty(AccountId::from(number), 1_790_000_000)
    }));
    profiles
}

fn empty(id: AccountId, created_at: u64) -> Profile {
    Profile {
        id,
        name: "",
        subdomain: "",
        uuid: "",
        country: "RU",
        currency: "RUB",
        currency_symbol: "₽",
        created_at,
        users: Vec::new(),
        roles: Vec::new(),
        groups: vec![Group { id: 0, name: "Отдел продаж".to_owned() }],
        pipelines: Vec::new(),
        loss_reasons: Vec::new(),
        own_task_type: None,
    }
}

fn admin(id: u64, name: &str, email: &str, lang: &'static str) -> User {
    User { is_admin: true, ..user(id, name, email, lang) }
}

/// Somebody who may do everything with what is their own, and nothing with the rest.
fn user(id: u64, name: &str, email: &str, lang: &'static str) -> User {
    User {
        id: UserId::from(id),
        name: name.to_owned(),
        email: email.to_owned(),
        lang,
        is_admin: false,
        is_active: true,
        is_free: false,
        group_id: 0,
        role_id: None,
        rights: own(),
    }
}

/// Adding and what is one's own; no deleting, no export.
pub(crate) fn own() -> Rights {
    let own = Letters { view: M, edit: M, add: A, delete: D, export: D };
    let tasks = TaskLetters { edit: M, delete: M };
    Rights { leads: own, contacts: own, companies: own, tasks, ..Rights::all(D) }
}

fn sees_all_changes_own() -> Rights {
    let own = own();
    let seen = |letters| Letters { view: A, ..letters };
    Rights { leads: seen(own.leads), contacts: seen(own.contacts), companies: seen(own.companies), ..own }
}

fn loss_reasons(first_id: u64) -> Vec<LossReason> {
    ["Слишком дорого", "Купили в другом агентстве", "Пропала потребность", "No answer"]
        .into_iter()
        .zip(0..)
        .map(|(name, place)| LossReason {
            id: first_id + place,
            name: name.to_owned(),
            sort: 100_000 * (place + 1),
            created_at: 1_655_300_000,
            updated_at: 1_655_300_000,
        })
        .collect()
}
