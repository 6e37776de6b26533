//! Exchanges of codes: admitted to one sender, settled, claimed.

use amo_connect_domain::authorization::attempt::AttemptState;
use amo_connect_domain::authorization::budget::{CODES_OF_A_USER, PLACE_TERM, admits_another_code};
use amo_connect_domain::authorization::code::{Admission, Admitted, ClaimRefusal, Exchange, Origin};
use amo_connect_domain::authorization::places::{Later, Place};
use amo_connect_domain::clock::{CLOCK_SKEW, after, before};
use amo_connect_domain::connection::Grant;
use amo_connect_domain::ids::{Epoch, LeaseOwner, UserId};
use amo_connect_domain::ports::{Claim, Served};
use amo_connect_domain::token::CodeHash;
use jiff::Timestamp;

use super::Session;
use super::sweep::BATCH;
use crate::rows::exchange::ExchangeRow;
use crate::rows::failure::Failure;
use crate::rows::grant::Tokens;
use crate::rows::place::{self, PlaceRow};

impl Session<'_> {
    pub(in crate::rows) async fn exchange(mut self, code: CodeHash) -> Result<Option<Exchange>, Failure> {
        self.load_exchange(code).await
    }

    pub(in crate::rows) async fn admit_code(
        mut self,
        request: Admission,
        owner: LeaseOwner,
        now: Timestamp,
    ) -> Result<Admitted, Failure> {
        let (user, attempt) = match &request.origin {
            Origin::Attempt { id, user, .. } => (Some(user), Some(*id)),
            Origin::App { attempt, user, .. } => (Some(user), *attempt),
            Origin::Unsolicited => (None, None),
        };
        let on_record = self.locked_exchange(request.code, user).await?;
        let connection = match user {
            Some(user) => self.load_connection(user, Tokens::Left).await?,
            None => None,
        };
        let mut attempt = match attempt {
            Some(id) => self.load_attempt(id).await?,
            None => None,
        };
        let store_now = self.rows.clock().await?;
        let admitted =
            Exchange::admit(on_record.clone(), &request, attempt.as_ref(), connection.as_ref(), owner, now, store_now);
        if let Admitted::OnRecord(exchange) = &admitted
            && on_record.as_ref() != Some(exchange)
        {
            self.put_exchange(exchange).await?;
        }
        if let Admitted::Granted(exchange) = &admitted {
            if let Err(later) = self.take_from_budget(&request, exchange, on_record.as_ref(), owner, store_now).await? {
                return Ok(Admitted::Later(later));
            }
            self.put_exchange(exchange).await?;
            if let Some(attempt) = attempt.as_mut().filter(|attempt| exchange.attempt == Some(attempt.id)) {
                attempt.state = AttemptState::Spent(exchange.code);
                self.update_attempt(attempt).await?;
            }
        }
        Ok(admitted)
    }

    /// Takes a place for a stranger's code, or looks whether its user may have another one.
    async fn take_from_budget(
        &mut self,
        request: &Admission,
        granted: &Exchange,
        on_record: Option<&Exchange>,
        owner: LeaseOwner,
        store_now: Timestamp,
    ) -> Result<Result<(), Later>, Failure> {
        if let Some(user) = granted.newly_of(on_record) {
            let codes = self.rows.codes_of(user.as_str().as_bytes(), CODES_OF_A_USER).await?;
            let codes: Result<Vec<_>, _> = codes.into_iter().map(ExchangeRow::in_budget).collect();
            if let Err(later) = admits_another_code(&codes?, store_now) {
                return Ok(Err(later));
            }
        }
        if request.caller.is_none() {
            return Ok(Ok(()));
        }
        self.rows.lock_places().await?;
        // Somebody may have held the lock for long.
        let store_now = self.rows.clock().await?;
        let is_new_host = !self.rows.has_connection_at(request.host.as_str()).await?;
        let Some(wanted) = Place::wanted(request, owner, is_new_host, store_now) else { return Ok(Ok(())) };
        let known: Result<Vec<_>, _> = self.rows.places().await?.into_iter().map(place::open).collect();
        let decision = Place::request(&wanted, &known?, store_now);
        if decision.is_ok() {
            self.forget_places(store_now).await?;
            self.rows.put_place(&PlaceRow::from(&wanted)).await?;
        }
        Ok(decision)
    }

    /// Deletes the places that are over, by [`Place::is_over`].
    pub(super) async fn forget_places(&mut self, store_now: Timestamp) -> Result<usize, Failure> {
        let given_by = before(store_now, PLACE_TERM).as_microsecond();
        let given_after = after(store_now, CLOCK_SKEW).as_microsecond();
        self.rows.forget_places(given_by, given_after, BATCH).await
    }

    pub(in crate::rows) async fn renew_code_lease(
        mut self,
        code: CodeHash,
        owner: LeaseOwner,
    ) -> Result<bool, Failure> {
        let Some(mut exchange) = self.locked_exchange(code, None).await? else { return Ok(false) };
        let is_held = exchange.renew(owner, self.rows.clock().await?);
        if is_held {
            self.put_exchange(&exchange).await?;
        }
        Ok(is_held)
    }

    pub(in crate::rows) async fn save_grant(
        mut self,
        code: CodeHash,
        grant: Grant,
        served: Served,
        now: Timestamp,
    ) -> Result<Exchange, Failure> {
        let mut exchange = self.locked_exchange(code, None).await?.ok_or(Failure::Conflict)?;
        let (connection, before) = match &exchange.user {
            Some(user) => {
                let before = self.before(user).await?;
                (Some(before.connection_or_new(user)), Some(before))
            }
            None => (None, None),
        };
        if let Some(connection) = exchange.receive(grant, connection, now) {
            let before = match before {
                Some(before) => before,
                None => self.before(&connection.user).await?,
            };
            self.put_new_state(connection, &before).await?;
        }
        self.put_exchange(&exchange).await?;
        self.acquit(&served).await?;
        Ok(exchange)
    }

    pub(in crate::rows) async fn restore_exchange(mut self, record: Exchange) -> Result<(), Failure> {
        let asker = record.user.clone();
        if self.locked_exchange(record.code, asker.as_ref()).await?.is_none() {
            self.put_exchange(&record.restored()).await?;
        }
        Ok(())
    }

    pub(in crate::rows) async fn end_exchange(
        mut self,
        code: CodeHash,
        owner: LeaseOwner,
        refused: bool,
    ) -> Result<Exchange, Failure> {
        let mut exchange = self.locked_exchange(code, None).await?.ok_or(Failure::Conflict)?;
        if exchange.end(owner, refused) {
            self.put_exchange(&exchange).await?;
        }
        Ok(exchange)
    }

    pub(in crate::rows) async fn claim(
        mut self,
        code: CodeHash,
        user: UserId,
        as_of: Epoch,
        now: Timestamp,
    ) -> Result<Claim, Failure> {
        let Some(mut exchange) = self.locked_exchange(code, Some(&user)).await? else {
            return Ok(Claim::Refused(ClaimRefusal::NotWaiting));
        };
        let before = self.before(&user).await?;
        match exchange.claim(before.connection_or_new(&user), as_of, now) {
            Ok(connection) => {
                self.put_new_state(connection, &before).await?;
                self.put_exchange(&exchange).await?;
                Ok(Claim::Connected)
            }
            Err(ClaimRefusal::AnotherUser) => Ok(Claim::Refused(ClaimRefusal::AnotherUser)),
            Err(refusal) => {
                self.put_exchange(&exchange).await?;
                Ok(Claim::Refused(refusal))
            }
        }
    }

    pub(in crate::rows) async fn awaits_claim(self, user: UserId, now: Timestamp) -> Result<bool, Failure> {
        self.rows.has_waiting_grant(user.as_str().as_bytes(), now.as_microsecond()).await
    }

    /// The record of `code`, with its own lock and that of its user; while it has none, with
    /// that of the user who asks.
    async fn locked_exchange(&mut self, code: CodeHash, asker: Option<&UserId>) -> Result<Option<Exchange>, Failure> {
        self.rows.lock_code(code).await?;
        let found = self.load_exchange(code).await?;
        let Some(user) = found.as_ref().and_then(|found| found.user.as_ref()).or(asker) else {
            return Ok(found);
        };
        self.rows.lock_user(user).await?;
        self.load_exchange(code).await
    }

    async fn load_exchange(&mut self, code: CodeHash) -> Result<Option<Exchange>, Failure> {
        let row = self.rows.exchange(&code.0).await?;
        row.map(|row| row.open(Tokens::Opened(self.keys))).transpose()
    }

    pub(super) async fn put_exchange(&mut self, exchange: &Exchange) -> Result<(), Failure> {
        self.rows.put_exchange(&ExchangeRow::seal(exchange, self.keys)?).await
    }
}
