//! The pipelines of an agency that sells and lets, and of one that only sells.

use crate::store::{Pipeline, Stage};

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
    sort: u64,
    unsorted: u64,
    ordinary: impl IntoIterator<Item = (u64, String)>,
) -> Pipeline {
    let mut stages = Pipeline::system_stages(id, unsorted);
    let ordinary = ordinary.into_iter().zip(COLORS.iter().cycle()).zip(2..);
    let between = ordinary.map(|(((stage, name), &color), place)| Stage {
        id: stage,
        name,
        sort: 10 * place,
        is_editable: true,
        pipeline_id: id,
        color,
        kind: 0,
        descriptions: Vec::new(),
    });
    stages.splice(1..1, between);
    Pipeline { id, name, sort, is_main: false, stages, switched_off: None }
}

/// The id of the newest stage, among those that are not in all pipelines.
pub(crate) fn last_stage_id(pipelines: &[Pipeline]) -> u64 {
    pipelines.iter().flat_map(|pipeline| &pipeline.stages).map(|stage| stage.id).max().unwrap_or_default()
}
