//! Contacts, as far as the app shows them.

/// The most contacts that are asked for at once.
pub const MOST_CONTACTS: usize = 250;

/// What we need of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// amoCRM's number.
    pub id: u64,
    /// The person's name.
    pub name: Option<String>,
    /// The phone numbers (`field_code` `PHONE`), in the CRM's order.
    pub phones: Vec<Reached>,
    /// The e-mail addresses (`field_code` `EMAIL`), in the CRM's order.
    pub emails: Vec<Reached>,
}

/// A way to reach a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The number or the address.
    pub value: String,
    /// What it is for, as `WORK` or `MOB`.
    pub kind: Option<String>,
}

impl Contact {
    /// A contact of whom nothing else is known.
    pub fn numbered(id: u64) -> Self {
        Self { id, name: None, phones: Vec::new(), emails: Vec::new() }
    }

    /// The first phone number.
    pub fn phone(&self) -> Option<&str> {
        self.phones.first().map(|phone| phone.value.as_str())
    }

    /// The first e-mail address.
    pub fn email(&self) -> Option<&str> {
        self.emails.first().map(|email| email.value.as_str())
    }
}
