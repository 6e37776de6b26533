//! Contacts by their numbers.

use amo_connect_domain::crm::contact::Contact;

use super::call::token;
use super::feature::Entity;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{contact, permit};

pub(super) async fn contacts_come_by_their_numbers(harness: &dyn AmoClientHarness) {
    let known = vec![contact(7), Contact::numbered(8)];
    harness.will(Reply::Contacts(known.clone())).await;
    let ids = names::ids(harness, Entity::Contact, &[7, 8, 404]);
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &ids).await;
    assert_eq!(listed, Ok(names::contacts(harness, &known)));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids: vec![7, 8, 404] }]);
}

pub(super) async fn a_full_page_of_contacts_is_one_request(harness: &dyn AmoClientHarness) {
    let ids: Vec<u64> = (9_999_999_000..).take(250).collect();
    let known: Vec<Contact> = ids.iter().map(|id| contact(*id)).collect();
    harness.will(Reply::Contacts(known.clone())).await;
    let wanted = names::ids(harness, Entity::Contact, &ids);
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &wanted).await;
    assert_eq!(listed, Ok(names::contacts(harness, &known)));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids }]);
}

pub(super) async fn without_numbers_nobody_is_listed(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Contacts(vec![contact(7)])).await;
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &[]).await;
    assert_eq!(listed, Ok(Vec::new()));
}
