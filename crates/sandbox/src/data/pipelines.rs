//! The pipelines of an agency that sells and lets, and of one that only sells.

use crate::store::{LOST, Pipeline, Stage, WON};

const COLORS: [&str; 6] = ["#99ccff", "#ffff99", "#ffcc66", "#ffcccc", "#ccff66", "#c1e0ff"];

/// Two pipelines: sales, and lettings.
pub(crate) fn of_an_agency(first_id: u64) -> Vec<Pipeline> {
    vec![
        made_up(
            first_id,
            "Продаж нерухомості",
            true,
            &["Первичный контакт", "Підбір об'єктів", "Viewing", "Переговоры", "Договір і завдаток"],
        ),
        made_up(
            first_id + 4,
            "Аренда",
            false,
            &["Нове звернення", "Показ назначен", "Offer made", "Подписание договора"],
        ),
    ]
}

/// One pipeline.
pub(crate) fn of_a_rival(first_id: u64) -> Vec<Pipeline> {
    vec![made_up(first_id, "Sales", true, &["New enquiry", "Viewing", "Under offer"])]
}

fn made_up(id: u64, name: &str, is_main: bool, ordinary: &[&str]) -> Pipeline {
    let first_stage = id * 9;
    let stages = ordinary.iter().zip(1_u64..).map(|(&name, place)| (first_stage + 4 * place, name.to_owned()));
    let sort = if is_main { 1 } else { 2 };
    Pipeline { is_main, ..pipeline(id, name.to_owned(), sort, first_stage, stages) }
}

/// A pipeline with some stages, each an id and a name, and with those that are in all pipelines.
pub(crate) fn pipeline(
    id: u64,
    name: String,
    sort: u32,
    unsorted: u64,
    ordinary: impl IntoIterator<Item = (u64, String)>,
) -> Pipeline {
    let stage = |id_of_stage, name: String, sort, is_editable, color, kind| Stage {
        id: id_of_stage,
        name,
        sort,
        is_editable,
        pipeline_id: id,
        color,
        kind,
    };
    let mut stages = vec![stage(unsorted, "Неразобранное".to_owned(), 10, false, "#c1c1c1", 1)];
    let between = ordinary.into_iter().zip(COLORS.iter().cycle()).zip(1_u32..);
    stages.extend(between.map(|(((id, name), color), place)| stage(id, name, 10 * (place + 1), true, *color, 0)));
    stages.push(stage(WON, "Успешно реализовано".to_owned(), 10_000, false, "#ccff66", 0));
    stages.push(stage(LOST, "Закрыто и не реализовано".to_owned(), 11_000, false, "#d5d8db", 0));
    Pipeline { id, name, sort, is_main: false, stages }
}
