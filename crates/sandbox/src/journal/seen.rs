//! A request on its way into the journal, and what the sandbox finds out about it.

use std::{cell::RefCell, rc::Rc};

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{Method, Uri},
    web::{Bytes, Data},
};

use super::{Answer, Body, Entry};
use crate::{AccountId, Dress, Failure, UserId, clock::Moment, grants::Holder, world::World};

/// What is known of a request besides what it says itself.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) account: Option<AccountId>,
    pub(crate) client_id: Option<String>,
    /// With whose rights it ran.
    pub(crate) user: Option<UserId>,
    /// The fault that was played on it.
    pub(crate) fault: Option<Failure>,
    /// How the answer with a token pair was dressed.
    pub(crate) dress: Option<Dress>,
    pub(crate) is_over_limit: bool,
}

impl Known {
    /// The request brought a token of `holder`.
    pub(crate) fn let_in(&mut self, holder: &Holder) {
        (self.account, self.user) = (Some(holder.account), Some(holder.user));
        self.client_id = Some(holder.client_id.clone());
    }
}

/// What a request says itself.
pub(super) struct Said {
    pub(super) world: Data<World>,
    pub(super) began: Moment,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) body: Body,
}

#[derive(Default)]
struct OnItsWay {
    known: Known,
    /// `None` once it is in the journal.
    said: Option<Said>,
}

/// A request on its way, for everybody who finds something out about it.
#[derive(Clone, Default)]
pub(crate) struct Seen(Rc<RefCell<OnItsWay>>);

impl Seen {
    pub(super) fn new(said: Said) -> Self {
        Self(Rc::new(RefCell::new(OnItsWay { known: Known::default(), said: Some(said) })))
    }

    /// That of a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// Writes something down.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Known)) {
        note(&mut self.0.borrow_mut().known);
    }

    /// Adds the body, once it was read.
    pub(super) fn add_body(&self, body: Body) {
        if let Some(said) = &mut self.0.borrow_mut().said {
            said.body = body;
        }
    }

    /// Puts the request into the journal, with an answer in JSON that goes past the web server. Call
    /// it before the client has that answer: it may ask for the journal then.
    pub(crate) fn answered(&self, status: u16, json: Bytes) {
        self.finish(Some(Answer { status, location: None, body: Body::of_answer(None, json) }));
    }

    /// Puts the request into the journal, unless it is there.
    pub(super) fn finish(&self, answer: Option<Answer>) {
        let (known, said) = {
            let mut on_its_way = self.0.borrow_mut();
            let Some(said) = on_its_way.said.take() else { return };
            (std::mem::take(&mut on_its_way.known), said)
        };
        let Said { world, began, method, uri, body } = said;
        let took = world.state().now().since(began);
        world.journal.add(Entry { number: 0, at: began.unix(), took, method, uri, body, known, answer });
    }
}
