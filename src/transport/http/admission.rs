//! How many requests are served or wait at once, all and of one user. Where all places of a user are taken, what asks for nothing
//! still gets in: the answer that a person was asked for, and what calls a call off. A place is kept until the answer is sent, and
//! of large answers there are fewer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::{Bodies, method};
use super::refusal::{Body, Refusal, is_stream};
use crate::limit::memory::Share;
use crate::limit::{Fair, PlaceGuard, Places, Turn, User};
use crate::server::asks_nothing;

/// How many requests are served or wait at once, and how many of one user.
const MOST_AT_ONCE: usize = 320;
const MOST_OF_ONE: usize = 48;
/// How many more of a user are looked at at once, how long one waits for that, and how many bytes it has.
const BRIEF_OF_ONE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);
const BRIEF: usize = 16 << 10;
/// What opens a stream for as long as its client likes, and how many of them a user has.
const LISTEN: &str = "subscriptions/listen";
const LISTENING_OF_ONE: usize = 48;
/// From how many bytes on an answer is large, as a file is, and how many of all and of one user are not sent yet.
const LARGE: u64 = 1 << 20;
const MOST_LARGE: usize = 32;
const LARGE_OF_ONE: usize = 4;

/// The places.
#[derive(Debug)]
pub struct Admission {
    served: Places,
    brief: Fair,
    listening: Places,
    large: Fair,
}

/// How a request was let in.
#[derive(Debug)]
pub enum Admitted {
    /// It has a place.
    Placed(PlaceGuard),
    /// It is looked at.
    Brief(Turn),
}

impl Default for Admission {
    fn default() -> Self {
        // The connections are counted: what others do takes none of these.
        Self {
            served: Places::new(MOST_AT_ONCE, MOST_OF_ONE),
            brief: Fair::new(usize::MAX, BRIEF_OF_ONE),
            listening: Places::new(usize::MAX, LISTENING_OF_ONE),
            large: Fair::new(MOST_LARGE, LARGE_OF_ONE),
        }
    }
}

impl Admission {
    /// Lets a request of this user's in.
    ///
    /// # Errors
    /// 503 where it cannot even be looked at.
    pub async fn admit(&self, user: &User) -> Result<Admitted, Refusal> {
        if let Some(place) = self.served.take(user) {
            return Ok(Admitted::Placed(place));
        }
        let turn = tokio::time::timeout(PATIENCE, self.brief.take(user)).await;
        turn.map(Admitted::Brief).map_err(|_| busy())
    }

    /// The body of a request, and what it holds until its answer ends: its place, and the memory of a large one.
    ///
    /// # Errors
    /// As [`Bodies::read`], and 503 where there was no place for what it asks.
    pub async fn read(
        &self,
        admitted: Admitted,
        user: &User,
        bodies: &Bodies,
        body: &mut Incoming,
        within: Duration,
    ) -> Result<(Bytes, Held), Refusal> {
        let place = match admitted {
            Admitted::Placed(place) => place,
            Admitted::Brief(turn) => {
                let read = bodies.read_at_most(BRIEF, body, within).await?;
                let (body, share) = read.filter(|(body, _)| asks_nothing(body)).ok_or_else(busy)?;
                return Ok((body, Held::new(turn, share)));
            }
        };
        let (body, share) = bodies.read(body, within).await?;
        if method(&body).as_deref() != Some(LISTEN) {
            return Ok((body, Held::new(place, share)));
        }
        if body.len() > BRIEF {
            let message = format!("a request for {LISTEN} has at most {BRIEF} bytes");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let place = self.listening.take(user).ok_or_else(busy)?;
        Ok((body, Held::new(place, None)))
    }

    /// What a request holds whose answer is large.
    ///
    /// # Errors
    /// 503 where too many of them stay unsent.
    pub async fn hold_large(&self, held: Held, user: &User) -> Result<Held, Refusal> {
        let turn = tokio::time::timeout(PATIENCE, self.large.take(user)).await.map_err(|_| {
            let message = "too many large answers are not read yet: read those first, and try again in seconds";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, HeaderValue::from_static("5"))
        })?;
        Ok(Held { place: Arc::new((held.place, turn)), _share: held._share })
    }
}

/// Whether an answer is large.
pub fn is_large(answer: &Response<Body>) -> bool {
    answer.body().size_hint().exact().is_some_and(|length| length > LARGE)
}

/// What a request holds.
#[derive(Debug)]
pub struct Held {
    place: Arc<dyn Any + Send + Sync>,
    _share: Option<Share>,
}

impl Held {
    fn new(place: impl Any + Send + Sync, share: Option<Share>) -> Self {
        Self { place: Arc::new(place), _share: share }
    }

    /// The answer, which holds the place until it is sent, and the memory as long as it streams.
    pub fn until_the_end_of(self, mut answer: Response<Body>) -> Response<Body> {
        // The frames are passed on one by one, which does not tell how long they are together.
        if let Some(length) = answer.body().size_hint().exact() {
            answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let held = if is_stream(&answer) { self } else { Self { _share: None, ..self } };
        answer.map(|body| {
            body.map_frame(move |frame| {
                let held = &held;
                frame.map_data(|data| held.by(data))
            })
            .boxed()
        })
    }

    /// What is small is sent, or copied, at once.
    fn by(&self, data: Bytes) -> Bytes {
        if data.len() <= BRIEF {
            return data;
        }
        Bytes::from_owner(Unsent { data, _place: Arc::clone(&self.place) })
    }
}

/// A part of an answer, which holds its place.
struct Unsent {
    data: Bytes,
    _place: Arc<dyn Any + Send + Sync>,
}

impl AsRef<[u8]> for Unsent {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

fn busy() -> Refusal {
    let message = "too many requests wait already: try again in seconds";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, HeaderValue::from_static("2"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_user_has_few_large_answers_that_are_not_sent() {
        let (admission, anna, bert) = (Admission::default(), [1; 32], [2; 32]);
        let hold = |user: &User| {
            let held = Held::new(admission.served.take(user).unwrap(), None);
            admission.hold_large(held, user).now_or_never().map(Result::unwrap)
        };
        let held: Vec<Held> = (0..LARGE_OF_ONE).filter_map(|_| hold(&anna)).collect();
        assert_eq!((held.len(), hold(&anna).is_none()), (LARGE_OF_ONE, true));
        assert!(hold(&bert).is_some());
        drop(held);
        assert!(hold(&anna).is_some());
        let answer = |length: usize| -> Response<Body> { Response::new(Full::from(vec![b' '; length]).boxed()) };
        assert!(!is_large(&answer(1 << 20)) && is_large(&answer((1 << 20) + 1)));
    }

    #[tokio::test]
    async fn an_answer_keeps_its_place_until_it_is_sent_and_more_are_let_in_to_be_looked_at() {
        let (admission, anna, bert) = (Admission::default(), [1; 32], [2; 32]);
        let admit = |user: &User| admission.admit(user).now_or_never().map(Result::unwrap);
        let answered = |length: usize| {
            let Some(Admitted::Placed(place)) = admit(&anna) else { return None };
            let body: Body = Full::from(vec![b' '; length]).boxed();
            Some(Held::new(place, None).until_the_end_of(Response::new(body)).into_body())
        };
        let mut unsent = Vec::new();
        for _ in 0..MOST_OF_ONE {
            // What is small is gone as soon as it is taken; what is large, when it was written.
            for length in [BRIEF, BRIEF + 1] {
                unsent.push(answered(length).unwrap().collect().await.unwrap().to_bytes());
            }
        }
        assert!(answered(0).is_none());
        let mut looked_at: Vec<_> = (0..BRIEF_OF_ONE).filter_map(|_| admit(&anna)).collect();
        assert!(looked_at.iter().all(|admitted| matches!(admitted, Admitted::Brief(_))));
        assert_eq!((looked_at.len(), admit(&anna).is_none()), (BRIEF_OF_ONE, true));
        assert!(matches!(admit(&bert), Some(Admitted::Placed(_))));
        looked_at.pop();
        assert!(matches!(admit(&anna), Some(Admitted::Brief(_))));
        drop(unsent);
        assert!(answered(0).is_some());
    }
}
