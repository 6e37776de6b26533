//! Accounts from a file: what is in them, and what is said of a file that cannot be as it is.

use amo_connect_sandbox::{AccountId, Fixtures, Options, Sandbox, SandboxError};
use serde_json::{Value, json};

use crate::support::{Amo, ids, unlimited};

const EXAMPLE: &str = include_str!("../../examples/fixtures.yaml");
const HARBOUR: u64 = 31_920_194;

async fn with(text: &str) -> Amo {
    let fixtures = Fixtures::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Amo::with(Options { fixtures: Some(fixtures), ..unlimited() }).await
}

/// A list of an account, as its first user sees it.
async fn list(amo: &Amo, account: AccountId, path: &str, token: &str) -> Vec<Value> {
    let name = path.trim_start_matches("/api/v4/").split('?').next().unwrap().rsplit('/').next().unwrap();
    let answer = amo.get(account, path, token).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()["_embedded"][name].as_array().unwrap().clone()
}

fn named<'v>(list: &'v [Value], name: &str) -> &'v Value {
    list.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name}: {list:?}"))
}

/// The values of a custom field.
fn values(entity: &Value, field: &str) -> Value {
    let fields = entity["custom_fields_values"].as_array().unwrap();
    fields.iter().find(|entry| entry["field_name"] == field).map_or(Value::Null, |entry| entry["values"].clone())
}

/// The mistakes of a file.
fn mistakes(text: &str) -> Vec<String> {
    Fixtures::parse(text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_named_is_the_first_administrator() {
    let people = "accounts: [{name: x, users: [{name: Boss, id: 9}, {name: Agent, id: 7}]}]";
    let amo = with(people).await;
    let account = amo.sandbox.accounts()[0].id;
    let token = amo.connect(account).await.access;
    assert_eq!(amo.get(account, "/api/v4/account", &token).await.json()["current_user_id"], 9);
    let lead = amo.sandbox.add_lead(account, &json!({"name": "Walk-in"})).unwrap();
    let lead = amo.get(account, &format!("/api/v4/leads/{lead}"), &token).await.json();
    assert_eq!(lead["created_by"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_of_the_example_stand_there_instead_of_the_made_up_ones() {
    let amo = with(EXAMPLE).await;
    let accounts = amo.sandbox.accounts();
    let told: Vec<_> =
        accounts.iter().map(|account| (account.id.get(), account.name.as_str(), account.leads)).collect();
    assert_eq!(told, [(HARBOUR, "Harbour Homes", 4), (50_000_001, "Rival Homes", 1)]);
    assert_eq!(amo.sandbox.hosts().len(), 5);
    let people: Vec<_> =
        accounts[0].users.iter().map(|user| (user.id.get(), user.name.as_str(), user.is_admin)).collect();
    let expected = [
        (10_110_001, "Olena Kovalenko", true),
        (10_500_001, "Andrew Bailey", false),
        (10_500_002, "Iryna Melnyk", false),
    ];
    assert_eq!(people, expected);
    assert_eq!(accounts[0].users[1].email, "user10500001@harbour.example");

    let harbour = accounts[0].id;
    let token = amo.connect(harbour).await.access;
    let account = amo.get(harbour, "/api/v4/account", &token).await.json();
    assert_eq!(
        (&account["subdomain"], &account["currency"], &account["country"]),
        (&json!("harbour"), &json!("GBP"), &json!("GB"))
    );
    let users = list(&amo, harbour, "/api/v4/users?with=group", &token).await;
    let andrew = &named(&users, "Andrew Bailey")["rights"];
    assert_eq!(andrew["leads"], json!({"view": "A", "edit": "M", "add": "A", "delete": "D", "export": "D"}));
    assert_eq!(named(&users, "Taras Haidai")["rights"]["is_active"], false);
    let iryna = &named(&users, "Iryna Melnyk")["rights"];
    assert_eq!((&iryna["group_id"], &iryna["tasks"]), (&json!(320_001), &json!({"edit": "M", "delete": "D"})));
    assert_eq!(iryna["status_rights"][0]["rights"]["view"], "A");
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_and_contacts_of_the_example_are_as_written() {
    let amo = with(EXAMPLE).await;
    let harbour = AccountId::from(HARBOUR);
    let token = amo.connect(harbour).await.access;
    let pipelines = list(&amo, harbour, "/api/v4/leads/pipelines", &token).await;
    let stages = |pipeline: &str| named(&pipelines, pipeline)["_embedded"]["statuses"].as_array().unwrap().clone();
    assert_eq!((stages("Sales").len(), named(&stages("Lettings"), "Contract")["id"].clone()), (6, json!(86_500_003)));
    assert_eq!(named(&pipelines, "Sales")["is_main"], true);

    let leads = list(&amo, harbour, "/api/v4/leads?with=contacts", &token).await;
    assert_eq!(leads.len(), 4);
    let flat = named(&leads, "Flat on Quay Street");
    assert_eq!((&flat["id"], &flat["price"]), (&json!(20_401_001), &json!(250_000)));
    assert_eq!((&flat["created_at"], &flat["updated_at"]), (&json!(1_793_611_800), &json!(1_794_960_000)));
    assert_eq!(flat["responsible_user_id"], 10_500_001);
    assert_eq!(flat["status_id"], named(&stages("Sales"), "Viewing")["id"]);
    assert_eq!(values(flat, "Area"), json!([{"value": "74.5"}]));
    assert_eq!(values(flat, "Parking"), json!([{"value": true}]));
    assert_eq!(values(flat, "Moving in"), json!([{"value": 1_799_971_200}]));
    assert_eq!(values(flat, "Kind")[0]["value"], "Flat");
    let tags = flat["_embedded"]["tags"].as_array().unwrap();
    assert_eq!((&named(tags, "VIP")["color"], &named(tags, "Sea view")["color"]), (&json!("FF8F92"), &Value::Null));
    let contacts = flat["_embedded"]["contacts"].as_array().unwrap();
    assert_eq!((contacts.len(), &contacts[0]["is_main"]), (2, &json!(true)));

    let house = named(&leads, "House in Hill Road");
    assert_eq!(house["status_id"], 86_500_003);
    let mill = named(&leads, "Mill Cottage");
    assert_eq!((&mill["status_id"], &mill["closed_at"]), (&json!(143), &mill["updated_at"]));
    assert!(mill["loss_reason_id"].is_u64());
    let walk_in = named(&leads, "Walk-in");
    assert_eq!(walk_in["status_id"], named(&stages("Sales"), "New enquiry")["id"]);
    // The last of the file is the newest: an hour before the present.
    assert_eq!(walk_in["created_at"], 1_795_197_600_u64 - 3600);
    assert_eq!(walk_in["responsible_user_id"], 10_110_001);

    let people = list(&amo, harbour, "/api/v4/contacts?with=leads", &token).await;
    let ivan = named(&people, "Ivan Petrenko");
    assert_eq!(
        (&ivan["id"], &ivan["first_name"], &ivan["last_name"]),
        (&contacts[0]["id"], &json!("Ivan"), &json!("Petrenko"))
    );
    let phones = values(ivan, "Телефон");
    assert_eq!((&phones[0]["value"], &phones[0]["enum_code"]), (&json!("+380 50 111 22 33"), &json!("WORK")));
    assert_eq!(phones[1]["enum_code"], "HOME");
    assert_eq!(values(ivan, "Likes").as_array().unwrap().len(), 2);
    assert_eq!(ivan["_embedded"]["leads"][0]["id"], 20_401_001);
    assert_eq!(named(&people, "Mary Jones")["last_name"], "Jones");
    let found = amo.get(harbour, "/api/v4/leads?query=501112233", &token).await.json();
    assert_eq!(ids(&found, "leads"), [20_401_001]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_follows_and_a_reset_brings_the_file_back() {
    let amo = with(EXAMPLE).await;
    let id = amo.sandbox.add_lead(HARBOUR, &json!({"name": "New"})).unwrap();
    amo.sandbox.delete_lead(HARBOUR, 20_401_001).unwrap();
    amo.sandbox.reset().unwrap();
    assert_eq!(amo.sandbox.accounts()[0].leads, 4);
    assert_eq!(amo.sandbox.add_lead(HARBOUR, &json!({"name": "New"})).unwrap(), id);
    let again = with(EXAMPLE).await;
    assert_eq!(again.sandbox.add_lead(HARBOUR, &json!({"name": "New"})).unwrap(), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_sees_what_the_letters_say() {
    let amo = with(EXAMPLE).await;
    let harbour = AccountId::from(HARBOUR);
    for (user, seen) in [(10_500_001, 4), (10_500_002, 0)] {
        let code = amo.sandbox.issue_code_for(harbour, user, "sandbox").unwrap().code;
        let pair = amo.token(harbour, &Amo::exchange_fields(&code)).await.pair();
        let answer = amo.get(harbour, "/api/v4/leads", &pair.access).await;
        let count = if answer.status == 204 { 0 } else { ids(&answer.json(), "leads").len() };
        assert_eq!(count, seen, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_read_as_well_and_defaults_fill_the_rest() {
    let amo =
        with(r#"{"accounts": [{"name": "One", "users": ["Ann"], "contacts": [{"name": "Bob", "email": "b@x"}]}]}"#)
            .await;
    let account = amo.sandbox.accounts()[0].clone();
    assert_eq!((account.id.get(), account.users[0].id.get()), (50_000_001, 10_500_001));
    let token = amo.connect(account.id).await.access;
    let pipelines = list(&amo, account.id, "/api/v4/leads/pipelines", &token).await;
    assert_eq!(pipelines[0]["name"], "Sales");
    let shown = amo.get(account.id, "/api/v4/account", &token).await.json();
    assert_eq!((&shown["subdomain"], &shown["currency"]), (&json!("account50000001"), &json!("USD")));
    let contacts = list(&amo, account.id, "/api/v4/contacts", &token).await;
    assert_eq!(contacts[0]["custom_fields_values"][0]["values"][0]["value"], "b@x");
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_was_expected() {
    let text = r##"accounts:
  - name: Harbour
    colour: blue
    created_at: yesterday
    subdomain: Harbour Homes
    users:
      - {name: Olena, id: 7, is_admin: maybe}
      - {name: Andrew, id: 7, role: Boss}
      - {email: nobody@x}
    pipelines:
      - {name: Sales, stages: [New, {name: Won, id: 142}]}
      - {name: Empty}
    tags: [{name: VIP, color: "#ff8f92"}]
    custom_fields:
      leads:
        - {name: Area, type: number}
        - {name: Kind, type: select}
        - {name: Size, type: numeric}
    contacts: [Ivan, Ivan]
    leads:
      - name: Flat
        price: -5
        stage: Viewing
        contacts: [Ivan, Maria]
        fields: {Size: large, Colour: red}
        responsible_user: [Olena]
      - {price: 5, closed_at: 5, stage: New}
      - {name: House, created_at: 20, updated_at: 10}
  - {name: Second, users: [{name: Ann, is_admin: false}]}
"##;
    assert_eq!(mistakes(text).join("\n"), include_str!("fixtures.mistakes.txt").trim_end());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_fixtures_are_refused() {
    assert_eq!(mistakes("{\"accounts\": [}"), ["1:15: this is not JSON: expected value"]);
    assert_eq!(mistakes("accounts: [\n  - a\n")[0].split(": ").nth(1), Some("this is not YAML"));
    assert_eq!(mistakes("[]"), ["1:1: expected a mapping, found a list"]);
    assert_eq!(
        mistakes("account: []"),
        ["1:1: expected the key accounts", "1:1: account: expected one of the keys accounts"]
    );
    assert_eq!(mistakes("accounts: []"), ["1:11: accounts: expected at least one account"]);
    let two = "accounts:\n- {name: A, users: [{name: A, id: 5}]}\n- {name: B, users: [{name: B, id: 5}]}\n";
    assert_eq!(mistakes(two), ["3:35: accounts[1].users[0].id: expected an id of its own, 5 is that of another"]);
    // A sandbox of so many accounts needs so many ports.
    let many: String = (0..101).map(|_| "- {name: A, users: [A]}\n").collect();
    assert_eq!(mistakes(&format!("accounts:\n{many}")).len(), 1);
    let options = Options { amo_bind: "127.0.0.1:65534".parse().unwrap(), ..unlimited() };
    let fixtures = Some(Fixtures::parse("accounts: [{name: A, users: [A]}]").unwrap());
    let refused = Sandbox::start(Options { fixtures, ..options }).await.unwrap_err();
    assert!(matches!(refused, SandboxError::PortsExhausted { needed: 4, .. }), "{refused}");
}
