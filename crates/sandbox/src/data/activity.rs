//! What happened to leads before the start: notes, tasks, and the events that tell of them.

use rand::{Rng, RngExt as _};
use serde_json::{Map, Value, json};

use super::names;
use crate::{
    UserId,
    store::{ByEntity, EventValue, Kind, Lead, Note, NoteKind, Past, Subject, Tables, Task, TaskResult, TaskType},
};

/// So many of the latest leads have notes and events. All leads with a closest task have that task.
const TOLD: usize = 1000;

/// How much larger the ids of notes, and those of tasks, are than those of leads.
const NOTES_STEP: u64 = 200_000_000;
const TASKS_STEP: u64 = 300_000_000;

const TEXTS: [&str; 6] = [
    "Дивилась дві квартири, просить показати ще одну в суботу",
    "Хочет рассрочку на год, ждёт расчёт",
    "Asked for the floor plan and the service charges",
    "Сім'я з двома дітьми, потрібна школа поруч",
    "Перезвонить после разговора с банком",
    "Prefers a viewing after 6 pm",
];
const TODO: [&str; 5] = [
    "Передзвонити",
    "Отправить подборку",
    "Show the flat on the second floor",
    "Підготувати договір",
    "Уточнить бюджет",
];
const DONE: [&str; 3] = ["Домовились про показ", "Не дозвонился, отправил SMS", "Sent the offer"];

/// The types of tasks of an account; `own` is the id of one that the account made itself.
pub(crate) fn task_types(own: Option<u64>) -> Vec<TaskType> {
    let of_all = |id, name, code| TaskType { id, name, code: Some(code), color: None, icon_id: None };
    let mut types = vec![of_all(1, "Связаться", "FOLLOW_UP"), of_all(2, "Встреча", "MEETING")];
    types.extend(own.map(|id| TaskType {
        id,
        name: "Показ",
        code: Some("VIEWING"),
        color: Some("57A0FF"),
        icon_id: Some(7),
    }));
    types
}

/// Puts notes and tasks of the leads into `tables`; gives the events.
pub(crate) fn fill(tables: &mut Tables, first_id: u64, random: &mut impl Rng) -> Vec<Past> {
    let mut history = History {
        task_types: tables.task_types.iter().map(|known| known.id).collect(),
        last_note: first_id + NOTES_STEP,
        last_task: first_id + TASKS_STEP,
        notes: Vec::new(),
        tasks: Vec::new(),
        events: Vec::new(),
    };
    let leads = tables.leads.rows();
    let quiet = leads.len().saturating_sub(TOLD);
    for (place, lead) in leads.iter().enumerate().filter(|(_, lead)| !lead.card.is_deleted) {
        let is_told = place >= quiet;
        if is_told {
            history.added(lead);
            for _ in 0..random.random_range(0..3) {
                history.note(lead, random);
            }
            if random.random_ratio(1, 3) {
                history.task(lead, None, random);
            }
        }
        if let Some(till) = lead.card.closest_task_at {
            history.task(lead, Some(till), random);
        }
        if is_told {
            history.moved(lead, tables);
        }
    }
    let History { last_note, last_task, notes, tasks, mut events, .. } = history;
    tables.notes = ByEntity::new(notes, last_note);
    tables.tasks = ByEntity::new(tasks, last_task);
    events.sort_by_key(|event| event.at);
    events
}

/// What was made up so far.
struct History {
    task_types: Vec<u64>,
    last_note: u64,
    last_task: u64,
    notes: Vec<Note>,
    tasks: Vec<Task>,
    events: Vec<Past>,
}

impl History {
    fn added(&mut self, lead: &Lead) {
        let (at, by) = (lead.card.created_at, lead.card.created_by);
        self.tell(at, by, of(lead), "lead_added", Vec::new(), Vec::new());
    }

    /// The lead came from the first stage of its pipeline to where it is.
    fn moved(&mut self, lead: &Lead, tables: &Tables) {
        let first = tables.pipeline(lead.pipeline_id).and_then(|pipeline| pipeline.first_stage());
        if let Some(first) = first.filter(|first| first.id != lead.status_id) {
            let status = |id| vec![EventValue::LeadStatus { id, pipeline_id: lead.pipeline_id }];
            let (before, after) = (status(first.id), status(lead.status_id));
            let (at, by) = (lead.card.updated_at, lead.card.updated_by);
            self.tell(at, by, of(lead), "lead_status_changed", before, after);
        }
    }

    fn note(&mut self, lead: &Lead, random: &mut impl Rng) {
        let (name, params) = match random.random_range(0..5) {
            0 => ("call_in", call(random)),
            1 => ("call_out", call(random)),
            _ => ("common", json!({"text": names::pick(random, &TEXTS)})),
        };
        let Some(kind) = NoteKind::named(name) else { return };
        self.last_note += random.random_range(1..9);
        let at = between(lead, random);
        let by = lead.card.responsible_user_id;
        self.notes.push(Note {
            id: self.last_note,
            entity: (Kind::Lead, lead.card.id),
            kind,
            params: object(params),
            responsible_user_id: by,
            created_by: by.get(),
            updated_by: by.get(),
            created_at: at,
            updated_at: at,
            is_pinned: false,
            is_deleted: false,
        });
        let after = vec![EventValue::Note { id: self.last_note }];
        self.tell(at, by.get(), of(lead), kind.event, Vec::new(), after);
    }

    /// A task that is open until `till`, or one that was completed.
    fn task(&mut self, lead: &Lead, till: Option<u64>, random: &mut impl Rng) {
        self.last_task += random.random_range(1..9);
        let id = self.last_task;
        let created_at = between(lead, random);
        let by: UserId = lead.card.responsible_user_id;
        let updated_at = if till.is_some() { created_at } else { lead.card.updated_at };
        let result = till.is_none().then(|| {
            self.last_note += 1;
            TaskResult { id: self.last_note, text: names::pick(random, &DONE).to_owned() }
        });
        self.tell(created_at, by.get(), Subject::Task(id), "task_added", Vec::new(), Vec::new());
        if let Some(result) = &result {
            self.tell(updated_at, by.get(), Subject::Task(id), "task_completed", Vec::new(), Vec::new());
            let note = vec![EventValue::Note { id: result.id }];
            self.tell(updated_at, by.get(), Subject::Task(id), "task_result_added", Vec::new(), note);
        }
        self.tasks.push(Task {
            id,
            entity: Some((Kind::Lead, lead.card.id)),
            text: names::pick(random, &TODO).to_owned(),
            task_type_id: self.task_types[random.random_range(0..self.task_types.len())],
            responsible_user_id: by,
            created_by: by.get(),
            updated_by: by.get(),
            created_at,
            updated_at,
            duration: 1800,
            complete_till: till.unwrap_or(updated_at),
            is_completed: till.is_none(),
            result,
            is_deleted: false,
        });
    }

    fn tell(
        &mut self,
        at: u64,
        by: u64,
        subject: Subject,
        name: &'static str,
        before: Vec<EventValue>,
        after: Vec<EventValue>,
    ) {
        self.events.push(Past { at, by, subject, name, before, after });
    }
}

fn of(lead: &Lead) -> Subject {
    (Kind::Lead, lead.card.id).into()
}

/// Some time after the lead was made, and not after it was changed last.
fn between(lead: &Lead, random: &mut impl Rng) -> u64 {
    random.random_range(lead.card.created_at..=lead.card.updated_at.max(lead.card.created_at))
}

fn call(random: &mut impl Rng) -> Value {
    let uniq = format!("{:016x}", random.random::<u64>());
    json!({
        "link": format!("https://pbx.example/records/{uniq}.mp3"),
        "uniq": uniq,
        "duration": random.random_range(5..900),
        "source": "PBX",
        "phone": names::phone(random),
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
