//! What the library's models take: members that must be there, and of which type.

use serde_json::Value;

/// The colours that a tag may have.
const COLORS: [&str; 23] = [
    "EBEBEB", "D0D0D0", "F2DDF7", "D1A4DC", "FF8F92", "FFC8C8", "C7DB8C", "DDEBB5", "8699DA", "AABDFF", "FFCE5A",
    "FFE193", "90CDB0", "C6F4DE", "A9A5D7", "D8D5FF", "86C0FC", "832161", "6A0F49", "0C7C59", "10599D", "9D2B32",
    "247BA0",
];

/// The types of fields that the library knows.
const FIELD_TYPES: [&str; 26] = [
    "text",
    "numeric",
    "checkbox",
    "select",
    "multiselect",
    "multitext",
    "date",
    "url",
    "date_time",
    "textarea",
    "radiobutton",
    "streetaddress",
    "smart_address",
    "birthday",
    "legal_entity",
    "org_legal_name",
    "items",
    "category",
    "price",
    "tracking_data",
    "linked_entity",
    "monetary",
    "chained_list",
    "file",
    "payer",
    "supplier",
];

/// An object that a model is made of.
pub(super) struct Model<'v>(pub(super) &'v Value);

impl Model<'_> {
    fn must(&self, name: &str, wanted: &str, is: impl Fn(&Value) -> bool) {
        let value = self.0.get(name).unwrap_or_else(|| panic!("{name} is not there: {}", self.0));
        assert!(is(value), "{name} is to be {wanted}: {}", self.0);
    }

    /// An integer.
    pub(super) fn int(&self, name: &str) -> &Self {
        self.must(name, "an integer", Value::is_i64);
        self
    }

    /// An id, which may not be 0.
    pub(super) fn id(&self) -> u64 {
        self.must("id", "an id", |value| value.as_u64().is_some_and(|id| id > 0));
        self.0["id"].as_u64().unwrap()
    }

    pub(super) fn text(&self, name: &str) -> &Self {
        self.must(name, "a string", Value::is_string);
        self
    }

    pub(super) fn flag(&self, name: &str) -> &Self {
        self.must(name, "a boolean", Value::is_boolean);
        self
    }

    pub(super) fn array(&self, name: &str) -> &Self {
        self.must(name, "an array", |value| value.is_array() || value.is_object());
        self
    }

    /// A member that is there, and is `null` or an integer.
    pub(super) fn nullable_int(&self, name: &str) -> &Self {
        self.must(name, "an integer or null", |value| value.is_i64() || value.is_null());
        self
    }

    /// A member that is there, and is `null` or a string.
    pub(super) fn nullable_text(&self, name: &str) -> &Self {
        self.must(name, "a string or null", |value| value.is_string() || value.is_null());
        self
    }

    /// A member that is there, and is `null` or an object.
    pub(super) fn nullable_array(&self, name: &str) -> &Self {
        self.must(name, "an array or null", |value| value.is_array() || value.is_object() || value.is_null());
        self
    }

    /// A member that may be away or `null`, or else is an integer.
    fn optional_ints(&self, names: &[&str]) -> &Self {
        for name in names.iter().filter(|name| self.0.get(name).is_some_and(|value| !value.is_null())) {
            self.int(name);
        }
        self
    }
}

/// The entries of an embedded list; nothing is an empty one.
fn each<'v>(entity: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    entity["_embedded"][name].as_array().into_iter().flatten()
}

/// A lead.
pub(super) fn lead(lead: &Value) -> u64 {
    let model = Model(lead);
    model.optional_ints(&[
        "price",
        "responsible_user_id",
        "group_id",
        "status_id",
        "pipeline_id",
        "loss_reason_id",
        "source_id",
        "created_by",
        "updated_by",
        "created_at",
        "updated_at",
        "closed_at",
        "closest_task_at",
        "score",
        "account_id",
    ]);
    for entry in each(lead, "loss_reason") {
        loss_reason(entry);
    }
    for linked in each(lead, "companies").chain(each(lead, "contacts")) {
        Model(linked).id();
    }
    entity(lead);
    model.id()
}

/// A contact or a company.
pub(super) fn card(card: &Value) -> u64 {
    let model = Model(card);
    model.optional_ints(&[
        "responsible_user_id",
        "group_id",
        "created_by",
        "updated_by",
        "created_at",
        "updated_at",
        "closest_task_at",
        "account_id",
    ]);
    for name in ["leads", "contacts", "companies", "customers", "catalog_elements"] {
        for linked in each(card, name) {
            Model(linked).id();
        }
    }
    entity(card);
    model.id()
}

/// What leads, contacts and companies have alike.
fn entity(entity: &Value) {
    for entry in each(entity, "tags") {
        tag(entry);
    }
    let values = entity.get("custom_fields_values").and_then(Value::as_array);
    for value in values.into_iter().flatten() {
        let model = Model(value);
        model.int("field_id").nullable_text("field_code").text("field_name").array("values");
        let kind = value["field_type"].as_str().unwrap_or_default();
        assert!(FIELD_TYPES.contains(&kind), "an unknown type: {value}");
        let date = matches!(kind, "date" | "date_time" | "birthday");
        for value in value["values"].as_array().into_iter().flatten() {
            let scalar = value["value"].is_i64() || value["value"].is_string();
            assert!(!date || scalar, "a date is to be a number or a string: {value}");
        }
    }
}

pub(super) fn tag(tag: &Value) {
    Model(tag).id();
    Model(tag).text("name");
    let color = &tag["color"];
    assert!(color.is_null() || COLORS.iter().any(|known| color == known), "an unknown colour: {tag}");
}

pub(super) fn loss_reason(reason: &Value) {
    Model(reason).id();
    Model(reason).text("name").int("sort").int("created_at").int("updated_at");
}

pub(super) fn task(task: &Value) -> u64 {
    let model = Model(task);
    model.optional_ints(&["responsible_user_id", "group_id", "created_by", "updated_by", "created_at", "updated_at"]);
    model.optional_ints(&["duration", "complete_till", "task_type_id", "entity_id", "account_id"]);
    model.text("text").flag("is_completed").nullable_text("entity_type").array("result");
    model.id()
}

pub(super) fn note(note: &Value) -> u64 {
    let model = Model(note);
    model.int("entity_id").text("note_type").array("params");
    model.optional_ints(&["responsible_user_id", "group_id", "created_by", "updated_by", "created_at", "updated_at"]);
    model.id()
}

pub(super) fn link(link: &Value) {
    let model = Model(link);
    model.int("entity_id").text("entity_type").int("to_entity_id").text("to_entity_type").nullable_array("metadata");
}

pub(super) fn event(event: &Value) {
    let model = Model(event);
    model.text("id").text("type").int("entity_id").text("entity_type").int("created_by").int("created_at");
    model.int("account_id").array("value_before").array("value_after");
    Model(&event["_embedded"]["entity"]).id();
}

pub(super) fn custom_field(field: &Value) -> u64 {
    let model = Model(field);
    model.text("name").int("sort").text("type").text("entity_type").int("account_id");
    assert!(FIELD_TYPES.contains(&field["type"].as_str().unwrap_or_default()), "an unknown type: {field}");
    for choice in field["enums"].as_array().into_iter().flatten() {
        Model(choice).id();
        Model(choice).text("value").int("sort");
    }
    model.id()
}

/// What was accepted or declined.
pub(super) fn sorted(answer: &Value) {
    Model(answer).text("uid").text("category").int("pipeline_id").int("created_at");
    for lead in each(answer, "leads") {
        Model(lead).id();
    }
    for card in each(answer, "contacts").chain(each(answer, "companies")) {
        Model(card).id();
    }
}

/// A pipeline with its stages.
pub(super) fn pipeline(pipeline: &Value) -> u64 {
    let model = Model(pipeline);
    model.text("name").int("sort").int("account_id").flag("is_main").flag("is_unsorted_on").flag("is_archive");
    let stages = pipeline["_embedded"]["statuses"].as_array().unwrap_or_else(|| panic!("no statuses: {pipeline}"));
    for one in stages {
        stage(one);
    }
    model.id()
}

/// A stage.
pub(super) fn stage(stage: &Value) -> u64 {
    let model = Model(stage);
    model.text("name").int("sort").int("account_id").flag("is_editable").int("pipeline_id").text("color").int("type");
    model.id()
}

/// A role; gives the ids of its users, each of which is read as a whole user.
pub(super) fn role(role: &Value) -> Vec<u64> {
    Model(role).id();
    Model(role).text("name");
    rights(&role["rights"]);
    each(role, "users").map(user).collect()
}

/// A user.
pub(super) fn user(user: &Value) -> u64 {
    let model = Model(user);
    model.text("email");
    rights(&user["rights"]);
    model.id()
}

fn rights(rights: &Value) {
    let model = Model(rights);
    model.flag("catalog_access").flag("mail_access");
    model.array("leads").array("contacts").array("companies").array("tasks");
}
