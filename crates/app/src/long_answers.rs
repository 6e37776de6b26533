//! The memory of long answers that clients have not taken yet. A client that reads slowly keeps its answer in memory, so
//! there is a budget for all of them, and one user has a part of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use amo_connect_domain::ids::UserId;

use crate::budgets::{ANSWER_PART, LONG_ANSWERS, LONG_ANSWERS_OF_A_USER, SHORT_ANSWER};
use crate::error::ApiError;

/// How much there is at the moment.
#[derive(Clone, Default)]
pub struct LongAnswers(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    by_user: HashMap<UserId, usize>,
}

/// What one answer takes, until it is dropped.
struct Room {
    user: UserId,
    bytes: usize,
    taken: LongAnswers,
}

/// An answer that is written a part at a time, so that its connection holds no second copy of it.
pub struct LongAnswer {
    left: Bytes,
    _room: Option<Room>,
}

impl LongAnswers {
    /// `bytes` as an answer to `user`. A longer one than the whole budget is taken alone.
    pub fn answer(&self, bytes: Vec<u8>, user: &UserId) -> Result<LongAnswer, ApiError> {
        let room = if bytes.len() > SHORT_ANSWER { Some(self.take(user, bytes.len())?) } else { None };
        Ok(LongAnswer { left: bytes.into(), _room: room })
    }

    fn take(&self, user: &UserId, bytes: usize) -> Result<Room, ApiError> {
        let is_full = |taken: usize, most| taken > 0 && taken + bytes > most;
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_full(taken.by_user.get(user).copied().unwrap_or_default(), LONG_ANSWERS_OF_A_USER) {
            return Err(ApiError::TooManyRequests(1));
        }
        if is_full(taken.all, LONG_ANSWERS) {
            return Err(ApiError::Overloaded);
        }
        taken.all += bytes;
        *taken.by_user.entry(user.clone()).or_default() += bytes;
        Ok(Room { user: user.clone(), bytes, taken: self.clone() })
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.taken.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= self.bytes;
        match taken.by_user.get_mut(&self.user) {
            Some(bytes) if *bytes > self.bytes => *bytes -= self.bytes,
            _ => drop(taken.by_user.remove(&self.user)),
        }
    }
}

impl LongAnswer {
    /// What is the same for everybody and is in memory anyway.
    pub fn fixed(bytes: &'static [u8]) -> Self {
        Self { left: Bytes::from_static(bytes), _room: None }
    }
}

impl AsRef<[u8]> for LongAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.left
    }
}

impl MessageBody for LongAnswer {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.left.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let part = ANSWER_PART.min(self.left.len());
        Poll::Ready((part > 0).then(|| Ok(self.left.split_to(part))))
    }
}

impl fmt::Debug for LongAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongAnswers").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl fmt::Debug for LongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongAnswer").field("left", &self.left.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1024 * 1024;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[test]
    fn a_user_has_a_part_of_the_room_and_all_together_have_the_whole() {
        let answers = LongAnswers::default();
        let answer = |name: &str, bytes| answers.answer(vec![0; bytes], &user(name));
        let mut taken: Vec<_> = (0..20).map_while(|_| answer("olena", MB).ok()).collect();
        assert_eq!(taken.len() * MB, LONG_ANSWERS_OF_A_USER);
        assert!(matches!(answer("olena", MB), Err(ApiError::TooManyRequests(1))));
        assert!(answer("olena", SHORT_ANSWER).is_ok());
        taken.extend((0..100).map_while(|number| answer(&format!("user {number}"), MB).ok()));
        assert_eq!((taken.len() * MB, answers.bytes()), (LONG_ANSWERS, LONG_ANSWERS));
        assert!(matches!(answer("ivan", MB), Err(ApiError::Overloaded)));
        taken.remove(0);
        assert!(answer("olena", MB).is_ok(), "there is room again");
        taken.clear();
        assert!(answers.0.lock().unwrap().by_user.is_empty() && answers.bytes() == 0);
        let longest = answer("olena", 2 * LONG_ANSWERS).unwrap();
        assert!(matches!(answer("olena", MB), Err(ApiError::TooManyRequests(1))));
        assert!(matches!(answer("ivan", MB), Err(ApiError::Overloaded)));
        drop(longest);
        assert_eq!(answers.bytes(), 0);
    }

    #[actix_web::test]
    async fn it_is_written_a_part_at_a_time() {
        let answers = LongAnswers::default();
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut answer = Box::pin(answers.answer(bytes.clone(), &user("olena")).unwrap());
        assert_eq!(answer.size(), BodySize::Sized(200_000));
        let mut parts = Vec::new();
        while let Some(part) = std::future::poll_fn(|context| answer.as_mut().poll_next(context)).await {
            parts.push(part.unwrap());
        }
        assert!(parts.iter().all(|part| part.len() <= ANSWER_PART));
        assert_eq!(parts.concat(), bytes);
        assert_eq!(answers.bytes(), bytes.len(), "it is in memory for as long as its last part is");
    }
}
