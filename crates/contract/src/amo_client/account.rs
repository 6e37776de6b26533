//! The account, and its users.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::ids::AccountId;

use super::call::token;
use super::feature::Entity;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::permit;

pub(super) async fn an_account_has_its_number(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Account(AccountId(31_920_194))).await;
    let account = harness.client().account(permit(&harness.host()), &token()).await;
    assert_eq!(account, Ok(AmoAccount::numbered(names::account(harness, AccountId(31_920_194)))));
}

pub(super) async fn an_account_comes_with_its_name_its_currency_and_the_tokens_user(harness: &dyn AmoClientHarness) {
    let text = |text: &str| Some(text.to_owned());
    let card = AmoAccount {
        number: AccountId(7), name: text("Агенція «Море»"), currency: text("UAH"), user: Some(9)
    };
    harness.will(Reply::AccountCard(card.clone())).await;
    let account = harness.client().account(permit(&harness.host()), &token()).await;
    let (number, user) = (names::account(harness, card.number), names::user(harness, card.user));
    assert_eq!(account, Ok(AmoAccount { number, user, ..card }));
}

pub(super) async fn users_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    let text = |text: &str| Some(text.to_owned());
    let (name, email) = (text("Олена Коваленко"), text("olena@example.com"));
    let olena = User { id: 9, name: name.clone(), email: email.clone(), is_active: true, is_admin: true };
    let left = User { id: 8, is_active: false, is_admin: false, ..olena.clone() };
    let page = PageRequest { page: 2, limit: 20 };
    for has_more in [true, false] {
        let users = Page { items: vec![olena.clone(), left.clone(), User::numbered(7)], has_more };
        harness.will(Reply::Users(users.clone())).await;
        let listed = harness.client().users(permit(&harness.host()), &token(), page).await;
        let known = |user: &User| User { id: harness.number_of(Entity::User, user.id), ..user.clone() };
        assert_eq!(listed, Ok(Page { items: users.items.iter().map(known).collect(), has_more }));
    }
    let asked = Asked::Users { host: harness.host(), token: token(), page };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}
