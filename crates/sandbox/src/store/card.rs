//! What leads, contacts and companies have in common.

use super::{
    Context, FieldDefinition, Fields, Kind, PerKind, Row, Table, Tables, Tag, Times,
    differences::Differences,
    feed::{Before, Snapshot},
};
use crate::UserId;

/// What every entity with a card has.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) responsible_user_id: UserId,
    pub(crate) created_by: u64,
    pub(crate) updated_by: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) closest_task_at: Option<u64>,
    pub(crate) is_deleted: bool,
    pub(crate) fields: Fields,
    pub(crate) tags: Vec<Tag>,
    /// Whom it is linked with, by id; both sides of a link have it. The main contact comes first.
    pub(crate) links: PerKind<Vec<u64>>,
    /// What `query` looks into, in lower case; [`Entity::searchable`] makes it.
    pub(crate) search: String,
}

impl Card {
    /// The card of an entity that `context`'s author makes.
    pub(super) fn blank(id: u64, tables: &Tables, context: &Context<'_>) -> Self {
        let author = context.author.user;
        Self {
            id,
            name: String::new(),
            responsible_user_id: tables.usual_responsible(author),
            created_by: author.get(),
            updated_by: author.get(),
            created_at: context.now,
            updated_at: context.now,
            closest_task_at: None,
            is_deleted: false,
            fields: Fields::default(),
            tags: Vec::new(),
            links: PerKind::default(),
            search: String::new(),
        }
    }

    /// The name and the values of the fields, a line each; of telephones the digits too.
    pub(crate) fn own_text(&self, definitions: &[FieldDefinition]) -> String {
        let mut text = self.name.to_lowercase();
        for value in self.fields.values() {
            let shown = value.shown();
            text.push('\n');
            text.push_str(&shown.to_lowercase());
            let definition = definitions.iter().find(|definition| definition.id == value.field);
            if definition.is_some_and(|definition| definition.code.as_deref() == Some("PHONE")) {
                text.push('\n');
                text.extend(shown.chars().filter(char::is_ascii_digit));
            }
        }
        text
    }

    /// Whether it is linked with this entity.
    pub(crate) fn is_linked(&self, (kind, id): (Kind, u64)) -> bool {
        self.links.of(kind).contains(&id)
    }

    /// Links it with another entity, as the main one of its kind if so wanted.
    pub(super) fn link(&mut self, (kind, id): (Kind, u64), is_main: bool) {
        let links = self.links.of_mut(kind);
        if is_main {
            links.retain(|&known| known != id);
            links.insert(0, id);
        } else if !links.contains(&id) {
            links.push(id);
        }
    }

    /// Puts it into the bin.
    pub(super) fn discard(&mut self, context: &Context<'_>) {
        self.is_deleted = true;
        self.stamp(context);
    }

    /// Writes down that the author changed it now.
    pub(super) fn stamp(&mut self, context: &Context<'_>) {
        self.updated_at = context.now;
        self.updated_by = context.author.user.get();
    }

    /// Ends the link with another entity.
    pub(super) fn unlink(&mut self, (kind, id): (Kind, u64)) {
        self.links.of_mut(kind).retain(|&known| known != id);
    }
}

/// The members of [`Entity`] that say where the entities of a kind are kept.
macro_rules! entity {
    ($kind:ident, $table:ident) => {
        const KIND: $crate::store::Kind = $crate::store::Kind::$kind;

        fn card(&self) -> &$crate::store::Card {
            &self.card
        }

        fn card_mut(&mut self) -> &mut $crate::store::Card {
            &mut self.card
        }

        fn table(tables: &$crate::store::Tables) -> &$crate::store::Table<Self> {
            &tables.$table
        }

        fn table_mut(tables: &mut $crate::store::Tables) -> &mut $crate::store::Table<Self> {
            &mut tables.$table
        }

        fn snapshot(&self) -> $crate::store::feed::Snapshot {
            $crate::store::feed::Snapshot::$kind(Box::new(self.clone()))
        }
    };
}
pub(super) use entity;

/// An entity with a card, and where it is kept.
pub(crate) trait Entity: Clone + Sized + 'static {
    const KIND: Kind;

    fn card(&self) -> &Card;
    fn card_mut(&mut self) -> &mut Card;
    fn table(tables: &Tables) -> &Table<Self>;
    fn table_mut(tables: &mut Tables) -> &mut Table<Self>;

    /// What webhooks are told of it.
    fn snapshot(&self) -> Snapshot;

    /// An entity that has nothing yet but `card`.
    fn blank(card: Card) -> Self;

    /// The name of a new one that nobody named.
    fn default_name(_id: u64) -> String {
        String::new()
    }

    /// The pipeline and the stage of a lead.
    fn stage(&self) -> Option<(u64, u64)> {
        None
    }

    /// What webhooks tell of how it was before a change.
    fn before(&self) -> Before {
        Before { responsible_user_id: self.card().responsible_user_id, stage: self.stage(), text: None }
    }

    /// Notes what differs between it and `new` besides the card.
    fn own_differences(&self, _new: &Self, _differences: &mut Differences) {}

    /// What `query` finds it by.
    fn searchable(&self, tables: &Tables) -> String {
        self.card().own_text(tables.fields.of(Self::KIND))
    }
}

impl<E: Entity> Row for E {
    fn id(&self) -> u64 {
        self.card().id
    }

    fn is_deleted(&self) -> bool {
        self.card().is_deleted
    }

    fn times(&self) -> Option<Times> {
        let card = self.card();
        Some(Times { created: card.created_at, updated: card.updated_at })
    }
}
