//! The pipelines of an agency that sells and lets, and of one that only sells.

use crate::store::{LOST, Pipeline, Stage, WON};

const COLORS: [&str; 6] = ["#99ccff", "#ffff99", "#ffcc66", "#ffcccc", "#ccff66", "#c1e0ff"];

/// Two pipelines: sales, and lettings.
pub(crate) fn of_an_agency(first_id: u64) -> Vec<Pipeline> {
    vec![
        pipeline(
            first_id,
            "Продаж нерухомості",
            true,
            &["Первичный контакт", "Підбір об'єктів", "Viewing", "Переговоры", "Договір і завдаток"],
        ),
        pipeline(
            first_id + 4,
            "Аренда",
            false,
            &["Нове звернення", "Показ назначен", "Offer made", "Подписание договора"],
        ),
    ]
}

/// One pipeline.
pub(crate) fn of_a_rival(first_id: u64) -> Vec<Pipeline> {
    vec![pipeline(first_id, "Sales", true, &["New enquiry", "Viewing", "Under offer"])]
}

fn pipeline(id: u64, name: &str, is_main: bool, ordinary: &[&str]) -> Pipeline {
    let stage = |id_of_stage, name: &str, sort, is_editable, color, kind| Stage {
        id: id_of_stage,
        name: name.to_owned(),
        sort,
        is_editable,
        pipeline_id: id,
        color,
        kind,
    };
    let first_stage = id * 9;
    let mut stages = vec![stage(first_stage, "Неразобранное", 10, false, "#c1c1c1", 1)];
    let between = ordinary.iter().zip(COLORS).zip(1_u32..).map(|((&name, color), place)| {
        stage(first_stage + 4 * u64::from(place), name, 10 * (place + 1), true, color, 0)
    });
    stages.extend(between);
    stages.push(stage(WON, "Успешно реализовано", 10_000, false, "#ccff66", 0));
    stages.push(stage(LOST, "Закрыто и не реализовано", 11_000, false, "#d5d8db", 0));
    Pipeline { id, name: name.to_owned(), sort: if is_main { 1 } else { 2 }, is_main, stages }
}
