//! What users are told of their writes.

use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::usecase::{MissingPart, WriteAnswer, WriteError, WriteKey, Written};

use super::super::{Checker, Invariant};
use super::{Asked, AskedId, Told, Wanted, WriteSending};
use crate::crm::{Crm, GrantId, Objects, Version, account_of, amo_user};

/// By which grant an answer was read, if it was read at all.
pub(crate) fn read_by(what: &Written) -> Option<GrantId> {
    match what {
        Written::Lead(lead) => lead.lead.lead.stage.and_then(|grant| usize::try_from(grant).ok()),
        Written::Note(note) => note.params.as_str()?.parse().ok(),
        Written::Task(task) => task.kind.and_then(|grant| usize::try_from(grant).ok()),
    }
}

fn number(what: &Written) -> u64 {
    match what {
        Written::Lead(lead) => lead.lead.lead.id,
        Written::Note(note) => note.id,
        Written::Task(task) => task.id,
    }
}

impl Checker {
    /// A user was answered.
    pub(crate) fn write_answered(
        &mut self,
        crm: &Crm,
        asked: AskedId,
        answer: &Result<WriteAnswer, WriteError>,
        now: u64,
    ) {
        let Wanted { user, order, .. } = self.wanted_by(asked).clone();
        match answer {
            Ok(answer) => {
                let Some((account, object)) = self.what_is_done(asked, order.key, answer) else { return };
                if let Err(how) = self.check_written(crm, asked, (account, object), answer) {
                    self.accuse(Invariant::NotWritten, || format!("{order:?} of user {user}: {how}: {answer:?}"));
                }
            }
            Err(WriteError::OutcomeUnknown(_) | WriteError::InProgress) => {}
            Err(error @ (WriteError::KeyExpired | WriteError::KeyReused)) => self.check_refused_key(asked, error),
            Err(error) => self.check_undone(asked, error, now),
        }
    }

    /// The account, and the object of it, that was written according to an answer.
    fn what_is_done(
        &mut self,
        asked: AskedId,
        key: Option<WriteKey>,
        answer: &WriteAnswer,
    ) -> Option<(AccountId, Option<WrittenObject>)> {
        let Some(WriteKey { key, request }) = key else {
            let sent = self.writes.sent.iter().rfind(|sent| sent.asked == asked && !sent.is_comment);
            let done = sent.filter(|sent| sent.done_at.is_some());
            let found = done.map(|sent| (sent.account, sent.made.map(|id| WrittenObject { id, is_new: true })));
            if found.is_none() {
                self.accuse(Invariant::NotWritten, || {
                    format!("call {asked} was answered, and amoCRM has done nothing")
                });
            }
            return found;
        };
        let epoch = self.writes.asked[asked].epoch;
        match self.writes.done.get(&key) {
            Some(done) if done.request == request && done.epoch >= epoch => Some((done.account, done.object)),
            None if !answer.is_replayed => {
                self.accuse(Invariant::NotWritten, || format!("call {asked} was answered, and that is not on record"));
                None
            }
            _ => {
                self.accuse(Invariant::AnothersKey, || format!("call {asked} was answered by another write"));
                None
            }
        }
    }

    /// Whether what an answer tells is there, and is what was wanted.
    fn check_written(
        &self,
        crm: &Crm,
        asked: AskedId,
        (account, object): (AccountId, Option<WrittenObject>),
        answer: &WriteAnswer,
    ) -> Result<(), &'static str> {
        let Wanted { user, order, .. } = self.wanted_by(asked);
        let objects = crm.objects.get(account_of(account)).ok_or("there is no such account")?;
        let (id, author) = (number(&answer.what), amo_user(*user));
        if object.is_some_and(|object| object.id != id) {
            return Err("it is another object");
        }
        let is_merged = !answer.is_new;
        let as_wanted = match &order.write {
            Write::Lead(_) if is_merged => objects.lead(id).is_some(),
            Write::LeadChange(target, _) | Write::TaskChange(target, _) => {
                *target == id && self.was_made(objects, asked, &order.write)
            }
            made => is_made_by(objects, made, id, author),
        };
        if !as_wanted {
            return Err("it is not what was wanted");
        }
        if let Some(comment) = &order.comment {
            let is_told_missing = answer.missing.contains(&MissingPart::Comment);
            let is_it = |note: &Note| note.text.as_ref() == Some(comment) && note.created_by == Some(author);
            if !is_told_missing && !objects.notes_of(id).any(is_it) {
                return Err("its comment is not there");
            }
            // Without a key it is not looked for, whatever became of it.
            if is_told_missing && order.key.is_some() && !self.was_comment_refused(asked) {
                return Err("its comment was not refused");
            }
        }
        match read_by(&answer.what) {
            _ if answer.missing.contains(&MissingPart::Details) => Ok(()),
            Some(grant) if crm.grants[grant].account != account_of(account) => Err("it is shown from another account"),
            _ if !self.is_fresh(objects, asked, &answer.what) => Err("it is shown as it was before"),
            _ => Ok(()),
        }
    }

    /// Whether two calls are for one write: the same body under the same key.
    fn is_for_same(&self, one: AskedId, other: AskedId) -> bool {
        let key = |asked| self.wanted_by(asked).order.key;
        one == other || (key(one).is_some() && key(one) == key(other))
    }

    /// Whether amoCRM refused the comment of the lead that was asked for.
    fn was_comment_refused(&self, asked: AskedId) -> bool {
        let mut comments = self.writes.sent.iter().filter(|sent| sent.is_comment && sent.told == Some(Told::Refused));
        comments.any(|sent| self.is_for_same(sent.asked, asked))
    }

    /// Whether a lead or a task was, at some moment since the write was first asked for, as it makes it.
    fn was_made(&self, objects: &Objects, asked: AskedId, write: &Write) -> bool {
        let first = (0..asked).find(|other| self.is_for_same(*other, asked)).unwrap_or(asked);
        let first = self.writes.asked[first].at;
        let Some(like) = target(objects, write) else { return false };
        let mut since = objects.versions(&like).into_iter().filter(|(_, until, _)| *until >= first);
        since.any(|(_, _, version)| match (write, version) {
            (Write::LeadChange(_, change), Version::Lead(lead)) => change.is_made(lead, None),
            (Write::TaskChange(_, change), Version::Task(task)) => change.is_made(task),
            _ => false,
        })
    }

    /// Whether a lead or a task is shown as it was at some moment since it was written.
    fn is_fresh(&self, objects: &Objects, asked: AskedId, what: &Written) -> bool {
        let sent = self.writes.sent.iter().rfind(|sent| sent.asked == asked && !sent.is_comment);
        let since = sent.and_then(|sent| sent.done_at).unwrap_or(self.writes.asked[asked].at);
        let shown = match what {
            Written::Lead(lead) => Version::Lead(lead.lead.lead.clone()),
            Written::Task(task) => Version::Task(task.clone()),
            Written::Note(_) => return true,
        };
        let mut versions = objects.versions(&shown).into_iter().filter(|(_, until, _)| *until > since);
        versions.any(|(_, _, version)| match (version, &shown) {
            (Version::Lead(one), Version::Lead(other)) => (&one.name, &one.price) == (&other.name, &other.price),
            (Version::Task(one), Version::Task(other)) => {
                (&one.text, one.is_completed, &one.result) == (&other.text, other.is_completed, &other.result)
            }
            _ => false,
        })
    }

    /// A user was told that nothing was done.
    fn check_undone(&mut self, asked: AskedId, error: &WriteError, now: u64) {
        let Asked { resumed_at, .. } = self.writes.asked[asked];
        let key = self.wanted_by(asked).key();
        let own = |sent: &&WriteSending| sent.asked == asked && (sent.done_at.is_some() || sent.is_in_doubt());
        let others = |sent: &&WriteSending| {
            let is_doubtful = |key| self.is_done_for(sent, key) || sent.may_be_done(now);
            let is_earlier = resumed_at.is_some_and(|resumed| sent.left_at < resumed);
            is_earlier && !sent.is_excused && sent.key == key && key.is_some_and(is_doubtful)
        };
        let found = self.writes.sent.iter().position(|sent| own(&sent) || others(&sent));
        if let Some(id) = found {
            self.accuse(Invariant::WrittenUntold, || format!("{error:?}, and write {id} was done, or may be"));
        }
    }

    /// A user was told that they had used the key before.
    fn check_refused_key(&mut self, asked: AskedId, error: &WriteError) {
        let Wanted { user, order, .. } = self.wanted_by(asked);
        let epoch = self.rows[*user].epoch;
        let is_reason = |other: &Asked| {
            let known = self.writes.wanted[other.order].order.key;
            let is_same = known.zip(order.key).filter(|(one, other)| one.key == other.key);
            is_same.is_some_and(|(one, key)| match error {
                WriteError::KeyReused => one.request != key.request,
                _ => other.epoch < epoch,
            })
        };
        if !self.writes.asked.iter().any(is_reason) {
            self.accuse(Invariant::AnothersKey, || format!("call {asked} was refused: {error:?}, without a reason"));
        }
    }
}

/// What a change changes.
fn target(objects: &Objects, write: &Write) -> Option<Version> {
    match write {
        Write::LeadChange(id, _) => objects.lead(*id).cloned().map(Version::Lead),
        Write::TaskChange(id, _) => objects.task(*id).cloned().map(Version::Task),
        Write::Lead(_) | Write::Note(_) | Write::Task(_) => None,
    }
}

/// Whether the object with this number was made by `author`, and was at some moment as `write` makes it. What is found
/// after a lost answer may have been given that content only later.
fn is_made_by(objects: &Objects, write: &Write, id: u64, author: u64) -> bool {
    let was = |like: &Version, is_it: &dyn Fn(&Version) -> bool| {
        objects.versions(like).into_iter().any(|(_, _, version)| is_it(version))
    };
    match write {
        Write::Lead(new) => objects.lead(id).is_some_and(|lead| {
            let is_it = |version: &Version| matches!(version, Version::Lead(lead) if new.is_made(lead));
            lead.created_by == Some(author) && was(&Version::Lead(lead.clone()), &is_it)
        }),
        Write::Task(new) => objects.task(id).is_some_and(|task| {
            let is_it = |version: &Version| matches!(version, Version::Task(task) if new.is_made(task));
            let is_theirs = task.created_by == Some(author) && task.lead == Some(new.lead);
            is_theirs && was(&Version::Task(task.clone()), &is_it)
        }),
        Write::Note(new) => objects.note(id).is_some_and(|(lead, note)| {
            (*lead, note.text.as_ref(), note.created_by) == (new.lead, Some(&new.text), Some(author))
        }),
        Write::LeadChange(..) | Write::TaskChange(..) => false,
    }
}
