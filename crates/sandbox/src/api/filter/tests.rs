//! What [`entities`] gives, compared with the plain way: to look at all rows, keep what is wanted, and
//! sort it.

use rand::{RngExt as _, SeedableRng, rngs::ChaCha8Rng};

use super::*;
use crate::{
    Options, UserId, data,
    store::{Author, CardDraft, ContactDraft, Context, EntityChange, EntityDraft, LeadDraft, Store},
};

const ADMINISTRATOR: u64 = 10_110_001;
/// Sees what is her own.
const LETTING_AGENT: u64 = 10_110_003;

/// The first of the times that entities have here, and how many there are.
const SINCE: u64 = 1_790_000_000;
const TIMES: u64 = 60;

#[test]
fn leads_are_those_of_a_look_at_all_of_them() {
    let mut random = ChaCha8Rng::seed_from_u64(630);
    let store = agency();
    shake(&store, &mut random, |card| LeadDraft { card, ..LeadDraft::default() });
    compare::<Lead>(&store, &mut random);
}

#[test]
fn contacts_are_those_of_a_look_at_all_of_them() {
    let mut random = ChaCha8Rng::seed_from_u64(631);
    let store = agency();
    shake(&store, &mut random, |card| ContactDraft { card, ..ContactDraft::default() });
    compare::<Contact>(&store, &mut random);
}

fn agency() -> Store {
    let options = Options { leads: 300, ..Options::default() };
    data::generate(&options).unwrap().remove(0).store
}

fn author(user: u64) -> Author {
    Author { user: UserId::from(user), is_full: user == ADMINISTRATOR, client_id: None }
}

fn time(random: &mut ChaCha8Rng) -> u64 {
    SINCE + random.random_range(0..TIMES)
}

/// Gives all entities of a kind times of which many are equal; then changes, deletes and adds some, in
/// a search that lags.
fn shake<D: EntityDraft>(store: &Store, random: &mut ChaCha8Rng, draft: impl Fn(CardDraft) -> D) {
    let ids: Vec<_> = D::Entity::table(&store.read()).iter().map(|entity| entity.card().id).collect();
    let (author, switches) = (author(ADMINISTRATOR), Switches { search_lag_s: 20, ..Switches::default() });
    let mut refused = 0;
    for step in 0..ids.len() * 2 {
        let now = time(random);
        let card = CardDraft {
            name: Some(format!("Name {}", random.random_range(0..5))),
            created_at: Some(time(random)),
            updated_at: Some(time(random)),
            ..CardDraft::default()
        };
        let draft = Box::new(draft(card));
        let random_id = ids[random.random_range(0..ids.len())];
        let change = match (ids.get(step), random.random_range(0..4)) {
            (Some(&id), _) => EntityChange::Edit { id, draft },
            (None, 0) => EntityChange::Add(draft),
            (None, 1) => EntityChange::Delete { id: random_id, is_deleted: random.random_bool(0.7) },
            (None, _) => EntityChange::Edit { id: random_id, draft },
        };
        let context = Context { author: &author, now, switches: &switches };
        refused += usize::from(store.commit(&context, vec![D::change(change)]).is_err());
    }
    assert!(refused < ids.len(), "most of the changes could be made, not {refused} of them");
}

/// Asks at random, and compares the answers.
fn compare<E: Filtered>(store: &Store, random: &mut ChaCha8Rng) {
    let tables = store.read();
    let (mut few, mut in_order, mut found) = (0, 0, 0);
    for _ in 0..3_000 {
        let text = question::<E>(&tables, random);
        let query = Query::parse(&text);
        let newest_first = random.random_bool(0.3);
        let default_order = if newest_first { DefaultOrder::NewestFirst } else { DefaultOrder::OldestFirst };
        let switches = Switches { default_order, ..Switches::default() };
        let user = if random.random_bool(0.2) { LETTING_AGENT } else { ADMINISTRATOR };
        let author = author(user);
        let permissions = tables.permissions(&author);
        let (now, most) = (time(random), [1, 2, 5, 51, usize::MAX][random.random_range(0..5)]);

        let filter = Filter::<E>::of(&query, tables.fields.of(E::KIND), &switches).unwrap();
        let is_wanted = |entity: &&E| filter.lets(*entity, &tables, now) && permissions.may(Action::View, *entity);
        let mut expected: Vec<_> = E::table(&tables).rows().iter().filter(is_wanted).collect();
        if newest_first {
            expected.reverse();
        }
        order(&query, &mut expected, E::FIELDS, E::ORDERS).unwrap();
        expected.truncate(most);

        let given = entities::<E>(&query, &tables, &permissions, &switches, now, most).unwrap();
        let ids = |entities: &[&E]| entities.iter().map(|entity| entity.card().id).collect::<Vec<_>>();
        assert_eq!(ids(&given), ids(&expected), "{most} of {text}, newest first: {newest_first}, user {user}");

        found += usize::from(!given.is_empty());
        let order = Order::of(&query, E::FIELDS, E::ORDERS).unwrap();
        match Candidates::of(E::table(&tables), &filter.conditions, order.as_ref(), newest_first) {
            Candidates::Few(_) => few += 1,
            Candidates::Ordered(_) => in_order += 1,
        }
    }
    assert!(few > 500 && in_order > 500 && found > 1_000, "{few} of few, {in_order} in order, {found} found any");
}

/// A query with some filters and orders.
fn question<E: Filtered>(tables: &Tables, random: &mut ChaCha8Rng) -> String {
    let rows = E::table(tables).rows();
    let mut parts = Vec::new();
    let mut some = |probability: f64, part: &mut dyn FnMut(&mut ChaCha8Rng) -> String| {
        if random.random_bool(probability) {
            parts.push(part(random));
        }
    };
    let id = |random: &mut ChaCha8Rng| rows[random.random_range(0..rows.len())].card().id;
    some(0.15, &mut |random| {
        let mut ids: Vec<_> = (0..6).map(|_| id(random)).collect();
        ids.extend([ids[0], 1]);
        ids.iter().map(|id| format!("filter[id][]={id}")).collect::<Vec<_>>().join("&")
    });
    some(0.1, &mut |random| format!("filter[id][from]={}", id(random)));
    for name in ["created_at", "updated_at"] {
        some(0.2, &mut |random| format!("filter[{name}][from]={}", time(random)));
        some(0.2, &mut |random| format!("filter[{name}][to]={}", time(random)));
        some(0.15, &mut |random| {
            let from = time(random);
            format!("filter[{name}][from]={from}&filter[{name}][to]={}", from + 2)
        });
        some(0.03, &mut |random| format!("filter[{name}]={}", time(random)));
    }
    some(0.1, &mut |_| format!("filter[responsible_user_id]={LETTING_AGENT}"));
    some(0.1, &mut |_| "filter[statuses][0][status_id]=142".to_owned());
    some(0.1, &mut |_| "with=only_deleted".to_owned());
    some(0.15, &mut |random| format!("query=name+{}", random.random_range(0..5)));
    for name in ["created_at", "updated_at", "id"] {
        some(0.35, &mut |random| format!("order[{name}]={}", if random.random_bool(0.5) { "asc" } else { "desc" }));
    }
    parts.join("&")
}
