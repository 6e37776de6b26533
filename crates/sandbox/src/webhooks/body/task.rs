//! A task, `task[add][0]` and so on.

use super::form::Item;
use crate::{
    AccountId, WebhookZone,
    store::{ChangeKind, Occurrence, Task},
    times,
};

/// A task that was deleted is its number.
pub(super) fn write(
    item: &mut Item<'_>,
    task: &Task,
    (kind, occurrence): (ChangeKind, &Occurrence),
    account: AccountId,
    zone: WebhookZone,
) {
    item.put("[id]", task.id);
    if kind == ChangeKind::Delete {
        return;
    }
    if let Some((kind, id)) = task.entity {
        item.put("[element_id]", id);
        item.put("[element_type]", kind.element_type());
    }
    item.put("[task_type]", task.task_type_id);
    item.put("[date_create]", times::written(task.created_at, zone));
    item.put("[text]", &task.text);
    item.put("[status]", u8::from(task.is_completed));
    item.put("[account_id]", account);
    item.put("[created_user_id]", task.created_by);
    item.put("[last_modified]", times::written(task.updated_at, zone));
    item.put("[responsible_user_id]", task.responsible_user_id);
    item.put("[complete_till]", times::written(task.complete_till, zone));
    if let Some(before) = &occurrence.before {
        item.put("[action_close]", u8::from(task.is_completed && occurrence.changed.contains(&"is_completed")));
        item.put_some("[old_text]", before.text.as_deref().filter(|&text| text != task.text));
    }
    if let Some(result) = &task.result {
        item.put("[result][id]", result.id);
        item.put("[result][text]", &result.text);
    }
    if let Some(before) = &occurrence.before {
        item.put("[main_user]", task.responsible_user_id);
        item.put("[modified_by]", task.updated_by);
        item.put("[old_responsible_user_id]", before.responsible_user_id);
    }
    item.put("[created_at]", task.created_at);
    item.put("[updated_at]", task.updated_at);
    item.put("[complete_before]", task.complete_till);
}
