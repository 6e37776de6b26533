//! What webhooks say: form bodies in the shape of API v2, made from what a commit did.

mod card;
mod custom_fields;
mod form;
mod lead;
mod note;
mod task;
mod unsorted;

use super::WebhookEntities;
use crate::{
    AccountId, Switches,
    store::{ChangeKind, Kind, Occurrence, Snapshot, Subject, Tables},
};
use form::Form;

/// The body of one webhook, without the account.
pub(super) struct Body {
    /// What it tells, by the names of the settings.
    pub(super) settings: Vec<String>,
    pub(super) form: String,
}

/// What a body is made of besides the change.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) account: AccountId,
    pub(super) tables: &'a Tables,
    pub(super) switches: &'a Switches,
}

/// What may be told of one entity in one change.
pub(super) struct Hook<'o> {
    occurrence: &'o Occurrence,
    kind: ChangeKind,
    /// The setting that subscribes to it.
    setting: String,
    /// Where it stands in the form: `leads` and `add`.
    group: &'static str,
    action: &'static str,
}

impl<'o> Hook<'o> {
    fn new(occurrence: &'o Occurrence, kind: ChangeKind) -> Self {
        let subject = occurrence.entity.subject();
        let group = match subject {
            Subject::Card(Kind::Lead, _) => "leads",
            Subject::Card(Kind::Contact | Kind::Company, _) => "contacts",
            Subject::Task(_) => "task",
            Subject::Unsorted(_) => "unsorted",
        };
        let action = match kind {
            // Only leads have a group of their own for it.
            ChangeKind::Responsible if group != "leads" => ChangeKind::Update.word(),
            _ => kind.word(),
        };
        Self { occurrence, kind, setting: kind.setting(subject), group, action }
    }

    fn is_of(&self, occurrence: &Occurrence) -> bool {
        self.occurrence.number == occurrence.number
    }

    fn write(&self, form: &mut Form, place: usize, scene: &Scene<'_>) {
        let Scene { account, tables, switches } = *scene;
        let mut item = form.at(format!("{}[{}][{place}]", self.group, self.action));
        let change = (self.kind, self.occurrence.before.as_ref());
        match &self.occurrence.entity {
            Snapshot::Lead(lead) => lead::write(&mut item, lead, change, account, tables),
            Snapshot::Contact(it) => card::write(&mut item, &it.card, Kind::Contact, change, account, tables),
            Snapshot::Company(it) => card::write(&mut item, &it.card, Kind::Company, change, account, tables),
            Snapshot::Task(task) => {
                task::write(&mut item, task, (self.kind, self.occurrence), account, switches.webhook_zone);
            }
            Snapshot::Unsorted(row) => unsorted::write(&mut item, row, account, tables),
            Snapshot::Note(note) => note::write(&mut item, note, account, tables, switches.webhook_zone),
        }
    }
}

/// All that a commit gives to tell, in order.
pub(super) fn hooks<'o>(occurrences: impl Iterator<Item = &'o Occurrence>, switches: &Switches) -> Vec<Hook<'o>> {
    let of_one = |occurrence: &'o Occurrence| {
        let kinds = occurrence.kinds.iter().copied().filter(|&kind| is_told(occurrence, kind, switches));
        kinds.map(|kind| Hook::new(occurrence, kind)).collect::<Vec<_>>()
    };
    occurrences.flat_map(of_one).collect()
}

/// Whether the switches let an update be told, if only such members changed.
fn is_told(occurrence: &Occurrence, kind: ChangeKind, switches: &Switches) -> bool {
    let is_silent = |member: &str| match member {
        "links" => !switches.webhook_update_on_links,
        "tags" => !switches.webhook_update_on_tags,
        "status_id" | "responsible_user_id" => {
            !switches.webhook_update_with_status && matches!(occurrence.entity, Snapshot::Lead(_))
        }
        _ => false,
    };
    let changed = &occurrence.changed;
    kind != ChangeKind::Update || changed.is_empty() || !changed.iter().copied().all(is_silent)
}

/// The bodies for a destination that subscribed to `settings`.
pub(super) fn bodies(hooks: &[Hook<'_>], settings: &[String], scene: &Scene<'_>) -> Vec<Body> {
    let mut told: Vec<(&Hook<'_>, Vec<String>)> = Vec::new();
    // A destination that is subscribed under two settings to the same is told once.
    for hook in hooks.iter().filter(|hook| settings.contains(&hook.setting)) {
        let mut of_same = told.iter_mut().rev().take_while(|(known, _)| hook.is_of(known.occurrence));
        match of_same.find(|(known, _)| known.action == hook.action) {
            Some((_, settings)) => settings.push(hook.setting.clone()),
            None => told.push((hook, vec![hook.setting.clone()])),
        }
    }
    match scene.switches.webhook_entities {
        WebhookEntities::One => {
            let alone = |(hook, settings): (&Hook<'_>, Vec<String>)| {
                let mut form = Form::new();
                hook.write(&mut form, 0, scene);
                Body { settings, form: form.finish() }
            };
            told.into_iter().map(alone).collect()
        }
        WebhookEntities::All if told.is_empty() => Vec::new(),
        WebhookEntities::All => vec![together(&told, scene)],
    }
}

/// One body with all of them, counted within their groups.
fn together(told: &[(&Hook<'_>, Vec<String>)], scene: &Scene<'_>) -> Body {
    let mut form = Form::new();
    let mut settings: Vec<String> = Vec::new();
    for (place, (hook, own)) in told.iter().enumerate() {
        let is_alike = |(other, _): &&(&Hook<'_>, _)| (other.group, other.action) == (hook.group, hook.action);
        let earlier = told.iter().take(place).filter(is_alike).count();
        hook.write(&mut form, earlier, scene);
        for setting in own {
            if !settings.contains(setting) {
                settings.push(setting.clone());
            }
        }
    }
    Body { settings, form: form.finish() }
}
