//! The values of custom fields that leads, contacts and companies were made up with.

use rand::{Rng, RngExt as _};

use super::{
    fields::{NOTE_FIELDS, OBJECTS},
    names::{self, pick},
};
use crate::store::{Datum, FieldDefinition, FieldValue, Fields};

/// Collects values; ids are counted from the base.
struct Sheet {
    base: u64,
    values: Vec<FieldValue>,
}

impl Sheet {
    const fn new(base: u64) -> Self {
        Self { base, values: Vec::new() }
    }

    fn put(&mut self, field: u64, value: Datum) {
        self.values.push(FieldValue { field: self.base + field, value, choice: None });
    }

    fn text(&mut self, field: u64, text: impl Into<String>) {
        self.put(field, Datum::Text(text.into()));
    }

    fn choose(&mut self, field: u64, choice: u64, text: &str) {
        let (field, choice) = (self.base + field, Some(self.base + choice));
        self.values.push(FieldValue { field, value: Datum::Text(text.to_owned()), choice });
    }
}

/// Those of a lead; about one in eight has none.
pub(crate) fn of_lead(random: &mut impl Rng, base: u64, present: u64, definitions: &[FieldDefinition]) -> Fields {
    let mut sheet = Sheet::new(base);
    if random.random_ratio(1, 8) {
        return Fields::default();
    }
    let place = random.random_range(0..OBJECTS.len());
    sheet.choose(1, 100 + place as u64, OBJECTS[place]);
    let area = random.random_range(180..4200);
    sheet.text(2, format!("{}.{}", area / 10, area % 10));
    if random.random_bool(0.7) {
        sheet.text(3, names::address(random));
    }
    if random.random_bool(0.4) {
        let viewing = present + random.random_range(3600..20 * 86_400);
        sheet.put(4, Datum::Number(viewing.cast_signed()));
    }
    if random.random_bool(0.3) {
        sheet.put(5, Datum::Flag(true));
    }
    if random.random_bool(0.2) {
        sheet.text(6, format!("https://listings.example/{}", random.random_range(1000..99_999)));
    }
    Fields::new(sheet.values, definitions)
}

/// Values of more than 200 kB, as a diligent agent pastes them.
pub(crate) fn heavy(random: &mut impl Rng, base: u64, definitions: &[FieldDefinition]) -> Fields {
    let mut sheet = Sheet::new(base);
    for place in 0..NOTE_FIELDS {
        let mut notes = String::new();
        while notes.len() < 5_200 {
            notes.push_str(pick(random, &NOTES));
            notes.push(' ');
        }
        sheet.text(50 + place, notes);
    }
    Fields::new(sheet.values, definitions)
}

const NOTES: [&str; 5] = [
    "Клієнт просив передзвонити після обіду й надіслати план поверху.",
    "Собственник готов уступить при быстрой сделке, документы на руках.",
    "Second viewing went well; survey booked, mortgage agreed in principle.",
    "Потрібні фото з балкона та довідка про відсутність боргів.",
    "Соседи тихие, лифт новый, \"до моря пять минут\".",
];

/// A contact's telephone, e-mail and position.
pub(crate) fn of_contact(
    base: u64,
    phone: Option<&str>,
    email: Option<&str>,
    position: Option<&str>,
    definitions: &[FieldDefinition],
) -> Fields {
    let mut sheet = Sheet::new(base);
    if let Some(position) = position {
        sheet.text(200, position);
    }
    if let Some(phone) = phone {
        sheet.choose(210, 211, phone);
    }
    if let Some(email) = email {
        sheet.choose(220, 221, email);
    }
    Fields::new(sheet.values, definitions)
}

/// A company's address in the web.
pub(crate) fn of_company(base: u64, id: u64, definitions: &[FieldDefinition]) -> Fields {
    let mut sheet = Sheet::new(base);
    sheet.text(330, format!("https://company{id}.example/"));
    Fields::new(sheet.values, definitions)
}
