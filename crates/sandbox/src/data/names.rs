//! The words the made-up world is made of: people, streets and what is for sale.

use rand::{Rng, RngExt as _};

/// One of `choices`; the first if there were none to choose from.
pub(crate) fn pick<'a, T: ?Sized>(random: &mut impl Rng, choices: &[&'a T]) -> &'a T {
    choices[random.random_range(0..choices.len())]
}

/// First and last name, in one of three languages.
pub(crate) fn person(random: &mut impl Rng) -> (&'static str, &'static str) {
    match random.random_range(0..10) {
        0..4 => (pick(random, &UKRAINIAN.0), pick(random, &UKRAINIAN.1)),
        4..7 => (pick(random, &RUSSIAN.0), pick(random, &RUSSIAN.1)),
        _ => (pick(random, &ENGLISH.0), pick(random, &ENGLISH.1)),
    }
}

const UKRAINIAN: ([&str; 14], [&str; 14]) = (
    [
        "Оксана",
        "Тарас",
        "Наталія",
        "Андрій",
        "Ірина",
        "Богдан",
        "Соломія",
        "Юрій",
        "Ганна",
        "Олексій",
        "Дарина",
        "Матвій",
        "Марта",
        "Софія",
    ],
    [
        "Шевченко",
        "Бондаренко",
        "Ткаченко",
        "Кравчук",
        "Мельник",
        "Гриценко",
        "Лисенко",
        "Савчук",
        "Поліщук",
        "Марченко",
        "Руденко",
        "Петренко",
        "Клименко",
        "Гайдай",
    ],
);

const RUSSIAN: ([&str; 12], [&str; 12]) = (
    [
        "Анна",
        "Дмитрий",
        "Екатерина",
        "Сергей",
        "Мария",
        "Павел",
        "Ольга",
        "Николай",
        "Татьяна",
        "Фёдор",
        "Алёна",
        "Илья",
    ],
    [
        "Иванов",
        "Кузнец",
        "Чехов",
        "Мороз",
        "Ким",
        "Громыко",
        "Черных",
        "Дурново",
        "Белых",
        "Сидоренко",
        "Живаго",
        "Мельниченко",
    ],
);

const ENGLISH: ([&str; 14], [&str; 14]) = (
    [
        "Olivia", "Jack", "Amelia", "Harry", "Isla", "Noah", "Grace", "Leo", "Freya", "Oscar", "Zoë", "Liam",
        "Siobhán", "Theo",
    ],
    [
        "Smith",
        "O'Connor",
        "Taylor",
        "Walker-Jones",
        "Hughes",
        "Patel",
        "MacLeod",
        "Wright",
        "Khan",
        "Evans",
        "D'Souza",
        "Fraser",
        "Ng",
        "Robertson",
    ],
);

/// A telephone number in a range that nobody has, as people write them.
pub(crate) fn phone(random: &mut impl Rng) -> String {
    let (high, low) = (random.random_range(0..100), random.random_range(0..100));
    match random.random_range(0..4) {
        0 => format!("+380 67 000 {high:02} {low:02}"),
        1 => format!("+38050000{high:02}{low:02}"),
        2 => format!("+7 (900) 000-{high:02}-{low:02}"),
        _ => format!("+44 7700 900{:03}", (high * 100 + low) % 1000),
    }
}

/// A street and a number.
pub(crate) fn address(random: &mut impl Rng) -> String {
    let street = pick(random, &STREETS);
    format!("{street}, {}", random.random_range(1..180))
}

const STREETS: [&str; 14] = [
    "вул. Велика Васильківська",
    "вул. Ярославів Вал",
    "просп. Перемоги",
    "ул. Дерибасовская",
    "ул. Тверская",
    "Невский просп.",
    "вул. Січових Стрільців",
    "наб. реки Фонтанки",
    "Французький бульв.",
    "King's Road",
    "Baker Street",
    "Abbey Lane",
    "вул. Героїв Дніпра",
    "Приморский бульв.",
];

/// What a lead of the agency is called.
pub(crate) fn sale(random: &mut impl Rng) -> String {
    let rooms = random.random_range(1..6);
    match random.random_range(0..6) {
        0 => format!("{rooms}-кімн. квартира, {}", address(random)),
        1 => format!("{rooms}-комн. квартира, {}", address(random)),
        2 => format!("{rooms}-bed flat, {}", address(random)),
        3 => format!("Будинок {} м², {}", random.random_range(80..420), address(random)),
        4 => format!("Дом у моря, {}", address(random)),
        _ => format!("Townhouse with garden, {}", address(random)),
    }
}

/// What a letting is called.
pub(crate) fn letting(random: &mut impl Rng) -> String {
    match random.random_range(0..4) {
        0 => format!("Оренда: студія, {}", address(random)),
        1 => format!("Аренда на длительный срок, {}", address(random)),
        2 => format!("Letting, {} weeks, {}", random.random_range(2..52), address(random)),
        _ => format!("Офіс {} м², {}", random.random_range(20..300), address(random)),
    }
}

/// Names that have broken one program or another.
pub(crate) const AWKWARD: [&str; 5] = [
    "O'Connor & Sons \"Loft\" <3-bed>",
    "🏡 Дача под ключ 50% / торг \\ срочно",
    "Квартира\tс\u{a0}видом — «люкс»",
    "<script>alert('lead')</script>",
    "Ґанок, їжа й затишок: 100 % без комісії",
];

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    use super::*;

    #[test]
    fn people_have_names_of_three_languages() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let names: String = (0..100).map(|_| person(&mut random).1).collect();
        for letter in ['і', 'ы', 'W'] {
            assert!(names.contains(letter), "no {letter} in {names}");
        }
    }
}
