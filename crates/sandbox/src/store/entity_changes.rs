//! Adding, changing and deleting entities, whatever their kind.

use super::{
    Action, Card, CardDraft, Change, Context, Entity, FieldError, Kind, Refusal, Tables, Written,
    card_changes::CardPlan, change::Plan, edit, links,
};

/// What can be done with the entities of one kind.
pub(crate) enum EntityChange<D> {
    Add(Box<D>),
    Edit {
        id: u64,
        draft: Box<D>,
    },
    /// Puts an entity into the bin, or takes it out.
    Delete {
        id: u64,
        is_deleted: bool,
    },
}

/// What a request says about an entity; what it does not say stays.
pub(crate) trait EntityDraft: Sized + 'static {
    type Entity: Entity;

    /// What it says about the card.
    fn card(&self) -> &CardDraft;

    /// A change of one of these entities, as the store takes it.
    fn change(change: EntityChange<Self>) -> Change;

    /// Checks everything that only the account knows; what is wrong goes into `errors`. `known` is
    /// the entity that is changed; a new one has none.
    fn check(
        self,
        known: Option<&Self::Entity>,
        tables: &Tables,
        context: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> EntityPlan<Self::Entity>;
}

/// A draft whose members were found to be good.
pub(crate) struct EntityPlan<E> {
    pub(super) card: CardPlan,
    /// Changes the members that only this kind of entities has.
    pub(super) own: Own<E>,
    /// What a new entity is linked with.
    pub(super) links: Vec<NewLink>,
}

/// What a plan does with the members that only one kind of entities has.
pub(super) type Own<E> = Box<dyn FnOnce(&mut E, &Context<'_>)>;

/// An entity that a new one is linked with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewLink {
    pub(super) to: (Kind, u64),
    pub(super) is_main: bool,
}

impl<D: EntityDraft> EntityChange<D> {
    pub(super) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Add(draft) => {
                let mut errors = Vec::new();
                let plan = plan_add(*draft, tables, context, &mut errors)?;
                Refusal::of(errors)?;
                Ok(Box::new(move |tables, context| {
                    let id = plan.add(tables, context);
                    written::<D::Entity>(tables, id)
                }))
            }
            Self::Edit { id, draft } => plan_edit(id, *draft, tables, context),
            Self::Delete { id, is_deleted } => plan_delete::<D::Entity>(id, is_deleted, tables, context),
        }
    }
}

/// Checks a new entity; what is wrong goes into `errors`.
pub(super) fn plan_add<D: EntityDraft>(
    draft: D,
    tables: &Tables,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Result<EntityPlan<D::Entity>, Refusal> {
    let may_add = tables.permissions(context.author).may_add(D::Entity::KIND);
    if may_add { Ok(draft.check(None, tables, context, errors)) } else { Err(Refusal::Forbidden) }
}

fn plan_edit<D: EntityDraft>(id: u64, draft: D, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
    let known = context.find::<D::Entity>(Action::Edit, id, tables)?;
    let mut errors = Vec::new();
    let plan = draft.check(Some(known), tables, context, &mut errors);
    Refusal::of(errors)?;
    Ok(Box::new(move |tables, context| {
        plan.edit(id, tables, context);
        written::<D::Entity>(tables, id)
    }))
}

fn plan_delete<E: Entity>(id: u64, is_deleted: bool, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
    if is_deleted {
        context.find::<E>(Action::Delete, id, tables)?;
    }
    if E::table(tables).get(id).is_none_or(|entity| entity.card().is_deleted == is_deleted) {
        return Err(Refusal::Missing);
    }
    Ok(Box::new(move |tables, context| {
        edit::edit(tables, context, id, |entity: &mut E, _| {
            let card = entity.card_mut();
            card.is_deleted = is_deleted;
            card.stamp(context);
        });
        written::<E>(tables, id)
    }))
}

impl<E: Entity> EntityPlan<E> {
    /// Adds the entity with its links; gives its id.
    pub(super) fn add(self, tables: &mut Tables, context: &Context<'_>) -> u64 {
        let Self { mut card, own, links } = self;
        let tags = card.tags(E::KIND, &mut tables.tags);
        let id = edit::add(tables, context, |id, tables| {
            let mut entity = E::blank(Card::blank(id, tables, context));
            own(&mut entity, context);
            card.apply(entity.card_mut(), tags, tables.fields.of(E::KIND), context);
            if entity.card().name.is_empty() {
                entity.card_mut().name = E::default_name(id);
            }
            entity
        });
        for link in links {
            links::link(tables, context, (E::KIND, id), link.to, link.is_main);
        }
        id
    }

    fn edit(self, id: u64, tables: &mut Tables, context: &Context<'_>) {
        let Self { mut card, own, .. } = self;
        let tags = card.tags(E::KIND, &mut tables.tags);
        edit::edit(tables, context, id, |entity: &mut E, tables| {
            own(entity, context);
            card.apply(entity.card_mut(), tags, tables.fields.of(E::KIND), context);
        });
    }
}

/// What the answer to a change says of the entity.
pub(super) fn written<E: Entity>(tables: &Tables, id: u64) -> Written {
    let Some(entity) = E::table(tables).get(id) else { return Written::default() };
    let card = entity.card();
    let name = (E::KIND != Kind::Lead).then(|| card.name.clone());
    Written { id, updated_at: card.updated_at, name, ..Written::default() }
}
