//! Rights as requests write them: letters by kinds of entities.

use super::Members;
use crate::store::{LeadsOnly, Letter, LettersDraft, RightsDraft, StatusLetters, StatusRight};

/// Reads the rights of a user or a role.
pub(crate) fn rights(members: &mut Members<'_>) -> RightsDraft {
    let letters = |members: &mut Members<'_>, name| members.object(name, letters).unwrap_or_default();
    let rights = RightsDraft {
        leads: letters(members, "leads"),
        contacts: letters(members, "contacts"),
        companies: letters(members, "companies"),
        tasks: letters(members, "tasks"),
        mail_access: members.flag("mail_access"),
        catalog_access: members.flag("catalog_access"),
        status_rights: members.objects("status_rights", status_right),
    };
    members.ignore(&["catalog_rights", "oper_day_reports_view_access", "oper_day_user_tracking"]);
    rights
}

fn letters(members: &mut Members<'_>) -> LettersDraft {
    LettersDraft {
        view: letter(members, "view"),
        edit: letter(members, "edit"),
        add: letter(members, "add"),
        delete: letter(members, "delete"),
        export: letter(members, "export"),
    }
}

fn letter(members: &mut Members<'_>, name: &'static str) -> Option<Letter> {
    let text = members.text(name)?;
    let letter = match text.as_str() {
        "A" => Some(Letter::A),
        "G" => Some(Letter::G),
        "M" => Some(Letter::M),
        "D" => Some(Letter::D),
        _ => None,
    };
    if letter.is_none() {
        members.not_supported(name);
    }
    letter
}

/// A letter that is not said is `D`.
fn status_right(members: &mut Members<'_>) -> StatusRight {
    if members.text("entity_type").is_some_and(|kind| kind != "leads") {
        members.not_supported("entity_type");
    }
    let (pipeline_id, status_id) = (members.required_int("pipeline_id"), members.required_int("status_id"));
    let letters = members.object("rights", letters).unwrap_or_default();
    let said = |letter: Option<Letter>| letter.unwrap_or(Letter::D);
    let rights = StatusLetters { view: said(letters.view), edit: said(letters.edit), delete: said(letters.delete) };
    StatusRight { entity_type: LeadsOnly::Leads, pipeline_id, status_id, rights }
}
