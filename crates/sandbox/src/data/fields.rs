//! The custom fields of an account: which there are, of what type, with what choices.

use crate::{
    AccountId,
    store::{Choice, FieldDefinition, FieldGroup, FieldKind, Kind, PerKind, Table},
};

/// How many fields a diligent agent has for notes.
pub(crate) const NOTE_FIELDS: u64 = 40;

/// What the ids of an account's fields are counted from.
pub(crate) fn base(account: AccountId) -> u64 {
    account.get() % 1000 * 1000 + 400_000
}

/// How far apart the ids of new fields begin, by kinds, and those of new choices.
const STEP: u64 = 1_000_000;

/// What the ids of new choices are larger than.
pub(crate) fn last_choice_id(account: AccountId) -> u64 {
    base(account) + 4 * STEP
}

/// The fields of an account.
pub(crate) fn definitions(account: AccountId) -> PerKind<Table<FieldDefinition>> {
    let fields = made_up(account);
    let table = |fields, step| Table::new(fields, base(account) + step * STEP);
    PerKind {
        leads: table(fields.leads, 1),
        contacts: table(fields.contacts, 2),
        companies: table(fields.companies, 3),
    }
}

/// The groups of fields that every account has.
pub(crate) fn groups(account: AccountId) -> PerKind<Table<FieldGroup>> {
    let table = |kind: Kind, step| {
        let statistic = (kind == Kind::Lead).then_some((2, "statistic", "Статистика"));
        let groups = std::iter::once((1, "default", "Основное")).chain(statistic);
        let group = |(id, key, name): (u64, &str, &str)| FieldGroup {
            id,
            key: key.to_owned(),
            name: name.to_owned(),
            sort: id - 1,
            is_predefined: true,
        };
        Table::new(groups.map(group).collect(), base(account) + step * STEP)
    };
    PerKind { leads: table(Kind::Lead, 1), contacts: table(Kind::Contact, 2), companies: table(Kind::Company, 3) }
}

fn made_up(account: AccountId) -> PerKind<Vec<FieldDefinition>> {
    let base = base(account);
    let of = |fields: &[Field]| fields.iter().filter_map(|field| field.definition(base)).collect::<Vec<_>>();
    let mut fields = PerKind { leads: of(&LEADS), contacts: of(&CONTACTS), companies: of(&COMPANIES) };
    if account == AccountId::FOR_YOU {
        let notes = (0..NOTE_FIELDS).filter_map(|place| {
            let field = Field { id: 50 + place, name: "Нотатки", code: None, kind: "textarea", choices: &[] };
            let definition = field.definition(base)?;
            Some(FieldDefinition { name: format!("{} {}", field.name, place + 1), ..definition })
        });
        fields.leads.extend(notes);
    }
    fields
}

/// The fields of contacts and companies that every account has.
pub(crate) fn predefined(base: u64) -> PerKind<Vec<FieldDefinition>> {
    let of = |fields: &[Field]| {
        let coded = fields.iter().filter(|field| field.code.is_some());
        coded.filter_map(|field| field.definition(base)).collect::<Vec<_>>()
    };
    PerKind { leads: Vec::new(), contacts: of(&CONTACTS), companies: of(&COMPANIES) }
}

/// A field; its id and those of its choices are counted from the base.
struct Field {
    id: u64,
    name: &'static str,
    code: Option<&'static str>,
    kind: &'static str,
    choices: &'static [(u64, &'static str, Option<&'static str>)],
}

impl Field {
    fn definition(&self, base: u64) -> Option<FieldDefinition> {
        let kind = FieldKind::named(self.kind)?;
        // The parts of an address have the same ids everywhere.
        let first = if self.kind == "smart_address" { 0 } else { base };
        let choice = |&(id, value, code): &(u64, &str, Option<&str>)| Choice {
            id: first + id,
            value: value.to_owned(),
            code: code.map(str::to_owned),
            sort: id,
        };
        Some(FieldDefinition {
            code: self.code.map(str::to_owned),
            choices: self.choices.iter().map(choice).collect(),
            sort: self.id,
            group: Some(1),
            is_predefined: self.code.is_some_and(|code| PREDEFINED.contains(&code)),
            ..FieldDefinition::new(base + self.id, self.name.to_owned(), kind)
        })
    }
}

/// What is for sale.
pub(super) const OBJECTS: [&str; 4] = ["Квартира", "Будинок", "Townhouse", "Коммерция"];

/// The codes of amoCRM's own fields, which cannot be deleted.
const PREDEFINED: [&str; 5] = ["PHONE", "EMAIL", "POSITION", "WEB", "ADDRESS"];

static LEADS: [Field; 9] = [
    Field {
        id: 1,
        name: "Тип объекта",
        code: None,
        kind: "select",
        choices: &[(100, OBJECTS[0], None), (101, OBJECTS[1], None), (102, OBJECTS[2], None), (103, OBJECTS[3], None)],
    },
    Field { id: 2, name: "Площа, м²", code: None, kind: "numeric", choices: &[] },
    Field { id: 3, name: "Адреса", code: None, kind: "text", choices: &[] },
    Field { id: 4, name: "Viewing", code: None, kind: "date_time", choices: &[] },
    Field { id: 5, name: "Паркинг", code: None, kind: "checkbox", choices: &[] },
    Field { id: 6, name: "Объявление", code: None, kind: "url", choices: &[] },
    Field {
        id: 7,
        name: "Зручності",
        code: None,
        kind: "multiselect",
        choices: &[(110, "Балкон", None), (111, "Ліфт", None), (112, "Garden", None)],
    },
    Field { id: 8, name: "Дата заїзду", code: None, kind: "date", choices: &[] },
    Field {
        id: 9,
        name: "Документи",
        code: Some("DOCUMENTS"),
        kind: "radiobutton",
        choices: &[(120, "Готові", Some("READY")), (121, "В процесі", Some("PENDING"))],
    },
];

static CONTACTS: [Field; 4] = [
    Field { id: 200, name: "Должность", code: Some("POSITION"), kind: "text", choices: &[] },
    Field {
        id: 210,
        name: "Телефон",
        code: Some("PHONE"),
        kind: "multitext",
        choices: &[
            (212, "WORK", Some("WORK")),
            (213, "WORKDD", Some("WORKDD")),
            (211, "MOB", Some("MOB")),
            (214, "FAX", Some("FAX")),
            (215, "HOME", Some("HOME")),
            (216, "OTHER", Some("OTHER")),
        ],
    },
    Field {
        id: 220,
        name: "Email",
        code: Some("EMAIL"),
        kind: "multitext",
        choices: &[(221, "WORK", Some("WORK")), (222, "PRIV", Some("PRIV")), (223, "OTHER", Some("OTHER"))],
    },
    Field { id: 230, name: "День народження", code: None, kind: "birthday", choices: &[] },
];

static COMPANIES: [Field; 5] = [
    Field {
        id: 310,
        name: "Телефон",
        code: Some("PHONE"),
        kind: "multitext",
        choices: &[
            (311, "WORK", Some("WORK")),
            (312, "WORKDD", Some("WORKDD")),
            (313, "MOB", Some("MOB")),
            (314, "FAX", Some("FAX")),
            (315, "HOME", Some("HOME")),
            (316, "OTHER", Some("OTHER")),
        ],
    },
    Field {
        id: 320,
        name: "Email",
        code: Some("EMAIL"),
        kind: "multitext",
        choices: &[(321, "WORK", Some("WORK")), (322, "PRIV", Some("PRIV")), (323, "OTHER", Some("OTHER"))],
    },
    Field { id: 330, name: "Web", code: Some("WEB"), kind: "url", choices: &[] },
    Field {
        id: 340,
        name: "Адрес",
        code: Some("ADDRESS"),
        kind: "smart_address",
        choices: &[
            (1, "address_line_1", Some("address_line_1")),
            (2, "address_line_2", Some("address_line_2")),
            (3, "city", Some("city")),
            (4, "state", Some("state")),
            (5, "zip", Some("zip")),
            (6, "country", Some("country")),
        ],
    },
    Field { id: 350, name: "Реквізити", code: None, kind: "legal_entity", choices: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_type_that_there_is() {
        let fields = definitions(AccountId::FOR_YOU);
        assert_eq!(fields.leads.len(), LEADS.len() + 40);
        assert_eq!((fields.contacts.len(), fields.companies.len()), (CONTACTS.len(), COMPANIES.len()));
    }
}
