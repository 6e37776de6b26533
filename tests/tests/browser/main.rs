//! The page in real browsers: what a person on a phone gets, and what never happens to them.
//!
//! `cargo xtask test` installs Chromium, WebKit and axe-core. Each test starts a browser of its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::type_complexity,
    reason = "a test that cannot go on says so loudly"
)]

mod accessibility;
mod agent_day;
mod amocrm;
mod crm_views;
mod docs;
mod engine;
mod journey;
mod layout;
mod lost_answers;
mod mobile;
mod navigation;
mod page_weight;
mod people;
mod phone;
mod preferences;
mod reload;
mod session;
mod stage;
mod supervisor;
mod traffic;
mod without_script;

use engine::Engine;

macro_rules! in_both_engines {
    ($($module:ident::$check:ident),* $(,)?) => {
        mod chromium {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                crate::$module::$check(crate::Engine::Chromium).await;
            })*
        }

        mod webkit {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                crate::$module::$check(crate::Engine::WebKit).await;
            })*
        }
    };
}

in_both_engines![
    accessibility::no_outcome_has_a_barrier_in_the_light,
    accessibility::no_outcome_has_a_barrier_in_the_dark,
    accessibility::a_page_with_barriers_is_caught,
    reload::a_reload_and_back_show_the_same_page_and_spend_nothing,
    reload::the_link_on_a_failure_that_passes_asks_again_and_connects,
    amocrm::amocrms_pages_have_no_barrier_and_fit_the_smallest_phone,
    amocrm::amocrm_is_passed_by_the_keyboard_alone,
    docs::a_call_is_tried_on_the_documentations_page,
    page_weight::the_page_is_light_and_loads_nothing_else,
    journey::from_the_phone_over_amocrm_and_back_to_the_leads,
    layout::the_button_is_whole_and_free_on_load_in_every_outcome,
    phone::no_button_moves_when_the_texts_above_it_change,
    agent_day::the_newest_leads_are_listed_narrowed_and_searched,
    agent_day::a_lead_is_moved_noted_and_its_task_is_completed,
    agent_day::a_new_lead_is_made_and_shown,
    agent_day::a_note_and_a_task_are_made_by_the_keyboard_alone,
    crm_views::no_view_has_a_barrier_and_each_fits_the_smallest_phone,
    lost_answers::what_amocrm_does_unheard_is_written_once,
    lost_answers::what_waits_for_a_connection_is_written_once_after_it,
    people::what_colleagues_do_is_on_the_phone,
    people::the_right_to_read_is_taken_and_given_back,
    people::the_peoples_buttons_are_pressed_by_the_keyboard_alone,
    navigation::nothing_moves_for_five_seconds_nor_for_five_more_after_a_tap,
    navigation::a_tap_enter_and_space_each_open_the_app_once,
    navigation::pages_that_move_by_themselves_are_caught,
    without_script::without_javascript_the_page_says_what_happened_and_has_a_link,
];
