//! Reads that gather several pages.

use amo_connect_contract::FakeAccount;
use amo_connect_contract::fixtures::user;
use amo_connect_domain::crm::account::User;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::usecase::ReadError;

use crate::world::World;

#[test]
fn users_with_endless_names_are_not_gathered() {
    for (bytes, is_read) in [(400, true), (4_000, false)] {
        let person = |id| User { id, name: Some("я".repeat(bytes / 2)), email: None, is_active: true, is_admin: true };
        let account = FakeAccount { users: (1..=1_000).map(person).collect(), user: Some(1), ..FakeAccount::empty(1) };
        let world = World::beside_account(account);
        world.run(async {
            world.connect("olena", 1).await;
            let (users, me) = (world.use_cases.users(&user("olena")).await, world.use_cases.me(&user("olena")).await);
            if is_read {
                assert_eq!((users.unwrap().len(), me.unwrap().is_admin), (1_000, true));
            } else {
                assert!(matches!(users, Err(ReadError::Amo(AmoError::Protocol))), "{bytes}");
                assert!(matches!(me, Err(ReadError::Amo(AmoError::Protocol))), "{bytes}");
            }
        });
    }
}
