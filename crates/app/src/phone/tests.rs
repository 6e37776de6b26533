//! What the phone's pages keep: their users' tokens unharmed, nothing foreign, readable colours.

use amo_connect_sandbox::{AccountId, AccountInfo, Options, Sandbox, UserId, UserInfo};
use serde_json::json;

use super::*;
use crate::pages::{client_headers, contrast};

const HOSTILE: &str = "\"><script>alert(1)</script>'&";

fn pages(name: &str) -> [String; 2] {
    let users = [
        DemoUser { name: name.to_owned(), jwt: "aaa.bbb.ccc".to_owned() },
        DemoUser { name: "Ivan".to_owned(), jwt: "ddd.eee.fff".to_owned() },
    ];
    let person = UserInfo { id: UserId::from(1), name: name.to_owned(), email: String::new(), is_admin: true };
    let amo = [AccountInfo {
        id: AccountId::FOR_YOU,
        name: name.to_owned(),
        host: "127.0.0.1:8081".to_owned(),
        leads: 630,
        users: vec![person],
    }];
    let page = PhonePage { users: &users, amo: &amo, nonce: "bm9uY2U" };
    [phone_page(&page).into_string(), return_page(&page).into_string()]
}

#[test]
fn both_pages_know_the_apps_users_and_name_who_can_log_in_at_amocrm() {
    for html in pages("Olena") {
        let users = "data-users=\"[{&quot;name&quot;:&quot;Olena&quot;,&quot;jwt&quot;:&quot;aaa.bbb.ccc&quot;},";
        assert!(html.contains(users), "{html}");
        assert!(html.contains("<dd>Olena</dd>"));
    }
}

#[test]
fn a_hostile_name_stays_text() {
    for html in pages(HOSTILE) {
        assert!(!html.contains("<script>"));
        assert_eq!(html.matches("<script").count(), 1);
    }
}

#[test]
fn the_pages_load_nothing_and_put_no_value_into_markup() {
    for html in pages("Olena") {
        for word in
            ["http:", "https:", " src=", "url(", "<link", "<img", " style=", "innerHTML", "insertAdjacentHTML", "eval("]
        {
            assert!(!html.contains(word), "{word}");
        }
        assert_eq!((html.matches("<h1>").count(), html.matches("<main ").count()), (1, 1));
        assert!(html.contains("role=\"status\""));
    }
}

#[test]
fn the_drawer_has_a_button_for_each_action_and_fault_scenario_and_is_only_beside_the_app_at_home() {
    let [home, returned] = pages("Olena");
    let once = |text: &str| assert_eq!(home.matches(text).count(), 1, "{text}");
    for scenario in fault_scenario::FaultScenario::ALL {
        once(&format!("data-day=\"{}\"", scenario.code()));
        once(scenario.label());
    }
    for action in people::PeopleAction::ALL {
        once(&format!("id=\"{0}\" type=\"button\" class=\"quiet\" data-action=\"{0}\"", action.code()));
        once(action.label());
    }
    once("data-action=\"take-right\" aria-pressed=\"false\"");
    once("<summary>What happens at AMO CRM</summary>");
    assert_eq!((home.matches("<details").count(), returned.matches("<details").count()), (1, 0));
    assert!(!returned.contains("data-day=") && !returned.contains("data-action="));
}

#[test]
fn each_view_has_a_heading_that_can_have_the_focus_and_all_but_the_first_a_way_back() {
    let [home, returned] = pages("Olena");
    for heading in ["crm", "leads-title", "lead-name", "new-title", "task-list-title", "unsaved-title"] {
        assert_eq!(home.matches(&format!("<h2 id=\"{heading}\" tabindex=\"-1\">")).count(), 1, "{heading}");
    }
    let back = "<a class=\"up\" href=\"#/\">All leads</a>";
    assert_eq!((home.matches(back).count(), returned.matches(back).count()), (4, 0));
}

#[test]
fn the_return_page_has_a_way_on_and_a_way_back() {
    let [_, returned] = pages("Olena");
    for link in
        ["<a id=\"home\" class=\"button quiet\" href=\"/\">Continue</a>", "<a id=\"back\" href=\"/\">Back to the phone"]
    {
        assert!(returned.contains(link), "{link}: {returned}");
    }
}

#[test]
fn the_policy_lets_the_pages_speak_to_their_own_service_alone() {
    let (_, policy) = &client_headers("bm9uY2U")[0];
    assert_eq!(
        policy,
        "default-src 'none'; script-src 'nonce-bm9uY2U'; style-src 'nonce-bm9uY2U'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
}

#[test]
fn text_has_a_contrast_of_four_and_a_half_in_both_colour_schemes() {
    let grounds = [
        ("paper", ["ink", "soft", "good", "wait", "bad"].as_slice()),
        ("card", &["ink", "soft"]),
        ("line", &["ink"]),
        ("desk", &["ink", "soft"]),
    ];
    for scheme in contrast::schemes(include_str!("phone.css")) {
        for (ground, texts) in grounds {
            for text in texts {
                let found = contrast::between(scheme, text, ground);
                assert!(found >= 4.5, "--{text} on --{ground}: {found:.2} in{scheme}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_comes_back_as_it_was_at_the_start_and_as_all_leads_where_there_was_none() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (account, [andrew, iryna]) = (AccountId::FOR_YOU, [10_110_002, 10_110_003].map(UserId::from));
    let none = json!({ "leads": { "view": "D" }, "status_rights": [] });
    let won = json!([{ "entity_type": "leads", "pipeline_id": 7_301_200, "status_id": 142,
                       "rights": { "view": "A", "edit": "D", "delete": "D" } }]);
    let set =
        |user, rights: &serde_json::Value| sandbox.change_user(account, user, &json!({ "rights": rights })).unwrap();
    let before = set(andrew, &json!({ "leads": { "view": "D" }, "status_rights": won }));
    set(iryna, &none);
    let baseline = baseline::Baseline::of(&sandbox);
    assert_eq!(now::now(&sandbox, &baseline).line, "A normal day.", "it began like that");

    set(andrew, &none);
    assert_eq!(now::now(&sandbox, &baseline).line, "Andrew Bailey may not read leads.");
    for user in [andrew, iryna] {
        baseline.give_right(&sandbox, account, user).unwrap();
    }
    assert_eq!(sandbox.user(account, andrew).unwrap(), before);
    assert_eq!(sandbox.user(account, iryna).unwrap().rights()["leads"]["view"], "A");
}
