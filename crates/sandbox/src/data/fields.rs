//! Custom fields of leads and contacts.

use rand::{Rng, RngExt as _};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{CustomField, names, names::pick};

/// A custom field in amoCRM's form.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "these are amoCRM's names")]
struct Field<'a> {
    field_id: u64,
    field_name: &'a str,
    field_code: Option<&'a str>,
    field_type: &'a str,
    values: [FieldValue; 1],
}

/// Its one value; `enum_id` and `enum_code` come with choices alone.
#[derive(Serialize)]
struct FieldValue {
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    enum_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enum_code: Option<Value>,
}

/// What a field is called and of what kind it is.
struct Kind<'a>(u64, &'a str, Option<&'a str>, &'a str);

/// Collects custom fields.
#[derive(Default)]
struct Sheet {
    json: Vec<String>,
    values: Vec<(u64, String)>,
}

impl Sheet {
    fn add(&mut self, kind: &Kind<'_>, value: impl Into<Value>) {
        self.put(kind, value.into(), None);
    }

    fn choose(&mut self, kind: &Kind<'_>, value: &str, id: u64, code: Option<&str>) {
        self.put(kind, value.into(), Some((id, code)));
    }

    fn put(&mut self, kind: &Kind<'_>, value: Value, choice: Option<(u64, Option<&str>)>) {
        let Kind(field_id, field_name, field_code, field_type) = *kind;
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.values.push((field_id, shown));
        let (enum_id, enum_code) = choice.map(|(id, code)| (id, Value::from(code))).unzip();
        let values = [FieldValue { value, enum_id, enum_code }];
        let field = Field { field_id, field_name, field_code, field_type, values };
        self.json.extend(serde_json::to_string(&field));
    }

    fn finish(self) -> Option<CustomField> {
        if self.json.is_empty() {
            return None;
        }
        let json = RawValue::from_string(format!("[{}]", self.json.join(","))).ok()?;
        Some(CustomField { json, values: self.values })
    }
}

/// Fields of a lead; about one in eight has none.
pub(crate) fn of_lead(random: &mut impl Rng, base: u64, present: u64) -> Option<CustomField> {
    let mut sheet = Sheet::default();
    if random.random_ratio(1, 8) {
        return None;
    }
    let kinds = ["Квартира", "Будинок", "Townhouse", "Коммерция"];
    let place = random.random_range(0..kinds.len());
    sheet.choose(&Kind(base + 1, "Тип объекта", None, "select"), kinds[place], base + 100 + place as u64, None);
    let area = random.random_range(180..4200);
    sheet.add(&Kind(base + 2, "Площа, м²", None, "numeric"), format!("{}.{}", area / 10, area % 10));
    if random.random_bool(0.7) {
        sheet.add(&Kind(base + 3, "Адреса", None, "text"), names::address(random));
    }
    if random.random_bool(0.4) {
        let viewing = present + random.random_range(3600..20 * 86_400);
        sheet.add(&Kind(base + 4, "Viewing", None, "date_time"), viewing);
    }
    if random.random_bool(0.3) {
        sheet.add(&Kind(base + 5, "Паркинг", None, "checkbox"), true);
    }
    if random.random_bool(0.2) {
        let link = format!("https://listings.example/{}", random.random_range(1000..99_999));
        sheet.add(&Kind(base + 6, "Объявление", None, "url"), link);
    }
    sheet.finish()
}

/// Fields of more than 200 kB, as a diligent agent pastes them.
pub(crate) fn heavy(random: &mut impl Rng, base: u64) -> Option<CustomField> {
    let mut sheet = Sheet::default();
    for place in 0..40 {
        let mut notes = String::new();
        while notes.len() < 5_200 {
            notes.push_str(pick(random, &NOTES));
            notes.push(' ');
        }
        let name = format!("Нотатки {}", place + 1);
        sheet.add(&Kind(base + 50 + place, &name, None, "textarea"), notes);
    }
    sheet.finish()
}

const NOTES: [&str; 5] = [
    "Клієнт просив передзвонити після обіду й надіслати план поверху.",
    "Собственник готов уступить при быстрой сделке, документы на руках.",
    "Second viewing went well; survey booked, mortgage agreed in principle.",
    "Потрібні фото з балкона та довідка про відсутність боргів.",
    "Соседи тихие, лифт новый, \"до моря пять минут\".",
];

/// A contact's telephone, e-mail and position; `None` if there is nothing to say.
pub(crate) fn of_contact(
    base: u64,
    phone: Option<&str>,
    email: Option<&str>,
    position: Option<&str>,
) -> Option<CustomField> {
    let mut sheet = Sheet::default();
    if let Some(position) = position {
        sheet.add(&Kind(base + 200, "Должность", Some("POSITION"), "text"), position);
    }
    if let Some(phone) = phone {
        let kind = Kind(base + 210, "Телефон", Some("PHONE"), "multitext");
        sheet.choose(&kind, phone, base + 211, Some("MOB"));
    }
    if let Some(email) = email {
        let kind = Kind(base + 220, "Email", Some("EMAIL"), "multitext");
        sheet.choose(&kind, email, base + 221, Some("WORK"));
    }
    sheet.finish()
}
