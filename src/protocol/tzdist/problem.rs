//! Errors of the time zone service: problem details with the type that RFC 7808 §10.4 registers.

use crate::protocol::http::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

/// What is wrong, by its registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// `invalid-action`: everything that no other name fits.
    InvalidAction,
    /// `invalid-changedsince`.
    InvalidChangedSince,
    /// `tzid-not-found`.
    TzidNotFound,
    /// `invalid-format`.
    InvalidFormat,
    /// `invalid-start`.
    InvalidStart,
    /// `invalid-end`.
    InvalidEnd,
    /// `invalid-pattern`.
    InvalidPattern,
}

impl Why {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidAction => "invalid-action",
            Self::InvalidChangedSince => "invalid-changedsince",
            Self::TzidNotFound => "tzid-not-found",
            Self::InvalidFormat => "invalid-format",
            Self::InvalidStart => "invalid-start",
            Self::InvalidEnd => "invalid-end",
            Self::InvalidPattern => "invalid-pattern",
        }
    }
}

/// An error: its type, its status, and a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem(pub Why, pub StatusCode, pub &'static str);

impl Problem {
    /// An error of the request's parameters.
    pub fn bad(why: Why, title: &'static str) -> Self {
        Self(why, StatusCode::BAD_REQUEST, title)
    }

    /// The answer (RFC 7808 §4.1.7).
    pub fn answer(self) -> Response<Body> {
        let Self(why, status, title) = self;
        let kind = format!("urn:ietf:params:tzdist:error:{}", why.name());
        let value = serde_json::json!({ "type": kind, "title": title, "status": status.as_u16() });
        let mut response = Response::new(Body::from(value.to_string().into_bytes()));
        *response.status_mut() = status;
        let media_type = HeaderValue::from_static("application/problem+json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }
}
