//! How many requests are served or wait at once, all and of one user. Where all places of a user are taken, what asks for nothing
//! still gets in: the answer that a person was asked for, and what calls a call off. A place is kept until the answer is sent.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::{Bodies, method};
use super::refusal::{Body, Refusal, is_stream};
use crate::limit::memory::Share;
use crate::limit::{PlaceGuard, Places, User};
use crate::server::asks_nothing;

/// How many requests are served or wait at once, and how many of one user.
const MOST_AT_ONCE: usize = 320;
const MOST_OF_ONE: usize = 48;
/// How many more of a user are looked at, as many as there are questions to one, and how many bytes they have.
const BRIEF_OF_ONE: usize = 8;
const BRIEF: usize = 16 << 10;
/// What opens a stream for as long as its client likes, and how many of them a user has.
const LISTEN: &str = "subscriptions/listen";
const LISTENING_OF_ONE: usize = 48;

/// The places.
#[derive(Debug)]
pub struct Admission {
    served: Places,
    brief: Places,
    listening: Places,
}

/// The place of a request.
#[derive(Debug)]
pub struct Admitted {
    place: PlaceGuard,
    is_brief: bool,
}

impl Default for Admission {
    fn default() -> Self {
        // The connections are counted: these are shared by nobody.
        let of_one = |most| Places::new(usize::MAX, most);
        Self {
            served: Places::new(MOST_AT_ONCE, MOST_OF_ONE),
            brief: of_one(BRIEF_OF_ONE),
            listening: of_one(LISTENING_OF_ONE),
        }
    }
}

impl Admission {
    /// A place for a request of this user's.
    ///
    /// # Errors
    /// 503 where there is none.
    pub fn admit(&self, user: &User) -> Result<Admitted, Refusal> {
        let place = |of: &Places, is_brief| of.take(user).map(|place| Admitted { place, is_brief });
        place(&self.served, false).or_else(|| place(&self.brief, true)).ok_or_else(busy)
    }

    /// The body of a request, and what it holds until its answer ends: its place, and the memory of a large one.
    ///
    /// # Errors
    /// As [`Bodies::read`], and 503 where there was no place for what it asks.
    pub async fn read(
        &self,
        Admitted { place, is_brief }: Admitted,
        user: &User,
        bodies: &Bodies,
        body: &mut Incoming,
        within: Duration,
    ) -> Result<(Bytes, Held), Refusal> {
        if is_brief {
            let read = bodies.read_at_most(BRIEF, body, within).await?;
            let (body, share) = read.filter(|(body, _)| asks_nothing(body)).ok_or_else(busy)?;
            return Ok((body, Held::new(place, share)));
        }
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
}

/// What a request holds.
#[derive(Debug)]
pub struct Held {
    place: Arc<PlaceGuard>,
    _share: Option<Share>,
}

impl Held {
    fn new(place: PlaceGuard, share: Option<Share>) -> Self {
        Self { place: Arc::new(place), _share: share }
    }

    /// The answer, which holds the place until it is sent, and the memory as long as it streams.
    pub fn until_the_end_of(self, answer: Response<Body>) -> Response<Body> {
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
    _place: Arc<PlaceGuard>,
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
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn an_answer_keeps_its_place_until_it_is_sent_and_one_more_is_let_in_to_be_looked_at() {
        let (admission, anna, bert) = (Admission::default(), [1; 32], [2; 32]);
        let answered = |length: usize| {
            let Admitted { place, is_brief } = admission.admit(&anna).unwrap();
            let body: Body = Full::from(vec![b' '; length]).boxed();
            (Held::new(place, None).until_the_end_of(Response::new(body)), is_brief)
        };
        let mut unsent = Vec::new();
        for _ in 0..MOST_OF_ONE {
            // What is small is gone as soon as it is taken; what is large, when it was written.
            for length in [BRIEF, BRIEF + 1] {
                let (answer, is_brief) = answered(length);
                assert!(!is_brief);
                unsent.push(answer.into_body().collect().await.unwrap().to_bytes());
            }
        }
        let open: Vec<_> = (0..BRIEF_OF_ONE).map(|_| answered(0)).collect();
        assert!(open.iter().all(|(_, is_brief)| *is_brief));
        assert_eq!(admission.admit(&anna).unwrap_err().status, 503);
        assert!(!admission.admit(&bert).unwrap().is_brief);
        drop(unsent);
        assert!(!admission.admit(&anna).unwrap().is_brief);
    }
}
