//! What can be subscribed to, by amoCRM's names.

/// All settings. The last five are in no Russian documentation: Kommo's names of messages, and
/// those of the unsorted that clients send.
const NAMES: [&str; 36] = [
    "add_lead",
    "add_contact",
    "add_company",
    "add_customer",
    "add_task",
    "add_talk",
    "update_lead",
    "update_contact",
    "update_company",
    "update_customer",
    "update_task",
    "update_talk",
    "delete_lead",
    "delete_contact",
    "delete_company",
    "delete_customer",
    "delete_task",
    "restore_lead",
    "restore_contact",
    "restore_company",
    "responsible_lead",
    "responsible_contact",
    "responsible_company",
    "responsible_customer",
    "responsible_task",
    "status_lead",
    "note_lead",
    "note_contact",
    "note_company",
    "note_customer",
    "add_chat_template_review",
    "add_message",
    "add_outgoing_message",
    "add_unsorted",
    "update_unsorted",
    "delete_unsorted",
];

/// Whether there is a setting of this name.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}
