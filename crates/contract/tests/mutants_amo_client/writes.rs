//! What such a client writes, and what it tells of that.

use amo_connect_domain::crm::write::{LeadChange, NewLead, NewNote, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;

use crate::client::MutantClient;
use crate::kinds::Mutant;

impl MutantClient {
    /// What it sends for `write`.
    pub(crate) fn sent(&self, write: &Write) -> Write {
        if self.is(Mutant::ShowsTexts) {
            self.seen.lock().unwrap().push(format!("{write:?}"));
        }
        match (self.mutant, write.clone()) {
            (Mutant::DropsTags, Write::Lead(lead)) => Write::Lead(NewLead { tags: Vec::new(), ..lead }),
            (Mutant::DropsTags, Write::LeadChange(id, change)) => {
                Write::LeadChange(id, LeadChange { tags_to_remove: Vec::new(), ..change })
            }
            (Mutant::ForgetsGuests | Mutant::MakesGuestsApart, Write::Lead(lead)) => {
                let name = lead.title().map(str::to_owned);
                Write::Lead(NewLead { name, guest: None, ..lead })
            }
            (Mutant::InventsTitles, Write::Lead(lead)) => {
                Write::Lead(NewLead { name: lead.name.or(Some("A lead".to_owned())), ..lead })
            }
            (Mutant::SendsWhatIsUnset, Write::LeadChange(id, change)) => {
                Write::LeadChange(id, LeadChange { price: change.price.or(Some(0)), ..change })
            }
            (Mutant::SendsWhatIsUnset, Write::TaskChange(id, change)) => {
                let is_completed = change.is_completed.or(Some(false));
                Write::TaskChange(id, TaskChange { is_completed, ..change })
            }
            (Mutant::TrimsTexts, Write::Note(note)) => {
                Write::Note(NewNote { text: note.text.trim().to_owned(), ..note })
            }
            (_, write) => write,
        }
    }

    /// What it tells of a write.
    pub(crate) fn told(
        &self,
        outcome: Result<Option<WrittenObject>, AmoError>,
    ) -> Result<Option<WrittenObject>, AmoError> {
        match (self.mutant, outcome) {
            (Mutant::CallsMergedLeadsNew, Ok(made)) => Ok(made.map(|made| WrittenObject { is_new: true, ..made })),
            (Mutant::TellsNothingOfWrites, Ok(_)) => Ok(None),
            (Mutant::ForgetsFields, Err(AmoError::Refused { .. }))
            | (Mutant::CallsMissingRefused, Err(AmoError::NotFound)) => Err(AmoError::Refused { field: None }),
            (Mutant::CallsRefusalsNonsense, Err(AmoError::Refused { .. })) => Err(AmoError::Protocol),
            (_, outcome) => outcome,
        }
    }
}
