//! Contacts, as far as the app shows them.

/// What we need of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// amoCRM's number.
    pub id: u64,
    /// The person's name.
    pub name: Option<String>,
    /// The first phone number (`field_code` `PHONE`).
    pub phone: Option<String>,
    /// The first e-mail address (`field_code` `EMAIL`).
    pub email: Option<String>,
}
