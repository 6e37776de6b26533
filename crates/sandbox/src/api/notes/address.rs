//! Which notes an address means.

use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, error::ErrorNotFound};

use crate::store::{Kind, NoteId};

/// What the address of a request says: which kind of entities, which of them, which note.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) kind: Kind,
    /// The entity, where the address names one.
    pub(super) entity: Option<u64>,
    note: u64,
}

impl Address {
    /// The note of the address.
    pub(super) const fn note(&self) -> NoteId {
        self.note_with(self.note)
    }

    /// The note with this id, as far as it is one of the address.
    pub(super) const fn note_with(&self, id: u64) -> NoteId {
        NoteId { kind: Some(self.kind), entity: self.entity, id }
    }
}

impl FromRequest for Address {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let info = request.match_info();
        // A number that is too large is nobody's, as 0 is.
        let number = |name| info.get(name).map(|text| text.parse().unwrap_or(0));
        let kind = info.get("kind").and_then(Kind::of_plural);
        ready(kind.ok_or_else(|| ErrorNotFound("no such entities")).map(|kind| Self {
            kind,
            entity: number("entity"),
            note: number("note").unwrap_or(0),
        }))
    }
}
