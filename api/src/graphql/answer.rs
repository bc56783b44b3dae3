//! Answers, in the media type that the client takes.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, PathSegment, ServerError, Value as Data};
use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use crate::error::{ApiError, coded, status_of_graphql};

const OWN: HeaderValue = HeaderValue::from_static("application/graphql-response+json");

/// In what form an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// GraphQL's own media type, whose statuses mean something.
    GraphQl,
    /// Plain JSON, as clients had it before.
    Json,
    /// Server-sent events.
    Events,
}

impl Form {
    /// The first that the client takes.
    pub(super) fn wanted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut wanted = headers.get_all(header::ACCEPT).iter().peekable();
        if wanted.peek().is_none() {
            return Ok(Self::Json);
        }
        let kinds = wanted.filter_map(|value| value.to_str().ok());
        let mut forms = kinds.flat_map(|value| value.split(',')).filter_map(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            match essence.to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => Some(Self::GraphQl),
                "application/json" | "application/*" | "*/*" => Some(Self::Json),
                "text/event-stream" => Some(Self::Events),
                _ => None,
            }
        });
        forms.next().ok_or_else(ApiError::not_acceptable)
    }
}

/// What was asked for, and what went wrong with it.
#[derive(Serialize)]
pub(super) struct Answer {
    /// Absent if nothing was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
}

impl From<async_graphql::Response> for Answer {
    fn from(response: async_graphql::Response) -> Self {
        let (mut data, mut errors) = (response.data, response.errors);
        // What goes wrong with a field has its path; what has none kept the whole from beginning.
        let begun = errors.is_empty()
            || data != Data::Null
            || errors.iter().any(|error| !error.path.is_empty());
        for error in &mut errors {
            coded(error);
            put_null(&mut data, &error.path);
        }
        Self {
            data: begun.then_some(data),
            errors,
        }
    }
}

impl Answer {
    /// Whether anything was carried out.
    pub(super) fn is_begun(&self) -> bool {
        self.data.is_some()
    }

    /// Whether anything went wrong.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What went wrong.
    pub(super) fn errors(&self) -> &[ServerError] {
        &self.errors
    }

    /// As an answer over HTTP.
    pub(super) fn respond(&self, form: Form) -> Response {
        let own = form == Form::GraphQl;
        let status = status_of_graphql(self.is_begun(), own);
        let mut response = (status, Json(self)).into_response();
        if own {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, OWN);
        }
        response
    }
}

/// What went wrong is null in the answer: whatever can fail may be, in our schema. The executor
/// leaves it out.
fn put_null(data: &mut Data, path: &[PathSegment]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    match (first, data) {
        (PathSegment::Field(name), data) => {
            if *data == Data::Null {
                *data = Data::Object(IndexMap::new());
            }
            if let Data::Object(fields) = data {
                put_null(fields.entry(Name::new(name)).or_insert(Data::Null), rest);
            }
        }
        (PathSegment::Index(place), Data::List(entries)) => {
            if let Some(entry) = entries.get_mut(*place) {
                put_null(entry, rest);
            }
        }
        (PathSegment::Index(_), _) => {}
    }
}

/// Says whatever was refused on the way in GraphQL's words.
pub(super) async fn in_graphql_words(request: Request, next: Next) -> Response {
    let form = Form::wanted(request.headers());
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else {
        return response;
    };
    let body = error.graphql_body().to_string();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.extensions.remove::<ApiError>();
    let kind = match form {
        Ok(Form::GraphQl) => OWN,
        _ => HeaderValue::from_static("application/json"),
    };
    parts.headers.insert(header::CONTENT_TYPE, kind);
    Response::from_parts(parts, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_null_where_it_would_be() {
        let wrong = |data, path: &[PathSegment]| {
            let mut response = async_graphql::Response::new(data);
            let mut error = ServerError::new("no", None);
            error.path = path.to_vec();
            response.errors.push(error);
            serde_json::to_value(Answer::from(response)).unwrap()["data"].take()
        };
        let field = |name: &str| PathSegment::Field(name.to_owned());
        let alone = wrong(Data::Null, &[field("a"), field("b")]);
        assert_eq!(alone, serde_json::json!({"a": {"b": null}}));
        let beside = async_graphql::value!({"list": [{"x": 1}, null], "c": 2});
        let told = wrong(beside, &[field("list"), PathSegment::Index(1), field("y")]);
        assert_eq!(
            told,
            serde_json::json!({"list": [{"x": 1}, {"y": null}], "c": 2})
        );
    }

    #[test]
    fn the_client_says_in_which_form_it_is_answered() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            Form::wanted(&headers).ok()
        };
        assert_eq!(Form::wanted(&HeaderMap::new()).ok(), Some(Form::Json));
        for (accept, form) in [
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(Form::GraphQl),
            ),
            ("Application/JSON; charset=utf-8", Some(Form::Json)),
            ("text/plain, */*", Some(Form::Json)),
            ("text/event-stream", Some(Form::Events)),
            ("image/png", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }
}
