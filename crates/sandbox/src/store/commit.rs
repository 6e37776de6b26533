//! A commit: all changes are checked, then all are made.

use super::{Change, Context, Rejected, Tables, Written};

pub(super) fn commit(
    tables: &mut Tables,
    context: &Context<'_>,
    changes: Vec<Change>,
) -> Result<Vec<Written>, Rejected> {
    let mut plans = Vec::with_capacity(changes.len());
    let mut refused = Vec::new();
    for (place, change) in changes.into_iter().enumerate() {
        match change.plan(tables, context) {
            Ok(plan) => plans.push(plan),
            Err(refusal) => refused.push((place, refusal)),
        }
    }
    if !refused.is_empty() {
        return Err(Rejected(refused));
    }
    tables.commits += 1;
    Ok(plans.into_iter().map(|plan| plan(tables, context)).collect())
}
